"""``staydown doctor``, ``backup`` and ``restore``: looking after an installation."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from staydown_server.project.say import DONE, FAILED, WRONG_USE, say


def add_doctor(command: argparse.ArgumentParser) -> None:
    """What ``staydown doctor`` takes, beside the installation's folder."""
    command.add_argument(
        "--skip", action="append", default=[], metavar="NAME", help="leave out one of the checks"
    )
    command.add_argument("--json", action="store_true", help="print one JSON line a finding")


def add_backup(command: argparse.ArgumentParser) -> None:
    """What ``staydown backup`` takes."""
    command.add_argument("out", type=Path, metavar="FOLDER", help="a new folder for the backup")
    command.add_argument("--json", action="store_true", help="print what was made as JSON")


def add_restore(command: argparse.ArgumentParser) -> None:
    """What ``staydown restore`` takes."""
    command.add_argument("backup", type=Path, metavar="FOLDER", help="what staydown backup made")
    command.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the installation's key, kept apart; it is copied. Default: STAYDOWN_KEY_FILE",
    )


def examine(arguments: argparse.Namespace) -> int:
    """Print what is well and what is not; exit status 1 if something is wrong."""
    from staydown_server.project import doctor

    if unknown := sorted(set(arguments.skip) - set(doctor.CHECKS)):
        return say(f"{unknown[0]!r} is no check: {', '.join(doctor.CHECKS)}", WRONG_USE)
    status = DONE
    for finding in doctor.examine(skip=frozenset(arguments.skip)):
        if finding.state == doctor.State.WRONG:
            status = FAILED
        if arguments.json:
            print(json.dumps(asdict(finding)), flush=True)
        else:
            print(f"{finding.state:5} {finding.subject}: {finding.what}", flush=True)
            if finding.remedy:
                print(f"      -> {finding.remedy}", flush=True)
    return status


def back_up(arguments: argparse.Namespace, *, key_file: Path) -> int:
    """Copy, and say what is in the copy and what is not."""
    from staydown_server.project import backup

    try:
        made = backup.back_up(arguments.data, arguments.out, key_file=key_file)
    except backup.BackupError as error:
        return say(str(error), FAILED)
    if arguments.json:
        print(json.dumps(asdict(made)))
        return DONE
    print(f"{arguments.out}: {made.bytes / 1e6:.1f} MB, as of {made.made_at}")
    for title, lines in (("In it:", backup.HOLDS), ("Not in it:", backup.LACKS)):
        print(title, *lines, sep="\n  ")
    print(f"Its key is {key_file} (mark {made.key_mark}).")
    return DONE


def verify() -> int:
    """Say whether the restored record is whole; Django is set up."""
    from staydown_server import audit

    report = audit.verify()
    if not report.is_whole:
        return say("the audit log is NOT whole: see staydown audit verify", FAILED)
    print(f"The audit log is whole: {report.lines} lines.")
    print("What happened since is not in it: hosts and partners may know of later decisions.")
    return DONE
