"""What `staydown list` does, step by step."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from staydown.cli.pictures import DONE, SOME_UNREADABLE, WrongUse
from staydown.cli.say import complain
from staydown.exchange.hash_list import (
    REASONS,
    BadForm,
    Change,
    Entry,
    Fetch,
    ListError,
    Prints,
    Provenance,
    PublicKey,
    SigningKey,
    Standing,
    State,
    Step,
    bearer,
    follow,
    from_folder,
    over_http,
)
from staydown.exchange.hash_list.publisher import FolderList
from staydown.exchange.peers.files import (
    FORMS,
    Damaged,
    FileFormError,
    form_of,
    read_hashes,
    write_hashes,
)

_LARGEST_FILE = 1 << 30


def run(step: str, options: argparse.Namespace) -> int:
    """Carry out the *step* of that name. A list that is refused ends with status 1."""
    try:
        return _STEPS[step](options)
    except ListError as error:
        if options.json:
            _print({"error": {"code": type(error).__name__, "message": str(error)}})
        complain(str(error))
        return SOME_UNREADABLE


def verify(options: argparse.Namespace) -> int:
    lines = 0
    for step in _followed(options):
        lines += len(step.lines)
        head = step.head
    if options.json:
        _print(
            {
                "list": head.list,
                "number": head.number,
                "lines": lines,
                "standing": head.standing,
                "signed_at": head.signed_at.isoformat(),
                "expires_at": head.expires_at.isoformat(),
            }
        )
    else:
        print(
            f"{head.list}: {lines} lines, as their publisher signed them; {head.standing} entries "
            f"stand. Signed {head.signed_at:%Y-%m-%d %H:%M} UTC, good until "
            f"{head.expires_at:%Y-%m-%d %H:%M} UTC."
        )
    return DONE


def show(options: argparse.Namespace) -> int:
    counts = Counter(
        (entry.harm, entry.provenance.how, entry.provenance.source or entry.provenance.by)
        for _, entry in _standing(options)
    )
    for (harm, how, by), count in sorted(counts.items()):
        if options.json:
            _print({"harm": harm, "how": how, "by": by, "entries": count})
        else:
            print(f"{count:>9}  {harm:<19} {how:<16} {by}")
    if not counts and not options.json:
        print("Nothing stands on this list.")
    return DONE


def export(options: argparse.Namespace) -> int:
    form = _form(options.form)
    entries = list(_standing(options))
    with _opened(options.out) as out:
        left_out = write_hashes(entries, form, out)
    if options.json and options.out:
        _print({"entries": len(entries) - left_out, "left_out": left_out})
    if left_out:
        complain(f"{left_out} entries have no place in the form {form}, and are left out.")
    return DONE


def key(options: argparse.Namespace) -> int:
    made = SigningKey.new()
    try:
        # Never over another key: nobody could bring that one back.
        file = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WrongUse(f"{options.file} cannot be written: {error.strerror}.") from None
    with os.fdopen(file, "w") as out:
        out.write(f"{made.to_text()}\n")
    if options.json:
        _print({"public_key": str(made.public)})
    else:
        print(made.public)
    return DONE


def create(options: argparse.Namespace) -> int:
    root, signer = _signing_key(options.root_key), _signing_key(options.signing_key)
    folder = Path(options.folder)
    made = FolderList.create(folder, options.name, root=root, signer=signer, now=_now())
    if options.json:
        _print({"list": made.head.list, "root": str(root.public)})
    else:
        print(f"{folder}: {made.head.list}. Its followers need this root key: {root.public}")
    return DONE


def take(options: argparse.Namespace) -> int:
    now = _now()
    made = _entry_maker(options, now)
    kept = FolderList.open(Path(options.into))
    signer = _signing_key(options.signing_key)
    known = {entry.prints for _, entry in kept.standing.entries(now)}
    changes: list[Change] = []
    unread = doubled = 0
    for name in options.files:
        for read in _hashes_in(name, options.form):
            if isinstance(read, Damaged):
                unread += 1
                complain(f"{name}, line {read.line}: {read.why}")
            elif read in known:
                doubled += 1
            else:
                known.add(read)
                changes.append(Change.add(made(read)))
    kept = kept.publish(changes, signer=signer, now=now)
    told = {"added": len(changes), "known": doubled, "unreadable": unread}
    if options.json:
        _print({**told, "standing": kept.head.standing})
    else:
        print(
            f"{options.into}: {len(changes)} entries added, {doubled} were known, {unread} could "
            f"not be read; {kept.head.standing} stand."
        )
    return SOME_UNREADABLE if unread else DONE


def retract(options: argparse.Namespace) -> int:
    if options.reason not in REASONS:
        raise WrongUse(f"--reason must be one of: {', '.join(REASONS)}.")
    kept = FolderList.open(Path(options.folder))
    changes = [Change.retract(each, options.reason) for each in options.ids]
    kept = kept.publish(changes, signer=_signing_key(options.signing_key), now=_now())
    if options.json:
        _print({"retracted": len(changes), "standing": kept.head.standing})
    else:
        print(f"{options.folder}: {len(changes)} taken back; {kept.head.standing} stand.")
    return DONE


def rotate(options: argparse.Namespace) -> int:
    kept = FolderList.open(Path(options.folder)).rotate(
        root=_signing_key(options.root_key),
        signer=_signing_key(options.signing_key),
        new_root=_signing_key(options.new_root_key) if options.new_root_key else None,
        begin_anew=options.begin_anew,
        now=_now(),
    )
    if options.json:
        _print({"keys": kept.keys.number, "root": str(kept.keys.root)})
    else:
        print(f"{options.folder}: keys document {kept.keys.number} is signed.")
    return DONE


_STEPS: dict[str, Callable[[argparse.Namespace], int]] = {
    "verify": verify,
    "show": show,
    "export": export,
    "key": key,
    "create": create,
    "import": take,
    "retract": retract,
    "rotate": rotate,
}


def _followed(options: argparse.Namespace) -> Iterator[Step]:
    try:
        start = State(options.name, PublicKey.read(options.root))
    except BadForm as error:
        raise WrongUse(f"--root: {error}") from None
    yield from follow(start, _source(options), now=_now())


def _source(options: argparse.Namespace) -> Fetch:
    if not options.source.startswith(("http://", "https://")):
        return from_folder(Path(options.source))
    if options.key_file:
        return over_http(options.source, bearer(_text(options.key_file).strip()))
    return over_http(options.source)


def _standing(options: argparse.Namespace) -> Iterator[tuple[str, Entry]]:
    standing = Standing()
    for step in _followed(options):
        standing.take(step)
    return standing.entries(_now())


def _entry_maker(options: argparse.Namespace, now: datetime) -> Callable[[Prints], Entry]:
    """Makes entries as the options say; wrong options are told before anything is read."""
    source = (options.source or options.by) if options.how == "imported" else None
    ends = None if options.days is None else now + timedelta(days=options.days)

    def made(prints: Prints) -> Entry:
        provenance = Provenance(options.how, options.by, source)
        return Entry(prints, options.harm, provenance, options.confidence, ends)

    try:
        made(Prints(md5="0" * 32))
    except BadForm as error:
        raise WrongUse(str(error)) from None
    return made


def _hashes_in(name: str, form: str | None) -> Iterator[Prints | Damaged]:
    text = _text(name)
    try:
        yield from read_hashes(text, form_of(text) if form is None else _form(form))
    except FileFormError as error:
        raise WrongUse(f"{name}: {error}") from None


def _form(name: str) -> Any:
    if name not in FORMS:
        raise WrongUse(f"--form must be one of: {', '.join(FORMS)}.")
    return name


def _signing_key(name: str) -> SigningKey:
    try:
        return SigningKey.read(_text(name))
    except BadForm as error:
        raise WrongUse(f"{name}: {error}") from None


def _text(name: str) -> str:
    path = Path(name)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise WrongUse(f"{name} is larger than {_LARGEST_FILE >> 20} MB: divide it.")
        # What is no text is seen by whoever looks for its form.
        return path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise WrongUse(f"{name} cannot be read: {error.strerror}.") from None


@contextmanager
def _opened(name: str | None) -> Iterator[TextIO]:
    if name is None:
        yield sys.stdout
        return
    try:
        with Path(name).open("w", encoding="utf-8") as out:
            yield out
    except OSError as error:
        raise WrongUse(f"{name} cannot be written: {error.strerror}.") from None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _print(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)
