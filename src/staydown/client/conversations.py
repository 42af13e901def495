"""Everything that a host says to Staydown, step by step; see `staydown.client.asking`."""

import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
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
    Unreachable,
    Verdict,
    read_verdict,
)
from staydown.client.asking import Send, Steps, Tell, Work, ask, object_in, patiently
from staydown.client.breaker import Breaker
from staydown.client.spool import Entry, Spool, SpoolFull
from staydown.client.told import Print, plain
from staydown.client.uploads import File, Upload

log = logging.getLogger("staydown.client")

WhenUnreachable = Literal["allow", "hold"]
#: Nobody waits for what is told later, and a long film may be the very thing that took too long.
_PATIENCE_LATER = 600.0
_PATHS = {"check": "/check", "register": "/items"}


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

    def check(
        self, file: File | None, fingerprints: Sequence[Print], reference: str, uploader: str
    ) -> Steps[Verdict]:
        reference = reference or uuid.uuid4().hex
        fields: dict[str, Any] = {"reference": reference, "uploader": uploader}
        if fingerprints:
            fields["fingerprints"] = [plain(one) for one in fingerprints]
        upload = yield from _opened(file, has_prints=bool(fingerprints))
        try:
            said = yield from self._say(_send("check", fields, upload))
        except Unreachable as error:
            entry = Entry("check", reference, self._choice == "allow", fields, time.time())
            return (yield from self._unanswered(entry, upload, error))
        finally:
            if upload:
                upload.close()
        return read_verdict(said, reference=reference)

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
        upload = yield from _opened(file, has_prints=fingerprint is not None)
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
            send = patiently(_send(entry.kind, entry.fields, upload), _PATIENCE_LATER)
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
        return read_verdict(said, reference=entry.name)

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


def _opened(file: File | None, *, has_prints: bool) -> Steps[Upload | None]:
    if (file is None) != has_prints:
        raise ValueError("Give either a file or fingerprints made elsewhere.")
    upload: Upload | None = None
    if file is not None:
        upload = yield Work(lambda: Upload(file))
    return upload


def _send(
    kind: Literal["check", "register", "forget"], fields: Mapping[str, Any], upload: Upload | None
) -> Send:
    path = f"/api/v1{_PATHS[kind]}"
    if upload is None:
        return Send("POST", path, json=fields)
    return Send("POST", path, fields=fields, file=upload.stream)


def _forgetting(item_id: str) -> Send:
    return Send("DELETE", f"/api/v1/items/{quote(item_id, safe='')}")
