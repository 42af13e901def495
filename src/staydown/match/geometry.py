"""How a reported picture lies in a suspect one, by the keypoints that they share.

Each pair of like keypoints knows a position, a size and an angle on both sides: one
pair is a whole guess at the similarity between the pictures. Every guess is tried, in
a fixed order and without chance; the one that most pairs agree with is fitted by least
squares, first as an affine map, then, where enough pairs lie well spread, as a
perspective one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local import LocalFingerprint, Sight

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

VARIANTS = ("as it is", "mirrored", "inverted")


@dataclass(frozen=True, slots=True)
class FitProfile:
    """*radius*: bits by which like keypoints may differ. *loose* and *tight*: pixels of
    the reported picture by which a pair may miss the map, first and last. *fewest*
    pairs make a fit; a guess is followed up when the nearness that
    agrees with it is *promising*; a fit of *enough* nearness needs no further try."""

    radius: int
    loose: float
    tight: float
    fewest: int
    promising: float
    enough: float


FIT = FitProfile(radius=62, loose=14.0, tight=5.0, fewest=4, promising=0.9, enough=8.0)

STRETCHES = (1.0, 1.7, 1 / 1.7)
"""A guess from one pair is a similarity, so a picture squashed to half its width is
first stretched back, roughly; the affine fit does the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A map from the reported picture to the suspect one, and what speaks for it.

    *matrix*, (3, 3), takes pixels of the reported picture to pixels of the suspect
    one, each as its local layer saw it. *reported* and *suspect* are the rows of the
    keypoints that agree; *nearness* is the sum of how much each pair is nearer than
    the radius, 0 to 1 a pair.
    """

    matrix: Floats
    variant: str
    reported: npt.NDArray[np.int64]
    suspect: npt.NDArray[np.int64]
    nearness: float

    @property
    def pairs(self) -> int:
        return len(self.reported)


class Pairs(NamedTuple):
    """Keypoints that may be the same: rows of the reported picture, rows of the suspect,
    and the bits in which each pair differs."""

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    distances: npt.NDArray[np.int64]


def fit(reported: LocalFingerprint, sight: Sight, profile: FitProfile = FIT) -> list[Fit]:
    """The best map for each variant of the suspect that has one, best first."""
    if reported.key_mark != sight.key_mark or not len(reported.places):
        return []
    words = np.ascontiguousarray(reported.bits).view(np.uint64)
    fits = []
    for variant, bits in zip(VARIANTS, (sight.bits, sight.mirrored, sight.inverted), strict=True):
        if not len(bits):
            continue
        pairs = Pairs(*like(words, np.ascontiguousarray(bits).view(np.uint64), profile.radius))
        if len(pairs.rows) < profile.fewest:
            continue
        found = _fit_pairs(reported, sight, pairs, variant, profile)
        if found is not None:
            fits.append(found)
    return sorted(fits, key=lambda each: -each.nearness)


def _fit_pairs(
    reported: LocalFingerprint, sight: Sight, pairs: Pairs, variant: str, profile: FitProfile
) -> Fit | None:
    """The map that most of the given pairs of keypoints agree with."""
    best: Fit | None = None
    for stretch in STRETCHES:
        if best is not None and best.nearness >= profile.enough:
            break
        found = _fit_stretched(reported, sight, pairs, variant, stretch, profile)
        if found is not None and (best is None or found.nearness > best.nearness):
            best = found
    return best


def _fit_stretched(
    reported: LocalFingerprint,
    sight: Sight,
    pairs: Pairs,
    variant: str,
    stretch: float,
    profile: FitProfile,
) -> Fit | None:
    rows, columns, distances = pairs
    source = reported.places[rows].astype(np.float64)
    target = _stretched(_turned(sight, variant)[columns], stretch)
    near = 1.0 - distances / (profile.radius + 1.0)
    starts = _support(source, target, near, profile.loose)
    if starts.max() < profile.promising * (1 if stretch == 1.0 else 2):
        return None
    best: tuple[float, Floats, npt.NDArray[np.int64]] | None = None
    for start in np.argsort(-starts, kind="stable")[:4]:
        if starts[start] <= 0:
            break
        grown = _grow(source, target, near, rows, columns, int(start), profile)
        if grown is not None and (best is None or grown[0] > best[0]):
            best = grown
    if best is None:
        return None
    strength, matrix, kept = best
    matrix = np.diag([1 / stretch, 1.0, 1.0]) @ matrix
    if variant == "mirrored":
        matrix = np.array([[-1.0, 0, sight.width], [0, 1, 0], [0, 0, 1]]) @ matrix
    return Fit(
        matrix=matrix,
        variant=variant,
        reported=rows[kept],
        suspect=columns[kept],
        nearness=round(float(strength), 4),
    )


def _turned(sight: Sight, variant: str) -> Floats:
    places = sight.places.astype(np.float64)
    if variant == "mirrored":
        places[:, 0] = sight.width - places[:, 0]
        places[:, 3] = 180 - places[:, 3]
    elif variant == "inverted":
        places[:, 3] += 180
    return places


def _stretched(places: Floats, stretch: float) -> Floats:
    """Keypoints as they would lie were the suspect *stretch* times as wide."""
    if stretch == 1.0:
        return places
    angle = np.radians(places[:, 3])
    x, y = stretch * np.cos(angle), np.sin(angle)
    return np.stack(
        [
            places[:, 0] * stretch,
            places[:, 1],
            places[:, 2] * np.sqrt(stretch),
            np.degrees(np.arctan2(y, x)),
        ],
        axis=1,
    )


def _grow(
    source: Floats,
    target: Floats,
    near: Floats,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    start: int,
    profile: FitProfile,
) -> tuple[float, Floats, npt.NDArray[np.int64]] | None:
    size = target[start, 2] / source[start, 2]
    matrix = _similarity(source[start], target[start])
    kept = np.array([start])
    for step, allowed in enumerate((0.0, profile.loose, profile.loose, *(profile.tight,) * 3)):
        missed = misses(matrix, source, target) / size
        bound = allowed if step else profile.loose + 0.12 * _apart(source, start)
        kept = _one_to_one(np.flatnonzero(missed <= bound), missed, near, rows, columns)
        kept = kept[_like_turn(matrix, source[kept], target[kept])]
        if len(kept) < max(3, profile.fewest - 1):
            return None
        matrix = (_least_similarity if step < 2 else _least_affine)(
            source[kept], target[kept], near[kept]
        )
        size = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
        if not 0.02 < size < 50:
            return None
    if len(kept) >= 10:
        matrix, kept = _bent(matrix, kept, source, target, near, rows, columns, profile)
    if len(kept) < profile.fewest:
        return None
    return float(near[kept].sum()), matrix, kept


def _bent(
    matrix: Floats,
    kept: npt.NDArray[np.int64],
    source: Floats,
    target: Floats,
    near: Floats,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    profile: FitProfile,
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """A perspective map, where it brings clearly more pairs in or misses them by less."""
    size = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    bent, held = matrix, kept
    for allowed in (1.6 * profile.tight, profile.tight, profile.tight):
        wide = np.flatnonzero(misses(bent, source, target) / size <= allowed)
        held = _one_to_one(wide, misses(bent, source, target), near, rows, columns)
        if len(held) < 10:
            return matrix, kept
        bent = least_perspective(source[held], target[held], near[held])
    if not np.isfinite(bent).all() or abs(bent[2, :2]).max() > 2e-3:
        return matrix, kept
    before = np.sqrt(np.mean(misses(matrix, source[kept], target[kept]) ** 2))
    after = np.sqrt(np.mean(misses(bent, source[held], target[held]) ** 2))
    better = len(held) > 1.08 * len(kept) or (len(held) >= len(kept) and after < 0.8 * before)
    return (bent, held) if better else (matrix, kept)


def _apart(source: Floats, start: int) -> Floats:
    apart: Floats = np.hypot(*(source[:, :2] - source[start, :2]).T)
    return apart


def _similarity(one: Floats, other: Floats) -> Floats:
    size, angle = other[2] / one[2], np.radians(other[3] - one[3])
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = other[:2] - turn @ one[:2]
    return matrix


def _least_similarity(source: Floats, target: Floats, weight: Floats) -> Floats:
    x, y = source[:, 0], source[:, 1]
    one, none = np.ones_like(x), np.zeros_like(x)
    left = np.concatenate(
        [np.stack([x, -y, one, none], axis=1), np.stack([y, x, none, one], axis=1)]
    )
    root = np.sqrt(np.concatenate([weight, weight]) + 0.1)
    right = np.concatenate([target[:, 0], target[:, 1]])
    a, b, c, d = np.linalg.lstsq(left * root[:, None], right * root, rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d], [0, 0, 1]])


def _least_affine(source: Floats, target: Floats, weight: Floats) -> Floats:
    root = np.sqrt(weight + 0.1)[:, None]
    middle = source[:, :2].mean(axis=0)
    left = np.column_stack([source[:, :2] - middle, np.ones(len(source))])
    # Held towards a similarity by a little: four pairs on a line must not shear it.
    start = _least_similarity(source, target, weight)
    rest = target[:, :2] - (source[:, :2] @ start[:2, :2].T + start[:2, 2])
    normal = (left * root).T @ (left * root) + np.diag([900.0, 900.0, 0.0])
    change = np.linalg.solve(normal, (left * root).T @ (rest * root)).T
    matrix = start.copy()
    matrix[:2, :2] += change[:, :2]
    matrix[:2, 2] += change[:, 2] - change[:, :2] @ middle
    return matrix


def least_perspective(source: Floats, target: Floats, weight: Floats) -> Floats:
    """The perspective map (3, 3) that misses the least, with its corner set to 1."""
    x, y, u, v = source[:, 0], source[:, 1], target[:, 0], target[:, 1]
    one, none = np.ones_like(x), np.zeros_like(x)
    left = np.concatenate(
        [
            np.stack([x, y, one, none, none, none, -u * x, -u * y], axis=1),
            np.stack([none, none, none, x, y, one, -v * x, -v * y], axis=1),
        ]
    )
    root = np.sqrt(np.concatenate([weight, weight]) + 0.1)
    solved = np.linalg.lstsq(left * root[:, None], np.concatenate([u, v]) * root, rcond=None)[0]
    return np.append(solved, 1.0).reshape(3, 3)


def misses(matrix: Floats, source: Floats, target: Floats) -> Floats:
    """How far each mapped place lies from its partner, in pixels of the suspect."""
    there = project(matrix, source[:, :2])
    away: Floats = np.hypot(*(there - target[:, :2]).T)
    return away


def project(matrix: Floats, points: Floats) -> Floats:
    """*points*, (n, 2), through *matrix*, (3, 3)."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    below = mapped[:, 2:]
    landed: Floats = mapped[:, :2] / np.where(np.abs(below) < 1e-6, 1e-6, below)
    return landed


