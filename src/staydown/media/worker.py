"""The process that meets a stranger's file. Started by `staydown.media.isolate`.

``python -m staydown.media.worker SOCKET SETUP``: *SOCKET* is an inherited
descriptor, *SETUP* the JSON that `isolate` writes. Everything is imported before the
doors are closed; after that, each request runs one named function on one open file.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any

from staydown.media.errors import DamagedMedia, MediaError, TooMuchMemory, UnreadableFile
from staydown.media.limits import Limits
from staydown.media.lockdown import (
    forbid_system_calls,
    limit_processor_time,
    limit_resources,
)
from staydown.media.wire import Closed, Garbled, receive_request, send_reply

_SOCKET = 3


def main(arguments: list[str]) -> int:
    inherited, setup = int(arguments[0]), json.loads(arguments[1])
    # Ctrl-C reaches every process of a terminal; our end is the socket's end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if inherited != _SOCKET:
        os.dup2(inherited, _SOCKET)
        os.close(inherited)
    sock = socket.socket(fileno=_SOCKET)
    limits = Limits.from_dict(setup["limits"])
    modules = {name: importlib.import_module(name) for name in setup["modules"]}
    limit_resources(limits)
    locked = forbid_system_calls() if setup["seccomp"] else False
    send_reply(sock, b"J", json.dumps({"seccomp": locked}).encode())
    while True:
        try:
            request, fd = receive_request(sock)
        except (Closed, Garbled, ConnectionError):
            return 0
        try:
            limit_processor_time(limits.cpu_seconds)
            _hear_hang_up(sock, True)
            module, function = request["entry"].split(":")
            work = getattr(modules[module], function)
            kind, body = _answer(work, fd, limits, request["options"])
        finally:
            os.close(fd)
        _hear_hang_up(sock, False)
        try:
            send_reply(sock, kind, body)
        except ConnectionError:
            return 0


def _answer(work: Any, fd: int, limits: Limits, options: dict[str, Any]) -> tuple[bytes, bytes]:
    try:
        result = work(fd, limits, **options)
    except MediaError as error:
        _explain(error)
        return b"E", _error(error)
    except MemoryError:
        return b"E", _error(TooMuchMemory())
    except OSError:
        return b"E", _error(UnreadableFile())
    except Exception as error:  # noqa: BLE001
        # Decoders raise whatever they like on damaged files. The text may quote the
        # file, so it stays here.
        _explain(error)
        return b"E", _error(DamagedMedia())
    if isinstance(result, bytes):
        return b"B", result
    return b"J", json.dumps(result, separators=(",", ":")).encode()


def _error(error: MediaError) -> bytes:
    return json.dumps({"error": type(error).__name__, "facts": error.facts}).encode()


def _explain(error: Exception) -> None:
    """Show a developer who asked for it what a decoder tripped over."""
    if os.environ.get("STAYDOWN_DECODER_DEBUG"):
        traceback.print_exception(error)


def _hear_hang_up(sock: socket.socket, hear: bool) -> None:
    """While *hear* is on, the far side closing its end ends this process (SIGIO).

    Between requests an end of file says the same; in the middle of a long decode
    nobody reads the socket, and a service that died must not leave us running.
    """
    flags = fcntl.fcntl(sock, fcntl.F_GETFL)
    fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
    flags = flags | os.O_ASYNC if hear else flags & ~os.O_ASYNC
    fcntl.fcntl(sock, fcntl.F_SETFL, flags)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
