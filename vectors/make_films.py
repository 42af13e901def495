"""Writes ``film.json`` and ``films/``: drawn films, and what the reference says of their frames.

As with ``make.py``, the answers come from Meta's own code through ``pdqhash``. It is given
each frame's Y plane as PyAV decodes it, which decoders of VP9 and H.264 agree about to the
bit; for the quality, spread from 16..235 over 0..255. To make the vectors anew:

    python -m venv /tmp/reference
    /tmp/reference/bin/pip install pdqhash==0.2.8 numpy pillow av==18.1.0
    /tmp/reference/bin/python vectors/make_films.py
"""

from __future__ import annotations

import hashlib
import io
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import numpy as np
from draw import draw
from make import answer

HERE = Path(__file__).parent
WIDTH, HEIGHT, FPS, SECONDS = 320, 240, 20, 5

ABOUT = (
    "Drawn films in films/ and the PDQ hashes that the reference gives for the Y plane of the "
    "frame shown at each full second, laid upright; mirrored is its hash of the frame with "
    "left and right swapped."
)


def write(path: Path, codec: str, options: dict[str, str], rotation: int) -> None:
    """A camera that moves over a drawing, never straight on."""
    page = draw(2 * WIDTH, 2 * HEIGHT, 77 + rotation)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = 2 * FPS
        stream.options = options
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(SECONDS * FPS):
            turn = 2 * np.pi * number / (FPS * 7)
            left = round(WIDTH * (0.5 + 0.48 * np.sin(turn)))
            top = round(HEIGHT * (0.5 + 0.48 * np.cos(1.7 * turn)))
            shown = np.ascontiguousarray(page[top : top + HEIGHT, left : left + WIDTH])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))


def answers(content: bytes) -> dict[str, Any]:
    frames = []
    with av.open(io.BytesIO(content)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % FPS:
                continue
            plane = frame.planes[0]
            lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            # PyAV's rotation is to the left, as numpy's.
            luma = np.rot90(lines[: frame.height, : frame.width], frame.rotation // 90)
            spread = np.clip(np.rint((luma.astype(float) - 16) * 255 / 219), 0, 255)
            frames.append(
                {
                    "milliseconds": round(frame.time * 1000),
                    "pdq": _grey(luma)[0],
                    "mirrored": _grey(luma[:, ::-1])[0],
                    "quality": _grey(spread.astype(np.uint8))[1],
                }
            )
    height, width = luma.shape
    return {"width": width, "height": height, "duration": SECONDS, "frames": frames}


def _grey(luma: np.ndarray) -> tuple[str, int]:
    return answer(np.repeat(luma[:, :, None], 3, axis=2))


def main() -> None:
    (HERE / "films").mkdir(exist_ok=True)
    # Without frames to which no other refers: the server never decodes those.
    quick = {"deadline": "good", "cpu-used": "2", "crf": "38", "b": "0"}
    vectors = []
    for name, codec, options, rotation in (
        ("vp9.webm", "libvpx-vp9", quick, 0),
        ("h264-turned.mp4", "libx264", {"crf": "30", "preset": "slow", "bf": "0"}, 90),
    ):
        path = HERE / "films" / name
        write(path, codec, options, rotation)
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        vectors.append({"film": f"films/{name}", "sha256": sha256, **answers(content)})
    document = {"about": ABOUT, "reference": f"pdqhash {version('pdqhash')}", "vectors": vectors}
    (HERE / "film.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
