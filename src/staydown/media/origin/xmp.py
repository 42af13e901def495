"""The few properties of an XMP packet that say how a picture was made.

expat reads the packet as a stream: no tree is built, and a document type, which is
where entities are declared, is refused before anything can expand.
"""

from __future__ import annotations

from xml.parsers import expat

from staydown.media.origin.pieces import BLOCK_BYTES, TEXT_BYTES

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dcterms": "http://purl.org/dc/terms/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
SOURCE_TYPE = "Iptc4xmpExt:DigitalSourceType"
REMOTE_MANIFEST = "dcterms:provenance"
"""Where the C2PA manifest is, when the file does not hold it (C2PA 2.2, 11.4)."""

_WANTED = {
    f"{_SPACES[name.partition(':')[0]]} {name.partition(':')[2]}": name
    for name in (
        SOURCE_TYPE,
        REMOTE_MANIFEST,
        "Iptc4xmpExt:AISystemUsed",
        "Iptc4xmpExt:AIPromptInformation",
        "photoshop:Credit",
        "xmp:CreatorTool",
        "exif:UserComment",
        "TC260:AIGC",
    )
}
# The property's first spelling, before IPTC settled on the present one.
_WANTED[f"{_SPACES['Iptc4xmpExt']} DigitalSourcetype"] = SOURCE_TYPE

_UTF_16 = (b"\xfe\xff", b"\xff\xfe")
_DEPTH = 64
_VALUES = 64


class _Refused(Exception):
    """Not a packet that any tool would write."""


def properties(packet: bytes) -> dict[str, list[str]]:
    """The wanted properties of *packet*, each with its values.

    Attributes, elements, lists and references alike. A packet that is damaged, too
    long or too deep, or that declares a document type, has none.
    """
    if len(packet) > BLOCK_BYTES:
        return {}
    reader = _Reader()
    try:
        reader.read(packet if packet[:2] in _UTF_16 else packet.rstrip(b"\0 \r\n\t"))
    except (expat.ExpatError, _Refused, UnicodeError, LookupError, ValueError):
        return {}
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._count = 0
        self._depth = 0
        self._within: str | None = None
        self._within_depth = 0
        self._text: list[str] = []
        self._length = 0

    def read(self, packet: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._characters
        parser.EndElementHandler = self._end
        parser.Parse(packet, True)

    def _refuse(self, *_declaration: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise _Refused
        if self._within is None and name in _WANTED:
            self._within, self._within_depth = _WANTED[name], self._depth
        for key, value in attributes.items():
            if key in _WANTED:
                self._add(_WANTED[key], value)
            elif self._within and key == f"{_RDF} resource":
                self._add(self._within, value)

    def _characters(self, text: str) -> None:
        if self._within and self._length < TEXT_BYTES:
            self._length += len(text)
            self._text.append(text)

    def _end(self, _name: str) -> None:
        if self._within:
            # A list's items, and the element itself, are each a value.
            self._add(self._within, "".join(self._text))
            self._text, self._length = [], 0
            if self._depth == self._within_depth:
                self._within = None
        self._depth -= 1

    def _add(self, name: str, value: str) -> None:
        value = value.strip()[:TEXT_BYTES]
        if value and self._count < _VALUES:
            self._count += 1
            self.found.setdefault(name, []).append(value)
