"""What a decoder that was taken over would try; runs inside the limited process."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from staydown.media import DamagedMedia, Limits, TooLarge

MODULE = __name__


def size(fd: int, _limits: Limits) -> dict[str, Any]:
    """Well behaved."""
    return {"size": os.fstat(fd).st_size, "pid": os.getpid()}


def nap(_fd: int, _limits: Limits, *, seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return {"pid": os.getpid()}


def spin(_fd: int, _limits: Limits) -> dict[str, Any]:
    while True:
        pass


def hoard(_fd: int, _limits: Limits) -> dict[str, Any]:
    held = [bytearray(64 << 20) for _ in range(10_000)]
    return {"held": len(held)}


def leave(_fd: int, _limits: Limits) -> dict[str, Any]:
    os._exit(0)


def abort(_fd: int, _limits: Limits) -> dict[str, Any]:
    os.abort()


def crash(_fd: int, _limits: Limits) -> dict[str, Any]:
    ctypes.memset(0, 1, 1)
    return {}


def recurse(_fd: int, _limits: Limits) -> dict[str, Any]:
    return recurse(_fd, _limits)


def talk(_fd: int, _limits: Limits, *, words: str) -> dict[str, Any]:
    """Write to the service's socket out of turn."""
    os.write(3, bytes.fromhex(words))
    return {}


def drip(_fd: int, _limits: Limits) -> dict[str, Any]:
    """Answer one byte at a time, for ever."""
    os.write(3, b"J" + (10_000).to_bytes(8))
    while True:
        os.write(3, b" ")
        time.sleep(0.05)


def answer(_fd: int, _limits: Limits, *, kind: str) -> Any:
    return {"list": [1], "text": "text", "bytes": b"bytes", "not json": object()}[kind]


def fail(_fd: int, _limits: Limits, *, kind: str) -> Any:
    raise {
        "named": TooLarge(megabytes=5),
        "damaged": DamagedMedia(),
        "secret": ValueError("the text of a stranger's file"),
        "memory": MemoryError(),
        "system": OSError(errno.EPERM, "secret"),
    }[kind]


def escape(fd: int, _limits: Limits, *, outside: str) -> dict[str, Any]:
    """Try every door; what each attempt came to."""
    attempts: dict[str, Callable[[], Any]] = {
        "read a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "read its own memory map": lambda: os.open("/proc/self/maps", os.O_RDONLY),
        "write a file": lambda: os.open(outside, os.O_WRONLY | os.O_CREAT),
        "list a folder": lambda: os.listdir("/"),  # noqa: PTH208
        "remove a file": lambda: os.unlink(outside),  # noqa: PTH108
        "grow the file": lambda: os.ftruncate(fd, 1 << 20),
        "make a memory file": lambda: os.memfd_create("x"),
        "open an internet socket": lambda: socket.socket(socket.AF_INET),
        "open an IPv6 socket": lambda: socket.socket(socket.AF_INET6),
        "open a datagram socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX),
        "make a pair of sockets": socket.socketpair,
        "look up a name": lambda: socket.getaddrinfo("localhost", 80),
        "fork": os.fork,
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "replace itself": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "end its service": lambda: os.kill(os.getppid(), signal.SIGTERM),
        "end everything": lambda: os.kill(-1, 0),
        "run made-up code": lambda: mmap.mmap(
            -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        ),
        "raise its limits": _raise_limits,
    }
    outcomes = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, ValueError) as error:
            outcomes[name] = type(error).__name__
        else:
            outcomes[name] = "done"
    return outcomes


def _raise_limits() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if resource.getrlimit(resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY:
        raise PermissionError
    # Root may raise them; the filter then still stands.
    raise PermissionError if os.getuid() == 0 else RuntimeError


def threads(_fd: int, _limits: Limits) -> dict[str, Any]:
    """Decoders may use threads."""
    seen: list[int] = []
    workers = [threading.Thread(target=seen.append, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"threads": len(seen)}


def environment(_fd: int, _limits: Limits) -> dict[str, Any]:
    return {"names": sorted(os.environ), "open": [n for n in range(64) if _is_open(n)]}


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
