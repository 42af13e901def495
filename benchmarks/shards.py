"""One archive, scanned by 1, 2 and 4 workers at once: what each more of them brings.

``python -m benchmarks.shards [--pictures N]``

A worker is ``staydown scan --width 1``: one file at a time. Each run begins with nothing known,
on SQLite; its time is that from the first file that any worker has registered to the last.
Processor seconds are of all workers and what they began, starts included; the load of the
machine before each run is given, since others may be at work. Results also go to
``artefacts/shards.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.archive import STAYDOWN, fill
from benchmarks.pictures import ARTEFACTS

WORKERS = (1, 2, 4)


def scan(archive: Path, data: Path, workers: int) -> dict[str, Any]:
    add = ["host", "add", "forum", "--origin", "http://127.0.0.1:9", "--private"]
    add += ["--webhook", "http://127.0.0.1:9/hook", "--data", str(data)]
    subprocess.run([str(STAYDOWN), *add], check=True, stdout=subprocess.DEVNULL)
    command = [str(STAYDOWN), "scan", str(archive), "--data", str(data), "--host", "forum"]
    command += ["--base-url", "http://127.0.0.1:9/old", "--json", "--width", "1"]
    load, before = os.getloadavg()[0], os.times()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    times: list[list[float]] = [[] for _ in running]

    def listen(process: subprocess.Popen[str], told: list[float]) -> None:
        for line in process.stdout or ():
            if json.loads(line)["outcome"] == "registered":
                told.append(time.perf_counter())
        process.wait()

    threads = [
        threading.Thread(target=listen, args=each) for each in zip(running, times, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    every = sorted(moment for told in times for moment in told)
    with sqlite3.connect(data / "staydown.sqlite3") as database:
        ((items,),) = database.execute("SELECT count(*) FROM catalogue_item")
    return {
        "workers": workers,
        "load before": round(load, 1),
        "registered": items,
        "by each": [len(told) for told in times],
        "seconds": every[-1] - every[0],
        "files a second": len(every) / (every[-1] - every[0]),
        "processor seconds": used,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=320)
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive"
        fill(archive, pictures, 0)
        found = [scan(archive, Path(folder) / str(workers), workers) for workers in WORKERS]
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "shards.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))
    return 0 if all(one["registered"] == pictures for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
