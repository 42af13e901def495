"""What generators leave in PNG, JPEG, WebP and MP4: which tool, and never the prompt."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.media.origin_files import (
    MIME,
    PICTURE,
    PROMPT,
    exif,
    film_with_item,
    film_with_keys,
    film_with_user_data,
    jpeg_with,
    jpeg_with_exif,
    jpeg_with_xmp,
    picture,
    png_text,
    png_with,
    segment,
    webp_with,
    xmp,
)
from library.pictures import damaged, deflated_zeros, encoded, png_chunk, sample
from staydown import DecoderPool, marks_of_origin_bytes
from staydown.media import NotMedia, UnsupportedMedia
from staydown.media.origin import exif as exif_reader
from staydown.media.origin import mp4, new_pool
from staydown.media.origin.generators import GENERATORS

DESCRIPTION, MAKE, MODEL, SOFTWARE, ARTIST, COMMENT = 0x10E, 0x10F, 0x110, 0x131, 0x13B, 0x9286
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
SIGNATURE = "Signature: " + "Abc123+/" * 40
SETTINGS = f"{PROMPT}\nNegative prompt: rain\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"text": PROMPT}}})
WORKFLOW = json.dumps({"last_node_id": 9, "nodes": [{"widgets_values": [PROMPT]}]})
SWARM = json.dumps({"sui_image_params": {"prompt": PROMPT}})
LABEL = '{"Label":"1","ContentProducer":"001191110102","ProduceID":"1"}'


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = new_pool(size=1)
    yield pool
    pool.close()


def png(**texts: str) -> bytes:
    return png_with(*(png_text(keyword, text) for keyword, text in texts.items()))


def unicode_comment(text: str, order: str = "be") -> bytes:
    return b"UNICODE\0" + text.encode(f"utf-16-{order}")


FILES: dict[str, tuple[bytes, str, bool]] = {
    # PNG
    "web UI": (png(parameters=SETTINGS), "Stable Diffusion web UI", True),
    "ComfyUI": (png(prompt=GRAPH, workflow=WORKFLOW), "ComfyUI", True),
    "ComfyUI, workflow alone": (png(workflow=WORKFLOW), "ComfyUI", True),
    "InvokeAI": (png(invokeai_metadata=json.dumps({"prompt": PROMPT})), "InvokeAI", True),
    "InvokeAI 2": (png_with(png_text("sd-metadata", '{"image": {}}')), "InvokeAI", True),
    "InvokeAI 1": (png(Dream=f'"{PROMPT}" -s 50'), "InvokeAI", True),
    "Fooocus": (png(fooocus_scheme="fooocus", parameters="{}"), "Fooocus", True),
    "SwarmUI": (png(parameters=SWARM), "SwarmUI", True),
    "Easy Diffusion": (png(negative_prompt="rain", seed="1"), "Easy Diffusion", True),
    "NovelAI": (png(Software="NovelAI", Comment=json.dumps({"prompt": PROMPT})), "NovelAI", True),
    "Midjourney": (png(Description=f"{PROMPT} --v 6 Job ID: {UUID}"), "Midjourney", True),
    "Grok as PNG": (png(Description=SIGNATURE, Author=UUID), "Grok", False),
    "Luma": (png(Source="Luma AI", Comment="Generated"), "Luma AI", False),
    "Higgsfield": (png_with(png_text("hf-job-id", UUID)), "Higgsfield", False),
    "AIGC label": (png(AIGC=LABEL), "AIGC (GB 45438-2025)", False),
    "DALL-E by name": (png(Software="DALL·E 3"), "DALL-E", False),
    "compressed": (
        png_with(png_text("parameters", SETTINGS, b"zTXt")),
        "Stable Diffusion web UI",
        True,
    ),
    "international": (
        png_with(png_text("parameters", SETTINGS, b"iTXt")),
        "Stable Diffusion web UI",
        True,
    ),
    "EXIF in PNG": (
        png_with(png_chunk(b"eXIf", exif({SOFTWARE: "Fooocus v2.5.5"}))),
        "Fooocus",
        True,
    ),
    # EXIF
    "web UI as JPEG": (
        jpeg_with_exif({COMMENT: unicode_comment(SETTINGS)}),
        "Stable Diffusion web UI",
        True,
    ),
    "web UI as JPEG, other order": (
        jpeg_with_exif({COMMENT: unicode_comment(SETTINGS, "le")}, order=">"),
        "Stable Diffusion web UI",
        True,
    ),
    "web UI as WebP": (
        webp_with((b"EXIF", exif({COMMENT: unicode_comment(SETTINGS)}))),
        "Stable Diffusion web UI",
        True,
    ),
    "ComfyUI as WebP": (
        webp_with((b"EXIF", b"Exif\0\0" + exif({MODEL: f"prompt:{GRAPH}"}))),
        "ComfyUI",
        True,
    ),
    "Grok": (jpeg_with_exif({DESCRIPTION: SIGNATURE, ARTIST: UUID}), "Grok", False),
    "FLUX": (
        jpeg_with_exif(
            {
                SOFTWARE: "AI generated;txt2img;flux",
                MAKE: "Black Forest Labs",
                DESCRIPTION: PROMPT,
            }
        ),
        "FLUX",
        False,
    ),
    "Ideogram": (jpeg_with_exif({MAKE: "Ideogram AI"}), "Ideogram", False),
    "Firefly": (jpeg_with_exif({SOFTWARE: "Adobe Firefly"}), "Adobe Firefly", False),
    "Stable Diffusion by name": (
        jpeg_with_exif({SOFTWARE: "Stable Diffusion XL"}),
        "Stable Diffusion",
        False,
    ),
    "Reve": (jpeg_with_exif({SOFTWARE: "reve.com"}), "Reve", False),
    "Aphrodite": (jpeg_with_exif({MAKE: "Aphrodite AI"}), "Aphrodite AI", False),
    "AIGC label as JPEG": (
        jpeg_with_exif({COMMENT: f'{{"AIGC": {LABEL}}}'}),
        "AIGC (GB 45438-2025)",
        False,
    ),
    "AIGC label as a comment": (
        jpeg_with(segment(0xFE, f'{{"AIGC":{LABEL}}}'.encode())),
        "AIGC (GB 45438-2025)",
        False,
    ),
    "TIFF": (encoded(PICTURE, "TIFF", tiffinfo={305: "Midjourney"}), "Midjourney", False),
    "AVIF": (
        encoded(PICTURE, "AVIF", exif=exif({SOFTWARE: "NovelAI"})),
        "NovelAI",
        True,
    ),
    # XMP
    "Google": (
        jpeg_with_xmp(xmp("<photoshop:Credit>Made with Google AI</photoshop:Credit>")),
        "Google AI",
        False,
    ),
    "Apple": (
        jpeg_with_xmp(xmp(attributes='photoshop:Credit="Apple Photos Clean Up"')),
        "Apple Photos Clean Up",
        False,
    ),
    "AIGC label in XMP": (
        jpeg_with_xmp(xmp(f"<TC260:AIGC>{LABEL}</TC260:AIGC>")),
        "AIGC (GB 45438-2025)",
        False,
    ),
    "IPTC 2025.1": (
        jpeg_with_xmp(xmp(attributes='Iptc4xmpExt:AISystemUsed="Something"')),
        "IPTC AI System Used",
        False,
    ),
    "IPTC 2025.1, with the prompt": (
        jpeg_with_xmp(
            xmp(
                f"<Iptc4xmpExt:AIPromptInformation>{PROMPT}</Iptc4xmpExt:AIPromptInformation>",
            )
        ),
        "IPTC AI System Used",
        True,
    ),
    # MP4
    "ComfyUI as MP4": (film_with_keys({"prompt": GRAPH, "workflow": WORKFLOW}), "ComfyUI", True),
    "ComfyUI as MOV": (film_with_keys({"prompt": GRAPH}, in_user_data=False), "ComfyUI", True),
    "video helper": (
        film_with_item(b"\xa9cmt", json.dumps({"prompt": GRAPH})),
        "ComfyUI",
        True,
    ),
    "video helper, as QuickTime": (
        film_with_user_data(b"\xa9cmt", json.dumps({"workflow": WORKFLOW})),
        "ComfyUI",
        True,
    ),
    "InvokeAI as MP4": (film_with_keys({"invokeai_metadata": "{}"}), "InvokeAI", True),
    "web UI as MP4": (film_with_item(b"desc", SETTINGS), "Stable Diffusion web UI", True),
    "AIGC label as MP4": (film_with_keys({"AIGC": LABEL}), "AIGC (GB 45438-2025)", False),
    "by name in MP4": (film_with_item(b"\xa9too", "Midjourney"), "Midjourney", False),
}


@pytest.mark.parametrize("name", FILES)
def test_generator_is_known_by_its_marks(name: str, pool: DecoderPool) -> None:
    """And only it; with whether the prompt is in the file."""
    content, generator, has_prompt = FILES[name]

    marks = marks_of_origin_bytes(content, pool)

    assert [(mark.kind, mark.generators) for mark in marks] == [("generator", (generator,))]
    assert marks[0].has_prompt is has_prompt
    assert marks[0].says_ai


def test_every_generator_of_the_data_file_is_shown_above() -> None:
    assert {generator.name for generator in GENERATORS} == {name for _, name, _ in FILES.values()}


@pytest.mark.parametrize("name", FILES)
def test_no_word_of_the_prompt_comes_out(name: str, pool: DecoderPool) -> None:
    """It may describe the person. What comes out is names, terms and yes or no."""
    told = json.dumps([mark.to_dict() for mark in marks_of_origin_bytes(FILES[name][0], pool)])

    for word in ("lighthouse", "Alice", "canvas", "rain", "KSampler", UUID, "001191110102"):
        assert word not in told


@pytest.mark.parametrize("form", MIME)
def test_plain_picture_has_no_marks(form: str, pool: DecoderPool) -> None:
    assert marks_of_origin_bytes(picture(form), pool) == ()


@pytest.mark.parametrize(
    "content",
    [
        jpeg_with_exif({MAKE: "Leonardo Cameras", MODEL: "Flux 3", SOFTWARE: "Adobe Photoshop"}),
        jpeg_with_exif({DESCRIPTION: "Signature: mine", ARTIST: UUID}),
        jpeg_with_exif({DESCRIPTION: SIGNATURE, ARTIST: "Alice"}),
        jpeg_with_exif({COMMENT: "Two steps: cut, paste. A prompt answer."}),
        jpeg_with_exif({DESCRIPTION: "A photo of a firefly, not made with Midjourney"}),
        png(Comment="prompt workflow parameters", Software="GIMP", Description="Job ID: 12"),
        png(prompt="Write your name", AIGC="none"),
        film_with_item(b"\xa9too", "Lavf61.7.100"),
        film_with_item(b"\xa9cmt", "made for the workflow of our club"),
    ],
)
def test_like_words_in_honest_files_are_no_marks(content: bytes, pool: DecoderPool) -> None:
    """A mark that is not one would mislead the person who decides."""
    assert marks_of_origin_bytes(content, pool) == ()


def test_photos_have_no_marks(pool: DecoderPool) -> None:
    """Of cameras and phones, from all our collections."""
    assert [marks_of_origin_bytes(photo, pool) for photo in sample(40)] == [()] * 40


def test_data_file_names_its_sources() -> None:
    for generator in GENERATORS:
        assert generator.source
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", generator.seen)
        assert generator.ways


def test_patterns_of_the_data_file_cannot_run_away() -> None:
    """They run over a stranger's text: no repetition without an end."""
    for generator in GENERATORS:
        for way in generator.ways:
            for pattern in way.values():
                bare = re.sub(r"\\.|\[[^]]*\]", "", pattern.pattern)
                assert not re.search(r"[*+]|,\}", bare), pattern.pattern


