"""``staydown audit`` and ``staydown records``: what is on record, checked and taken out."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from itertools import chain, islice
from pathlib import Path

from staydown_server.project.say import DONE, FAILED, WRONG_USE, say

_MOST_FAULTS = 100


def add_audit(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """What ``staydown audit`` takes; gives each of its commands."""
    actions = command.add_subparsers(dest="action", required=True)
    verify = actions.add_parser("verify", help="find what was altered in the log or behind it")
    verify.add_argument("--json", action="store_true", help="print the report as JSON")
    verify.add_argument(
        "--anchor",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="files made by audit anchor, which the log must still hold",
    )
    yield _runs(verify, _verify)
    anchor = actions.add_parser("anchor", help="say where the log ends, signed, to keep elsewhere")
    anchor.add_argument("--out", type=Path, metavar="FILE", help="a file, not the terminal")
    yield _runs(anchor, _anchor)
    key = actions.add_parser("key", help="print the public key of anchors and packages")
    yield _runs(key, _key)


def add_records(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """What ``staydown records`` takes; gives each command that needs the installation."""
    actions = command.add_subparsers(dest="action", required=True)
    statements = actions.add_parser(
        "statements", help="statements of reasons for the DSA Transparency Database"
    )
    statements.add_argument("--since", type=_day, required=True, metavar="DAY", help="YYYY-MM-DD")
    statements.add_argument("--until", type=_day, metavar="DAY", help="the first day left out")
    statements.add_argument(
        "--json",
        action="store_true",
        help="print bodies for POST /api/v1/statements, one a line, with 100 statements at most",
    )
    yield _runs(statements, _statements)
    report = actions.add_parser("report", help="the numbers of one year")
    report.add_argument("--year", type=int, required=True)
    report.add_argument("--json", action="store_true", help="print JSON instead of CSV")
    yield _runs(report, _report)
    package = actions.add_parser("package", help="the evidence of one case, in one file")
    package.add_argument("case", help="its number, such as SD-000012")
    package.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    package.add_argument(
        "--for",
        dest="audience",
        choices=["person", "police"],
        default="person",
        help="the police also get who uploaded what, and what uploaders said (default: person)",
    )
    package.add_argument("--language", choices=["en", "fr"], default="en", help="of the summary")
    package.add_argument(
        "--with-pictures", action="store_true", help="add small pictures, grey and blurred"
    )
    yield _runs(package, _package)
    check = actions.add_parser("verify-package", help="check a package, without an installation")
    check.add_argument("file", type=Path, metavar="FILE.zip")
    check.add_argument("--key", help="the public key that must have signed it")
    check.set_defaults(func=_check_package)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; Django is set up."""
    from django.db import DatabaseError

    chosen: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return chosen(arguments)
    except DatabaseError as error:
        return say(f"the database cannot be read: {error}", FAILED)


def _runs(
    command: argparse.ArgumentParser, function: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    command.set_defaults(run=function)
    return command


def _verify(arguments: argparse.Namespace) -> int:
    from staydown_server.audit import verify
    from staydown_server.audit.agreement import disagreements
    from staydown_server.audit.anchor import Anchor, AnchorError
    from staydown_server.audit.signature import public_key
    from staydown_server.records import standing

    anchors = []
    for path in arguments.anchor:
        try:
            anchors.append(Anchor.from_json(path.read_bytes(), key=public_key()))
        except AnchorError as error:
            return say(f"{path}: {error}", WRONG_USE)
        except OSError as error:
            return say(f"{path} cannot be read ({error.strerror})", WRONG_USE)
    report = verify(anchors)
    behind = islice(chain(disagreements(), standing.faults()), _MOST_FAULTS)
    faults = [*report.faults, *behind]
    if arguments.json:
        print(json.dumps({"lines": report.lines, "head": report.head, "faults": faults}))
    elif not faults:
        print(f"The audit log is whole: {report.lines} lines, head {report.head}.")
        print("The tables agree with it.")
    else:
        print(f"The audit log is NOT whole, or tables disagree with it ({report.lines} lines):")
        for fault in faults:
            print(f"  {fault}")
    return FAILED if faults else DONE


def _anchor(arguments: argparse.Namespace) -> int:
    from staydown_server.audit import anchor

    try:
        text = anchor.make().to_json()
        if arguments.out is None:
            print(text, end="")
        else:
            arguments.out.write_text(text, encoding="utf-8")
    except anchor.AnchorError as error:
        return say(f"no anchor can be made: {error}", FAILED)
    except OSError as error:
        return say(f"{arguments.out} cannot be written ({error.strerror})", FAILED)
    return DONE


def _key(_arguments: argparse.Namespace) -> int:
    from staydown_server.audit.signature import public_key

    print(public_key())
    return DONE


def _statements(arguments: argparse.Namespace) -> int:
    from staydown_server.records.transparency import NotValid, requests

    until = arguments.until or datetime.now(UTC)
    count = 0
    try:
        for body in requests(arguments.since, until):
            count += len(body["statements"])
            if arguments.json:
                print(json.dumps(body, ensure_ascii=False))
    except NotValid as error:
        return say(f"the Database would refuse {error}", FAILED)
    if not arguments.json:
        print(f"{count} statements, each as the Database wants it. --json prints them.")
    return DONE


def _report(arguments: argparse.Namespace) -> int:
    from staydown_server.records.report import report, to_csv

    if not 2000 <= arguments.year <= 9000:
        return say(f"{arguments.year} is no year to report about", WRONG_USE)
    numbers = report(arguments.year)
    if arguments.json:
        print(json.dumps({"year": arguments.year, "jurisdictions": numbers}, indent=1))
    else:
        sys.stdout.write(to_csv(numbers))
    return DONE


def _package(arguments: argparse.Namespace) -> int:
    from staydown_server.cases.models import Case
    from staydown_server.records.evidence import Audience
    from staydown_server.records.package import export

    number = arguments.case.upper().removeprefix("SD-")
    key = int(number) if number.isascii() and number.isdecimal() and len(number) <= 18 else 0
    case = Case.objects.filter(pk=key).first()
    if case is None:
        return say(f"there is no case {arguments.case}", WRONG_USE)
    try:
        exported = export(
            case,
            arguments.out,
            audience=Audience(arguments.audience),
            language=arguments.language,
            with_pictures=arguments.with_pictures,
            by="operator",
        )
    except OSError as error:
        return say(f"{arguments.out} cannot be written ({error.strerror})", FAILED)
    print(f"{arguments.out}: case {case.number}, SHA-256 {exported.sha256}")
    if exported.pictures_missing:
        print(f"{exported.pictures_missing} pictures could not be had from their hosts.")
    return DONE


def _check_package(arguments: argparse.Namespace) -> int:
    from staydown_server.records.package_format import NotWhole, check

    try:
        checked = check(arguments.file.read_bytes())
    except NotWhole as error:
        return say(f"{arguments.file} is NOT whole: {error}", FAILED)
    except OSError as error:
        return say(f"{arguments.file} cannot be read ({error.strerror})", FAILED)
    if arguments.key is not None and arguments.key.strip().lower() != checked.key:
        return say(f"{arguments.file} was signed with another key: {checked.key}", FAILED)
    print(f"{arguments.file} is whole: case {checked.case}, {checked.files} files, ", end="")
    print(f"{checked.lines} audit lines.")
    if arguments.key is None:
        print(f"It was signed with the key {checked.key}")
        print("Compare it with the one that the platform gives (staydown audit key).")
    return DONE


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD") from None
