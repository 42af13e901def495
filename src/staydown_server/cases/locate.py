"""Step 3: find the item behind a reported address, and its fingerprint."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

import staydown
from staydown import Fingerprint
from staydown.media import DecoderUnavailable
from staydown_server import audit, jobs
from staydown_server.cases import sweep
from staydown_server.cases.models import CaseItem
from staydown_server.catalogue import fetch
from staydown_server.catalogue import locate as hosted
from staydown_server.catalogue.look import as_shown
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.read import fingerprint_bytes, stored_form
from staydown_server.jobs import RetryLater, job

#: A host that does not answer for so long holds up no decision: what it shows is not found.
PATIENCE = timedelta(minutes=15)
#: The largest file we fetch from a host to fingerprint it, in bytes.
LARGEST_FILE = 64_000_000


@job("cases.locate", is_slow=True)
def locate(case_item_id: int) -> None:
    """Turn a reported address into an item of the catalogue and send it to the sweep.

    A page that shows several items brings them all into the case. An address that the host
    never registered is fetched, if it is on a host of ours and serves a picture. A second
    address of an item that stands in the case already leaves it: one row is decided once.
    """
    rows = CaseItem.objects.filter(pk=case_item_id, state=CaseItem.State.LOCATING)
    row = rows.filter(case__notice__withdrawn_at=None).first()
    if row is None:
        return
    items = hosted.locate(row.reported_url)
    try:
        fingerprint = None if items else _fetch_fingerprint(row.reported_url)
    except RetryLater:
        if timezone.now() < row.created_at + PATIENCE:
            raise
        fingerprint = None
    # Before the transaction: hosts take their time.
    closely = {item.pk: _read_closely(item) for item in items}
    with transaction.atomic():
        row = rows.select_for_update().select_related("case").first()
        if row is None:
            return
        known = set(row.case.caseitem_set.values_list("item_id", flat=True))
        for item in items:
            if item.pk in known:
                continue
            if row.item is None:
                row.item = item
                target = row
            else:
                target = CaseItem(
                    case=row.case, origin=row.origin, reported_url=row.reported_url, item=item
                )
            _send_to_sweep(target, closely[item.pk])
        if not items and fingerprint:
            _send_to_sweep(row, stored_form(fingerprint))
        elif not items:
            row.state = CaseItem.State.NOT_FOUND
            row.save()
            audit.record("item.not_found", row, by="system")
        elif row.item is None:
            audit.record("item.duplicate", row, by="system", case=row.case_id)
            row.delete()
        jobs.defer("cases.mark", case_id=row.case_id)


def _send_to_sweep(row: CaseItem, fingerprint: str) -> None:
    row.fingerprint = fingerprint
    row.state = CaseItem.State.SWEEPING
    row.save()
    audit.record("item.located", row, by="system", case=row.case_id, item=row.item_id)
    sweep.sweep.defer(case_item_id=row.pk)


def _read_closely(item: Item) -> str:
    """What is kept of a reported *item*: of a film more than was read when it was registered."""
    known = item.load_fingerprint()
    return item.fingerprint if known.film is None else stored_form(as_shown(item, known))


def _fetch_fingerprint(url: str) -> Fingerprint | None:
    host = hosted.host_of(url)
    if host is None:
        return None
    try:
        answer = fetch.fetch(url, host=host, limit=LARGEST_FILE)
    except (fetch.Refused, fetch.TooLong):
        return None
    except fetch.FetchError as error:
        raise RetryLater("the host did not answer") from error
    if answer.status >= 500:
        raise RetryLater("the host answered with an error")
    if answer.status != 200:
        return None
    try:
        return fingerprint_bytes(answer.body, look="reported")
    except DecoderUnavailable as error:
        raise RetryLater("no decoder could be started") from error
    except staydown.MediaError:
        return None
