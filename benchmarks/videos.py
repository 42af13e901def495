"""Which copies of films are found, what is found that is none, and what hashing costs.

``python -m benchmarks.videos [--clips N] [--edits NAME,...] [--processes N]``

Reads the benign clips beside the project (``../shared/media/videos``). Each is edited in
every way of `benchmarks.video_edits`; the reported clip is hashed closely, the copy as
any upload, and they are compared: with all layers, and by PDQ alone. Then every clip is
compared with every other one. The reference, Meta's vPDQ at one hash a second, answers in
the same run where it is installed: ``pip install vpdq`` builds it where ``g++``,
``cmake`` and Debian's ``libavcodec-dev libavformat-dev libavutil-dev libswscale-dev
libavdevice-dev libavfilter-dev`` are. It runs apart: damaged files end its process.

Results go to ``artefacts/videos.json`` and ``videos.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from benchmarks import video_edits
from benchmarks.edits import generator

import staydown
from staydown import Fingerprint
from staydown.fingerprint.video import hash_video
from staydown.media.limits import DEFAULT_LIMITS

CLIPS = Path(__file__).resolve().parents[2] / "shared" / "media" / "videos"
ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
NEAR, GOOD, SHARE = 31, 50, 0.8
"""vPDQ's own settings: distance, quality, and the share of one side's frames to be found."""

_VPDQ = """
import json, sys, time, vpdq
for path in sys.argv[1:]:
    start = time.process_time()
    found = vpdq.computeHash(path, seconds_per_hash=1, thread_count=1)
    spent = time.process_time() - start
    print(json.dumps([spent, [[each.hex, each.quality] for each in found]]), flush=True)
