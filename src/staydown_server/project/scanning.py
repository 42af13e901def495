"""``staydown scan``: register what a host has shown so far, wherever it lies."""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staydown_server.project.say import DONE, FAILED, WRONG_USE, say, show_progress

if TYPE_CHECKING:
    from staydown_server.accounts.models import Host
    from staydown_server.gate.archive.entry import Entry


MOST_AT_A_TIME = 256


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a source holds, read anew each time it is gone through."""

    read: Callable[[], Iterator["Entry"]]

    def __iter__(self) -> Iterator["Entry"]:
        return self.read()


class _WrongUse(Exception):
    """The command was given something that it cannot scan; the message says what to do."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``staydown scan`` takes, beside the installation's folder."""
    command.add_argument(
        "source",
        help="a folder, s3://bucket/prefix, a .csv table (columns id, url, media_url, uploader, "
        "file) or a .txt list of addresses",
    )
    command.add_argument("--host", required=True, help="the host's name, as it was added")
    command.add_argument(
        "--base-url", help="the address under which the folder or the bucket is served"
    )
    command.add_argument("--endpoint", default="", help="address of an S3 store not Amazon's")
    command.add_argument(
        "--per-second", type=float, metavar="N", help="begin at most N files a second"
    )
    command.add_argument(
        "--width", type=int, metavar="N", help="read N files at a time (one for each core)"
    )
    command.add_argument("--again", action="store_true", help="read what is unchanged, too")
    command.add_argument(
        "--report", type=Path, metavar="FILE", help="write what could not be read to a CSV file"
    )
    command.add_argument("--json", action="store_true", help="print one JSON line a file")


def run(arguments: argparse.Namespace) -> int:
    """Scan; Django is set up. Exit status 1 where a file could not be read."""
    from staydown_server.accounts.models import Host
    from staydown_server.gate.archive.entry import Unusable
    from staydown_server.gate.archive.scan import Outcome, scan
    from staydown_server.gate.archive.table import NotATable

    host = Host.objects.filter(name=arguments.host).first()
    if host is None:
        return say(f"no host is called {arguments.host!r}: add it with staydown host add", FAILED)
    if arguments.per_second is not None and not 0 < arguments.per_second < 1e6:
        return say("--per-second must be a number above 0", WRONG_USE)
    if arguments.width is not None and not 0 < arguments.width <= MOST_AT_A_TIME:
        return say(f"--width must be a whole number from 1 to {MOST_AT_A_TIME}", WRONG_USE)
    counts = dict.fromkeys(Outcome, 0)
    try:
        entries, total = _entries(arguments, host)
        with ExitStack() as files:
            report = _report(arguments.report, files)
            for scanned in scan(
                host,
                entries,
                again=arguments.again,
                per_second=arguments.per_second,
                width=arguments.width,
            ):
                counts[scanned.outcome] += 1
                if scanned.outcome == Outcome.UNREADABLE:
                    report(scanned.id, scanned.why)
                if arguments.json:
                    line = {"file": scanned.id, "outcome": scanned.outcome, "why": scanned.why}
                    shown = {name: value for name, value in line.items() if value}
                    print(json.dumps(shown), flush=True)
                elif scanned.outcome == Outcome.UNREADABLE:
                    show_progress(None)
                    print(f"{_printable(scanned.id)}: {scanned.why}", file=sys.stderr)
                done = sum(counts.values())
                show_progress(f"{done} of {total} files" if total else f"{done} files")
    except (_WrongUse, NotATable) as error:
        show_progress(None)
        return say(str(error), WRONG_USE)
    except Unusable as error:
        show_progress(None)
        return say(str(error), FAILED)
    show_progress(None)
    if not arguments.json:
        print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + ".")
    return FAILED if counts[Outcome.UNREADABLE] else DONE


def _entries(arguments: argparse.Namespace, host: "Host") -> tuple[Iterable["Entry"], int | None]:
    """What the source holds, and how much of it where that is quickly said."""
    from staydown_server.gate.archive import bucket, folder, table

    source = arguments.source
    if source.startswith("s3://"):
        if find_spec("obstore") is None:
            raise _WrongUse("buckets need a package that is missing: pip install 'staydown[s3]'")
        base_url = _base_url(arguments, host)
        store = bucket.opened(source, endpoint=arguments.endpoint)
        return _Listed(partial(bucket.entries, store, base_url)), None
    path = Path(source)
    if path.is_dir():
        base_url = _base_url(arguments, host)
        return _Listed(partial(folder.entries, path.resolve(), base_url)), folder.count(path)
    if not path.is_file():
        raise _WrongUse(f"{source} is neither a folder nor a file")
    if arguments.base_url:
        raise _WrongUse("--base-url is for folders and buckets: a table has its own addresses")
    readers: dict[str, Any] = {".csv": table.rows, ".txt": table.listed}
    if path.suffix.lower() not in readers:
        raise _WrongUse(f"{source} is no folder; of files, only .csv and .txt can be read as lists")
    return _Listed(partial(readers[path.suffix.lower()], path, host)), None


def _base_url(arguments: argparse.Namespace, host: "Host") -> str:
    from staydown_server.catalogue.locate import on_host

    if not arguments.base_url:
        raise _WrongUse("say with --base-url where the files are served")
    if not on_host(arguments.base_url, host):
        raise _WrongUse(f"{arguments.base_url} is not on an address of {host.name}")
    return str(arguments.base_url)


def _report(path: Path | None, files: ExitStack) -> Any:
    """What takes a file that could not be read: a row in *path*, or nothing."""
    if path is None:
        return lambda *_: None
    try:
        file = files.enter_context(path.open("w", encoding="utf-8", newline=""))
    except OSError as error:
        raise _WrongUse(f"{path} cannot be written ({error.strerror})") from error
    table = csv.writer(file)
    table.writerow(["file", "why"])
    return lambda name, why: table.writerow([_printable(name), why])


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
