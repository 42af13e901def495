"""A small grey picture to keypoints and tiles. Imports OpenCV.

Keypoints and descriptors are SIFT's (D. Lowe, 2004), root-normalised (R. Arandjelovic
and A. Zisserman, "Three things everyone should know to improve object retrieval",
2012), then 256 signs of a keyed projection.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local.form import LocalFingerprint, Sight
from staydown.fingerprint.local.glimpse import glimpsed
from staydown.fingerprint.local.key import OPEN_KEY, Floats, LocalKey, projections
from staydown.fingerprint.local.profile import BALANCED, LocalProfile
from staydown.fingerprint.local.tiles import tile_signatures

Bytes = npt.NDArray[np.uint8]

# Small pictures gain nothing from more threads; who has many of them asks in many.
cv2.setNumThreads(1)

_SMALLEST_SIDE = 16

_GRID = np.arange(128).reshape(4, 4, 8)
MIRRORED = _GRID[::-1][:, :, -np.arange(8) % 8].ravel()
"""Where the numbers of a descriptor go when the picture is mirrored: the patch is
turned over along its own axis, and directions count the other way round."""
INVERTED = _GRID[::-1, ::-1].ravel()
"""When light and dark change places: the patch lies the other way round."""


def root_normalised(descriptors: Floats) -> Floats:
    total = descriptors.sum(axis=1, keepdims=True)
    rooted: Floats = np.sqrt(descriptors / np.maximum(total, 1e-6), dtype=np.float32)
    return rooted


def see(
    pixels: Bytes, *, key: LocalKey = OPEN_KEY, profile: LocalProfile = BALANCED
) -> tuple[LocalFingerprint, Sight]:
    """What to keep of a reported picture, and what to ask with of a suspect one.

    *pixels* are upright, of any size: luma (height, width), or RGB (height, width, 3).
    """
    grey = _reduced(glimpsed(pixels), profile.side)
    height, width = grey.shape
    sift = cv2.SIFT_create(  # type: ignore[attr-defined]
        nfeatures=profile.asked * 5 // 4,
        contrastThreshold=profile.contrast,
        nOctaveLayers=profile.layers,
        edgeThreshold=12,
    )
    found, vectors = sift.detectAndCompute(grey, None)
    places = np.array([[*p.pt, p.size, p.angle, p.response] for p in found], np.float32)
    places = places.reshape(-1, 5)
    chosen = _spread(places, profile, profile.asked, width, height)
    places = places[chosen]
    if vectors is None:
        vectors = np.empty((0, 128), np.float32)
    rooted = root_normalised(vectors[chosen])
    sight = Sight(
        key_mark=key.mark,
        width=width,
        height=height,
        places=places[:, :4].astype(np.float32),
        bits=_bits(rooted, key),
        mirrored=_bits(rooted[:, MIRRORED], key),
        inverted=_bits(rooted[:, INVERTED], key),
        grey=grey,
    )
    kept = _spread(places, profile, profile.kept, width, height)
    signatures, contrast = tile_signatures(grey, key)
    local = LocalFingerprint(
        key_mark=key.mark,
        width=width,
        height=height,
        places=sight.places[kept],
        bits=sight.bits[kept],
        tiles=signatures,
        contrast=contrast,
    )
    return local, sight


def _bits(rooted: Floats, key: LocalKey) -> Bytes:
    by = projections(key)
    return np.packbits(rooted @ by.descriptor.T > by.offset, axis=1)


def _reduced(grey: Bytes, side: int) -> Bytes:
    """The picture with its longest side at *side* pixels."""
    height, width = grey.shape
    share = side / max(height, width)
    size = max(_SMALLEST_SIDE, round(width * share)), max(_SMALLEST_SIDE, round(height * share))
    way = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=way), np.uint8)


def _spread(
    places: Floats, profile: LocalProfile, count: int, width: int, height: int
) -> npt.NDArray[np.int64]:
    """Rows of *places* to keep: strong ones, from everywhere and of every size."""
    if len(places) <= count:
        return np.arange(len(places))
    edge = max(width, height) / profile.cells
    cell = (places[:, 1] // edge).astype(int) * profile.cells + (places[:, 0] // edge).astype(int)
    # Large keypoints are rarer, and are what survives shrinking and blurring.
    strength = places[:, 4] * places[:, 2]
    order = np.argsort(-strength, kind="stable")
    rank = np.empty(len(places), np.int64)
    seen: dict[int, int] = {}
    for at in order.tolist():
        here = int(cell[at])
        rank[at] = seen[here] = seen.get(here, -1) + 1
    # Most by turns among the cells, so that a crop has its share; the rest by strength.
    by_turns = np.lexsort((-strength, rank))[: count * 4 // 5]
    taken = np.zeros(len(places), bool)
    taken[by_turns] = True
    rest = order[~taken[order]][: count - len(by_turns)]
    return np.concatenate([by_turns, rest])
