"""The boxes of MP4, MOV, AVIF and HEIC that say how a film or picture was made.

A box is a length, a name of four letters, and content, often more boxes (ISO/IEC
14496-12). Films keep their texts in ``moov/udta``, in one of three ways that years of
players have left behind.
"""

from __future__ import annotations

from collections.abc import Iterator

from staydown.media.origin.pieces import BLOCK_BYTES, STEPS, TEXT_BYTES, Bytes, Piece

_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UUID_BYTES = 16
_KEYS = 512

Span = tuple[int, int]


def pieces(data: Bytes) -> Iterator[Piece]:
    """The manifest, XMP and texts among the boxes of *data*."""
    for kind, (start, end) in _boxes(data, (0, len(data))):
        if kind == b"uuid":
            name, content = data[start : start + _UUID_BYTES], start + _UUID_BYTES
            if name == _C2PA:
                yield Piece("c2pa")
            elif name == _XMP and end - content <= BLOCK_BYTES:
                yield Piece("xmp", data[content:end])
        elif kind == b"moov":
            for inner, span in _boxes(data, (start, end)):
                if inner == b"udta":
                    yield from _user_data(data, span)
                elif inner == b"meta":
                    yield from _texts(data, span)


def _user_data(data: Bytes, span: Span) -> Iterator[Piece]:
    for kind, (start, end) in _boxes(data, span):
        if kind == b"meta":
            yield from _texts(data, (start, end))
        elif kind == b"XMP_" and end - start <= BLOCK_BYTES:
            yield Piece("xmp", data[start:end])
        elif kind[:1] == b"\xa9":
            # QuickTime's: two bytes of length, two of language, then the text.
            yield _text(data, kind.decode("latin-1"), (start + 4, end))


def _texts(data: Bytes, span: Span) -> Iterator[Piece]:
    """The texts of a ``meta`` box, under the names in ``keys`` or of four letters."""
    # In MP4 four bytes of version and flags come first, in MOV they do not.
    inner = span if data[span[0] + 4 : span[0] + 8] == b"hdlr" else (span[0] + 4, span[1])
    keys: list[str] = []
    for kind, (start, end) in _boxes(data, inner):
        if kind == b"keys":
            # A version and a count; then each key is shaped like a box, named mdta.
            keys = [
                data[at : min(until, at + 256)].decode("utf-8", "replace")
                for _, (at, until) in _boxes(data, (start + 8, end), _KEYS)
            ]
        elif kind == b"ilst":
            for item, item_span in _boxes(data, (start, end), _KEYS):
                yield from _item(data, item, item_span, keys)


def _item(data: Bytes, item: bytes, span: Span, keys: list[str]) -> Iterator[Piece]:
    number = int.from_bytes(item, "big")
    name = keys[number - 1] if 0 < number <= len(keys) else item.decode("latin-1")
    for kind, (start, end) in _boxes(data, span, _KEYS):
        if kind == b"name":
            name = data[start + 4 : min(end, start + 256)].decode("utf-8", "replace")
        elif kind == b"data":
            # A type and a locale come before the text.
            yield _text(data, name, (start + 8, end))


def _text(data: Bytes, name: str, span: Span) -> Piece:
    return Piece("text", data[span[0] : min(span[1], span[0] + TEXT_BYTES)], f"mp4:{name}")


def _boxes(data: Bytes, span: Span, at_most: int = STEPS) -> Iterator[tuple[bytes, Span]]:
    """The name and the content's span of each box, up to the first impossible one."""
    at, end = span
    for _ in range(at_most):
        length, header = int.from_bytes(data[at : at + 4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif length == 0:
            # The last box of a file may run to its end.
            length = end - at
        if at + header > end or length < header or at + length > end:
            return
        yield data[at + 4 : at + 8], (at + header, at + length)
        at += length
