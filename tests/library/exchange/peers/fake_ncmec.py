"""NCMEC's hash sharing, version 2, as its documentation shows it: XML, windows of time, pages."""

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from library.exchange.served import Asked, Said

PASSWORD = "password-of-alices-platform"
NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
REASONS = {"01234567-abcd-0123-4567-012345678900": "Not Intimate"}


@dataclass
class Item:
    kind: str
    member: int
    name: str
    at: datetime
    fingerprints: dict[str, str]
    deleted: bool = False
    votes: list[tuple[str, str]] = field(default_factory=list)

    def xml(self) -> str:
        tag = f"deleted{self.kind.capitalize()}" if self.deleted else self.kind
        inner = ""
        if not self.deleted:
            prints = "".join(f"<{n}>{v}</{n}>" for n, v in self.fingerprints.items())
            votes = "".join(
                f'<{sentiment} type="{kind}"><members><member id="7">Bob</member></members>'
                f"</{sentiment}>"
                for sentiment, kind in self.votes
            )
            inner = (
                f"<classification>A1</classification><fingerprints>{prints}</fingerprints>"
                f"<feedback>{votes}</feedback>"
            )
        return (
            f'<{tag}><member id="{self.member}">Example Member</member>'
            f"<timestamp>{self.at:%Y-%m-%dT%H:%M:%SZ}</timestamp><id>{self.name}</id>{inner}</{tag}>"
        )


@dataclass
class FakeNCMEC:
    items: dict[str, Item] = field(default_factory=dict)
    page_size: int = 2
    login: str = f"alice:{PASSWORD}"
    asked: list[Asked] = field(default_factory=list)
    serial: int = 0
    next_override: str | None = None

    def put(
        self, name: str, at: datetime, kind: str = "image", member: int = 42, **prints: str
    ) -> Item:
        self.items[name] = Item(kind, member, name, at, prints)
        return self.items[name]

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        basic = base64.b64encode(self.login.encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}":
            return Said(401, f"no such login: {asked.headers}".encode())
        if asked.path == "/hashsharing/v2/entries":
            return self._entries(asked)
        if re.fullmatch(r"/hashsharing/v2/feedback/\w+/reasons", asked.path):
            rows = "".join(f'<reason guid="{g}" name="{n}"/>' for g, n in REASONS.items())
            return _xml(
                f'<feedbackReasons xmlns="{NAMESPACE}"><availableFeedbackReasons>{rows}'
                "</availableFeedbackReasons></feedbackReasons>"
            )
        vote = re.fullmatch(r"/hashsharing/v2/entries/(\d+)/(\w+)/(\w+)/feedback", asked.path)
        if vote and asked.method == "PUT":
            return self._vote(asked, vote[2], vote[3])
        return Said(404)

    def _vote(self, asked: Asked, name: str, kind: str) -> Said:
        root = ET.fromstring(asked.body)  # noqa: S314 - our own client sent it
        if root.tag != f"{{{NAMESPACE}}}feedbackSubmission":
            return Said(400)
        guid = root.findtext(
            f"{{{NAMESPACE}}}negative/{{{NAMESPACE}}}reasonIds/{{{NAMESPACE}}}guid"
        )
        if guid is None and root.find(f"{{{NAMESPACE}}}affirmative") is None:
            return Said(400)
        if guid is not None and guid not in REASONS:
            return Said(400)
        sentiment = "affirmativeFeedback" if guid is None else "negativeFeedback"
        self.items[name].votes.append((sentiment, kind))
        return Said(200)

    def _entries(self, asked: Asked) -> Said:
        start, stop = (_time(asked.query[name]) for name in ("from", "to"))
        first = int(asked.query.get("start", 0))
        # By name, and not by time: so does the real one.
        found = sorted(
            (each for each in self.items.values() if start <= each.at <= stop),
            key=lambda each: each.name,
        )
        page, rest = found[first : first + self.page_size], found[first + self.page_size :]
        groups = ""
        for group, kind in (("images", "image"), ("videos", "video")):
            rows = [each for each in page if each.kind == kind]
            if rows:
                newest = max(each.at for each in rows)
                groups += (
                    f'<{group} count="{len(rows)}" maxTimestamp="{newest:%Y-%m-%dT%H:%M:%SZ}">'
                    f"{''.join(each.xml() for each in rows)}</{group}>"
                )
        paging = ""
        if rest:
            path = self.next_override or (
                f"/v2/entries?from={asked.query['from']}&to={asked.query['to']}"
                f"&start={first + self.page_size}&size={self.page_size}&max={len(found)}"
            )
            paging = f"<paging><next>{escape(path)}</next></paging>"
        return _xml(f'<queryResult xmlns="{NAMESPACE}">{groups}{paging}</queryResult>')


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _xml(inner: str) -> Said:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return Said(200, f"{head}{inner}".encode(), {"Content-Type": "application/xml"})
