"""Everything that a host says to Staydown, step by step; see `staydown.client.asking`."""

import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from staydown.client.answers import (
    Case,
    CaseWithItems,
    NotFound,
    Receipt,
    Refused,
    StaydownError,
    Unreachable,
    Verdict,
    read_check,
    read_verdict,
)
from staydown.client.asking import Send, Steps, Tell, Work, ask, object_in, patiently
from staydown.client.breaker import Breaker
from staydown.client.spool import Entry, Spool, SpoolFull
from staydown.client.told import Item, Print, Question, Registered, plain
from staydown.client.uploads import File, Upload

log = logging.getLogger("staydown.client")

WhenUnreachable = Literal["allow", "hold"]
#: Nobody waits for what is told later, and a long film may be the very thing that took too long.
_PATIENCE_LATER = 600.0
_PATHS = {"check": "/check", "register": "/items"}
#: Items that Staydown takes in one request.
MOST_AT_ONCE = 500


#: What `catch_up` calls with something that Staydown heard of late, and what it says of it.
OnVerdict = Callable[[Entry, Verdict], Any]


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """How many entries Staydown has heard of now, and how many wait still."""

    told: int
    left: int


class Conversations:
    def __init__(self, when_unreachable: WhenUnreachable, spool: Spool | None) -> None:
        if when_unreachable not in ("allow", "hold"):
            raise ValueError(f"when_unreachable is {when_unreachable!r}: write 'allow' or 'hold'")
        if when_unreachable == "allow" and spool is None:
            raise ValueError(
                "when_unreachable='allow' needs a spool: a folder to remember what was let through"
            )
        self._choice, self.spool, self.breaker = when_unreachable, spool, Breaker()

    # The gate

    def check(self, question: Question) -> Steps[Verdict]:
        asked = replace(question, reference=question.reference or uuid.uuid4().hex)
        fields, headers = asked.fields(), asked.headers()
        if asked.fingerprints and asked.url:
            raise ValueError("Give either an address or fingerprints made elsewhere.")
        upload = yield from _opened(asked.file, is_told=bool(asked.fingerprints or asked.url))
        try:
            said = yield from self._say(_send("check", fields, upload, headers))
        except Unreachable as error:
            is_shown = self._choice == "allow"
            entry = Entry("check", asked.reference, is_shown, fields, time.time(), headers)
            return (yield from self._unanswered(entry, upload, error))
        finally:
            if upload:
                upload.close()
        return _verdict(said, reference=asked.reference)

    def film(self, check_id: str) -> Steps[Verdict]:
        said = yield from self.get(f"/later/{quote(check_id, safe='')}")
        return read_check(said)

    # The catalogue

    def register(
        self,
        item_id: str,
        file: File | None,
        fingerprint: Print | None,
        fields: Mapping[str, str],
    ) -> Steps[Verdict]:
        sent: dict[str, Any] = {"id": item_id, **fields}
        if fingerprint is not None:
            sent["fingerprint"] = plain(fingerprint)
        upload = yield from _opened(file, is_told=fingerprint is not None)
        try:
            said = yield from self._say(_send("register", sent, upload))
        except Unreachable as error:
            if self.spool is None:
                raise
            entry = Entry("register", item_id, True, sent, time.time())
            return (yield from self._remember(entry, upload, error))
        finally:
            if upload:
                upload.close()
        yield from self._overtake("register", "forget", name=item_id)
        return read_verdict(said, reference=item_id)

    def register_some(self, items: Sequence[Item]) -> Steps[list[Registered]]:
        """Register them in one request if that can be, else one by one."""
        said: Any = None
        if len(items) > 1:
            told = [_in_bulk(item) for item in items]
            # Whatever is wrong, each of them is told of it when it is registered by itself.
            with contextlib.suppress(Refused, Unreachable):
                said = yield from self._say(Send("POST", "/api/v1/items", json={"items": told}))
        answers = said.get("items") if said else None
        if not isinstance(answers, list) or len(answers) != len(items):
            one_by_one = []
            for item in items:
                one_by_one.append((yield from self._register_one(item)))
            return one_by_one
        for item in items:
            yield from self._overtake("register", "forget", name=item.id)
        return [_registered(item, answer) for item, answer in zip(items, answers, strict=True)]

    def _register_one(self, item: Item) -> Steps[Registered]:
        fields = {"url": item.url, "media_url": item.media_url, "uploader": item.uploader}
        try:
            verdict = yield from self.register(item.id, item.file, item.fingerprint, fields)
        except StaydownError as error:
            return Registered(item, error=error)
        return Registered(item, verdict)

    def forget_some(self, item_ids: Sequence[str]) -> Steps[None]:
        for item_id in item_ids:
            yield from self._overtake("register", name=item_id)
        try:
            yield from self._say(Send("DELETE", "/api/v1/items", json={"ids": list(item_ids)}))
        except (Refused, Unreachable):
            for item_id in item_ids:
                yield from self.forget(item_id)

    def forget(self, item_id: str) -> Steps[None]:
        yield from self._overtake("register", name=item_id)
        try:
            yield from self._say(_forgetting(item_id))
        except NotFound:
            pass  # it never knew, or has forgotten already
        except Unreachable as error:
            if self.spool is None:
                raise
            entry = Entry("forget", item_id, False, {}, time.time())
            yield from self._remember(entry, None, error)

    def _overtake(self, *kinds: Literal["check", "register", "forget"], name: str) -> Steps[None]:
        spool = self.spool
        if spool is not None:
            for kind in kinds:
                yield Work(partial(spool.drop, kind, name))

    # Notices, cases

    def send_notice(self, notice: Mapping[str, Any], idempotency_key: str) -> Steps[Receipt]:
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        said = yield from self._say(Send("POST", "/api/v1/notices", json=notice, headers=headers))
        return Receipt(str(said["receipt"]), str(said["received_at"]))

    def get(self, path: str) -> Steps[dict[str, Any]]:
        return self._say(Send("GET", f"/api/v1{path}"))

    def cases_after(self, number: int) -> Steps[list[Case]]:
        said = yield from self._say(Send("GET", "/api/v1/cases", query={"after": number}))
        listed: list[Case] = said["cases"]
        return listed

    def case(self, case_id: int) -> Steps[CaseWithItems]:
        said: Any = yield from self.get(f"/cases/{case_id}")
        whole: CaseWithItems = said
        return whole

    # What Staydown could not be told

    def catch_up(self, on_verdict: OnVerdict) -> Steps[CaughtUp]:
        spool = self.spool
        if spool is None:
            raise ValueError("There is nothing to catch up with: the client has no spool.")
        told = 0
        with spool.one_at_a_time() as is_ours:
            for name, entry in spool.entries() if is_ours else ():
                try:
                    verdict = yield from self._tell_late(spool, name, entry)
                except Unreachable as error:
                    log.warning("%s of %s is put off: %s", entry.kind, entry.name, error.why)
                    if error.why in ("down", "key-refused"):
                        break
                    continue
                if verdict is not None:
                    yield Tell(on_verdict, (entry, verdict))
                # Last: if the host's code fails, or we are killed in it, it is called again.
                yield Work(partial(spool.done, name))
                told += 1
        return CaughtUp(told, len(spool))

    def _tell_late(self, spool: Spool, name: str, entry: Entry) -> Steps[Verdict | None]:
        if entry.kind == "forget":
            with contextlib.suppress(NotFound):
                yield from self._say(patiently(_forgetting(entry.name), _PATIENCE_LATER))
            return None
        stream = spool.open_upload(name)
        upload = Upload(stream) if stream else None
        try:
            asked = _send(entry.kind, entry.fields, upload, entry.headers)
            send = patiently(asked, _PATIENCE_LATER)
            said = yield from self._say(send)
        except Refused as error:
            # It was let through, and Staydown cannot say what it is: a person should look.
            return Verdict("hold", reference=entry.name, why=error.code)
        finally:
            if stream:
                stream.close()
        if entry.kind == "register" and not spool.has(name):
            # The item went while we registered it: `forget` may have come first.
            yield from self.forget(entry.name)
            return None
        return _verdict(said, reference=entry.name)

    def _unanswered(
        self, entry: Entry, upload: Upload | None, error: Unreachable
    ) -> Steps[Verdict]:
        held = Verdict("hold", reference=entry.name, why=error.why)
        if self.spool is None:
            log.warning("Upload %s is held: no answer (%s).", entry.name, error.why)
            return held
        try:
            return (yield from self._remember(entry, upload, error))
        except SpoolFull as full:
            # What nobody would remember is not let through.
            log.error("Upload %s is held. %s", entry.name, full)
            return replace(held, why="spool-full")
        except OSError as fault:
            log.error("Upload %s is held: the spool fails (%s).", entry.name, fault.errno)
            return replace(held, why="spool-failed")

    def _remember(self, entry: Entry, upload: Upload | None, error: Unreachable) -> Steps[Verdict]:
        spool = self.spool
        assert spool is not None  # noqa: S101  both callers have asked
        yield Work(lambda: spool.add(entry, upload.source if upload else None))
        log.warning("%s of %s waits in the spool: %s", entry.kind, entry.name, error.why)
        return Verdict(self._choice, reference=entry.name, why=error.why, remembered=True)

    def _say(self, send: Send) -> Steps[dict[str, Any]]:
        answer = yield from ask(send, self.breaker)
        return object_in(answer, method=send.method)


