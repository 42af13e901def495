"""A film of three hours: does memory stay flat, and do other files take their turn?

``python -m benchmarks.long_film [--minutes N,...]``

The film is built at the start: drawn shapes that move, 320 x 180, encoded for one minute
and copied, packet by packet, to its length. It is looked at as if it were reported, which
is the most work, by one decoder; meanwhile a picture is sent to the same decoder every
few seconds. Peak memory is that of a fresh process and of its decoder; what one minute
takes stands beside it. The exit status is 1 when a picture waited longer than was asked.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

import staydown
from staydown.fingerprint.files import new_pool

WIDTH, HEIGHT, FPS = 320, 180, 24
LONGEST_WAIT = 10.0
_EVERY = 2.0
_LOOP = 60


def build(path: str, minutes: int) -> None:
    """Write the film: one minute encoded, and its packets again with later times."""
    loop = io.BytesIO(_minute())
    with av.open(loop) as source, av.open(path, "w", format="mp4") as target:
        stream = source.streams.video[0]
        copy: Any = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        stamps = [(packet.pts, packet.dts) for packet in packets]
        step = round(_LOOP / stream.time_base)
        for turn in range(minutes):
            for packet, (shown, decoded) in zip(packets, stamps, strict=True):
                packet.pts, packet.dts = shown + turn * step, decoded + turn * step
                packet.stream = copy
                target.mux(packet)


def _minute() -> bytes:
    out = io.BytesIO()
    rng = np.random.default_rng(3)
    places, speeds = rng.uniform(0, 1, (12, 2)), rng.uniform(-0.1, 0.1, (12, 2))
    sizes, colours = rng.integers(8, 40, 12), rng.integers(40, 255, (12, 3))
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = 5 * FPS
        stream.options = {"preset": "ultrafast", "crf": "28"}
        for number in range(_LOOP * FPS):
            page = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
            at = (places + speeds * number / FPS) % 1 * (WIDTH, HEIGHT)
            for place, size, colour in zip(at, sizes, colours, strict=True):
                middle = int(place[0]), int(place[1])
                cv2.circle(page, middle, int(size), [int(each) for each in colour], -1)
            frame = av.VideoFrame.from_ndarray(page, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def measured(path: str) -> dict[str, Any]:
    """Run in a process of its own: the film's peak memory, and what others waited."""
    pool = new_pool(size=1)
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)).save(
        file, "PNG"
    )
    staydown.fingerprint_bytes(file.getvalue(), pool=pool)
    done, waits, heard = threading.Event(), [], []

    def others() -> None:
        while not done.wait(_EVERY):
            start = time.monotonic()
            staydown.fingerprint_bytes(file.getvalue(), pool=pool)
            waits.append(time.monotonic() - start)

    asking = threading.Thread(target=others)
    asking.start()
    start = time.monotonic()
    try:
        found = staydown.fingerprint_file(path, pool=pool, look="reported", progress=heard.append)
    finally:
        done.set()
        asking.join()
    assert found.film is not None
    (decoder,) = pool.process_ids()
    status = Path(f"/proc/{decoder}/status").read_text().splitlines()
    (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    pool.close()
    return {
        "seconds of film": found.film.duration,
        "seconds taken": round(time.monotonic() - start, 1),
        "hashes": len(found.film),
        "stretches heard of": len(heard),
        "caller's peak, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "decoder's peak, MB": round(peak / 1024),
        "others asked": len(waits),
        "longest wait, s": round(max(waits, default=0.0), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", default="1,10,180")
    parser.add_argument("--measure", metavar="FILM", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.measure)))
        return 0
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (int(each) for each in options.minutes.split(",")):
            path = f"{folder}/{minutes}.mp4"
            build(path, minutes)
            command = [sys.executable, "-m", "benchmarks.long_film", "--measure", path]
            ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            result = json.loads(ran.stdout)
            waits.append(result["longest wait, s"])
            print(f"{minutes} min: {result}", flush=True)
    return 1 if max(waits) > LONGEST_WAIT else 0


if __name__ == "__main__":
    sys.exit(main())
