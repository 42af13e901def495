"""Removals that are ordered of a host, and the mails about them, while one or the other is away."""

import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
from world import Server, Visitor, wait_for

from server.host_double import HostDouble
from server.mail_double import MailServer

MAIL = {"STAYDOWN_MAIL_HOST": "127.0.0.1", "STAYDOWN_MAIL_SECURITY": "none"}
MAIL["STAYDOWN_MAIL_FROM"] = "Notes <notes@post.example>"


@dataclass
class Orders:
    """What Bob had a host remove, and who chose mails about it."""

    server: Server
    host: HostDouble
    post: MailServer
    names: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    bob: Visitor | None = None

    def order(self, *, address: str = "") -> str:
        """A new item is reported, with mails to *address*, and Bob decides that it goes."""
        name = str(uuid.uuid4())
        self.host.show(name, b"")
        item = {"id": name, "url": self.host.page(name)}
        print_ = {"pdq": random.randbytes(32).hex(), "quality": 100}
        self._post("/items", {**item, "fingerprint": print_})
        body = {"signature": "Alice Example", "good_faith": True, "contact": "alice@example.org"}
        receipt = self._post("/notices", {**body, "urls": [item["url"]]})["receipt"]
        if address:
            alice = Visitor(self.server)
            alice.send("/status/", form="/status/", code=receipt)
            assert alice.send("/status/", form="/status/mail/", address=address).ok
            self.addresses.append(address)
        ready = "SELECT r.case_id, r.id FROM cases_caseitem r JOIN catalogue_item i ON "
        ready += "r.item_id = i.id WHERE r.state = 'ready' AND i.host_item_id = ?"
        (case, row), *_ = wait_for(lambda: self.server.rows(ready, name), why="it is swept")
        self._remove(case, row)
        self.names.append(name)
        return name

    def was_tried(self, job: str) -> bool:
        """Whether a job of this name failed and is to be tried again."""
        found = "SELECT count(*) FROM jobs_job WHERE name = ? AND finished_at IS NULL "
        return bool(self.server.rows(found + "AND attempts > 0 AND lease IS NULL", job)[0][0])

    def is_verified(self, name: str) -> bool:
        found = "SELECT count(*) FROM removal_removal r JOIN catalogue_item i ON r.item_id = i.id "
        found += "WHERE r.state = 'verified' AND i.host_item_id = ?"
        return bool(self.server.rows(found, name)[0][0])

    def outcome(self) -> dict[str, int]:
        """Once everything is done: the numbers."""
        events = [(event["item"]["id"], event["id"]) for event in self.host.events]
        orders = Counter(name for name, _ in set(events))
        twice = "SELECT subject FROM audit_entry WHERE action = 'removal.carried_out' "
        twice += "GROUP BY subject HAVING count(*) > 1"
        sent = Counter(self.post.recipients())
        return {
            "orders": len(self.names),
            "deliveries": len(events),
            "orders not verified": sum(not self.is_verified(name) for name in self.names),
            # The host obeys each name of an order once.
            "orders twice": sum(n - 1 for n in orders.values()) + len(self.server.rows(twice)),
            "mails": sent.total(),
            "mails missing": sum(address not in sent for address in self.addresses),
            "mails too many": sum(n - 1 for n in sent.values()),
        }

    def _remove(self, case: int, row: int) -> None:
        if self.bob is None:
            self.bob = Visitor(self.server)
            self.bob.sign_in()
        form = {"row": [str(row)], "reason": "As reported.", "outcome": "remove"}
        page = f"/desk/cases/{case}/"
        assert self.bob.send(page, form=f"{page}decide/", **form).ok

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.host.api_key}"}
        url = f"{self.server.url}/api/v1{path}"
        answer = requests.post(url, json=body, headers=headers, timeout=40)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told
