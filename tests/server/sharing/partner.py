"""A partner whose list we follow: a publisher with a real server on 127.0.0.1."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from library.exchange.served import Asked, Said, served
from staydown import Fingerprint
from staydown.exchange.hash_list import Change, Entry, Prints, Provenance, SigningKey
from staydown.exchange.hash_list.publisher import FolderList
from staydown_server.jobs.models import Job
from staydown_server.sharing import partners
from staydown_server.sharing.models import Partner

NAME = "friends.example"


def entry(what: Fingerprint | int, **said: Any) -> Entry:
    """The entry of a picture, or of one that nobody ever took."""
    if isinstance(what, int):
        seed = hashlib.sha512(str(what).encode()).digest()
        prints = Prints(sha256=seed[:32].hex(), md5=seed[:16].hex(), pdq=seed[32:], quality=90)
    else:
        prints = Prints.of(what)
    values: dict[str, Any] = {
        "prints": prints,
        "harm": "intimate-unknown",
        "provenance": Provenance("reviewed", NAME),
        "confidence": 90,
        **said,
    }
    return Entry(**values)


@dataclass
class Friends:
    """What they publish, and what is served in its place by whoever stands between."""

    folder: Path
    root: SigningKey = field(default_factory=SigningKey.new)
    signer: SigningKey = field(default_factory=SigningKey.new)
    address: str = ""
    served_instead: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    is_down: bool = False
    refuses_feedback: bool = False

    def __post_init__(self) -> None:
        self.list = FolderList.create(
            self.folder, NAME, root=self.root, signer=self.signer, now=self.now
        )

    @property
    def now(self) -> Any:
        return timezone.now().replace(microsecond=0)

    def put(self, *entries: Entry) -> list[str]:
        """Publish *entries*; their names."""
        changes = [Change.add(each) for each in entries]
        self.publish(*changes)
        return [each.id for each in changes]

    def publish(self, *changes: Change) -> None:
        self.list = self.list.publish(changes, signer=self.signer, now=self.now)

    def retract(self, *names: str, reason: Any = "overturned") -> None:
        self.publish(*(Change.retract(name, reason) for name in names))

    def file(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        path = asked.path.lstrip("/")
        if self.is_down:
            return Said(404)
        if asked.method == "POST":
            return Said(403 if self.refuses_feedback else 200, b"{}")
        if asked.headers.get("authorization") != "Bearer sp_theirs":
            return Said(401)
        if path in self.served_instead:
            return Said(200, self.served_instead[path])
        file = self.folder / path
        return Said(200, file.read_bytes()) if file.is_file() else Said(404)


@contextmanager
def friends_at(folder: Path) -> Iterator[Friends]:
    friends = Friends(folder)
    with served(friends) as address:
        friends.address = address
        yield friends


def followed(friends: Friends, trust: str = "trusted", **more: Any) -> Partner:
    return partners.follow_staydown(
        NAME,
        address=friends.address,
        root=str(friends.root.public),
        keys=["sp_theirs"],
        trust=trust,
        **more,
    )


def the_next_round() -> None:
    """The pause between two rounds is over."""
    waiting = Job.objects.filter(name="sharing.follow", finished_at=None)
    assert waiting.count() == 1
    waiting.update(run_at=timezone.now() - timedelta(seconds=1))
