"""What an endpoint was sent: a file, fingerprints, or something else entirely."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

import staydown
from staydown import Fingerprint
from staydown_server.api.problems import Problem
from staydown_server.catalogue.read import fingerprint_bytes, fingerprint_file, from_outside

#: Reads the file that was sent, once more.
Reader = Callable[[], bytes]

LARGEST_JSON = 2_000_000
MOST_FINGERPRINTS = 100
_HALVES = re.compile("[\ud800-\udfff]")
_KEY = re.compile("[!-~]{1,200}")


def is_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json"


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body, or a problem."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_JSON:
        raise Problem(413, "too-large", f"A JSON body may have {LARGEST_JSON} bytes at most.")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Problem(400, "not-json", "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Problem(422, "not-an-object", "The body must be a JSON object.")
    return body


def form(request: HttpRequest) -> dict[str, str]:
    """The text fields of a multipart or url-encoded body, or a problem."""
    try:
        return {name: str(value) for name, value in request.POST.items()}
    except MultiPartParserError:
        raise Problem(400, "bad-multipart", "The multipart body is not well-formed.") from None


def text(values: dict[str, Any], name: str, *, limit: int, required: bool = False) -> str:
    """Field *name* of *values* as text of at most *limit* characters, or a problem."""
    value = values.get(name, "")
    if not is_text(value):
        raise Problem(422, "bad-field", f"The field {name!r} must be text.", field=name)
    if required and not value.strip():
        raise Problem(422, "missing-field", f"The field {name!r} is missing.", field=name)
    if len(value) > limit:
        sentence = f"The field {name!r} may have {limit} characters at most."
        raise Problem(422, "field-too-long", sentence, field=name)
    return value


def is_text(value: object) -> TypeGuard[str]:
    """Whether *value* is text that can be stored: JSON can carry halves of characters and NUL."""
    return isinstance(value, str) and "\x00" not in value and not _HALVES.search(value)


def holds_text(told: object) -> bool:
    """Whether all text in *told*, as JSON gives it, can be stored."""
    if isinstance(told, dict):
        return holds_text([*told, *told.values()])
    if isinstance(told, list):
        return all(map(holds_text, told))
    return is_text(told) or not isinstance(told, str)


def fields(request: HttpRequest) -> dict[str, Any]:
    """What was sent beside a file or fingerprints; a body that is the file says nothing more."""
    if is_json(request):
        return json_object(request)
    return form(request) if request.content_type == "multipart/form-data" else {}


def fingerprints(request: HttpRequest) -> list[Fingerprint]:
    """The fingerprints in a JSON body, or that of the file in any other body."""
    if is_json(request):
        return listed_fingerprints(json_object(request))
    return [of_upload(the_file(request))[0]]


def listed_fingerprints(body: dict[str, Any]) -> list[Fingerprint]:
    """The fingerprints in a JSON object, or a problem."""
    listed = body.get("fingerprints", [body["fingerprint"]] if "fingerprint" in body else [])
    if not isinstance(listed, list) or not listed:
        sentence = "Send a file, or 'fingerprints': a list with at least one fingerprint."
        raise Problem(422, "nothing-to-check", sentence)
    if len(listed) > MOST_FINGERPRINTS:
        sentence = f"At most {MOST_FINGERPRINTS} fingerprints can be sent at once."
        raise Problem(422, "too-many-fingerprints", sentence)
    return [fingerprint(value) for value in listed]


def fingerprint(value: Any) -> Fingerprint:
    """A fingerprint from its JSON form, or a problem that says what is wrong with it."""
    try:
        return from_outside(Fingerprint.from_dict(value))
    except staydown.FingerprintError as error:
        raise Problem(422, "bad-fingerprint", str(error)) from None


def the_file(request: HttpRequest) -> "File[bytes]":
    """The one file in a multipart body, or the body that is the file; or a problem."""
    if request.content_type != "multipart/form-data":
        return ContentFile(request.read())
    form(request)
    files: list[File[bytes]] = [f for name in request.FILES for f in request.FILES.getlist(name)]
    if len(files) != 1:
        raise Problem(422, "one-file", "Send exactly one file, in the field 'file'.")
    return files[0]


def of_upload(upload: "File[bytes]") -> tuple[Fingerprint, Reader]:
    """The fingerprint of a file that was sent, and what reads it once more; or a problem."""
    if isinstance(upload, TemporaryUploadedFile):
        path = Path(upload.temporary_file_path())
        return _readable(lambda: fingerprint_file(path)), path.read_bytes
    upload.seek(0)
    content = upload.read()
    return of_bytes(content), lambda: content


def of_bytes(content: bytes) -> Fingerprint:
    """The fingerprint of the file whose bytes these are, or a problem."""
    return _readable(lambda: fingerprint_bytes(content))


def idempotency_key(request: HttpRequest) -> str:
    """The header of that name, "" where there is none; or a problem."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        sentence = "An Idempotency-Key has 1 to 200 visible characters of ASCII."
        raise Problem(422, "bad-field", sentence, field="Idempotency-Key")
    return key


def _readable(make: Callable[[], Fingerprint]) -> Fingerprint:
    try:
        return make()
    except staydown.MediaError as error:
        raise Problem(_MEDIA_STATUS.get(error.code, 422), error.code, str(error)) from None


#: Where the fault is not simply in the file's content (422).
_MEDIA_STATUS = {
    "too_large": 413,
    "not_media": 415,
    "unsupported_media": 415,
    "decoder_unavailable": 503,
}
