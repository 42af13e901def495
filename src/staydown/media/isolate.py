"""A pool of limited, networkless processes that decode strangers' files.

The service hands a decoder one open file and the name of a function; the decoder
answers with JSON or bytes, or with a named error. It is started once and used for
many files (a process per file would cost more than the decoding), replaced when it
dies, takes too long or has done its share, and gone when the service is gone.

What is true whatever a file does: the caller gets an answer or a `MediaError`
within `Limits.seconds` of the decoder's starting on it, and the next call works.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from staydown.media.admit import admit
from staydown.media.errors import (
    DecoderDied,
    DecoderUnavailable,
    DecodeTimeout,
    MediaError,
    UnreadableFile,
    media_error,
)
from staydown.media.limits import DEFAULT_LIMITS, Limits
from staydown.media.wire import Closed, Garbled, receive_reply, send_request

_START_SECONDS = 60.0
_FILES_PER_DECODER = 2000


class DecoderPool:
    """Runs functions of the *modules* on open files, each in a process apart.

    *modules* are imported when a decoder starts, before it gives up opening files;
    an entry is ``"module:function"``, and the function is called there as
    ``function(fd, limits, **options)``. At most *size* decoders run at once (default:
    one a processor, four at most); further calls wait for their turn. Safe to share
    between threads, and usable on both sides of a fork.
    """

    def __init__(
        self,
        modules: tuple[str, ...],
        *,
        limits: Limits = DEFAULT_LIMITS,
        size: int | None = None,
        seccomp: bool = True,
        files_per_decoder: int = _FILES_PER_DECODER,
    ) -> None:
        self.modules = modules
        self.limits = limits
        self.size = size or max(1, min(4, os.cpu_count() or 1))
        self._seccomp = seccomp
        self._files_per_decoder = files_per_decoder
        self._turn = threading.Condition()
        self._waiting: deque[object] = deque()
        self._idle: list[_Decoder] = []
        self._all: set[_Decoder] = set()
        self._busy = 0
        _POOLS.add(self)

    def run(
        self,
        entry: str,
        fd: int,
        options: dict[str, Any] | None = None,
        *,
        meanwhile: Callable[[], None] | None = None,
    ) -> dict[str, Any] | bytes:
        """Run *entry* on the open file *fd*, and return what it returned.

        *meanwhile* is called in this thread while the decoder works. The file stays
        open here. Raises a `MediaError` when the file or its decoder fails.
        """
        if entry.partition(":")[0] not in self.modules:
            raise ValueError(f"{entry!r} is not in a module that this pool imports")
        admit(fd, self.limits)
        decoder = self._take()
        fresh = False
        try:
            decoder.ask(entry, fd, options or {})
            if meanwhile is not None:
                meanwhile()
            value = _value(*decoder.answer())
            # One that answers in no known form is not asked again.
            fresh = decoder.files < self._files_per_decoder
        except OSError as error:
            raise UnreadableFile from error
        finally:
            self._give_back(decoder, keep=fresh)
        if isinstance(value, MediaError):
            raise value
        return value

    def locked(self) -> bool:
        """Whether the decoders run behind a seccomp filter here (starts one to see)."""
        decoder = self._take()
        self._give_back(decoder, keep=True)
        return decoder.locked

    def process_ids(self) -> list[int]:
        """The decoders that are running now."""
        with self._turn:
            return sorted(decoder.pid for decoder in self._all)

    def close(self) -> None:
        """End every decoder. A later call starts new ones."""
        with self._turn:
            decoders = list(self._all)
            self._idle.clear()
            self._all.clear()
        for decoder in decoders:
            decoder.end()

    def _take(self) -> _Decoder:
        with self._turn:
            # First come, first served: a long film asks again and again, and would be there
            # sooner each time than one that has to wake up first.
            ticket = object()
            self._waiting.append(ticket)
            try:
                self._turn.wait_for(lambda: self._waiting[0] is ticket and self._busy < self.size)
            finally:
                self._waiting.remove(ticket)
                self._turn.notify_all()
            self._busy += 1
            while self._idle:
                # The one used last has the warmest caches.
                decoder = self._idle.pop()
                if decoder.is_well():
                    return decoder
                self._all.discard(decoder)
                decoder.end()
        try:
            decoder = _Decoder(self.modules, self.limits, self._seccomp)
        except BaseException:
            with self._turn:
                self._busy -= 1
                self._turn.notify_all()
            raise
        with self._turn:
            self._all.add(decoder)
        return decoder

    def _give_back(self, decoder: _Decoder, keep: bool) -> None:
        with self._turn:
            self._busy -= 1
            keep = keep and decoder in self._all
            if keep:
                self._idle.append(decoder)
            else:
                self._all.discard(decoder)
            self._turn.notify_all()
        if not keep:
            decoder.end()

    def _after_fork(self) -> None:
        # The decoders belong to the parent. Only our copies of their sockets are
        # closed: a copy left open would keep them alive after the parent is gone.
        for decoder in self._all:
            decoder.disown()
        # Another thread of the parent may have held the lock when we were made.
        self._turn = threading.Condition()
        self._waiting.clear()
        self._idle.clear()
        self._all.clear()
        self._busy = 0


class _Decoder:
    """One process, and our end of the socket to it."""

    def __init__(self, modules: tuple[str, ...], limits: Limits, seccomp: bool) -> None:
        self.files = 0
        self._deadline = 0.0
        self._limits = limits
        setup = {"modules": modules, "limits": limits.to_dict(), "seccomp": seccomp}
        self._sock, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        *("-s", "-P", "-m", "staydown.media.worker"),
                        *(str(theirs.fileno()), json.dumps(setup)),
                    ],
                    env=_environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=None if _debug() else subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            except OSError as error:
                self._sock.close()
                raise DecoderUnavailable from error
        try:
            kind, body = receive_reply(self._sock, time.monotonic() + _START_SECONDS)
            if kind != b"J":
                raise Garbled
            self.locked = bool(json.loads(body)["seccomp"])
        except (Closed, Garbled, OSError, ValueError) as error:
            self.end()
            raise DecoderUnavailable from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_well(self) -> bool:
        """Whether the process still runs and its socket is silent, as it must be."""
        if self._process.poll() is not None:
            return False
        self._sock.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            self._sock.recv(1, socket.MSG_PEEK)
            return False
        return True

    def ask(self, entry: str, fd: int, options: dict[str, Any]) -> None:
        self.files += 1
        self._deadline = time.monotonic() + self._limits.seconds
        self._sock.settimeout(self._limits.seconds)
        with self._no_longer_than_allowed():
            send_request(self._sock, {"entry": entry, "options": options}, fd)

    def answer(self) -> tuple[bytes, bytes]:
        with self._no_longer_than_allowed():
            return receive_reply(self._sock, self._deadline)

    @contextlib.contextmanager
    def _no_longer_than_allowed(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self.end()
            raise DecodeTimeout(seconds=round(self._limits.seconds)) from None
        except (Closed, Garbled, OSError):
            if self.end() == -signal.SIGXCPU:
                raise DecodeTimeout(seconds=self._limits.cpu_seconds) from None
            raise DecoderDied from None

    def end(self) -> int:
        """End the process; returns its exit status, negative for a signal."""
        self._sock.close()
        # A process that closed its socket is on its way out: its own reason to end
        # (out of processor time, say) is worth a moment's wait.
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=0.2)
        self._process.kill()
        return self._process.wait()

    def disown(self) -> None:
        self._sock.close()
        # It is not our child: nothing to wait for, nothing to warn about.
        self._process.returncode = 0


def _value(kind: bytes, body: bytes) -> dict[str, Any] | bytes | MediaError:
    """A reply as a value, or as the error that it names; `DecoderDied` if it is neither."""
    if kind == b"B":
        return body
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise DecoderDied from None
    if not isinstance(answer, dict):
        raise DecoderDied
    if kind == b"E":
        facts = answer.get("facts")
        return media_error(str(answer.get("error")), facts if isinstance(facts, dict) else {})
    return answer


def _environment() -> dict[str, str]:
    """What a decoder may know of ours: where the code is, and to use one thread."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *(path for path in sys.path if path and path != package)]
    single = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        **dict.fromkeys(single, "1"),
        **({"STAYDOWN_DECODER_DEBUG": "1"} if _debug() else {}),
    }


def _debug() -> bool:
    return bool(os.environ.get("STAYDOWN_DECODER_DEBUG"))


_POOLS: weakref.WeakSet[DecoderPool] = weakref.WeakSet()


def _forget_after_fork() -> None:
    for pool in list(_POOLS):
        pool._after_fork()


os.register_at_fork(after_in_child=_forget_after_fork)
