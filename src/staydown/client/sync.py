"""The client for programs that wait."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from staydown.client.answers import Case, CaseWithItems, Receipt, Verdict
from staydown.client.asking import Pause, Send, Step, Steps, Tell, Work
from staydown.client.base import Base
from staydown.client.conversations import MOST_AT_ONCE, CaughtUp, OnVerdict, in_portions
from staydown.client.told import Item, Notice, Print, Question, Registered
from staydown.client.uploads import File

T = TypeVar("T")
log = logging.getLogger("staydown.client")


class Staydown(Base):
    """Staydown for programs that wait: with threads, or without. Threads may share one."""

    @cached_property
    def _http(self) -> httpx.Client:
        # Made at the first call, not before the host's processes part.
        return httpx.Client(**self._options)

    def check(
        self,
        file: File | None = None,
        *,
        fingerprints: Sequence[Print] = (),
        url: str = "",
        reference: str = "",
        uploader: str = "",
        idempotency_key: str = "",
        films_later: bool = False,
    ) -> Verdict:
        """Ask the gate about an upload, before anyone can see it.

        *file* is a path, an open binary file, or bytes; or send *fingerprints* made elsewhere,
        or the *url* on one of your origins where Staydown can fetch it. *reference* is your own
        name for the upload (one is made up if you give none): events about it bring it back,
        and asking again under it is asking about the same upload.

        Asked again with the same *idempotency_key*, for a day, the answer is the same, and
        nothing is worked out or counted twice. With *films_later* a film is held, with a `why`
        of ``later``, until the event ``check.done`` brings the verdict (see `read_check`).

        Raises `Refused` where Staydown cannot read the file, with its sentence for whoever
        sent it. If Staydown gives no answer the verdict is your own choice, with a `why`.
        """
        question = Question(
            file, fingerprints, url, reference, uploader, idempotency_key, films_later
        )
        return self._do(self._conversations.check(question))

    def film(self, check_id: str) -> Verdict:
        """The verdict on a film that is checked later; held, with a `why` of ``later``, until
        there is one. Raises `Refused` where the film cannot be read, `NotFound` a day after
        you were told.
        """
        return self._do(self._conversations.film(check_id))

    def register(
        self,
        item_id: str,
        *,
        url: str,
        file: File | None = None,
        fingerprint: Print | None = None,
        media_url: str = "",
        uploader: str = "",
    ) -> Verdict:
        """Say that you show *file* at *url*, so that sweeps find it. Repeating is harmless.

        The verdict is the gate's: anything but ``allow`` slipped past it, before the picture
        was reported or while Staydown was down, and a person will decide about it. Raises
        `Refused`, and `Unreachable` if there is no spool to remember it.
        """
        fields = {"url": url, "media_url": media_url, "uploader": uploader}
        return self._do(self._conversations.register(item_id, file, fingerprint, fields))

    def register_many(self, items: Iterable[Item]) -> Iterator[Registered]:
        """`register` each, and say what came of it, in order, as it comes.

        Those that come with fingerprints, and no files, go some hundreds in one request.
        """
        for portion in in_portions(items):
            yield from self._do(self._conversations.register_some(portion))

    def forget(self, item_id: str) -> None:
        """Say that you have the item no longer, because its uploader deleted it, say."""
        self._do(self._conversations.forget(item_id))

    def forget_many(self, item_ids: Iterable[str]) -> None:
        """`forget` each, some hundreds in one request."""
        listed = list(item_ids)
        for start in range(0, len(listed), MOST_AT_ONCE):
            some = listed[start : start + MOST_AT_ONCE]
            self._do(self._conversations.forget_some(some))

    def send_notice(self, notice: Notice, *, idempotency_key: str = "") -> Receipt:
        """Pass a notice on. Sent again with the same *idempotency_key* it is one notice.

        Raises `Refused` (``incomplete-notice``: its ``problem["missing"]`` says what to ask
        the person for) and `Unreachable`: keep what they typed, and try again.
        """
        steps = self._conversations.send_notice(notice.to_dict(), idempotency_key)
        return self._do(steps)

    def notice_status(self, receipt: str) -> dict[str, Any]:
        """What the person's status page says. Raises `NotFound` for a code that is none."""
        return self._do(self._conversations.get(f"/notices/{quote(receipt, safe='')}"))

    def cases(self, *, after: int = 0) -> Iterator[Case]:
        """The cases in which an item of yours stands, oldest first."""
        while page := self._do(self._conversations.cases_after(after)):
            yield from page
            after = page[-1]["id"]

    def case(self, case_id: int) -> CaseWithItems:
        """One of them, with your items in it. Raises `NotFound`."""
        return self._do(self._conversations.case(case_id))

    def catch_up(self, on_verdict: OnVerdict) -> CaughtUp:
        """Tell Staydown, oldest first, what it could not be told, and you what it says.

        ``on_verdict(entry, verdict)`` is your own code, called with the verdict on each upload
        or item; it may now be ``block``. An entry leaves the spool when your code returns, so
        it may be called twice for one, but never not at all. One process at a time catches up.
        """
        return self._do(self._conversations.catch_up(on_verdict))

    def keep_caught_up(self, on_verdict: OnVerdict, *, every: float = 10.0) -> Callable[[], None]:
        """`catch_up` every so many seconds in a thread of its own; returns what stops it."""
        stopped = threading.Event()

        def run() -> None:
            while not stopped.wait(every):
                try:
                    self.catch_up(on_verdict)
                except Exception as error:  # noqa: BLE001  the host's own code: it is called again
                    log.error("Catching up failed: %s", type(error).__name__)

        thread = threading.Thread(target=run, name="staydown-catch-up", daemon=True)
        thread.start()

        def stop() -> None:
            stopped.set()
            thread.join()

        return stop

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, steps: Steps[T]) -> T:
        with contextlib.closing(steps):
            come: Any = None
            fault: Exception | None = None
            while True:
                try:
                    step = steps.throw(fault) if fault else steps.send(come)
                except StopIteration as end:
                    result: T = end.value
                    return result
                fault = come = None
                try:
                    come = self._take(step)
                except Exception as error:  # noqa: BLE001  the conversation knows what to do
                    fault = error

    def _take(self, step: Step) -> Any:
        match step:
            case Send():
                return self._http.request(**step.arguments())
            case Pause(seconds):
                return time.sleep(seconds)
            case Work(call):
                return call()
            case Tell(call, arguments):
                return call(*arguments)
