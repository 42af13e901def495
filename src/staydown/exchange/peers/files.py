"""The field's files of hashes, in and out.

`threatexchange` is Meta's command. Its own state files are Python pickles, which run whatever
somebody wrote into them: they are never read here; ``threatexchange dataset -P --csv`` writes
the same as text.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TextIO, get_args

from staydown.exchange.hash_list import BadForm, Entry, Prints
from staydown.exchange.hash_list.entry import written
from staydown.exchange.vpdq import VpdqError, read_vpdq

Form = Literal["csv", "threatexchange-csv", "threatexchange-lines", "threatexchange-json", "vpdq"]
FORMS: tuple[str, ...] = get_args(Form)
COLUMNS = (
    "id", "kind", "sha256", "md5", "pdq", "quality", "vpdq", "harm", "how", "by", "source",
    "confidence", "expires_at",
)  # fmt: skip
_HASHES = ("sha256", "md5", "pdq", "vpdq")
_SIGNALS = ("pdq", "md5", "sha256", "video_md5", "vpdq", "video_vpdq")
_INDICATORS = {
    "HASH_PDQ": "pdq",
    "HASH_MD5": "md5",
    "HASH_SHA256": "sha256",
    "HASH_VIDEO_MD5": "video_md5",
}
_VPDQ_LINE = re.compile(r"\d+,\d+,[0-9a-fA-F]{64},[\d.]+\s*")


class FileFormError(ValueError):
    """A file of hashes is in no form that we know; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Where in a file something is not as its form has it, and what."""

    line: int
    why: str


def form_of(text: str) -> Form:
    """The form of the file that begins with *text*. Raises `FileFormError`."""
    first = text.lstrip("\ufeff").lstrip().partition("\n")[0].strip()
    columns = {each.strip().lower() for each in first.split(",")}
    if text.startswith(("\x80", "\udc80")):
        raise FileFormError(
            "This is a Python pickle, which can run anything when it is read. Write the hashes "
            "as text instead: threatexchange dataset -P --csv"
        )
    if _VPDQ_LINE.fullmatch(first) or re.match(r'\[\s*"', first):
        return "vpdq"
    if first.startswith(("[", "{")):
        return "threatexchange-json"
    if {"signal_type", "signal_str"} <= columns:
        return "threatexchange-csv"
    if columns & set(_HASHES):
        return "csv"
    if first.partition(" ")[0] in _SIGNALS:
        return "threatexchange-lines"
    raise FileFormError(
        f"This is no file of hashes that we know. Name its form, one of: {', '.join(FORMS)}. A "
        f"CSV file names its columns in the first line, some of: {', '.join(_HASHES)}."
    )


def read_hashes(text: str, form: Form) -> Iterator[Prints | Damaged]:
    """What a file in *form* holds, in its order; what others take back is left out."""
    return _READERS[form](text.lstrip("\ufeff"))


def write_hashes(entries: Iterable[tuple[str, Entry]], form: Form, out: TextIO) -> int:
    """Write what *form* can hold of *entries*; how many of them it could not hold.

    Of the form ``vpdq`` a file holds one film.
    """
    return _WRITERS[form](entries, out)


def _read_csv(text: str) -> Iterator[Prints | Damaged]:
    rows = csv.DictReader(text.splitlines())
    rows.fieldnames = [each.strip().lower() for each in rows.fieldnames or ()]
    for row in rows:
        values = {name: (row.get(name) or "").strip().lower() for name in (*_HASHES, "quality")}
        kind = (row.get("kind") or "").strip().lower() or "picture"
        kind = "video" if values["vpdq"] else kind
        yield _prints(
            rows.line_num,
            kind=kind,
            sha256=values["sha256"],
            md5=values["md5"],
            pdq=values["pdq"],
            quality=int(values["quality"]) if values["quality"].isdecimal() else None,
            vpdq=values["vpdq"],
        )


def _read_threatexchange_csv(text: str) -> Iterator[Prints | Damaged]:
    rows = csv.DictReader(text.splitlines())
    for row in rows:
        # Examples and false alarms are listed too, as such.
        if row.get("category") != "NEGATIVE_CLASS":
            yield _signal(rows.line_num, row.get("signal_type") or "", row.get("signal_str") or "")


def _read_threatexchange_lines(text: str) -> Iterator[Prints | Damaged]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            signal_type, _, value = line.strip().partition(" ")
            yield _signal(number, signal_type, value)


def _read_threatexchange_json(text: str) -> Iterator[Prints | Damaged]:
    """Records of ``threat_updates``: a list of them, an object with ``data``, or one a line."""
    for number, record in _records(text):
        if not isinstance(record, dict):
            yield Damaged(number, "This is no record.")
        elif not record.get("should_delete"):
            signal_type = _INDICATORS.get(str(record.get("type")), "")
            yield _signal(number, signal_type, str(record.get("indicator") or ""))


def _records(text: str) -> Iterator[tuple[int, Any]]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError):
                    yield number, None
        return
    if isinstance(values, dict):
        values = values.get("data", [values])
    yield from enumerate(values if isinstance(values, list) else [values], start=1)


def _read_film(text: str) -> Iterator[Prints | Damaged]:
    yield _prints(1, kind="video", vpdq=text)


_READERS: dict[Form, Callable[[str], Iterator[Prints | Damaged]]] = {
    "csv": _read_csv,
    "threatexchange-csv": _read_threatexchange_csv,
    "threatexchange-lines": _read_threatexchange_lines,
    "threatexchange-json": _read_threatexchange_json,
    "vpdq": _read_film,
}


def _signal(line: int, signal_type: str, value: str) -> Prints | Damaged:
    name = signal_type.strip().lower()
    value = value.strip().lower()
    if name in ("vpdq", "video_vpdq"):
        return _prints(line, kind="video", vpdq=value)
    if name == "video_md5":
        return _prints(line, kind="video", md5=value)
    if name == "pdq":
        return _prints(line, kind="picture", pdq=value)
    if name == "md5":
        return _prints(line, kind="picture", md5=value)
    if name == "sha256":
        return _prints(line, kind="picture", sha256=value)
    return Damaged(line, "This kind of hash is none of ours.")


def _prints(
    line: int,
    *,
    kind: str,
    sha256: str = "",
    md5: str = "",
    pdq: str = "",
    quality: int | None = None,
    vpdq: str = "",
) -> Prints | Damaged:
    values: dict[str, Any] = {"kind": kind, "quality": quality}
    values |= {"sha256": sha256 or None, "md5": md5 or None, "pdq": pdq or None}
    try:
        film = read_vpdq(vpdq).film if vpdq else None
        if film is not None:
            values["film"] = [
                [int(each["milliseconds"]), int(each["quality"]), each["pdq"].tobytes().hex()]
                for each in film.frames
            ]
            values["duration"] = round(film.duration * 1000)
        return Prints.from_dict(values)
    except (BadForm, VpdqError) as error:
        return Damaged(line, str(error))


def _write_csv(entries: Iterable[tuple[str, Entry]], out: TextIO) -> int:
    rows = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for name, entry in entries:
        prints, provenance = entry.prints, entry.provenance
        rows.writerow(
            {
                "id": name,
                "kind": prints.kind,
                "sha256": prints.sha256,
                "md5": prints.md5,
                "pdq": prints.pdq.hex() if prints.pdq else None,
                "quality": prints.quality,
                "vpdq": _vpdq_text(prints) if prints.film else None,
                "harm": entry.harm,
                "how": provenance.how,
                "by": provenance.by,
                "source": provenance.source,
                "confidence": entry.confidence,
                "expires_at": written(entry.expires_at) if entry.expires_at else None,
            }
        )
    return 0


def _write_threatexchange_csv(entries: Iterable[tuple[str, Entry]], out: TextIO) -> int:
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["signal_type", "signal_str", "collab", "category", "tags"])

    def write(signal_type: str, value: str, entry: Entry) -> None:
        looked = entry.provenance.how.startswith("reviewed")
        category = "POSITIVE_CLASS" if looked else "INVESTIGATION_SEED"
        rows.writerow([signal_type, value, entry.provenance.by, category, entry.harm])

    return _each_signal(entries, write)


def _write_threatexchange_lines(entries: Iterable[tuple[str, Entry]], out: TextIO) -> int:
    return _each_signal(entries, lambda kind, value, _: print(kind, value, file=out))


def _write_threatexchange_json(entries: Iterable[tuple[str, Entry]], out: TextIO) -> int:
    types = {signal: indicator for indicator, signal in _INDICATORS.items()}
    unwritten = 0
    for name, entry in entries:
        signals = [(types[kind], value) for kind, value in _signals(entry.prints) if kind in types]
        unwritten += not signals
        for indicator, value in signals:
            record = {"id": name, "type": indicator, "indicator": value, "should_delete": False}
            print(json.dumps(record), file=out)
    return unwritten


def _write_films(entries: Iterable[tuple[str, Entry]], out: TextIO) -> int:
    unwritten = 0
    for number, (_, entry) in enumerate(entries):
        if number or not entry.prints.film:
            unwritten += 1
        else:
            for row, (when, quality, pdq) in enumerate(entry.prints.film):
                print(f"{row},{quality},{pdq.hex()},{when / 1000:g}", file=out)
    return unwritten


_WRITERS: dict[Form, Callable[[Iterable[tuple[str, Entry]], TextIO], int]] = {
    "csv": _write_csv,
    "threatexchange-csv": _write_threatexchange_csv,
    "threatexchange-lines": _write_threatexchange_lines,
    "threatexchange-json": _write_threatexchange_json,
    "vpdq": _write_films,
}


def _each_signal(
    entries: Iterable[tuple[str, Entry]], write: Callable[[str, str, Entry], None]
) -> int:
    unwritten = 0
    for _, entry in entries:
        # The command knows no exact hash of a picture.
        signals = [each for each in _signals(entry.prints) if each[0] != "md5"]
        unwritten += not signals
        for kind, value in signals:
            write(kind, value, entry)
    return unwritten


def _signals(prints: Prints) -> list[tuple[str, str]]:
    """What of *prints* ThreatExchange has a name for."""
    signals = []
    if prints.pdq is not None:
        signals.append(("pdq", prints.pdq.hex()))
    if prints.film:
        signals.append(("vpdq", _vpdq_text(prints)))
    if prints.md5 is not None:
        signals.append(("video_md5" if prints.kind == "video" else "md5", prints.md5))
    return signals


def _vpdq_text(prints: Prints) -> str:
    return json.dumps(
        [f"{pdq.hex()},{quality},{when / 1000:.3f}" for when, quality, pdq in prints.film]
    )
