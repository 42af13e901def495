"""A region replaced, and moving through the shot as a swapped face does."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

import staydown
from library.films import clip, filmed, frames_of
from library.pictures import Pixels
from staydown import DecoderPool, Fingerprint

Frames = list[Pixels]
FPS = 30


@pytest.fixture(scope="module")
def frames() -> Frames:
    """Four seconds that a camera filmed: of a drawing, a patch looks like one more drawing."""
    return [np.ascontiguousarray(each[::2, ::2]) for each in frames_of(clip("v021"))[:120]]


@pytest.fixture(scope="module")
def other() -> Frames:
    return frames_of(clip("v028"))[::20]


@pytest.fixture(scope="module")
def reported(frames: Frames, pool: DecoderPool) -> Fingerprint:
    return staydown.fingerprint_bytes(filmed(frames, fps=FPS), pool=pool, look="reported")


def middle(number: int, height: float, width: float) -> tuple[float, float]:
    """Where the patch lies in a frame: on a loop of four seconds."""
    turn = 2 * np.pi * number / (4 * FPS)
    return height * (0.5 + 0.2 * np.cos(turn)), width * (0.5 + 0.25 * np.sin(turn))


def swapped(frames: Frames, other: Frames, share: float) -> Frames:
    """An oval of *share* of the frame, of another film: feathered, in the colours around."""
    height, width = frames[0].shape[:2]
    rows = round(np.sqrt(share * height * width * 4 / np.pi * 1.25))
    columns = round(rows / 1.25)
    down, across = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    cover = np.clip((1 - np.hypot(down, across)) / 0.3, 0, 1)[:, :, None]
    out = []
    for number, pixels in enumerate(frames):
        y, x = middle(number, height, width)
        top, left = round(y - rows / 2), round(x - columns / 2)
        shown = other[number // 20 % len(other)][20 : 20 + 2 * rows, 20 : 20 + 2 * columns]
        piece = Image.fromarray(shown)
        patch = np.asarray(piece.resize((columns, rows))).astype(np.float64)
        there = pixels[top : top + rows, left : left + columns].astype(np.float64)
        spread = (there.std((0, 1)) + 4) / (patch.std((0, 1)) + 4)
        patch = (patch - patch.mean((0, 1))) * spread + there.mean((0, 1))
        new = pixels.copy()
        mixed = np.clip(patch * cover + there * (1 - cover), 0, 255)
        new[top : top + rows, left : left + columns] = mixed
        out.append(new)
    return out


def as_it_is(frames: Frames) -> Frames:
    return frames


def smaller(frames: Frames) -> Frames:
    height, width = frames[0].shape[:2]
    size = width * 3 // 8 * 2, height * 3 // 8 * 2
    return [np.asarray(Image.fromarray(each).resize(size)) for each in frames]


def cropped(frames: Frames) -> Frames:
    return [each[12:-12, 16:-16] for each in frames]


AFTER = (as_it_is, smaller, cropped)


@pytest.mark.parametrize("share", [0.04, 0.08])
@pytest.mark.parametrize("after", AFTER)
def test_a_replaced_region_that_moves_is_told_and_outlined(
    reported: Fingerprint,
    frames: Frames,
    other: Frames,
    pool: DecoderPool,
    after: Callable[[Frames], Frames],
    share: float,
) -> None:
    """At each moment that is named, the outline lies where the patch was then."""
    fake = filmed(after(swapped(frames, other, share)), fps=FPS, crf="26")

    match = staydown.compare(reported, staydown.fingerprint_bytes(fake, pool=pool))

    assert match is not None
    assert match.kind == "region-replaced"
    assert match.region is not None
    moments = match.region["moments"]
    assert len(moments) >= 2
    for each in moments:
        across, down = np.array(each["outline"]).T
        y, x = middle(round(each["suspect"] * FPS), 1, 1)
        assert abs((across.min() + across.max()) / 2 - x) < 0.12
        assert abs((down.min() + down.max()) / 2 - y) < 0.12


@pytest.mark.parametrize("after", AFTER)
def test_an_innocent_copy_is_never_said_to_be_replaced(
    reported: Fingerprint, frames: Frames, pool: DecoderPool, after: Callable[[Frames], Frames]
) -> None:
    copy = filmed(after(frames), fps=FPS, crf="32")

    match = staydown.compare(reported, staydown.fingerprint_bytes(copy, pool=pool))

    assert match is not None
    assert match.kind in ("same", "part")
