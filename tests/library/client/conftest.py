"""Staydown as a process, a forum that is plugged into it, and a picture that is kept down."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from library.client.forum import Forum, keep_down, picture
from staydown.client import Staydown
from story.world import Server, free_port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("client") / "staydown")
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="session")
def credentials(server: Server, forum: Forum) -> dict[str, str]:
    return server.add_host("forum", forum.url)


@pytest.fixture(scope="session")
def forum() -> Iterator[Forum]:
    forum = Forum()
    yield forum
    forum.close()


@pytest.fixture(scope="session")
def kept_down(server: Server, forum: Forum, credentials: dict[str, str]) -> bytes:
    """A picture that was reported and removed, with the whole story told by the client."""
    reported = picture(11)
    with Staydown(server.url, **credentials) as staydown:
        forum.staydown, forum.files["1"] = staydown, reported
        page = f"{forum.url}/p/1"
        assert staydown.register("1", url=page, media_url=page, file=reported).allows
        keep_down(server, forum, "1")
    return reported


@pytest.fixture
def staydown(server: Server, credentials: dict[str, str]) -> Iterator[Staydown]:
    """The forum's client."""
    with Staydown(server.url, **credentials) as staydown:
        yield staydown


@pytest.fixture
def dead() -> str:
    """An address at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def forgetful(dead: str, tmp_path: Path) -> Iterator[Callable[..., Staydown]]:
    """A client of a dead Staydown that lets everything through and remembers it."""
    made = []

    def make(url: str = dead, **options: Any) -> Staydown:
        options = {"when_unreachable": "allow", "spool": tmp_path / "spool", **options}
        made.append(Staydown(url, options.pop("api_key", "sd_x"), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
