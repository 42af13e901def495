"""`make fuzz`: damaged pictures and films of every kind, each a hash or a named error.

``python -m library.media.fuzz [--count N] [--seconds S] [--seed N]`` (from ``tests/``)

Small pictures in every format and mode, and small films of every codec and container, are
changed at random, films' headers made to lie as well, and given to a pool. The run fails when
anything but a fingerprint or a `MediaError` comes back, when an answer takes longer than the
limits, or when the service keeps memory or open files. A file that ended its decoder, or ran
out its time, is kept in ``artefacts/fuzz`` under its SHA-256: it made one clear error, and is
worth a look.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import staydown
from library.media import film_files
from library.pictures import ROOT, damaged, drawing, encoded
from staydown import Limits, MediaError
from staydown.fingerprint.files import new_pool

KEPT = ROOT / "artefacts" / "fuzz"
WORTH_A_LOOK = ("decoder_died", "decode_timeout", "decoder_unavailable")
LIMITS = Limits(seconds=10, cpu_seconds=5, memory_megabytes=1024)
SPARE_SECONDS = 5
"""A machine that is busy may notice a limit this much later."""

LEAK_MEGABYTES = 60
_AT_ONCE = 200


FILES = Path(__file__).parent / "files"
WIDTH, HEIGHT = 60, 44

Options = dict[str, object]
# Modes of Pillow, and the formats that hold them.
STILLS: tuple[tuple[str, str, Options], ...] = (
    *(("RGB", "JPEG", {"subsampling": sampling}) for sampling in (0, 1, 2)),
    ("RGB", "JPEG", {"progressive": True}),
    ("RGB", "JPEG", {"restart_marker_rows": 1}),
    ("RGB", "JPEG", {"keep_rgb": True}),
    *((mode, "JPEG", {}) for mode in ("L", "CMYK")),
    *((mode, "PNG", {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    ("P", "PNG", {"transparency": 3}),
    *((mode, "GIF", {}) for mode in ("1", "L", "P")),
    ("RGB", "WEBP", {"quality": 80}),
    ("RGBA", "WEBP", {"lossless": True}),
    ("RGB", "AVIF", {"speed": 10}),
    ("RGBA", "AVIF", {"speed": 10}),
    *((mode, "TIFF", {}) for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "F")),
    *(("RGB", "TIFF", {"compression": how}) for how in ("tiff_lzw", "tiff_deflate", "jpeg")),
    *(("RGB", "TIFF", {"compression": how}) for how in ("packbits", "zstd")),
    *(("1", "TIFF", {"compression": how}) for how in ("group3", "group4", "tiff_ccitt")),
    *((mode, "BMP", {}) for mode in ("1", "L", "P", "RGB", "RGBA")),
)
ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
MOVING = (*ANIMATED, "TIFF", "MPO")


def corpus() -> list[bytes]:
    """Whole files to damage: small, so that many can be tried, and of every kind."""
    image = Image.fromarray(drawing(WIDTH, HEIGHT, 3))
    files = [encoded(in_mode(image, mode), form, **options) for mode, form, options in STILLS]
    # Large enough for the fast way, which reads luma only.
    large = Image.fromarray(drawing(600, 400, 3))
    files += [encoded(large, "JPEG", quality=20, progressive=each) for each in (False, True)]
    files.append(encoded(large.convert("L"), "JPEG", quality=20))
    exif = Image.Exif()
    exif[0x0112] = 6
    files += [encoded(image, form, exif=exif) for form in ("JPEG", "PNG", "WEBP")]
    pages = [Image.fromarray(drawing(WIDTH, HEIGHT, seed)) for seed in range(4)]
    files += [encoded(pages[0], form, save_all=True, append_images=pages[1:]) for form in MOVING]
    # Enough frames to be hashed as a film is.
    scene = [Image.fromarray(drawing(WIDTH, HEIGHT, seed)) for seed in range(12)]
    files += [
        encoded(scene[0], form, save_all=True, append_images=scene[1:], duration=80)
        for form in ANIMATED
    ]
    return files + [path.read_bytes() for path in sorted(FILES.glob("*.heic"))]


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    if mode == "LAB":
        return Image.merge("LAB", image.split())
    return image.convert(mode)


def mutations(seed: int) -> Iterator[bytes]:
    """Damaged files without end, from every file of the corpus in turn."""
    films = list(film_files.films().values())
    files = corpus() + films
    streams = [damaged(each, seed + at, 10**9) for at, each in enumerate(files)]
    streams += [film_files.lying(each, seed + at) for at, each in enumerate(films)]
    random = np.random.default_rng(seed)
    for stream in itertools.cycle(streams):
        content = next(stream)
        # A wrong checksum stops a PNG's reader at the door: half of them get in.
        if content.startswith(b"\x89PNG") and random.random() < 0.5:
            content = with_right_checksums(content)
        yield content


def with_right_checksums(png: bytes) -> bytes:
    out, at = png[:8], 8
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        body = png[at + 4 : at + 8 + length]
        if len(body) < 4 + length:
            break
        out += png[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return out + png[at:]


def resident() -> float:
    """Megabytes that this process, the service, holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Run:
    """Counts what came of each file."""

    def __init__(self) -> None:
        self.pool = new_pool(limits=LIMITS)
        self.outcomes: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0
        self._lock = threading.Lock()

    def try_one(self, content: bytes) -> None:
        start = time.monotonic()
        try:
            staydown.fingerprint_bytes(content, pool=self.pool)
            outcome = "fingerprint"
        except MediaError as error:
            outcome = error.code
        except Exception as error:  # noqa: BLE001
            # Exactly what must not happen, whatever it is.
            outcome = f"FAULT {type(error).__name__}"
        took = time.monotonic() - start
        with self._lock:
            self.outcomes[outcome] += 1
            self.slowest = max(self.slowest, took)
            if outcome.startswith("FAULT"):
                self.faults.append(f"{keep(content)}: {outcome}")
            elif took > LIMITS.seconds + SPARE_SECONDS:
                self.faults.append(f"{keep(content)}: took {took:.0f} seconds")
            elif outcome in WORTH_A_LOOK:
                print(f"{outcome}: {keep(content)}", flush=True)