# Harm


def many(count: int, chunk: bytes) -> bytes:
    return png_with(chunk * count)


HOSTILE = {
    "texts of 200 MB": many(
        50, png_chunk(b"zTXt", b"parameters\0\0" + deflated_zeros(1_000_000, 200))
    ),
    "a million chunks": many(1_000_000, png_chunk(b"prVt", b"")),
    "ten thousand texts": many(10_000, png_text("parameters", "x" * 100)),
    "two hundred long texts": many(200, png_text("Description", "Job ID: " * 30_000)),
    "a chunk longer than the file": png_with(b"\xff\xff\xff\xf0tEXtparameters"),
    "a directory that names itself": jpeg_with(
        segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0")
    ),
    "a tag of 4 GB": jpeg_with(
        segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0\x31\x01\x02\0\xff\xff\xff\xff\x08\0\0\0")
    ),
    "a box of no length within": film_with_user_data(b"\xa9cmt", "") + b"\0\0\0\x04moov" * 1000,
    "a segment of no length": jpeg_with(b"\xff\xe1\0\0"),
    "padding without end": jpeg_with(b"\xff" * 500_000),
    "a GIF of blocks": picture("GIF")[:13] + (b"\x21\xfe" + b"\x01x" * 30_000 + b"\0") * 100,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_costs_little_and_says_nothing(name: str, pool: DecoderPool) -> None:
    start = time.monotonic()

    assert marks_of_origin_bytes(HOSTILE[name], pool) == ()
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("name", ["web UI", "international", "Grok", "AVIF", "ComfyUI as MP4"])
def test_damaged_copies_are_marks_or_a_named_error(name: str, pool: DecoderPool) -> None:
    """And no decoder dies of it."""
    original = FILES[name][0]
    marks_of_origin_bytes(original, pool)
    pids = pool.process_ids()
    for content in damaged(original, seed=len(name), count=60):
        with suppress(NotMedia, UnsupportedMedia):
            assert len(marks_of_origin_bytes(content, pool)) <= 3

    assert pool.process_ids() == pids


TAGS = exif({COMMENT: SETTINGS, SOFTWARE: "NovelAI"})
FILM = FILES["ComfyUI as MP4"][0]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.binary(max_size=60))
def test_readers_of_structure_never_raise(seed: int, tail: bytes) -> None:
    """Not even over random bytes: nothing around them has to catch what they let fall."""
    for content in (
        *damaged(TAGS, seed, 3),
        *damaged(FILM, seed, 3),
        TAGS[: seed % 60] + tail,
        FILM[: seed % len(FILM)] + tail,
    ):
        list(exif_reader.pieces(content))
        list(mp4.pieces(content))
