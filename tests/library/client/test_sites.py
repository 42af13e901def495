"""The sample sites in Django and Starlette, as processes, plugged into a real Staydown."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from library.client.forum import Door, picture
from plaza.fake_staydown import signature
from story.world import ROOT, Process, Server, free_port, wait_for


class Site(Process):
    """One of the two, with a door between it and Staydown."""

    def __init__(self, framework: str, data: Path, server: Server) -> None:
        port, self.framework, self.data = free_port(), framework, data
        self.url = f"http://127.0.0.1:{port}"
        self.door = Door(server)
        self.secret = (known := server.add_host(framework, self.url))["webhook_secret"]
        folder = ROOT / "examples" / f"{framework}_host"
        if framework == "django":
            command = [str(folder / "site.py"), "runserver", "--noreload", str(port)]
        else:
            command = ["-m", "granian", "--interface", "asgi", "--working-dir", str(folder)]
            command += ["--port", str(port), "app:app"]
        environment = {
            "SITE_DATA": str(data),
            "SITE_URL": self.url,
            "STAYDOWN_URL": self.door.url,
            "STAYDOWN_HOST": framework,
            "STAYDOWN_KEY": known["api_key"],
            "STAYDOWN_SECRET": self.secret,
            "WHEN_UNREACHABLE": "allow",
        }
        super().__init__([sys.executable, *command], data.with_suffix(".log"), environment)

    def start(self) -> None:
        self.door.open()
        super().start()
        wait_for(
            lambda: requests.get(f"{self.url}/p/none", timeout=5).status_code == 410,
            why="the site is up",
        )

    def post(self, content: bytes) -> requests.Response:
        files = {"picture": ("a.jpg", content)}
        return requests.post(f"{self.url}/upload", files=files, timeout=60)

    def shows(self, item: str) -> bool:
        return requests.get(f"{self.url}/p/{item}", timeout=60).status_code == 200

    def event(self, event: str, item: str, **forgery: Any) -> int:
        """Send an event as Staydown does, or nearly so; returns the status of the answer."""
        url, event_id = f"{self.url}/staydown/webhook", str(uuid4())
        is_item = event.startswith("item")
        about = {"item": {"id": item}} if is_item else {"upload": {"reference": item}}
        now = datetime.now(UTC)
        body = {"event": event, "id": event_id, "created": now.isoformat(), **about}
        sent = json.dumps(body).encode()
        signed: dict[str, Any] = {"secret": self.secret, "host": self.framework, "created": now}
        headers = signature(url, sent, nonce=event_id, **{**signed, **forgery})
        return requests.post(url, data=sent, headers=headers, timeout=60).status_code


@pytest.fixture(scope="module", params=["django", "asgi"])
def site(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    site = Site(request.param, tmp_path_factory.mktemp("site") / request.param, server)
    try:
        site.start()
        yield site
    finally:
        site.end()
        site.door.shut()


def test_a_picture_is_shown_and_registered(site: Site, server: Server) -> None:
    content = picture(21)

    answer = site.post(content)

    assert answer.status_code == 201
    item = answer.json()["id"]
    assert requests.get(f"{site.url}/p/{item}", timeout=60).content == content
    query = "SELECT url FROM catalogue_item WHERE host_item_id = ?"
    assert server.rows(query, item) == [(f"{site.url}/p/{item}",)]


def test_a_kept_down_picture_does_not_reach_the_view(site: Site, kept_down: bytes) -> None:
    answer = site.post(kept_down)

    assert answer.status_code == 403
    contents = [path.read_bytes() for path in site.data.rglob("*") if path.is_file()]
    assert kept_down not in contents


def test_what_cannot_be_read_is_held(site: Site) -> None:
    answer = site.post(b"just words")

    assert (answer.status_code, answer.json()["held"]) == (202, True)
    assert not site.shows(answer.json()["id"])


def test_a_form_without_a_file_is_the_views_own_business(site: Site) -> None:
    """The middleware has nothing to say; the sample's view wants a file."""
    empty = requests.post(f"{site.url}/upload", files={"picture": ("", b"")}, timeout=60)

    assert empty.status_code == 500


def test_signed_orders_are_obeyed_and_no_others(site: Site) -> None:
    item = site.post(picture(22)).json()["id"]

    assert site.event("item.remove", item, secret="a guess") == 401
    assert site.event("item.remove", item, host="another") == 401
    assert site.shows(item)
    assert site.event("item.remove", item) == 200
    assert not site.shows(item)
    assert site.event("item.restore", item) == 200
    assert site.shows(item)
    assert site.event("item.explode", item) == 400
    assert requests.get(f"{site.url}/staydown/webhook", timeout=60).status_code == 405


def test_a_held_upload_is_shown_when_a_person_lets_it_through(site: Site) -> None:
    item = site.post(b"just words, for a person").json()["id"]

    assert site.event("upload.refused", item) == 200
    assert not site.shows(item)
    assert site.event("upload.allowed", item) == 200
    assert site.shows(item)


def test_what_was_let_through_while_staydown_was_down_is_taken_back(
    site: Site, kept_down: bytes
) -> None:
    """The site's own choice was to let it through; Staydown hears of it when it is back."""
    site.door.shut()
    try:
        item, other = (site.post(content).json()["id"] for content in (kept_down, picture(23)))
        assert site.shows(item)
        assert site.shows(other)
    finally:
        site.door.open()

    wait_for(lambda: not site.shows(item), seconds=30, why="taken back")
    wait_for(lambda: not list((site.data / "spool").glob("*.json")), seconds=30, why="all is told")
    assert site.shows(other)
    assert not list((site.data / "spool").glob("*.upload"))
