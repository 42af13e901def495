"""An archive that is a list of addresses, or a table in CSV."""

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path

from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch
from staydown_server.catalogue.look import LARGEST_FILE
from staydown_server.catalogue.read import fingerprint_bytes
from staydown_server.gate.archive.entry import LONGEST_ID, Entry, Unusable
from staydown_server.gate.archive.folder import of_file

COLUMNS = ("id", "url", "media_url", "uploader", "file")
_HTTP_OK = 200


class NotATable(Exception):
    """The file cannot be read as a table; the message says what to do."""


def listed(path: Path, host: Host) -> Iterator[Entry]:
    """An entry for each line with an address; blank lines and those that begin with # are not.

    The address is the id, or its digest where it is too long for one. Files are fetched from
    *host*.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for line in lines:
            url = line.strip()
            if url and not url.startswith("#"):
                name = url if len(url) <= LONGEST_ID else sha256(url.encode()).hexdigest()
                yield Entry(
                    id=name, url=url, media_url=url, fingerprint=partial(_fetched, url, host)
                )


def rows(path: Path, host: Host) -> Iterator[Entry]:
    """An entry for each row of a CSV file with a header of `COLUMNS`; `id` and `url` must be there.

    `file`, relative to the table, is read on this machine; without it the file is fetched from
    *host*, at `media_url` or `url`. Raises `NotATable`.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        table = csv.DictReader(lines)
        header = table.fieldnames or []
        if not {"id", "url"} <= set(header) or not set(header) <= set(COLUMNS):
            raise NotATable(
                f"{path.name} needs a first line with the columns id and url; "
                f"it may also have {', '.join(COLUMNS[2:])}, and no others"
            )
        try:
            for row in table:
                yield _of_row(row, path, host)
        except csv.Error as error:
            raise NotATable(f"line {table.line_num} of {path.name} is not CSV: {error}") from None


def _of_row(row: Mapping[str, str | None], path: Path, host: Host) -> Entry:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    file = values.pop("file")
    if file:
        return of_file(path.parent / file, **values)
    where = values["media_url"] or values["url"]
    read: Callable[[], Fingerprint] = partial(_fetched, where, host)
    return Entry(**values, fingerprint=read)


def _fetched(url: str, host: Host) -> Fingerprint:
    answer = fetch.fetch(url, host=host, limit=LARGEST_FILE)
    if answer.status != _HTTP_OK:
        raise Unusable(f"The host answered {answer.status}.")
    return fingerprint_bytes(answer.body)
