"""The few bytes that travel between a service and its decoders.

A request is a length, JSON, and one open file that rides along. A reply is one
letter, a length, and as many bytes: ``J`` JSON, ``B`` plain bytes, ``E`` an error's
name and numbers. Nothing is pickled: the far side may have been taken over.
"""

from __future__ import annotations

import array
import json
import socket
import struct
import time
from typing import Any

_REQUEST = struct.Struct("!I")
_REPLY = struct.Struct("!cQ")
_LARGEST_REQUEST = 1 << 20
LARGEST_REPLY = 256 << 20


class Closed(Exception):
    """The other side has hung up."""


class Garbled(Exception):
    """The other side does not keep to the form above."""


def send_request(sock: socket.socket, header: dict[str, Any], fd: int) -> None:
    body = json.dumps(header, separators=(",", ":")).encode()
    rights = array.array("i", [fd])
    sock.sendmsg([_REQUEST.pack(len(body))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    sock.sendall(body)


def receive_request(sock: socket.socket) -> tuple[dict[str, Any], int]:
    """The next request: its header and the file, which the caller closes."""
    space = socket.CMSG_LEN(array.array("i").itemsize)
    start, ancillary, _flags, _address = sock.recvmsg(_REQUEST.size, space)
    if not start:
        raise Closed
    rights = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            rights.frombytes(data)
    (length,) = _REQUEST.unpack(start + _read(sock, _REQUEST.size - len(start)))
    if length > _LARGEST_REQUEST or len(rights) != 1:
        raise Garbled
    return json.loads(_read(sock, length)), rights[0]


def send_reply(sock: socket.socket, kind: bytes, body: bytes) -> None:
    sock.sendall(_REPLY.pack(kind, len(body)))
    sock.sendall(body)


def receive_reply(sock: socket.socket, deadline: float | None = None) -> tuple[bytes, bytes]:
    """The next reply: its letter and its bytes.

    Raises TimeoutError once `time.monotonic()` passes *deadline*, however slowly the
    bytes drip.
    """
    kind, length = _REPLY.unpack(_read(sock, _REPLY.size, deadline))
    if length > LARGEST_REPLY or kind not in (b"J", b"B", b"E"):
        raise Garbled
    return kind, _read(sock, length, deadline)


def _read(sock: socket.socket, count: int, deadline: float | None = None) -> bytes:
    pieces = []
    while count:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
        piece = sock.recv(min(count, 1 << 20))
        if not piece:
            raise Closed
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