def _like_turn(matrix: Floats, source: Floats, target: Floats) -> npt.NDArray[np.bool_]:
    """Whether each pair's own size and angle fit the map, roughly: squashing bends both."""
    size = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    angle = np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    off = np.abs((target[:, 3] - source[:, 3] - angle + 180) % 360 - 180)
    step = np.abs(np.log2(target[:, 2] / source[:, 2] / max(size, 1e-9)))
    agree: npt.NDArray[np.bool_] = (off <= 35) & (step <= 0.9)
    return agree


def _one_to_one(
    among: npt.NDArray[np.int64],
    missed: Floats,
    near: Floats,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Of pairs that share a keypoint, the nearest only."""
    order = among[np.lexsort((missed[among], -near[among]))]
    first = np.unique(rows[order], return_index=True)[1]
    order = order[np.sort(first)]
    first = np.unique(columns[order], return_index=True)[1]
    return order[np.sort(first)]


@numba.njit(cache=True)
def like(
    reported: Words, suspect: Words, radius: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each reported keypoint its two nearest suspect ones within *radius* bits."""
    count = len(reported)
    rows = np.empty(2 * count, np.int64)
    columns = np.empty(2 * count, np.int64)
    distances = np.empty(2 * count, np.int64)
    filled = 0
    for row in range(count):
        first = second = np.int64(radius + 1)
        first_at = second_at = -1
        for column in range(len(suspect)):
            apart = np.int64(0)
            for word in range(4):
                apart += _ones(reported[row, word] ^ suspect[column, word])
            if apart < second:
                if apart < first:
                    second, second_at = first, first_at
                    first, first_at = apart, column
                else:
                    second, second_at = apart, column
        for apart, column in ((first, first_at), (second, second_at)):
            if column >= 0:
                rows[filled], columns[filled], distances[filled] = row, column, apart
                filled += 1
    return rows[:filled], columns[:filled], distances[:filled]


@numba.njit(cache=True, inline="always")
def _ones(word: np.uint64) -> np.int64:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(cache=True)
def _support(source: Floats, target: Floats, near: Floats, loose: float) -> Floats:
    """For each pair as a guess, how strongly the others agree with it."""
    count = len(source)
    support = np.zeros(count)
    for guess in range(count):
        size = target[guess, 2] / source[guess, 2]
        degrees = target[guess, 3] - source[guess, 3]
        angle = degrees * np.pi / 180
        a, b = size * np.cos(angle), size * np.sin(angle)
        total = 0.0
        for other in range(count):
            dx = source[other, 0] - source[guess, 0]
            dy = source[other, 1] - source[guess, 1]
            x = target[guess, 0] + a * dx - b * dy
            y = target[guess, 1] + b * dx + a * dy
            missed = np.hypot(x - target[other, 0], y - target[other, 1]) / size
            apart = np.hypot(dx, dy)
            if missed > loose + 0.12 * apart:
                continue
            turn = abs((target[other, 3] - source[other, 3] - degrees + 180) % 360 - 180)
            step = target[other, 2] / source[other, 2] / size
            # A pair next to the guess repeats it more than it confirms it.
            if turn <= 30 and 0.6 < step < 1.67 and (apart > 6 or other == guess):
                total += near[other]
        support[guess] = total
    return support
