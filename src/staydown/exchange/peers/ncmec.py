"""NCMEC's hash sharing, version 2 (XML): entries that members confirmed.

The shapes are those of NCMEC's public documentation and of the public client in
``python-threatexchange`` (``exchanges/clients/ncmec/hash_api.py``). Where that client writes
times of the machine's own zone as if they were UTC, we write UTC.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote
from xml.etree import ElementTree as ET

from staydown.exchange.hash_list import BadForm, Harm, Prints
from staydown.exchange.peers.update import Batch, Checkpoint, NotUnderstood, Update, listed
from staydown.exchange.web import Answer, Credential, Refused, Web

NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
PARTNER = "ncmec.org"
FIRST = datetime(2014, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=90)
"""So much time is asked for at once: a window's pages are not in order of time, so the place in
the list moves on only when a window has been read to its end."""
PAGES_LAST = timedelta(hours=11)
"""A place within a window is honoured for about twelve hours."""
LAG = timedelta(seconds=5)
"""We ask up to a moment ago, so that no entry falls on the edge of two windows."""

FingerprintType = Literal["MD5", "SHA1", "PDNA", "PDQ", "NETCLEAN", "TMK_PDQF", "SSVH_PDNA"]

CONFIRMED, UPVOTED, DISPUTED, DOWNVOTED = 80, 90, 40, 20
"""How sure we are: a member confirmed it; others agree; some do not; only others who do not have
spoken since. Our own numbers."""


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EntryName:
    """Where votes on an entry go: who listed it, and under which name."""

    member: int
    id: str


class NCMEC:
    """One of NCMEC's lists, at *address* (such as ``https://report.cybertip.org/hashsharing``).

    *logins* are newest first. *harm* says what the list is of: NCMEC has one address for
    sexual abuse of children, and others. Every method raises a `WebError`.
    """

    def __init__(
        self,
        logins: Sequence[Login],
        *,
        address: str,
        now: Callable[[], datetime],
        harm: Harm = "child-abuse",
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._now, self._harm = now, harm
        options: dict[str, Any] = {} if pause is None else {"pause": pause}
        self._web = Web(address, [_credential(each) for each in logins], **options)

    def fetch(self, checkpoint: Checkpoint | None = None) -> Iterator[Batch]:
        """What changed since *checkpoint*, or everything. Deletions are told for ever."""
        place: Checkpoint = checkpoint or {"from": _written(FIRST)}
        end = self._now() - LAG
        while True:
            start = _read_time(place["from"])
            stop = min(end, start + WINDOW)
            path = ""
            if self._is_fresh(place):
                path, stop = place["next"], _read_time(place["to"])
            root = self._get(path or _query(start, stop))
            updates, passed_over = self._read(root)
            following = _next_path(root)
            if following:
                place = {
                    "from": _written(start),
                    "to": _written(stop),
                    "next": following,
                    "since": self._now().isoformat(),
                }
            else:
                place = {"from": _written(stop)}
            caught_up = not following and stop >= end
            yield Batch(updates, place, caught_up, passed_over=passed_over)
            if caught_up:
                return

    def downvote_reasons(self, fingerprint: FingerprintType) -> dict[str, str]:
        """What a vote against such a fingerprint may say: names by their GUIDs."""
        root = self._get(f"/v2/feedback/{fingerprint}/reasons")
        reasons = root.find("availableFeedbackReasons")
        found = root if reasons is None else reasons
        return {each.get("guid", ""): each.get("name", "") for each in found}

    def vote_for(self, entry: EntryName, fingerprint: FingerprintType) -> None:
        root = ET.Element("feedbackSubmission", xmlns=NAMESPACE)
        ET.SubElement(root, "affirmative")
        self._vote(entry, fingerprint, root)

    def vote_against(self, entry: EntryName, fingerprint: FingerprintType, reason: str) -> None:
        """*reason* is a GUID of `downvote_reasons`."""
        root = ET.Element("feedbackSubmission", xmlns=NAMESPACE)
        reasons = ET.SubElement(ET.SubElement(root, "negative"), "reasonIds")
        ET.SubElement(reasons, "guid").text = reason
        self._vote(entry, fingerprint, root)

    def _vote(self, entry: EntryName, fingerprint: FingerprintType, root: ET.Element) -> None:
        answer = self._web.ask(
            "PUT",
            f"/v2/entries/{entry.member}/{quote(entry.id, safe='')}/{fingerprint}/feedback",
            headers={"Content-Type": "application/xml; charset=utf-8"},
            body=ET.tostring(root),
        )
        if not 200 <= answer.status < 300:
            raise Refused(f"NCMEC answers with status {answer.status}.", answer.status)

    def _is_fresh(self, place: Checkpoint) -> bool:
        since = place.get("since")
        return since is not None and self._now() - datetime.fromisoformat(since) < PAGES_LAST

    def _get(self, path: str) -> ET.Element:
        return _read_xml(self._web.ask("GET", path))

    def _read(self, root: ET.Element) -> tuple[tuple[Update, ...], Counter[str]]:
        updates, passed_over = [], Counter[str]()
        for group in ("images", "videos"):
            for each in root.iterfind(f"{group}/*"):
                read = self._update(each)
                if isinstance(read, Update):
                    updates.append(read)
                else:
                    passed_over[read] += 1
        return tuple(updates), passed_over

    def _update(self, element: ET.Element) -> Update | str:
        member, name = element.find("member"), element.findtext("id")
        if member is None or not (member.get("id") or "").isdigit() or not name:
            return "damaged record"
        key = f"{member.get('id')}/{name}"
        kind = element.tag.lower()
        if kind.startswith("deleted"):
            return Update(key, None)
        if kind not in ("image", "video"):
            return "unknown kind of record"
        md5 = (element.findtext("fingerprints/md5") or "").strip().lower() or None
        pdq = (element.findtext("fingerprints/pdq") or "").strip().lower() or None
        values = {"md5": md5, "pdq": pdq if kind == "image" else None}
        try:
            prints = Prints.from_dict({"kind": "video" if kind == "video" else "picture", **values})
        except BadForm:
            return "damaged record" if md5 or pdq else "no fingerprint of ours"
        confidence = _confidence(element)
        return Update(key, listed(prints, partner=PARTNER, harm=self._harm, confidence=confidence))


def name_of(key: str) -> EntryName:
    """Where votes on the entry under an `Update`'s key go."""
    member, _, name = key.partition("/")
    return EntryName(int(member), name)


