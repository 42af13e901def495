"""The picture of an item, for the moderator's eyes: blurred and grey unless they chose otherwise.

It is fetched from the host when it is looked at and kept nowhere. It is decoded and drawn
anew in the decoder's limited process: what the uploader sent never reaches a browser.
"""

from django.db import transaction

from staydown import MediaError
from staydown.media.preview import preview
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.models import CaseItem
from staydown_server.catalogue import fetch

LARGEST_FILE = 64_000_000
LONGEST_SIDE = 480


class NoPicture(Exception):
    """There is nothing to show: never was, or the host shows it no more."""


def picture(row: CaseItem, *, is_veiled: bool) -> bytes:
    """A small JPEG of the row's item; raises :class:`NoPicture`."""
    if row.item is None:
        raise NoPicture
    try:
        url = row.item.media_url or row.item.url
        answer = fetch.fetch(url, host=row.item.host, limit=LARGEST_FILE)
        if answer.status != 200:
            raise NoPicture
        return preview(answer.body, longest_side=LONGEST_SIDE, is_veiled=is_veiled)
    except (fetch.FetchError, MediaError) as error:
        raise NoPicture from error


def reveal(row: CaseItem, *, by: User) -> None:
    """Record that *by* chose to see the picture as it is."""
    with transaction.atomic():
        audit.record("picture.revealed", row, by=str(by), case=row.case_id)