"""


def reference(path: str) -> tuple[float, list[tuple[int, int]]] | None:
    """The reference's processor time, and its hashes with their quality; None without it."""
    ran = subprocess.run(
        [sys.executable, "-c", _VPDQ, path], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        return None
    spent, found = json.loads(ran.stdout.splitlines()[-1])
    return spent, [(int(each, 16), quality) for each, quality in found]


def reference_matches(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> bool:
    """Whether the share of the frames of either side that the other has is large enough."""
    sides = [[each for each, quality in side if quality >= GOOD] for side in (one, other)]
    if not all(sides):
        return False
    return any(
        sum(any((a ^ b).bit_count() <= NEAR for b in there) for a in here) >= SHARE * len(here)
        for here, there in (sides, sides[::-1])
    )


def clips() -> list[Path]:
    return sorted(CLIPS.glob("*.mp4"))


@cache
def reported(path: Path) -> Fingerprint:
    return staydown.fingerprint_file(path, look="reported")


def copies_of(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Every edit of one clip: is it found, when, and by what?"""
    everything = clips()
    at = everything.index(path)
    others = [video_edits.read(str(everything[(at + step) % len(everything)])) for step in (7, 19)]
    film = video_edits.read(str(path))
    original = reference(str(path))
    rows = []
    for name in names:
        copy = video_edits.EDITS[name](film, path.stem, others)
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(copy.content)
            file.flush()
            suspect = staydown.fingerprint_file(file.name)
            theirs = reference(file.name) if original else None
        match = staydown.compare(reported(path), suspect)
        by_hash = staydown.compare(hashes_only(reported(path)), hashes_only(suspect))
        as_upload = staydown.compare(staydown.fingerprint_file(path), suspect)
        found = None
        if theirs is not None and original is not None:
            found = reference_matches(original[1], theirs[1])
        rows.append(
            {
                "clip": path.stem,
                "edit": name,
                "kind": match.kind if match else None,
                "by hash": by_hash is not None,
                "both as uploads": as_upload is not None,
                "reference": found,
                "seconds off": seconds_off(match, copy.shows),
            }
        )
    return rows


def hashes_only(fingerprint: Fingerprint) -> Fingerprint:
    assert fingerprint.film is not None
    return replace(fingerprint, film=replace(fingerprint.film, stills=(), sketches=None))


def seconds_off(match: staydown.Match | None, shows: tuple[float, ...]) -> float | None:
    """How far the longest span's ends lie from where they are; the worst of the four."""
    if match is None or not match.spans:
        return None
    span = match.spans[0]
    said = (*span.reported, *span.suspect)
    return round(max(abs(one - other) for one, other in zip(said, shows, strict=True)), 2)


def pairs_of(path: Path) -> list[tuple[str, str, str]]:
    """The other clips that are taken for one that was reported."""
    found = []
    for other in clips():
        if other != path:
            match = staydown.compare(reported(path), upload(other))
            if match is not None:
                found.append((path.stem, other.stem, match.kind))
    return found


@cache
def upload(path: Path) -> Fingerprint:
    return staydown.fingerprint_file(path)


def large(path: Path, folder: str, *, phone: bool) -> str:
    """The clip at 1080p, sharpened and with a sensor's noise: as x264 writes it at crf 23,
    or as a phone does, a key frame a second at 17 Mbit/s without B-frames."""
    film = video_edits.read(str(path))
    rng = generator("large", path.stem)
    grain = [rng.normal(0, 2.5, (1080, 1920, 1)).astype(np.float32) for _ in range(4)]

    def frames() -> Any:
        for at, (seconds, pixels) in enumerate(zip(film.times, film.frames, strict=True)):
            big = cv2.resize(pixels, (1920, 1080), interpolation=cv2.INTER_CUBIC)
            sharp = cv2.addWeighted(big, 1.6, cv2.GaussianBlur(big, (0, 0), 3), -0.6, 0)
            yield seconds, np.clip(sharp + grain[at % 4], 0, 255).astype(np.uint8)

    options = {"crf": "23", "preset": "medium"}
    if phone:
        options = {"b": "17M", "preset": "veryfast", "bf": "0", "g": str(round(film.fps))}
    target = f"{folder}/{path.stem}-{phone}.mp4"
    Path(target).write_bytes(video_edits.written(frames(), film.fps, options=options))
    return target


def cost_of(path: str) -> dict[str, float | None]:
    """Processor seconds for each second of the film."""
    spent: dict[str, float | None] = {}
    fd = os.open(path, os.O_RDONLY)
    try:
        for look in ("upload", "reported"):
            start = time.process_time()
            answer = hash_video(fd, DEFAULT_LIMITS, profile=look)
            spent[look] = time.process_time() - start
        start = time.process_time()
        hashlib.file_digest(os.fdopen(fd, "rb", closefd=False), "sha256")
        os.lseek(fd, 0, os.SEEK_SET)
        hashlib.file_digest(os.fdopen(fd, "rb", closefd=False), "md5")
        spent["its digests"] = time.process_time() - start
        duration = float(json.loads(answer[: answer.index(b"\n")])["duration"])
    finally:
        os.close(fd)
    film = staydown.fingerprint_file(path).film
    assert film is not None
    start = time.process_time()
    for still in film.stills:
        assert still.glimpse is not None
        _ = still.glimpse.sight
    spent["its stills' local layer"] = time.process_time() - start
    start = time.process_time()
    with av.open(path) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for _frame in container.decode(video=0):
            pass
    spent["decoding every frame"] = time.process_time() - start
    answer_of = reference(path)
    spent["vPDQ, a hash a second"] = answer_of[0] if answer_of else None
    return {name: None if each is None else each / duration for name, each in spent.items()}


def costs() -> dict[str, dict[str, float | None]]:
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for stem in ("v001", "v025", "v028", "v029", "v045"):
            (path,) = CLIPS.glob(f"{stem}*")
            for phone in (False, True):
                name = f"{stem} at 1080p, {'phone' if phone else 'x264 crf 23'}"
                table[name] = cost_of(large(path, folder, phone=phone))
    return table


def table_of(rows: list[dict[str, Any]]) -> str:
    by_edit: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_edit[row["edit"]].append(row)
    lines = [
        "| edit | found | by PDQ alone | both as uploads | vPDQ | replaced | off > 1 s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, group in by_edit.items():
        count = len(group)
        off = [row["seconds off"] for row in group if row["seconds off"] is not None]
        theirs = [row["reference"] for row in group if row["reference"] is not None]
        lines.append(
            f"| {name} | {sum(row['kind'] is not None for row in group)} of {count} "
            f"| {sum(row['by hash'] for row in group)} "
            f"| {sum(row['both as uploads'] for row in group)} "
            f"| {sum(theirs) if theirs else '-'} "
            f"| {sum(row['kind'] == 'region-replaced' for row in group)} "
            f"| {sum(each > 1 for each in off)} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=len(clips()))
    parser.add_argument("--edits", default=",".join(video_edits.EDITS))
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    chosen = clips()[:: max(1, len(clips()) // options.clips)][: options.clips]
    names = options.edits.split(",")
    if not chosen:
        print("The clips of ../shared/media/videos are not here.")
        return 1
    print("1080p: processor seconds a second of film")
    spent = costs()
    for name, each in spent.items():
        told = {way: None if cost is None else round(cost, 4) for way, cost in each.items()}
        print(f"  {name}: {told}", flush=True)
    with ProcessPoolExecutor(options.processes) as workers:
        rows = [
            row for group in workers.map(copies_of, chosen, [names] * len(chosen)) for row in group
        ]
        print(table_of(rows), flush=True)
        false = [pair for group in workers.map(pairs_of, chosen) for pair in group]
    asked = len(chosen) * (len(clips()) - 1)
    print(f"\nfalse matches: {len(false)} in {asked} pairs of clips")
    for pair in false:
        print(f"  {pair}")
    ARTEFACTS.mkdir(exist_ok=True)
    result = {"cost": spent, "copies": rows, "false": false, "pairs": asked}
    (ARTEFACTS / "videos.json").write_text(json.dumps(result, indent=1))
    (ARTEFACTS / "videos.md").write_text(table_of(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
