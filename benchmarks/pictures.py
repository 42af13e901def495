"""Our fingerprints of pictures beside the reference's clients: time, distance, memory.

``python -m benchmarks.pictures [--pictures N] [--seconds S]``

The peers are no dependencies: pdqhash has no binary wheel, and threatexchange needs it.
To have them in the same run, in a throw-away environment with a C++ compiler:

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install . pdqhash==0.2.8 threatexchange==1.2.17
    /tmp/peers/bin/python -m benchmarks.pictures

Times are of one core, from the file's bytes to the hash, decoding included: processor
time, the quickest of runs in turn. Pictures are mosaics of the benign photos beside the
project (`STAYDOWN_MEDIA`), or drawings without them. Results also go to
``artefacts/pictures.json``.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# ruff: noqa: E402
import argparse
import importlib.util
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageOps

from staydown import DecoderPool
from staydown.fingerprint.files import new_pool
from staydown.fingerprint.pdq import pdq
from staydown.fingerprint.picture import hash_picture
from staydown.media.limits import DEFAULT_LIMITS

ROOT = Path(__file__).resolve().parents[1]
ARTEFACTS = ROOT / "artefacts"
SIZES = {"12 MP": (4000, 3000), "2 MP": (1633, 1225), "0.3 MP": (640, 480)}
ASKED_TIMES = {"12 MP": 10.0, "2 MP": 6.0, "0.3 MP": 3.0}
ASKED_DECODES = 1.5
ASKED_MEAN, ASKED_MAX = 2.0, 4
LONGEST_SIDES = (64, 65, 100, 127, 128, 129, 200, 333, 640, 1024, 1633, 3000, 6000)
CELL = 1000
ENTRY = "staydown.fingerprint.picture:hash_picture"
_BLOCK_SECONDS = 0.1
NO_PEERS = (
    "pdqhash is not installed here, so there is nothing to compare with. "
    "The first lines of benchmarks/pictures.py say how to install the peers."
)

Pixels = npt.NDArray[np.uint8]


def photos() -> list[Path]:
    named = os.environ.get("STAYDOWN_MEDIA")
    folder = (Path(named) if named else ROOT.parent / "shared" / "media") / "images"
    return sorted(folder.glob("*.jpg")) if folder.is_dir() else []


def drawn(width: int, height: int, seed: int) -> Pixels:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "vectors" / "draw.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("vectors/draw.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["draw"] = module
    spec.loader.exec_module(module)
    pixels: Pixels = module.draw(width, height, seed)
    return pixels


def mosaic(width: int, height: int) -> bytes:
    """A JPEG of that size with the detail of real photos: many, side by side."""
    sheet = Image.new("RGB", (width, height))
    files = photos()
    if not files:
        sheet.paste(Image.fromarray(drawn(width, height, 5)))
    else:
        across, down = -(-width // CELL), -(-height // CELL)
        for at in range(across * down):
            with Image.open(files[(at * 37) % len(files)]) as photo:
                cell = ImageOps.fit(photo.convert("RGB"), (CELL, CELL))
            sheet.paste(cell, (at % across * CELL, at // across * CELL))
    return as_jpeg(sheet)


def as_jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def rgb(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def reference(pixels: Pixels) -> bytes:
    import pdqhash

    bits, _quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes()


def by_staydown(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        hash_picture(fd, DEFAULT_LIMITS)
    finally:
        os.close(fd)


def by_pool(path: Path, pool: DecoderPool) -> bytes:
    """The same in a limited process: what a service does."""
    fd = os.open(path, os.O_RDONLY)
    try:
        seen = pool.run(ENTRY, fd)
    finally:
        os.close(fd)
    if not isinstance(seen, bytes):
        raise TypeError("a decoder answers with a line of JSON and pixels")
    return bytes.fromhex(json.loads(seen[: seen.index(b"\n")])["pdq"])


def by_y_decode(path: Path) -> None:
    simplejpeg.decode_jpeg(path.read_bytes(), "GRAY")


def by_pdqhash(path: Path) -> None:
    reference(rgb(path.read_bytes()))


def by_threatexchange(path: Path) -> None:
    from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_file

    pdq_from_file(path)


def clients() -> dict[str, Callable[[Path], None]]:
    """What is here to be measured."""
    found: dict[str, Callable[[Path], None]] = {
        "staydown": by_staydown,
        "bare Y decode": by_y_decode,
    }
    if importlib.util.find_spec("pdqhash"):
        found["pdqhash"] = by_pdqhash
    if importlib.util.find_spec("threatexchange"):
        found["threatexchange"] = by_threatexchange
    return found


def times(path: Path, seconds: float) -> dict[str, dict[str, float]]:
    """Milliseconds a picture, processor and wall, of each client: the quickest."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in clients()}
    measured["staydown, apart"] = []
    pool = new_pool(size=1)
    by_pool(path, pool)
    for run in clients().values():
        run(path)
    end = time.monotonic() + seconds
    # In turn, so that a busy machine is unfair to nobody; several at a time of what is
    # quick, so that each runs as it does under load and not on another's cold caches.
    while time.monotonic() < end or len(measured["staydown"]) < 5:
        for name, run in clients().items():
            start = time.perf_counter()
            run(path)
            for _ in range(max(1, int(_BLOCK_SECONDS / (time.perf_counter() - start)))):
                cpu, wall = time.process_time(), time.perf_counter()
                run(path)
                measured[name].append((time.process_time() - cpu, time.perf_counter() - wall))
        for _ in range(5):
            wall = time.perf_counter()
            by_pool(path, pool)
            measured["staydown, apart"].append((0.0, time.perf_counter() - wall))
    pool.close()
    return {
        name: {
            "cpu_ms": min(cpu for cpu, _wall in values) * 1e3,
            "wall_ms": min(wall for _cpu, wall in values) * 1e3,
        }
        for name, values in measured.items()
    }


