"""Plaza's software, calling the API over Django's test client."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client


class Api:
    """A host with its key; *key* "" is a stranger."""

    def __init__(self, key: str) -> None:
        self._client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, method: str, path: str, **more: Any) -> Any:
        headers = {**self._headers, **more.pop("headers", {})}
        return self._client.generic(method, f"/api/v1{path}", headers=headers, **more)

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def json(self, path: str, body: Any, **more: Any) -> Any:
        raw = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.call("POST", path, data=raw, content_type="application/json", **more)

    def raw(self, path: str, body: bytes, content_type: str = "application/octet-stream") -> Any:
        return self.call("POST", path, data=body, content_type=content_type)

    def form(self, path: str, *files: bytes, **fields: str) -> Any:
        uploads = [SimpleUploadedFile("picture.jpg", content) for content in files]
        data: dict[str, Any] = {**fields, "file": uploads} if uploads else fields
        return self._client.post(f"/api/v1{path}", data, headers=self._headers)


def problem(answer: Any) -> dict[str, Any]:
    """The problem document in *answer*, after checking that it is a whole one."""
    assert answer.status_code >= 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "code"} <= set(document)
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:staydown:problem:{document['code']}"
    assert document["detail"].endswith(".")
    assert document["title"]
    return document
