"""Keys: who may call what. Every endpoint has its stranger."""

from typing import Any

import pytest
from django.utils import timezone

from server.api.client import Api, problem
from server.host_double import HostDouble
from staydown.exchange.hash_list import SigningKey
from staydown_server.accounts.hosts import SCOPES, add_host
from staydown_server.accounts.models import ApiKey, Host
from staydown_server.api.v1 import api as ninja_api
from staydown_server.sharing import audiences

pytestmark = pytest.mark.django_db

#: Each endpoint with an example call and the scope that it needs. A new endpoint that is not
#: here fails test_every_endpoint_is_in_the_table.
ENDPOINTS = {
    ("POST", "/check"): ("/check", "check"),
    ("GET", "/later/{name}"): ("/later/00000000-0000-4000-8000-000000000000", "check"),
    ("POST", "/items"): ("/items", "items"),
    ("DELETE", "/items"): ("/items", "items"),
    ("DELETE", "/items/{item_id}"): ("/items/alices", "items"),
    ("POST", "/notices"): ("/notices", "notices"),
    ("GET", "/notices/{receipt}"): ("/notices/AAAA-AAAA-AAAA-AAAA", "notices"),
    ("GET", "/cases"): ("/cases", "cases"),
    ("GET", "/cases/{case_id}"): ("/cases/1", "cases"),
    # For partners, with keys of their own.
    ("GET", "/hash-lists/{name}/head.json"): ("/hash-lists/forum.example/head.json", ""),
    ("GET", "/hash-lists/{name}/keys/{number}.json"): ("/hash-lists/forum.example/keys/1.json", ""),
    ("POST", "/hash-lists/{name}/feedback"): ("/hash-lists/forum.example/feedback", ""),
    ("GET", "/hash-lists/{name}/pages/{number}.jsonl"): (
        "/hash-lists/forum.example/pages/1.jsonl",
        "",
    ),
}
ALL_CALLS = [(method, path, scope) for (method, _), (path, scope) in ENDPOINTS.items()]
CALLS = [call for call in ALL_CALLS if call[2]]


def test_every_endpoint_is_in_the_table() -> None:
    """A new endpoint needs its stranger test."""
    schema = ninja_api.get_openapi_schema(path_prefix="")
    known = {
        (method.upper(), path) for path, methods in schema["paths"].items() for method in methods
    }

    assert known == set(ENDPOINTS)


@pytest.mark.parametrize(("method", "path", "scope"), ALL_CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer sd_wrong"},
        {"Authorization": "Bearer \x00"},
        {"Authorization": "Bearer é"},
        {"Authorization": "Basic Ym9iOmJvYg=="},
        {"Authorization": "sd_wrong"},
        {"Authorization": "Bearer " + "x" * 10_000},
    ],
)
def test_a_stranger_gets_nothing(
    removed_case: Any, stranger: Api, method: str, path: str, scope: str, headers: dict[str, str]
) -> None:
    """The same answer everywhere, whatever is sent in place of a key."""
    answer = stranger.call(method, path, headers=headers)

    assert answer.status_code == 401
    assert problem(answer)["code"] == "unauthorised"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_a_key_does_what_its_scopes_say(
    host: Host, plaza: HostDouble, method: str, path: str, scope: str
) -> None:
    """With every scope but this one: 401. With this one alone: something else."""
    for scopes, may in ((tuple(s for s in SCOPES if s != scope), False), ((scope,), True)):
        credentials = add_host(
            "plaza",
            origins=[plaza.url],
            webhook_url=plaza.webhook_url,
            scopes=scopes,
            rotate=True,
        )

        answer = Api(credentials.api_key).call(method, path)

        assert (answer.status_code != 401) == may


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_a_revoked_key_is_a_strangers(
    api: Api, stranger: Api, method: str, path: str, scope: str
) -> None:
    """To the byte."""
    ApiKey.objects.update(revoked_at=timezone.now())

    refused = api.call(method, path)

    assert refused.status_code == 401
    assert refused.content == stranger.call(method, path).content


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, scope in ALL_CALLS if not scope]
)
def test_a_hosts_key_opens_no_list(api: Api, method: str, path: str) -> None:
    """Lists are for partners: a host has the gate."""
    audiences.begin("forum.example", root=SigningKey.new())

    assert api.call(method, path).status_code == 401


@pytest.mark.parametrize(("method", "path", "scope"), ALL_CALLS)
def test_a_moderators_session_is_no_key(
    bobs_browser: Any, method: str, path: str, scope: str
) -> None:
    """The API is for hosts: no form on another site can use Bob's browser for it."""
    answer = bobs_browser.generic(method, f"/api/v1{path}")

    assert answer.status_code == 401


@pytest.mark.parametrize("path", sorted({path for _, path, _ in ALL_CALLS}))
@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "OPTIONS"])
def test_a_method_that_is_not_taken_is_a_problem(api: Api, method: str, path: str) -> None:
    """With the ones that are."""
    answer = api.call(method, path)

    assert (answer.status_code, problem(answer)["code"]) == (405, "wrong-method")
    assert answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/check/", "/cases/1/2", "/docs"])
def test_an_address_that_is_none_is_a_problem(api: Api, path: str) -> None:
    """Not an HTML page."""
    answer = api.get(path)

    assert (answer.status_code, problem(answer)["code"]) == (404, "not-found")


def test_the_contract_is_published(stranger: Api) -> None:
    """OpenAPI, readable by anybody, with bodies, answers and the key."""
    answer = stranger.get("/openapi.json")

    assert answer.status_code == 200
    schema = answer.json()
    assert schema["openapi"].startswith("3.")
    assert schema["info"]["title"] == "Staydown"
    paths = {path.removeprefix("/api/v1"): methods for path, methods in schema["paths"].items()}
    for (method, path), _ in ENDPOINTS.items():
        operation = paths[path][method.lower()]
        assert operation["security"], (method, path)
        assert operation["summary"]
        if method == "POST":
            assert operation["requestBody"]["content"]
            assert "422" in operation["responses"]
    assert any(
        scheme.get("scheme") == "bearer"
        for scheme in schema["components"]["securitySchemes"].values()
    )
    assert len(paths) == len({path for _, path in ENDPOINTS})


def test_answers_are_kept_nowhere(api: Api, stranger: Api) -> None:
    """Neither good ones nor bad ones."""
    for answer in (api.get("/cases"), stranger.get("/cases"), api.get("/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"
