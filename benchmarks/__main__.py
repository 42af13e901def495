"""``python -m benchmarks [NAME...]``: every benchmark that is here, or those named.

One that measures beside a peer says in its first lines how to install that peer, and
says so too when it is missing. The exit status is 1 when one of them failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys

# The lines of this list are the order of the run: quick ones first.
BENCHMARKS = (
    "pictures",
    "index",
    "hasher",
    "copies",
    "archive",
    "shards",
    "check",
    "load",
    "desk",
    "private_asking",
    "lists",
    "videos",
    "videos_large",
    "video_regions",
    "long_film",
)


def main() -> int:
    here = [name for name in BENCHMARKS if importlib.util.find_spec(f"benchmarks.{name}")]
    parser = argparse.ArgumentParser(description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(here)}")
    names = parser.parse_args().names or here
    if unknown := set(names) - set(here):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    failed = []
    for name in names:
        print(f"\n== {name}\n", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed, or below what was asked: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
