"""A list of ours, and somebody who follows it over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from server.sharing.partner import Friends, followed, friends_at
from server.story import run_jobs
from staydown.exchange.hash_list import (
    Fetch,
    Line,
    NotThere,
    SigningKey,
    Standing,
    State,
    Step,
    Unreachable,
    follow,
)
from staydown_server.sharing import audiences, partners
from staydown_server.sharing.models import Audience, Partner

LIST = "forum.example"


@dataclass
class Reader:
    """A partner with a key, who follows the list as the library does."""

    key: str
    state: State
    standing: Standing = field(default_factory=Standing)
    lines: list[Line] = field(default_factory=list)
    etag: str = ""

    def fetch(self, path: str, _most: int = 0) -> bytes:
        answer = Client().get(
            f"/api/v1/hash-lists/{self.state.list}/{path}",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        if answer.status_code == 404:
            raise NotThere(path)
        if answer.status_code != 200:
            raise Unreachable(str(answer.status_code))
        return bytes(answer.content)

    def follow(self, *, now: datetime | None = None, fetch: Fetch | None = None) -> list[Step]:
        steps = []
        for step in follow(self.state, fetch or self.fetch, now=now or timezone.now()):
            self.standing.take(step)
            self.lines += step.lines
            self.state = step.state
            steps.append(step)
        return steps

    def entries(self) -> dict[str, Line]:
        """What stands, by name, after following to the end."""
        self.follow()
        return {line.id: line for line in self.standing}


@pytest.fixture
def root() -> SigningKey:
    return SigningKey.new()


@pytest.fixture
def audience(db: None, root: SigningKey) -> Audience:
    """A list of ours, with nothing on it."""
    made = audiences.begin(LIST, root=root)
    run_jobs()
    return made


@pytest.fixture
def reader(audience: Audience, root: SigningKey) -> Iterator[Reader]:
    return Reader(partners.let_read("friends.example", LIST), State(LIST, root.public))


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Friends]:
    """Another platform with a list."""
    with friends_at(tmp_path / "friends") as served:
        yield served


@pytest.fixture
def partner(db: None, friends: Friends) -> Partner:
    """That platform, followed, and trusted with what its people reviewed."""
    made = followed(friends)
    run_jobs()
    return made
