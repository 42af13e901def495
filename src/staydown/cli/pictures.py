"""The library's own commands: fingerprint, compare, bank, match, origin."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

from staydown.cli.say import clock, complain, seconds_told, with_progress
from staydown.fingerprint import Fingerprint, FingerprintError, fingerprint_file
from staydown.fingerprint.files import Look, default_pool
from staydown.match import Bank, BankError, Match, compare
from staydown.match.match import MatchKind
from staydown.media import MediaError, origin

DONE = 0
SOME_UNREADABLE = 1


class WrongUse(Exception):
    """The command cannot be carried out as given; the message says why."""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser's sub-commands."""
    one = commands.add_parser("fingerprint", help="compute the fingerprints of pictures")
    one.add_argument("files", nargs="+", metavar="FILE")
    one.add_argument(
        "--look",
        choices=get_args(Look),
        default="upload",
        help="how closely to look at films: as at one of many, or as at a reported one",
    )
    _takes_json(one)
    one.set_defaults(func=fingerprint_command)

    two = commands.add_parser("compare", help="say whether two files show the same picture")
    two.add_argument("reported", metavar="A")
    two.add_argument("suspect", metavar="B")
    _takes_json(two)
    two.set_defaults(func=compare_command)

    bank = commands.add_parser("bank", help="make a bank of fingerprints")
    steps = bank.add_subparsers(title="steps", metavar="STEP", required=True)
    build = steps.add_parser("build", help="fingerprint every picture below a folder")
    build.add_argument("out", metavar="OUT", help="the bank's file, written anew")
    build.add_argument("folder", metavar="DIR")
    _takes_json(build)
    build.set_defaults(func=bank_build_command)

    match = commands.add_parser("match", help="search a bank for pictures")
    match.add_argument("--bank", required=True, metavar="BANK", help="a file of “bank build”")
    match.add_argument("files", nargs="+", metavar="FILE")
    _takes_json(match)
    match.set_defaults(func=match_command)

    marks = commands.add_parser("origin", help="say what files tell of how they were made")
    marks.add_argument("files", nargs="+", metavar="FILE")
    marks.add_argument(
        "--anchors",
        metavar="PEM",
        help="certificates of roots whose C2PA signers are trusted: a file, or a folder",
    )
    _takes_json(marks)
    marks.set_defaults(func=origin_command)


def fingerprint_command(options: argparse.Namespace) -> int:
    status = DONE
    looks = [options.look] * len(options.files)
    for name, result in _fingerprints(options.files, looks):
        if isinstance(result, MediaError):
            status = SOME_UNREADABLE
            _report(name, result, options.json)
        elif options.json:
            _print({"file": name, **result.to_dict()})
        else:
            print(f"{name}: {result.width} x {result.height}, {_shown(result)}")
            pdq = f"  pdq     {result.pdq.hex()}\n" if result.pdq else ""
            print(f"{pdq}  sha256  {result.sha256}\n  md5     {result.md5}")
    return status


def compare_command(options: argparse.Namespace) -> int:
    prints: list[Fingerprint] = []
    for name, result in _fingerprints([options.reported, options.suspect], ["reported", "upload"]):
        if isinstance(result, MediaError):
            _report(name, result, options.json)
        else:
            prints.append(result)
    if len(prints) < 2:
        return SOME_UNREADABLE
    match = compare(*prints)
    if options.json:
        _print({"match": _without_id(match) if match else None})
    else:
        print(_sentence(match) if match else "No match.")
    return DONE


def bank_build_command(options: argparse.Namespace) -> int:
    folder, out = Path(options.folder), Path(options.out)
    if not folder.is_dir():
        raise WrongUse(f"{options.folder} is not a folder.")
    if out.is_dir() or not out.parent.is_dir():
        raise WrongUse(f"{options.out} cannot be written: name a file in an existing folder.")
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file() and path != out)
    bank, unread = Bank(), 0
    for name, result in _fingerprints(files, ["reported"] * len(files)):
        if isinstance(result, MediaError):
            unread += 1
            _report(name, result, options.json)
        else:
            bank.add(str(Path(name).relative_to(folder)), result)
    try:
        bank.save(out)
    except OSError as error:
        raise WrongUse(f"{options.out} cannot be written: {error.strerror}.") from error
    if options.json:
        _print({"bank": options.out, "entries": len(bank), "unreadable": unread})
    else:
        print(f"{options.out}: {len(bank)} fingerprints, {unread} files could not be read.")
    return SOME_UNREADABLE if unread else DONE


