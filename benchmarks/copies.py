"""Which copies are found, and what is found that is none.

``python -m benchmarks.copies [--pictures N] [--processes N] [--half held-out|tuning]``

Reads the benign photos beside the project (``../shared/media/images``), edits those of
one half in every way of `benchmarks.edits`, and asks: is the original found (recall),
and is any other picture found (a false match)? PDQ at 31 bits, with and without the
dihedral variants, answers in the same run. A second table asks which region was
replaced. Results go to ``artefacts/copies.json`` and ``regions.json``, and as plots
beside them.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import edits
from PIL import Image

from staydown.fingerprint.local import OPEN_KEY, LocalFingerprint
from staydown.fingerprint.local.extract import see
from staydown.fingerprint.pdq import pdq
from staydown.match.judge import LOCAL_CONFIDENT, judge
from staydown.match.region import RegionVerdict, look_for_region

PICTURES = Path(__file__).resolve().parents[2] / "shared" / "media" / "images"
ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
BAR = LOCAL_CONFIDENT.evidence
LOWER = replace(LOCAL_CONFIDENT, evidence=BAR - 3)
"""What is asked with: its answers say what another bar would find, and let through."""
REPLACED = (0.01, 0.02, 0.03, 0.05, 0.08, 0.15)
# So many of the queries are also asked against all the other pictures.
ASKED_OF_ALL = edits.NAMES[::3]


def share_of(name: str) -> str:
    """Which part of the pictures a name belongs to, by its hash: never by its looks."""
    place = zlib.crc32(name.encode()) % 100
    return "filler" if place < 7 else "tuning" if place < 47 else "held-out"


def pixels_of(name: str) -> edits.Pixels:
    return np.asarray(Image.open(PICTURES / name).convert("RGB"))


def names_of(*parts: str) -> list[str]:
    found = sorted(path.name for path in PICTURES.iterdir() if path.is_file())
    return [name for name in found if share_of(name) in parts]


@lru_cache(maxsize=1)
def fillers() -> list[edits.Pixels]:
    return [pixels_of(name) for name in names_of("filler")]


@lru_cache(maxsize=1)
def reported() -> dict[str, LocalFingerprint]:
    """What would be kept of every picture but the fillers."""
    return {name: see(pixels_of(name))[0] for name in names_of("tuning", "held-out")}


def copies_of(name: str) -> dict[str, Any]:
    """Every edit of one picture: is it found, and which others are?"""
    original = pixels_of(name)
    kept = reported()[name]
    hashed = np.frombuffer(pdq(original).original, np.uint8)
    found: dict[str, dict[str, Any]] = {}
    false: list[tuple[str, str, str, float]] = []
    asked = 0
    for edit in (*edits.NAMES, *edits.HARDER):
        pixels = edits.apply(edit, original, name, fillers())
        sight = see(pixels)[1]
        answer = judge(kept, sight, OPEN_KEY, LOWER)
        table = np.frombuffer(b"".join(pdq(pixels).dihedral), np.uint8).reshape(8, 32)
        bits = np.bitwise_count(table ^ hashed).sum(axis=1)
        found[edit] = {
            "local": answer.evidence if answer else 0.0,
            "pdq": int(bits[0]),
            "dihedral": int(bits.min()),
        }
        if edit not in ASKED_OF_ALL:
            continue
        for other, theirs in reported().items():
            if other == name:
                continue
            asked += 1
            wrong = judge(theirs, sight, OPEN_KEY, LOWER)
            if wrong is not None:
                false.append((name, edit, other, wrong.evidence))
    return {"name": name, "found": found, "false": false, "asked": asked}


def regions_of(name: str) -> list[tuple[str, float, str]]:
    """(what was done, share of the area, what was called) for one picture."""
    original = pixels_of(name)
    kept = see(original)[0]
    called: list[tuple[str, float, str]] = []

    def ask(what: str, share: float, pixels: edits.Pixels) -> None:
        rng = edits.generator(name, what, share, "post")
        if share and rng.random() < 0.6:
            pixels = edits.jpeg(int(rng.integers(60, 92)))(pixels, rng, fillers())
        if share and rng.random() < 0.3:
            pixels = edits.resize(0.5)(pixels, rng, fillers())
        sight = see(pixels)[1]
        answer = judge(kept, sight, OPEN_KEY)
        if answer is None:
            called.append((what, share, "not found"))
            return
        verdict: RegionVerdict | None = look_for_region(kept, sight, answer, OPEN_KEY)
        called.append((what, share, verdict.kind if verdict else "whole"))

    for share in REPLACED:
        rng = edits.generator(name, "replaced", share)
        ask("replaced", share, edits.replace_region(original, share, rng, fillers())[0])
    for kind in edits.OVERLAYS:
        for share in REPLACED[1:]:
            rng = edits.generator(name, kind, share)
            ask(kind, share, edits.overlay_region(original, share, kind, rng))
    for what, edit in edits.UNTOUCHED.items():
        ask(what, 0.0, edit(original, edits.generator(name, what), fillers()))
    return called


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--half", default="held-out")
    parser.add_argument("--only", choices=("copies", "regions"))
    options = parser.parse_args()
    ARTEFACTS.mkdir(exist_ok=True)
    names = names_of(options.half)
    names = names[:: max(1, len(names) // options.pictures)][: options.pictures]
    with ProcessPoolExecutor(options.processes) as pool:
        if options.only != "regions":
            results = []
            for result in pool.map(copies_of, names):
                results.append(result)
                (ARTEFACTS / "copies.json").write_text(json.dumps(results))
            print(table_of_copies(results))
        if options.only != "copies":
            called = []
            for many in pool.map(regions_of, names):
                called.extend(many)
                (ARTEFACTS / "regions.json").write_text(json.dumps(called))
            print(table_of_regions(called))


def table_of_copies(results: list[dict[str, Any]]) -> str:
    lines = [
        "| edit | pictures | local | PDQ 31 | with dihedral |",
        "| --- | --- | --- | --- | --- |",
    ]
    for edit in (*edits.NAMES, *edits.HARDER):
        rows = [each["found"][edit] for each in results]
        shares = [
            np.mean([row["local"] >= BAR for row in rows]),
            np.mean([row["pdq"] <= 31 for row in rows]),
            np.mean([row["dihedral"] <= 31 for row in rows]),
        ]
        lines.append(f"| {edit} | {len(rows)} | " + " | ".join(f"{x:.1%}" for x in shares) + " |")
    asked = sum(each["asked"] for each in results)
    false = [each for result in results for each in result["false"]]
    hits = [row["local"] for each in results for row in each["found"].values()]
    lines += ["", f"{asked} pairs of different pictures were asked.", ""]
    lines += ["| evidence asked for | copies found | false matches |", "| --- | --- | --- |"]
    for bar in np.arange(BAR - 3, BAR + 4):
        wrong = sum(each[3] >= bar for each in false)
        lines.append(f"| {bar:.0f} | {np.mean(np.array(hits) >= bar):.1%} | {wrong} |")
    lines += [f"- {each}" for each in sorted(false, key=lambda each: -each[3])[:20]]
    return "\n".join(lines)


def table_of_regions(called: list[tuple[str, float, str]]) -> str:
    counts: dict[tuple[str, float], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for what, share, verdict in called:
        counts[what, share][verdict] += 1
    lines = ["| what | share | asked | replaced | covered | whole | not found |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for (what, share), verdicts in counts.items():
        total = sum(verdicts.values())
        shares = " | ".join(
            f"{verdicts[kind] / total:.1%}"
            for kind in ("replaced", "covered", "whole", "not found")
        )
        lines.append(f"| {what} | {share:.0%} | {total} | {shares} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
