"""A list over HTTP: keys of an audience, conditional requests, only the lines after ours."""

import gzip
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from library.exchange.hash_list.publisher import Follower, Publisher
from library.exchange.served import Asked, Said, served
from staydown.exchange.hash_list import NotThere, TooLarge, Unreachable, bearer, over_http

KEY = "key-of-alices-platform"


@dataclass
class Server:
    """Serves the publisher's files to whoever has a key."""

    publisher: Publisher
    keys: set[str] = field(default_factory=lambda: {KEY})
    asked: list[Asked] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Said:
        said = self._answer(asked)
        self.asked.append(asked)
        self.statuses.append(said.status)
        return said

    def _answer(self, asked: Asked) -> Said:
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.keys:
            return Said(401, f"bad key {asked.headers}".encode())
        file = self.publisher.folder / asked.path.removeprefix("/")
        if not file.is_file():
            return Said(404)
        raw = file.read_bytes()
        if after := asked.query.get("after"):
            first = (int(asked.path.split("/")[-1].split(".")[0]) - 1) * 3
            raw = b"".join(raw.splitlines(keepends=True)[int(after) - first :])
        etag = f'"{hashlib.sha256(raw).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == etag:
            return Said(304, b"", {"ETag": etag})
        return Said(200, gzip.compress(raw), {"ETag": etag, "Content-Encoding": "gzip"})


@pytest.fixture
def server(publisher: Publisher) -> Server:
    return Server(publisher)


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    with served(server) as address:
        yield address


def test_it_is_followed_and_only_what_is_new_is_sent(
    publisher: Publisher, server: Server, address: str
) -> None:
    publisher.add(1, 2, 3, 4)
    follower = Follower(publisher.start, over_http(address, bearer(KEY)))
    follower.follow()
    publisher.add(5)
    server.asked.clear()

    follower.follow()

    assert len(follower.names) == 5
    assert [(each.path, dict(each.query)) for each in server.asked] == [
        ("/head.json", {}),
        ("/pages/2.jsonl", {"after": "4"}),
    ]


def test_as_long_as_nothing_changes_the_answer_is_empty(
    publisher: Publisher, server: Server, address: str
) -> None:
    publisher.add(1)
    follower = Follower(publisher.start, over_http(address, bearer(KEY)))
    follower.follow()
    server.statuses.clear()

    follower.follow()
    follower.follow()

    assert server.statuses == [304, 304]
    assert follower.steps[-1].caught_up


def test_keys_rotate_and_a_refused_one_is_nowhere(
    publisher: Publisher, server: Server, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")
    publisher.add(1)
    follower = Follower(publisher.start, over_http(address, bearer(f"{KEY}-new", KEY)))
    follower.follow()
    server.keys = {f"{KEY}-new"}
    follower.follow()
    server.keys = set()

    with pytest.raises(Unreachable, match="refuses our key") as refused:
        follower.follow()
    assert KEY not in str(refused.getrepr(chain=True))
    assert KEY not in caplog.text


def test_what_is_not_there_and_what_is_too_large(
    publisher: Publisher, server: Server, address: str
) -> None:
    publisher.add(*range(200))
    fetch = over_http(address, bearer(KEY))

    with pytest.raises(NotThere, match="There is no pages/999"):
        fetch("pages/999.jsonl?after=3", 1000)
    with pytest.raises(TooLarge, match="more than 100 bytes"):
        fetch("head.json", 100)  # unpacked: a small gzip can hold a large page