def match_command(options: argparse.Namespace) -> int:
    try:
        bank = Bank.load(options.bank)
    except OSError as error:
        raise WrongUse(f"The bank {options.bank} cannot be read: {error.strerror}.") from error
    except (BankError, FingerprintError) as error:
        raise WrongUse(f"The bank {options.bank} cannot be read. {error}") from error
    status = DONE
    for name, result in _fingerprints(options.files):
        if isinstance(result, MediaError):
            status = SOME_UNREADABLE
            _report(name, result, options.json)
            continue
        matches = bank.search(result)
        if options.json:
            _print({"file": name, "matches": [match.to_dict() for match in matches]})
            continue
        print(f"{name}: {len(matches) or 'no'} match{'' if len(matches) == 1 else 'es'}")
        for match in matches:
            print(f"  {match.id}: {_sentence(match)}")
    return status


def origin_command(options: argparse.Namespace) -> int:
    try:
        anchors = origin.read_anchors(options.anchors) if options.anchors else ""
    except origin.AnchorsError as error:
        raise WrongUse(str(error)) from error
    status = DONE
    for name in with_progress(options.files, "Reading"):
        try:
            marks = origin.marks_of_origin(name, anchors=anchors)
        except MediaError as error:
            status = SOME_UNREADABLE
            _report(name, error, options.json)
            continue
        if options.json:
            _print({"file": name, "marks": [mark.to_dict() for mark in marks]})
        else:
            print(f"{name}: {len(marks) or 'no'} mark{'' if len(marks) == 1 else 's'} of origin")
            for mark in marks:
                print(f"  {mark.kind}: {_told(mark)}")
    return status


def _fingerprints(
    names: list[str], looks: list[Look] | None = None
) -> Iterator[tuple[str, Fingerprint | MediaError]]:
    """The fingerprint of each file, or why there is none, in the order of *names*."""
    looks = looks or ["upload"] * len(names)
    if len(names) == 1:
        with seconds_told("Reading") as progress:
            result = _attempt(names[0], looks[0], progress)
        yield names[0], result
        return
    with ThreadPoolExecutor(default_pool().size) as workers:
        results = workers.map(_attempt, names, looks)
        yield from zip(with_progress(names, "Reading"), results, strict=True)


def _attempt(
    name: str, look: Look, progress: Callable[[float], None] | None = None
) -> Fingerprint | MediaError:
    try:
        return fingerprint_file(name, look=look, progress=progress)
    except MediaError as error:
        return error


def _report(name: str, error: MediaError, as_json: bool) -> None:
    if as_json:
        _print({"file": name, "error": {"code": error.code, "message": error.message}})
    complain(f"{name}: {error.message}")


def _shown(fingerprint: Fingerprint) -> str:
    film = fingerprint.film
    if film is None:
        return f"quality {fingerprint.quality}"
    return f"{clock(film.duration)} of film, {len(film)} frames hashed"


def _sentence(match: Match) -> str:
    if match.kind == "identical":
        return "the same file."
    what = _KINDS[match.kind]
    turned = "" if match.orientation == "original" else f", {match.orientation}"
    bits = "" if match.distance is None else f" ({match.distance} of 256 bits differ)"
    when = "".join(
        f"; {_stretch(span.reported)} of the first at {_stretch(span.suspect)} of the second"
        for span in match.spans
    )
    return f"{what}{turned}{bits}{when}."


_KINDS: dict[MatchKind, str] = {
    "same": "the same picture",
    "part": "a part of it",
    "region-replaced": "the same, but for a region",
}


def _stretch(times: tuple[float, float]) -> str:
    return f"{clock(times[0])} to {clock(times[1])}"


_STATES: dict[origin.State | None, str] = {
    "trusted": "signed, by a signer on the trust list",
    "untrusted": "signed, by a signer who is not on the trust list",
    "tampered": "signed, and changed since",
    "invalid": "signed, but not in a valid way",
    "unreadable": "a manifest that cannot be read",
    "remote": "the manifest is elsewhere, and was not fetched",
    "unchecked": "a manifest is present, not checked: install staydown[origin]",
    "too-long": "a manifest is present, not checked: the file is too long",
}


def _told(mark: origin.Mark) -> str:
    said = {
        "": _STATES.get(mark.state),
        "signer": mark.issuer,
        "signed at": mark.signed_at and mark.signed_at.isoformat(),
        "source type": ", ".join(mark.source_types),
        "made with": ", ".join(mark.generators),
        "prompt": "in the file" if mark.has_prompt else None,
    }
    return "; ".join(f"{name} {value}".strip() for name, value in said.items() if value)


def _without_id(match: Match) -> dict[str, Any]:
    return {name: value for name, value in match.to_dict().items() if name != "id"}


def _print(values: dict[str, Any]) -> None:
    # ASCII: a file's name may hold bytes that are not text.
    print(json.dumps(values), flush=True)


def _takes_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one line of JSON for each result")
