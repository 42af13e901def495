"""The client for programs that do other things meanwhile."""

import contextlib
import inspect
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cached_property
from typing import Any, Self, TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread
import httpx

from staydown.client.answers import Case, CaseWithItems, Receipt, Verdict
from staydown.client.asking import Pause, Send, Step, Steps, Tell, Work
from staydown.client.base import Base
from staydown.client.conversations import MOST_AT_ONCE, CaughtUp, OnVerdict, in_portions
from staydown.client.told import Item, Notice, Print, Question, Registered
from staydown.client.uploads import File

T = TypeVar("T")
log = logging.getLogger("staydown.client")


class AsyncStaydown(Base):
    """Staydown for asyncio. Each method is that of `Staydown`."""

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(**self._options)

    async def check(
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
        """As `Staydown.check`."""
        question = Question(
            file, fingerprints, url, reference, uploader, idempotency_key, films_later
        )
        return await self._do(self._conversations.check(question))

    async def film(self, check_id: str) -> Verdict:
        """As `Staydown.film`."""
        return await self._do(self._conversations.film(check_id))

    async def register(
        self,
        item_id: str,
        *,
        url: str,
        file: File | None = None,
        fingerprint: Print | None = None,
        media_url: str = "",
        uploader: str = "",
    ) -> Verdict:
        """As `Staydown.register`."""
        fields = {"url": url, "media_url": media_url, "uploader": uploader}
        return await self._do(self._conversations.register(item_id, file, fingerprint, fields))

    async def register_many(self, items: Iterable[Item]) -> AsyncIterator[Registered]:
        """As `Staydown.register_many`."""
        for portion in in_portions(items):
            for registered in await self._do(self._conversations.register_some(portion)):
                yield registered

    async def forget(self, item_id: str) -> None:
        """As `Staydown.forget`."""
        await self._do(self._conversations.forget(item_id))

    async def forget_many(self, item_ids: Iterable[str]) -> None:
        """As `Staydown.forget_many`."""
        listed = list(item_ids)
        for start in range(0, len(listed), MOST_AT_ONCE):
            some = listed[start : start + MOST_AT_ONCE]
            await self._do(self._conversations.forget_some(some))

    async def send_notice(self, notice: Notice, *, idempotency_key: str = "") -> Receipt:
        """As `Staydown.send_notice`."""
        steps = self._conversations.send_notice(notice.to_dict(), idempotency_key)
        return await self._do(steps)

    async def notice_status(self, receipt: str) -> dict[str, Any]:
        """As `Staydown.notice_status`."""
        return await self._do(self._conversations.get(f"/notices/{quote(receipt, safe='')}"))

    async def cases(self, *, after: int = 0) -> AsyncIterator[Case]:
        """As `Staydown.cases`."""
        while page := await self._do(self._conversations.cases_after(after)):
            for case in page:
                yield case
            after = page[-1]["id"]

    async def case(self, case_id: int) -> CaseWithItems:
        """As `Staydown.case`."""
        return await self._do(self._conversations.case(case_id))

    async def catch_up(self, on_verdict: OnVerdict) -> CaughtUp:
        """As `Staydown.catch_up`; *on_verdict* may be a coroutine function."""
        return await self._do(self._conversations.catch_up(on_verdict))

    async def keep_caught_up(self, on_verdict: OnVerdict, *, every: float = 10.0) -> None:
        """`catch_up` every so many seconds, for ever: run it as a task, and cancel that."""
        while True:
            await anyio.sleep(every)
            try:
                await self.catch_up(on_verdict)
            except Exception as error:  # noqa: BLE001  the host's own code: it is called again
                log.error("Catching up failed: %s", type(error).__name__)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _do(self, steps: Steps[T]) -> T:
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
                    come = await self._take(step)
                except Exception as error:  # noqa: BLE001  the conversation knows what to do
                    fault = error

    async def _take(self, step: Step) -> Any:
        match step:
            case Send():
                return await self._http.request(**step.arguments())
            case Pause(seconds):
                return await anyio.sleep(seconds)
            case Work(call):
                return await anyio.to_thread.run_sync(call)
            case Tell(call, arguments):
                said = call(*arguments)
                return await said if inspect.isawaitable(said) else said
