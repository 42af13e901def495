"""The evidence of one case in one file, for the person or for the police."""

import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from staydown_server import audit
from staydown_server.audit.anchor import Anchor
from staydown_server.cases.models import Case
from staydown_server.records.evidence import (
    EXPORTED,
    Audience,
    case_on_record,
    items_of,
    lines_of,
    notice_as_it_came,
)
from staydown_server.records.package_format import ANCHOR, AUDIT, pack, to_json
from staydown_server.records.summary import summary
from staydown_server.review.picture import NoPicture, picture


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the SHA-256 of the file, how many pictures are in it, and how many
    items have none that could be fetched."""

    sha256: str
    pictures: int
    pictures_missing: int


def export(
    case: Case,
    out: Path,
    *,
    audience: Audience,
    language: str,
    with_pictures: bool = False,
    by: str,
) -> Exported:
    """Write the package of *case* to *out*, readable by its owner only, and record that.

    Pictures are small, grey and blurred, fetched from their hosts now: who must see a file
    itself finds its digests here. Raises OSError with nothing recorded.
    """
    pictures, missing = _pictures(case, audience) if with_pictures else (None, [])
    package = make(
        case, audience=audience, language=language, pictures=pictures, pictures_missing=missing
    )
    exported = Exported(sha256(package).hexdigest(), len(pictures or {}), len(missing))
    descriptor, draft = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(package)
            file.flush()
            os.fsync(file.fileno())
        # The line before the file: nothing leaves that is not on record.
        with transaction.atomic():
            audit.record(
                EXPORTED,
                case,
                by=by,
                sha256=exported.sha256,
                audience=audience.value,
                pictures=exported.pictures,
            )
        Path(draft).replace(out)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return exported


def make(
    case: Case,
    *,
    audience: Audience,
    language: str,
    pictures: dict[str, bytes] | None = None,
    pictures_missing: list[int] | None = None,
) -> bytes:
    """The package; the same bytes as long as the case and its pictures are the same."""
    # One look at everything: nobody decides anything in the midst of it.
    with transaction.atomic():
        case = Case.objects.select_related("notice").get(pk=case.pk)
        lines = lines_of(case)
        on_record = case_on_record(case, audience)
        notice = notice_as_it_came(case.notice)
    last = lines[-1]
    anchor = Anchor(last["sequence"], last["hash"], last["at"])
    files = {
        "notice.json": to_json(notice),
        "case.json": to_json(on_record),
        AUDIT: to_json(lines),
        ANCHOR: anchor.to_json().encode(),
        f"summary.{language}.html": summary(notice, on_record, last["at"], language).encode(),
        **(pictures or {}),
    }
    about = {
        "case": case.number,
        "for": audience.value,
        "language": language,
        "pictures": "grey and blurred" if pictures is not None else "none",
        "pictures_missing": pictures_missing or [],
    }
    return pack(files, about)


def _pictures(case: Case, audience: Audience) -> tuple[dict[str, bytes], list[int]]:
    """A small veiled JPEG of each item, and the rows that have none to show."""
    found: dict[str, bytes] = {}
    missing: list[int] = []
    for row in items_of(case, audience):
        if row.item is None:
            continue
        try:
            found[f"pictures/item-{row.pk}.jpg"] = picture(row, is_veiled=True)
        except NoPicture:
            missing.append(row.pk)
    return found, missing