def _credential(login: Login) -> Credential:
    basic = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    return Credential(headers={"Authorization": f"Basic {basic}"})


def _query(start: datetime, stop: datetime) -> str:
    return f"/v2/entries?from={quote(_written(start))}&to={quote(_written(stop))}"


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _next_path(root: ET.Element) -> str:
    path = (root.findtext("paging/next") or "").strip()
    # A path below our own address, and nothing else: our password goes there.
    if path and not path.startswith("/v2/entries?"):
        raise NotUnderstood("NCMEC names a next page that is not one of its entries.")
    return path


def _read_xml(answer: Answer) -> ET.Element:
    if answer.status != 200:
        raise Refused(f"NCMEC answers with status {answer.status}.", answer.status)
    if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
        raise NotUnderstood("NCMEC answers with a document type, which may hold an XML bomb.")
    try:
        root = ET.fromstring(answer.body)  # noqa: S314 - without entities nothing can grow
    except (ET.ParseError, ValueError):
        raise NotUnderstood("NCMEC answers with something that is no XML.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _confidence(element: ET.Element) -> int:
    """From the votes on what we use."""
    ours = ("MD5", "PDQ")
    votes = [
        each for each in element.iterfind("feedback/*") if each.get("type", "").upper() in ours
    ]
    is_for = any(each.tag == "affirmativeFeedback" for each in votes)
    is_against = any(each.tag == "negativeFeedback" for each in votes)
    if is_against:
        return DISPUTED if is_for else DOWNVOTED
    return UPVOTED if is_for else CONFIRMED
