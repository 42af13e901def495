"""IPTC's digital source type, wherever a file keeps its XMP; and XMP that means harm."""

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.media.origin_files import (
    AI,
    PICTURE,
    PROMPT,
    box,
    film,
    film_with_xmp,
    gif_with_xmp,
    jpeg_with_long_xmp,
    jpeg_with_xmp,
    png_text,
    png_with,
    png_with_xmp,
    webp_with,
    xmp,
)
from library.pictures import damaged, encoded
from staydown import DecoderPool, Mark, marks_of_origin_bytes
from staydown.media.origin import SOURCE_TYPES, new_pool
from staydown.media.origin.xmp import properties

MADE_BY_MODEL = (Mark("iptc", source_types=("trainedAlgorithmicMedia",)),)
TYPE = "Iptc4xmpExt:DigitalSourceType"


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = new_pool(size=1)
    yield pool
    pool.close()


CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": jpeg_with_xmp,
    "JPEG, in many segments": jpeg_with_long_xmp,
    "PNG": png_with_xmp,
    "PNG, compressed": lambda packet: png_with(
        png_text("XML:com.adobe.xmp", packet.decode(), b"iTXt")
    ),
    "WebP": lambda packet: webp_with((b"XMP ", packet)),
    "GIF": gif_with_xmp,
    "TIFF": lambda packet: encoded(PICTURE, "TIFF", tiffinfo={700: packet}),
    "AVIF": lambda packet: encoded(PICTURE, "AVIF", xmp=packet),
    "MP4": film_with_xmp,
    "QuickTime": lambda packet: film(moov=box(b"udta", box(b"XMP_", packet))),
}
SPELLINGS = {
    "attribute": xmp(attributes=f'{TYPE}="{AI}"'),
    "element": xmp(f"<{TYPE}>{AI}</{TYPE}>"),
    "reference": xmp(f'<{TYPE} rdf:resource="{AI}"/>'),
    "list": xmp(f"<{TYPE}><rdf:Bag><rdf:li>{AI}</rdf:li></rdf:Bag></{TYPE}>"),
    "first spelling": xmp(f"<Iptc4xmpExt:DigitalSourcetype>{AI}</Iptc4xmpExt:DigitalSourcetype>"),
    "bare term": xmp(attributes=f'{TYPE}="trainedAlgorithmicMedia"'),
    "short address": xmp(attributes=f'{TYPE}="digsrctype:trainedAlgorithmicMedia"'),
    "secure address": xmp(attributes=f'{TYPE}="{AI.replace("http:", "https:")}/"'),
    "UTF-16": xmp(attributes=f'{TYPE}="{AI}"').decode().encode("utf-16"),
    "padded": xmp(attributes=f'{TYPE}="{AI}"') + b" " * 2000 + b"\0",
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("spelling", ["attribute", "element"])
def test_source_type_is_found_in_every_container(
    container: str, spelling: str, pool: DecoderPool
) -> None:
    content = CONTAINERS[container](SPELLINGS[spelling])

    assert marks_of_origin_bytes(content, pool) == MADE_BY_MODEL


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_source_type_is_understood_in_every_spelling(spelling: str, pool: DecoderPool) -> None:
    """RDF has many ways to say one thing, and tools use them all."""
    assert marks_of_origin_bytes(jpeg_with_xmp(SPELLINGS[spelling]), pool) == MADE_BY_MODEL


@pytest.mark.parametrize("term", sorted(SOURCE_TYPES))
def test_every_term_of_the_vocabulary_is_told(term: str, pool: DecoderPool) -> None:
    """A photograph's too: that a file says so is context as well."""
    address = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    content = png_with_xmp(xmp(attributes=f'{TYPE}="{address}"'))

    (mark,) = marks_of_origin_bytes(content, pool)

    assert mark.source_types == (term,)
    assert mark.says_ai == ("rainedAlgorithmicMedia" in term or term == "compositeSynthetic")


@pytest.mark.parametrize("value", [PROMPT, "", "http://example.org/alice", AI + "x", "\u00e9" * 99])
def test_words_outside_the_vocabulary_are_not_told(value: str, pool: DecoderPool) -> None:
    content = jpeg_with_xmp(xmp(f"<{TYPE}>{value}</{TYPE}>"))

    assert marks_of_origin_bytes(content, pool) == ()


def test_two_packets_make_one_mark(pool: DecoderPool) -> None:
    """Editors repeat themselves."""
    capture = xmp(attributes=f'{TYPE}="digitalCapture"')
    twice = webp_with((b"XMP ", SPELLINGS["list"]), (b"XMP ", capture), (b"XMP ", capture))

    (mark,) = marks_of_origin_bytes(twice, pool)

    assert mark.source_types == ("trainedAlgorithmicMedia", "digitalCapture")


# Harm


BODY = SPELLINGS["attribute"].partition(b"?>")[2]
BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (name, (b"&%c;" % (name - 1)) * 10) for name in range(98, 107)
    )
    + b"]>"
)
HOSTILE = {
    "entities that grow": BOMB + BODY.replace(b"></rdf:Description", b">&j;</rdf:Description"),
    "a file of ours": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + BODY,
    "a document type alone": b"<!DOCTYPE x>" + BODY,
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>' + BODY,
    "no end": BODY[:-10],
    "elements without end": xmp("<rdf:li>" * 100_000),
    "elements within elements": xmp(
        f"<{TYPE}>" + "<rdf:li>" * 100 + AI + "</rdf:li>" * 100 + f"</{TYPE}>"
    ),
    "four megabytes": xmp("x" * (4 << 20), attributes=f'{TYPE}="{AI}"'),
    "an unknown encoding": b'<?xml version="1.0" encoding="x-none"?>' + BODY,
    "not XML": b"DigitalSourceType trainedAlgorithmicMedia",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_packet_is_no_packet(name: str, pool: DecoderPool) -> None:
    """At once, and whatever it says: no tool writes such a thing."""
    content = webp_with((b"XMP ", HOSTILE[name]))
    start = time.monotonic()

    assert marks_of_origin_bytes(content, pool) == ()
    assert properties(HOSTILE[name]) == {}
    assert time.monotonic() - start < 3


def test_hostile_packets_are_otherwise_what_a_tool_writes() -> None:
    """It is their harm that they are refused for: the same body alone is read."""
    assert properties(BODY) == {TYPE: [AI]}


def test_very_many_values_are_bounded() -> None:
    """A list of a hundred thousand source types is no list of source types."""
    items = "<rdf:li>digitalCapture</rdf:li>" * 100_000
    found = properties(xmp(f"<{TYPE}><rdf:Bag>{items}</rdf:Bag></{TYPE}>"))

    assert 0 < len(found[TYPE]) <= 64


def test_damaged_packets_never_raise() -> None:
    """In the parser itself: nothing around it has to catch what it lets fall."""
    for spelling, packet in SPELLINGS.items():
        for content in damaged(packet, seed=len(spelling), count=200):
            assert properties(content).keys() <= {TYPE}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all_never_raise(content: bytes) -> None:
    properties(content)
    properties(b"<a>" + content + b"</a>")
