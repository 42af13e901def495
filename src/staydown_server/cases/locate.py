"""Step 3: find the item behind a reported address, and its fingerprint."""

import json
from typing import Any

from django.db import transaction

import staydown
from staydown import Fingerprint
from staydown_server import audit
from staydown_server.cases import sweep
from staydown_server.cases.models import CaseItem
from staydown_server.catalogue import fetch
from staydown_server.catalogue import locate as hosted
from staydown_server.jobs import RetryLater, job

#: The largest file we fetch from a host to fingerprint it, in bytes.
LARGEST_FILE = 64_000_000


@job("cases.locate")
def locate(case_item_id: int) -> None:
    """Turn a reported address into an item of the catalogue and send it to the sweep.

    A page that shows several items brings them all into the case. An address that the host
    never registered is fetched, if it is on a host of ours and serves a picture.
    """
    row = CaseItem.objects.select_related("case").get(pk=case_item_id)
    if row.state != CaseItem.State.LOCATING:
        return
    items = hosted.locate(row.reported_url)
    fingerprint = None if items else _fetch_fingerprint(row.reported_url)
    with transaction.atomic():
        row = CaseItem.objects.select_for_update().get(pk=case_item_id)
        if row.state != CaseItem.State.LOCATING:
            return
        known = set(row.case.caseitem_set.values_list("item_id", flat=True))
        for item in items:
            if item.pk in known:
                # Reported twice, as a page and as a file: one row is enough.
                continue
            if row.item is None:
                row.item = item
                target = row
            else:
                target = CaseItem(
                    case=row.case, origin=row.origin, reported_url=row.reported_url, item=item
                )
            _send_to_sweep(target, item.fingerprint)
        if not items and fingerprint:
            _send_to_sweep(row, fingerprint.to_json())
        elif row.item is None:
            row.state = CaseItem.State.READY if items else CaseItem.State.NOT_FOUND
            row.save()
            audit.record("item.duplicate" if items else "item.not_found", row, by="system")


def stored_form(fingerprint: dict[str, Any]) -> str:
    """A fingerprint of a notice, checked again, as the tables hold it."""
    return Fingerprint.from_json(json.dumps(fingerprint)).to_json()


def _send_to_sweep(row: CaseItem, fingerprint: str) -> None:
    row.fingerprint = fingerprint
    row.state = CaseItem.State.SWEEPING
    row.save()
    audit.record("item.located", row, by="system", case=row.case_id, item=row.item_id)
    sweep.sweep.defer(case_item_id=row.pk)


def _fetch_fingerprint(url: str) -> Fingerprint | None:
    host = hosted.host_of(url)
    if host is None:
        return None
    try:
        answer = fetch.fetch(url, host=host, limit=LARGEST_FILE)
    except fetch.Refused:
        return None
    except fetch.FetchError as error:
        raise RetryLater("the host did not answer") from error
    if answer.status >= 500:
        raise RetryLater("the host answered with an error")
    if answer.status != 200:
        return None
    try:
        return staydown.fingerprint_bytes(answer.body)
    except staydown.MediaError:
        return None
