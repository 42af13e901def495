"""What hashing on the person's own device takes: ``python -m benchmarks.hasher``.

Ten pictures of 12 megapixels and a film of two minutes in 1080p, hashed in Debian's Chromium
through the page of ``tests/hasher``: seconds, how often progress was told, and the longest
time for which the page did not answer. Both are made here, of drawings.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import staydown

ROOT = Path(__file__).resolve().parents[1]
# The page, its server and the drawings are those of the tests.
sys.path.append(str(ROOT / "tests"))

from hasher.world import serving, started  # noqa: E402
from library.pictures import Pixels, bits_between, drawing, encoded  # noqa: E402

SECONDS, FPS = 120, 30
WIDTH, HEIGHT = 1920, 1080

WATCHED = """async () => {
    const gaps = [];
    let last = performance.now();
    const ticks = setInterval(() => {
        const now = performance.now();
        gaps.push(now - last);
        last = now;
    }, 10);
    let told = 0;
    const start = performance.now();
    const outcomes = [];
    for (const file of chosen()) {
        outcomes.push(await hasher.fingerprint(file, { progress: () => told++ }));
    }
    clearInterval(ticks);
    return {
        outcomes, told,
        seconds: (performance.now() - start) / 1000,
        silent: Math.max(...gaps) / 1000,
    };
}"""


def grained(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """A drawing with a camera's noise: without it, files would be a tenth as large."""
    large = np.asarray(Image.fromarray(pixels).resize(size))
    noise = np.random.default_rng(1).normal(0, 6, large.shape)
    return (large + noise).clip(0, 255).astype(np.uint8)


def write_film(path: Path) -> None:
    """A camera that moves over a large drawing."""
    page = grained(drawing(1200, 800, 5), (3000, 2000))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = 8 * FPS
        stream.options = {"preset": "superfast", "crf": "23"}
        for number in range(SECONDS * FPS):
            turn = 2 * np.pi * number / (FPS * 23)
            left = round((page.shape[1] - WIDTH) * (0.5 + 0.48 * np.sin(turn)))
            top = round((page.shape[0] - HEIGHT) * (0.5 + 0.48 * np.cos(1.7 * turn)))
            shown = np.ascontiguousarray(page[top : top + HEIGHT, left : left + WIDTH])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))


def write_pictures(folder: Path) -> list[Path]:
    paths = [folder / f"{number}.jpg" for number in range(10)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(grained(drawing(1000, 750, 20 + number), (4000, 3000)), "JPEG"))
    return paths


def measure(page: Page, name: str, files: list[Path]) -> bool:
    page.set_input_files("#files", files)
    found = page.evaluate(WATCHED)
    wrong = 0
    for file, outcome in zip(files, found["outcomes"], strict=True):
        ours = staydown.fingerprint_file(file, look="reported")
        theirs = staydown.Fingerprint.from_dict(outcome["fingerprint"])
        if ours.pdq is not None:
            wrong = max(wrong, bits_between(ours.pdq, theirs.pdq))
        match = staydown.compare(ours, theirs)
        if outcome["reason"] is not None or match is None or match.kind != "identical":
            wrong = 256
    size = sum(file.stat().st_size for file in files) / 1e6
    print(
        f"| {name} | {size:.0f} MB | {found['seconds']:.1f} s | {found['told']} "
        f"| {found['silent'] * 1000:.0f} ms | {wrong} |"
    )
    return wrong <= 2 and found["silent"] < 0.2


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        pictures = write_pictures(Path(folder))
        film = Path(folder) / "film.mp4"
        write_film(film)
        print(f"(made in {time.monotonic() - start:.0f} s)\n")
        print("| | size | hashed in | progress told | page silent at most | bits off |")
        print("| --- | --- | --- | --- | --- | --- |")
        with sync_playwright() as playwright, serving() as site:
            browser = started(playwright.chromium)
            page = browser.new_page()
            page.goto(site.url)
            went_well = [
                measure(page, "ten pictures, 12 megapixels", pictures),
                measure(page, "two minutes of 1080p H.264", [film]),
            ]
            browser.close()
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main())
