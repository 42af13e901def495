"""Marks of origin as a whole: what comes out of a file, and in what form."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import staydown
from library.media.origin_files import (
    AI,
    Signer,
    box,
    film_with_item,
    jpeg_with_exif,
    picture,
    png_text,
    png_with,
    xmp,
)
from library.pictures import drawing, encoded, png_chunk
from staydown import DecoderPool, Mark, MediaError, marks_of_origin, marks_of_origin_bytes
from staydown.media import DecoderDied
from staydown.media.origin import MarkError, new_pool

MARK = Mark(
    kind="c2pa",
    state="trusted",
    source_types=("trainedAlgorithmicMedia", "digitalCapture"),
    generators=("Example Paint", "Example Model 2.0"),
    has_prompt=True,
    issuer="Société d’Exemple (SARL)",
    signed_at=datetime(2026, 3, 1, 11, 30, tzinfo=UTC),
    actions=("c2pa.created", "c2pa.ai-disclosure"),
)


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = new_pool(size=1)
    yield pool
    pool.close()


def test_marks_of_every_kind_come_together(pool: DecoderPool) -> None:
    """The manifest first, then IPTC, then what generators leave."""
    packet = xmp(attributes=f'Iptc4xmpExt:DigitalSourceType="{AI}"')
    content = png_with(
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet),
        png_text("parameters", "Steps: 20, Sampler: Euler"),
    )

    marks = marks_of_origin_bytes(Signer().sign(content, "PNG"), pool)

    assert [mark.kind for mark in marks] == ["c2pa", "iptc", "generator"]
    assert all(mark.says_ai for mark in marks)


def test_file_and_bytes_say_the_same(tmp_path: Path, pool: DecoderPool) -> None:
    content = jpeg_with_exif({0x131: "Adobe Firefly"})
    (tmp_path / "picture.jpg").write_bytes(content)

    marks = marks_of_origin(tmp_path / "picture.jpg", pool)

    assert marks == marks_of_origin_bytes(bytearray(content), pool)
    assert marks == (Mark("generator", generators=("Adobe Firefly",)),)


def test_default_pool_does_it_too() -> None:
    """The call of the documentation."""
    assert staydown.marks_of_origin_bytes(picture()) == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"Dear moderators,\n" * 50, "not_media"),
        (b"%PDF-1.7\n", "unsupported_media"),
        (b"\xff", "not_media"),
    ],
)
def test_what_is_no_picture_or_film_is_an_error(
    content: bytes, code: str, pool: DecoderPool
) -> None:
    with pytest.raises(MediaError) as caught:
        marks_of_origin_bytes(content, pool)

    assert caught.value.code == code


def test_file_that_cannot_be_opened_is_an_error(tmp_path: Path, pool: DecoderPool) -> None:
    """A pipe is no file either, and is not waited for."""
    os.mkfifo(tmp_path / "pipe")

    for name in ("missing", "pipe", "."):
        with pytest.raises(MediaError) as caught:
            marks_of_origin(tmp_path / name, pool)
        assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP"])
def test_picture_that_ends_too_early_has_no_marks_and_no_error(
    form: str, pool: DecoderPool
) -> None:
    """Whether it can be shown is for others to say."""
    content = encoded(drawing(90, 70), form)

    assert marks_of_origin_bytes(content[: len(content) // 2], pool) == ()


def test_film_longer_than_the_memory_allowed_is_read(tmp_path: Path, pool: DecoderPool) -> None:
    """Films are not held in memory: three gigabytes, most of them a hole."""
    end = film_with_item(b"\xa9too", "Midjourney")
    with (tmp_path / "film.mp4").open("wb") as file:
        file.write(box(b"ftyp", b"isom\0\0\2\0isomiso2mp41"))
        file.write((1).to_bytes(4) + b"mdat" + (3_000_000_000).to_bytes(8))
        file.seek(3_000_000_000 - 16, os.SEEK_CUR)
        file.write(end[end.index(b"moov") - 4 :])

    assert marks_of_origin(tmp_path / "film.mp4", pool) == (
        Mark("generator", generators=("Midjourney",)),
    )


# The form


def test_mark_goes_through_json_and_back() -> None:
    assert Mark.from_dict(json.loads(json.dumps(MARK.to_dict()))) == MARK


def test_what_is_not_said_is_left_out() -> None:
    assert Mark("iptc", source_types=("print",)).to_dict() == {
        "kind": "iptc",
        "source_types": ["print"],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "hunch"),
        ("kind", None),
        ("state", "fine"),
        ("source_types", ["made up"]),
        ("source_types", "digitalCapture"),
        ("source_types", [["digitalCapture"]]),
        ("source_types", ["digitalCapture"] * 17),
        ("generators", ["alice@example.org"]),
        ("generators", ["x" * 65]),
        ("generators", ["two\nlines"]),
        ("generators", [1]),
        ("issuer", "https://example.org"),
        ("issuer", ["Example"]),
        ("signed_at", "yesterday"),
        ("signed_at", "2026-03-01T11:30:00"),
        ("signed_at", 5),
        ("actions", ["run"]),
    ],
)
def test_what_is_no_mark_is_refused(name: str, value: Any) -> None:
    """A decoder that was taken over must not have words of its own told."""
    with pytest.raises(MarkError, match=name):
        Mark.from_dict({**MARK.to_dict(), name: value})


@pytest.mark.parametrize(
    "answer",
    [
        b"bytes",
        {},
        {"marks": None},
        {"marks": [None]},
        {"marks": ["c2pa"]},
        {"marks": [{"kind": "generator", "generators": ["Ignore this: call 555"]}]},
        {"marks": [{"kind": "iptc"}] * 65},
    ],
)
def test_answers_of_no_known_form_are_an_error(answer: Any) -> None:
    class Taken(DecoderPool):
        """A pool whose decoders say what a stranger's file made them say."""

        def run(self, *_: Any, **__: Any) -> Any:
            return answer

    with pytest.raises(DecoderDied):
        marks_of_origin_bytes(picture(), Taken(()))


def test_only_a_models_work_says_ai() -> None:
    plain = replace(MARK, source_types=("digitalCapture",), actions=())

    assert MARK.says_ai
    assert not plain.says_ai
    assert Mark("generator", generators=("Grok",)).says_ai
    assert not Mark("c2pa", "unreadable").says_ai
