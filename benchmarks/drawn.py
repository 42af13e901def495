"""The weights with which `staydown.match.overlay` tells an overlay from a replacement.

``python -m benchmarks.drawn [PICTURES]`` looks at regions of the tuning half and prints
the table; the numbers are the library's data, so they are copied there by hand.
"""

from __future__ import annotations

import sys

import numpy as np
from benchmarks import edits
from benchmarks.copies import fillers, names_of, pixels_of

from staydown.fingerprint.local import OPEN_KEY
from staydown.fingerprint.local.extract import see
from staydown.match.judge import judge
from staydown.match.overlay import look_of
from staydown.match.region import differing

STRAY = 0.5
"""How much less an overlay called a replacement weighs than the reverse."""


def looks_of(name: str) -> list[tuple[bool, dict[str, float]]]:
    original = pixels_of(name)
    kept = see(original)[0]
    cases: list[tuple[bool, edits.Pixels]] = []
    for share in (0.02, 0.03, 0.05, 0.08, 0.15):
        for again in range(2):
            rng = edits.generator(name, "replaced", share, again)
            # Softer, rounder and plainer ones among them than those it is judged by.
            shape = {
                "soft": float(rng.uniform(0.1, 0.35)),
                "power": float(rng.choice([2, 4])),
                "texture": float(rng.choice([6, 14])),
            }
            cases.append((False, edits.replace_region(original, share, rng, fillers(), **shape)[0]))
        for kind in edits.OVERLAYS[:: 1 if share > 0.02 else 2]:
            rng = edits.generator(name, kind, share, "drawn")
            cases.append((True, edits.overlay_region(original, share, kind, rng)))
    looks = []
    for number, (drawn, pixels) in enumerate(cases):
        rng = edits.generator(name, number, "post")
        if rng.random() < 0.6:
            pixels = edits.jpeg(int(rng.integers(60, 92)))(pixels, rng, fillers())
        sight = see(pixels)[1]
        answer = judge(kept, sight, OPEN_KEY)
        if answer is None or answer.aligned is None:
            continue
        found = differing(answer.aligned)
        if found is not None:
            look = look_of(kept, sight, answer, found[0], OPEN_KEY)
            looks.append((drawn, look))
    return looks


def fitted(looks: list[tuple[bool, dict[str, float]]]) -> None:
    names = list(looks[0][1])
    seen = np.array([[look[name] for name in names] for _, look in looks])
    drawn = np.array([float(each) for each, _ in looks])
    usual, spread = seen.mean(axis=0), seen.std(axis=0)
    table = np.column_stack([(seen - usual) / spread, np.ones(len(seen))])
    weight = np.where(drawn > 0, STRAY, drawn.sum() / (1 - drawn).sum())
    held = np.full(table.shape[1], 0.5)
    held[-1] = 0
    answer = np.zeros(table.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-table @ answer))
        slope = table.T @ (weight * (chance - drawn)) + held * answer
        bend = (table * (weight * chance * (1 - chance))[:, None]).T @ table + np.diag(held)
        answer -= np.linalg.solve(bend, slope)
    for at, name in enumerate(names):
        print(f'    "{name}": ({answer[at]:.3f}, {usual[at]:.4f}, {spread[at]:.4f}),')
    print(f"_START = {answer[-1]:.3f}  # from {len(looks)} regions")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    names = names_of("tuning")
    names = names[:: max(1, len(names) // count)][:count]
    fitted([look for name in names for look in looks_of(name)])


if __name__ == "__main__":
    main()
