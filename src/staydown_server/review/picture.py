"""Pictures for the moderator's eyes: blurred and grey unless they chose otherwise.

An item's is fetched from its host when it is looked at and kept nowhere; of a held upload a
small sealed copy waits with it. Both are drawn anew in the decoder's limited process: what the
uploader sent never reaches a browser.
"""

import io
from typing import Any

from django.db import transaction
from PIL import Image

from staydown import MediaError
from staydown.media.preview import preview
from staydown_server import audit, vault
from staydown_server.accounts.models import User
from staydown_server.cases.models import CaseItem
from staydown_server.catalogue import fetch
from staydown_server.catalogue.read import marks_of
from staydown_server.gate.hold import PREVIEW
from staydown_server.gate.models import HeldUpload
from staydown_server.removal.hosts import webhook

LARGEST_FILE = 64_000_000
LONGEST_SIDE = 480
_FRAME_GREY = 200


class NoPicture(Exception):
    """There is nothing to show: never was, or the host shows it no more."""


def picture(row: CaseItem, *, is_veiled: bool) -> bytes:
    """A small JPEG of the row's item; raises :class:`NoPicture`.

    The request is signed: a host that has taken the item down may still show it to us, for an
    appeal, or to tell an upload from it.
    """
    try:
        return preview(_file(row), longest_side=LONGEST_SIDE, is_veiled=is_veiled)
    except MediaError as error:
        raise NoPicture from error


def marks(row: CaseItem) -> list[dict[str, Any]]:
    """What the file of the row's item says of its origin; raises :class:`NoPicture`."""
    return marks_of(_file(row))


def _file(row: CaseItem) -> bytes:
    if row.item is None:
        raise NoPicture
    url, host = row.item.media_url or row.item.url, row.item.host
    try:
        headers = webhook.look_headers(host, url)
        answer = fetch.fetch(url, host=host, headers=headers, limit=LARGEST_FILE)
    except fetch.FetchError as error:
        raise NoPicture from error
    if answer.status != 200:
        raise NoPicture
    return answer.body


def empty_frame(row: CaseItem) -> bytes:
    """A plain PNG in the proportions of the row's picture."""
    known = row.load_fingerprint()
    width, height = (known and known.width) or 4, (known and known.height) or 3
    scale = LONGEST_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    png = io.BytesIO()
    Image.new("L", size, _FRAME_GREY).save(png, "PNG")
    return png.getvalue()


def picture_of_upload(held: HeldUpload, *, is_veiled: bool) -> bytes:
    """A small JPEG of the upload; raises :class:`NoPicture` once it is decided."""
    if held.preview is None:
        raise NoPicture
    try:
        jpeg = vault.unseal(bytes(held.preview), purpose=PREVIEW)
        return preview(jpeg, longest_side=LONGEST_SIDE, is_veiled=is_veiled)
    except (vault.Unreadable, MediaError) as error:
        raise NoPicture from error


def reveal(*seen: CaseItem | HeldUpload, by: User) -> None:
    """Record that *by* chose to see the pictures as they are."""
    with transaction.atomic():
        for each in seen:
            facts = {"case": each.case_id} if isinstance(each, CaseItem) else {}
            audit.record("picture.revealed", each, by=str(by), **facts)
