"""``staydown scan`` of a whole archive, killed on the way, beside the bare fingerprinting of it.

``python -m benchmarks.archive [--pictures N] [--clips N]``

The archive is made of the benign photos and clips beside the project (`STAYDOWN_MEDIA`), with a
crop and a JPEG quality for each picture, so that no two are the same; clips are copied under
other names. Processor seconds are of the process and all that it began. The scan is killed five
times; "complete" compares the catalogue with the folder. Results also go to
``artefacts/archive.json``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pictures import ARTEFACTS, photos
from PIL import Image

KILLS = 5
ASKED_TIMES = 1.2
STAYDOWN = Path(sys.executable).with_name("staydown")
BARE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import os
import staydown
from staydown.fingerprint.local import LocalKey
key = LocalKey(bytes(32))
def read(path):
    try:
        staydown.fingerprint_file(path, key=key).local_layer()
    except staydown.MediaError:
        pass
with ThreadPoolExecutor(os.cpu_count()) as readers:
    list(readers.map(read, sorted(p for p in Path(sys.argv[1]).rglob("*") if p.is_file())))
"""


def fill(folder: Path, pictures: int, clips: int) -> None:
    """The archive: each picture a crop of a photo, each clip a copy."""
    sources = photos()
    dice = random.Random(1)
    for number in range(pictures):
        place = folder / f"{number % 100:02}"
        place.mkdir(parents=True, exist_ok=True)
        image = Image.open(sources[number % len(sources)]).convert("RGB")
        left, top = (round(side * dice.uniform(0, 0.15)) for side in image.size)
        out = io.BytesIO()
        cut = image.crop((left, top, image.width, image.height))
        cut.save(out, "JPEG", quality=dice.randint(60, 92))
        (place / f"{number}.jpg").write_bytes(out.getvalue())
    films = sorted((sources[0].parents[1] / "videos").glob("*.mp4"))
    for number in range(clips if films else 0):
        shutil.copy(films[number % len(films)], folder / f"clip{number}.mp4")


def timed(command: list[str], *, kill_after: int | None = None) -> dict[str, float]:
    """Run *command*; with *kill_after*, until it has printed so many lines."""
    before, start = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    lines = 0
    for _ in process.stdout:
        lines += 1
        if kill_after and lines >= kill_after:
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.wait()
    after = os.times()
    used = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return {"lines": lines, "seconds": time.perf_counter() - start, "processor seconds": used}


def measure(pictures: int, clips: int, folder: Path) -> dict[str, Any]:
    archive, data = folder / "archive", folder / "data"
    fill(archive, pictures, clips)
    files = sum(1 for path in archive.rglob("*") if path.is_file())
    bare = timed([sys.executable, "-c", BARE, str(archive)])
    add = ["host", "add", "forum", "--origin", "http://127.0.0.1:9", "--private"]
    add += ["--webhook", "http://127.0.0.1:9/hook", "--data", str(data)]
    subprocess.run([str(STAYDOWN), *add], check=True, stdout=subprocess.DEVNULL)
    command = [str(STAYDOWN), "scan", str(archive), "--data", str(data), "--host", "forum"]
    command += ["--base-url", "http://127.0.0.1:9/old", "--json"]
    runs = [timed(command, kill_after=(turn + 1) * files // (KILLS + 1)) for turn in range(KILLS)]
    runs.append(timed(command))
    with sqlite3.connect(data / "staydown.sqlite3") as database:
        rows = [name for (name,) in database.execute("SELECT host_item_id FROM catalogue_item")]
    unchanged = timed(command)
    used = sum(run["processor seconds"] for run in runs)
    return {
        "files": files,
        "bare": bare,
        "runs": runs,
        "processor seconds": used,
        "times bare": used / bare["processor seconds"],
        "files a core second": files / used,
        "registered": len(rows),
        "twice": len(rows) - len(set(rows)),
        "again, nothing new": unchanged,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--clips", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.pictures, options.clips, Path(folder))
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "archive.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))
    is_whole = found["registered"] == found["files"] and not found["twice"]
    is_quick = found["times bare"] <= ASKED_TIMES
    print(f"complete, and without doubles: {'holds' if is_whole else 'MISSED'}")
    verdict = "holds" if is_quick else "MISSED"
    print(f"{found['times bare']:.2f} times the bare fingerprinting: {verdict}")
    return 0 if is_whole and is_quick else 1


if __name__ == "__main__":
    sys.exit(main())