def start_of_a_decoder() -> float:
    """Milliseconds until a new decoder has answered for a small picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.jpg"
        path.write_bytes(as_jpeg(Image.new("RGB", (32, 32))))
        taken = []
        for _ in range(5):
            pool, start = new_pool(size=1), time.perf_counter()
            by_pool(path, pool)
            taken.append((time.perf_counter() - start) * 1e3)
            pool.close()
    return statistics.median(taken)


def bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def distances(count: int) -> dict[str, dict[str, float]]:
    """Bits between our hash of a file and the reference's of its full-resolution pixels."""
    pool = new_pool(size=1)
    files = photos()[:count] if count else photos()
    contents = [path.read_bytes() for path in files]
    contents = contents or [as_jpeg(Image.fromarray(drawn(640, 480, n))) for n in range(20)]
    of_files = [file_distance(content, pool) for content in contents]

    of_sizes = []
    for side in LONGEST_SIDES:
        # Enough pictures of each size, and not for ever: the reference takes a second.
        for content in contents[:: max(1, len(contents) // (20 if side < 3000 else 3))]:
            with Image.open(io.BytesIO(content)) as image:
                scale = side / max(image.size)
                size = (max(5, round(image.width * scale)), max(5, round(image.height * scale)))
                resized = as_jpeg(image.convert("RGB").resize(size))
            of_sizes.append(file_distance(resized, pool))
    pool.close()

    of_luma = []
    for content in contents:
        luma: Pixels = simplejpeg.decode_jpeg(content, "GRAY")[:, :, 0]
        of_luma.append(bits(pdq(luma).original, reference(np.stack([luma] * 3, axis=2))))
    of_turns = []
    for content in contents[::4]:
        pixels = rgb(content)
        turned = reference(np.ascontiguousarray(pixels[:, ::-1]))
        of_turns.append(bits(pdq(pixels).dihedral[5], turned))
    return {
        "photos": summary(of_files),
        "sizes from 64 px to 24 MP": summary(of_sizes),
        "identical luma": summary(of_luma),
        "mirrored hash and hash of the mirrored": summary(of_turns),
    }


def file_distance(content: bytes, pool: DecoderPool) -> int:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return bits(by_pool(Path(file.name), pool), reference(rgb(content)))


def summary(values: list[int]) -> dict[str, float]:
    return {"pictures": len(values), "mean": statistics.fmean(values), "max": max(values)}


def memory(path: Path) -> dict[str, float]:
    """Megabytes at most for one picture, beyond what the client needs to start."""
    used = {}
    for name in clients():
        command = [sys.executable, "-m", "benchmarks.pictures", "--memory-of", name, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        used[name] = float(done.stdout)
    return used


def memory_of(name: str, path: Path) -> None:
    run = clients()[name]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jpg"
        small.write_bytes(as_jpeg(Image.new("RGB", (32, 32))))
        run(small)
    # From here on the kernel counts the peak anew.
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_kilobytes()
    run(path)
    print((peak_kilobytes() - before) / 1000)


def peak_kilobytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pictures, beside the reference's clients.")
    parser.add_argument("--pictures", type=int, default=0, help="so many photos; 0: all")
    parser.add_argument("--seconds", type=float, default=10, help="of timing for each size")
    parser.add_argument("--memory-of", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.memory_of:
        memory_of(options.memory_of[0], Path(options.memory_of[1]))
        return 0
    results: dict[str, Any] = {"times": {}}
    has_reference = "pdqhash" in clients()
    print(f"Pictures: {len(photos()) or 'no'} photos; clients: {', '.join(clients())}.")
    if not has_reference:
        print(NO_PEERS)
    with tempfile.TemporaryDirectory() as folder:
        print(f"\n{'ms a picture, one core':<26}{'processor':>10}{'wall':>10}{'times faster':>14}")
        for label, size in SIZES.items():
            path = Path(folder) / f"{size[0]}.jpg"
            path.write_bytes(mosaic(*size))
            measured = results["times"][label] = times(path, options.seconds)
            for name, row in measured.items():
                cpu = f"{row['cpu_ms']:10.2f}" if row["cpu_ms"] else f"{'':>10}"
                line = f"{label + ' ' + name:<26}{cpu}{row['wall_ms']:10.2f}"
                if name in ("pdqhash", "threatexchange"):
                    line += f"{row['cpu_ms'] / measured['staydown']['cpu_ms']:13.1f}x"
                print(line)
        results["decoder_start_ms"] = start_of_a_decoder()
        print(
            f"\nA new decoder, ready and done with one file: {results['decoder_start_ms']:.0f} ms"
        )
        results["memory_mb"] = memory(Path(folder) / "4000.jpg")
    print("\nMegabytes for 12 MP, beyond the start:")
    for name, value in results["memory_mb"].items():
        print(f"  {name:<24}{value:8.1f}")
    decode = results["times"]["12 MP"]
    against = decode["staydown"]["cpu_ms"] / decode["bare Y decode"]["cpu_ms"]
    checks = [(f"12 MP within {ASKED_DECODES}x of the bare Y decode: {against:.2f}x",
               against <= ASKED_DECODES)]  # fmt: skip
    if has_reference:
        for label, asked in ASKED_TIMES.items():
            row = results["times"][label]
            ratio = row["pdqhash"]["cpu_ms"] / row["staydown"]["cpu_ms"]
            checks.append((f"{label} at least {asked:.0f}x pdqhash: {ratio:.1f}x", ratio >= asked))
        results["distances"] = distances(options.pictures)
        print("\nBits from the reference on full-resolution pixels:")
        for name, row in results["distances"].items():
            print(f"  {name:<40}{row['pictures']:6.0f} pictures, mean {row['mean']:.3f},", end="")
            print(f" max {row['max']:.0f}")
        for name in ("photos", "sizes from 64 px to 24 MP"):
            row = results["distances"][name]
            checks.append((f"{name}: mean at most 2 bits", row["mean"] <= ASKED_MEAN))
            checks.append((f"{name}: max at most 4 bits", row["max"] <= ASKED_MAX))
        row = results["distances"]["identical luma"]
        checks.append(("identical luma, identical hash", row["max"] == 0))
    print()
    for sentence, holds in checks:
        print(f"  {'holds' if holds else 'FAILS'}  {sentence}")
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "pictures.json").write_text(json.dumps(results, indent=1) + "\n")
    return 0 if all(holds for _sentence, holds in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