def in_portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Those that can be registered in one request, in order: files go by themselves."""
    portion: list[Item] = []
    for item in items:
        if item.file is not None:
            if portion:
                yield portion
            yield [item]
            portion = []
        else:
            portion.append(item)
            if len(portion) == MOST_AT_ONCE:
                yield portion
                portion = []
    if portion:
        yield portion


def _in_bulk(item: Item) -> dict[str, Any]:
    told = {name: value for name, value in item.about().items() if name != "file"}
    fingerprint = item.fingerprint
    return {**told, "id": item.id, "fingerprint": plain(fingerprint) if fingerprint else None}


def _registered(item: Item, answer: Any) -> Registered:
    said = answer if isinstance(answer, dict) else {}
    problem = said.get("problem")
    if isinstance(problem, dict):
        return Registered(item, error=Refused(int(problem.get("status") or 422), problem))
    return Registered(item, read_verdict({**said, "id": ""}, reference=item.id))


def _verdict(said: Mapping[str, Any], *, reference: str) -> Verdict:
    """What Staydown says of it, now or later."""
    if "state" in said:
        return read_check({**said, "reference": reference})
    return read_verdict(said, reference=reference)


def _opened(file: File | None, *, is_told: bool) -> Steps[Upload | None]:
    if (file is None) != is_told:
        raise ValueError(
            "Give either a file or fingerprints made elsewhere; a check also takes an address."
        )
    upload: Upload | None = None
    if file is not None:
        upload = yield Work(lambda: Upload(file))
    return upload


def _send(
    kind: Literal["check", "register", "forget"],
    fields: Mapping[str, Any],
    upload: Upload | None,
    headers: Mapping[str, str] | None = None,
) -> Send:
    path = f"/api/v1{_PATHS[kind]}"
    if upload is None:
        return Send("POST", path, json=fields, headers=headers or None)
    return Send("POST", path, fields=fields, file=upload.stream, headers=headers or None)


def _forgetting(item_id: str) -> Send:
    return Send("DELETE", f"/api/v1/items/{quote(item_id, safe='')}")