def keep(content: bytes) -> Path:
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return path.relative_to(ROOT)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Damaged pictures and films: a hash or a named error."
    )
    parser.add_argument("--count", type=int, default=100_000, help="so many files at most")
    parser.add_argument("--seconds", type=float, default=60, help="so long at most")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()

    run, files = Run(), mutations(options.seed)
    start, before, done, shown = time.monotonic(), None, 0, 0.0
    with ThreadPoolExecutor(run.pool.size) as threads:
        while done < options.count and time.monotonic() - start < options.seconds:
            batch = list(itertools.islice(files, min(_AT_ONCE, options.count - done)))
            list(threads.map(run.try_one, batch))
            done += len(batch)
            if before is None:
                before = resident(), open_files()
            if sys.stderr.isatty() and time.monotonic() - shown > 0.5:
                shown = time.monotonic()
                print(f"\r{done} files, {shown - start:.0f} s", end="", file=sys.stderr)
    if before is None:
        parser.error("nothing was tried: give it a count and a time above 0")
    run.pool.close()
    grown, left_open = resident() - before[0], open_files() - before[1]
    if grown > LEAK_MEGABYTES:
        run.faults.append(f"the service holds {grown:.0f} MB more than at the start")
    if left_open > 0:
        run.faults.append(f"{left_open} files were left open")

    took = time.monotonic() - start
    print(f"\n{done} damaged files in {took:.0f} s ({done / took:.0f} a second), ", end="")
    print(f"seed {options.seed}; slowest {run.slowest:.2f} s; the service grew by {grown:.1f} MB")
    for outcome, count in run.outcomes.most_common():
        print(f"  {count:>8}  {outcome}")
    for fault in run.faults:
        print(f"FAULT {fault}")
    return 1 if run.faults else 0


if __name__ == "__main__":
    sys.exit(main())
