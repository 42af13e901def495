"""Look at an address, once each time: is the content still there? By fingerprint, not by eye."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

import staydown
from staydown import Fingerprint
from staydown_server import audit, jobs
from staydown_server.accounts.models import User
from staydown_server.escalation import draft
from staydown_server.escalation.models import AddressSighting, EscalatedAddress
from staydown_server.escalation.rules import rules
from staydown_server.jobs import job
from staydown_server.providers.found import Reason, Sighting
from staydown_server.providers.look import look as look_at

_State = EscalatedAddress.State


def look_now(address: EscalatedAddress, *, by: User) -> None:
    """Look again, now, because somebody asks for it; also at what was gone."""
    with transaction.atomic():
        EscalatedAddress.objects.filter(pk=address.pk).update(look_at=timezone.now())
        audit.record("escalated_address.asked", address, by=str(by))
        look.defer(address_id=address.pk)


def say_gone(address: EscalatedAddress, *, by: User) -> None:
    """Somebody looked themselves, where a fingerprint cannot tell: it is gone."""
    with transaction.atomic():
        locked = EscalatedAddress.objects.select_for_update().exclude(state=_State.GONE)
        found = locked.filter(pk=address.pk).first()
        if found is not None:
            _become(found, _State.GONE, timezone.now(), by=str(by))
            draft.settle(found.site)


@job("escalation.look", is_slow=True)
def look(address_id: int) -> None:
    """Look at the address, if it is time to, and note what was seen."""
    address = _due(address_id)
    if address is None:
        return
    # What is known already is seen again without looking at each frame of a film.
    seen = look_at(address.url, closely="upload" if address.fingerprint else "reported")
    with transaction.atomic():
        address = _due(address_id, is_locked=True)
        if address is None:
            return
        state = _judge(address, seen)
        if not address.fingerprint and seen.fingerprint is not None and state == _State.SERVED:
            address.fingerprint = seen.fingerprint.to_json()
        _become(address, state, seen.at, by="system")
        sighting = AddressSighting.objects.create(
            address=address, at=seen.at, state=state, content=content_of(seen)
        )
        audit.record("sighting.made", sighting, by="system", address=address.pk, state=state)
        draft.settle(address.site)
        # A clock may have waited for this look, or the question who serves the site.
        jobs.defer("escalation.attend", site_id=address.site_id)
        others = address.site.escalatedaddress_set.filter(state=_State.NEW)
        if address.site.found_at is None and not others.exists():
            jobs.defer("escalation.find", site_id=address.site_id)


def content_of(seen: Sighting) -> dict[str, Any]:
    """What was seen, as JSON: no picture, and of its fingerprint what may leave."""
    certificate = seen.certificate
    return {
        "url": seen.url,
        "chain": list(seen.chain),
        "address": seen.address,
        "status": seen.status,
        "headers": dict(seen.headers),
        "content_type": seen.content_type,
        "sha256": seen.sha256,
        "certificate": certificate
        and {
            "pem": certificate.pem,
            "sha256": certificate.sha256,
            "trusted": certificate.trusted,
        },
        "fingerprint": seen.fingerprint and _shared(seen.fingerprint),
        "troubles": [
            {
                "step": each.step,
                "reason": each.reason,
                "by_hand": each.by_hand,
                # The address itself stands there already.
                "about": each.about if each.about != seen.url else "",
            }
            for each in seen.troubles
        ],
    }


def _shared(fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "kind": fingerprint.kind,
        "sha256": fingerprint.sha256,
        "md5": fingerprint.md5,
        "pdq": fingerprint.pdq.hex() if fingerprint.pdq else None,
        "quality": fingerprint.quality,
    }


def _due(address_id: int, *, is_locked: bool = False) -> EscalatedAddress | None:
    """The address, if somebody is to look at it now."""
    now = timezone.now()
    due = EscalatedAddress.objects.filter(
        pk=address_id, look_at__lte=now, site__file__closed_at=None
    )
    due = due.filter(site__file__case__notice__withdrawn_at=None)
    if is_locked:
        due = due.select_for_update(of=("self",))
    return due.select_related("site__file").first()


def _judge(address: EscalatedAddress, seen: Sighting) -> _State:
    reasons = {each.reason for each in seen.troubles}
    # A name that nobody knows was mistyped, unless something was there before.
    was_there = address.state not in (_State.NEW, _State.UNSEEN)
    if Reason.GONE in reasons or (Reason.NO_SUCH_NAME in reasons and was_there):
        return _State.GONE
    if seen.status is None or seen.status >= 400:
        return _State.UNSEEN
    first = address.load_fingerprint()
    if seen.fingerprint is None:
        # Where the picture was there is a page now, or there was one all along.
        return _State.CHANGED if first else _State.ANSWERS
    if first is None or staydown.compare(first, seen.fingerprint) is not None:
        return _State.SERVED
    return _State.CHANGED


def _become(address: EscalatedAddress, state: _State, at: datetime, *, by: str) -> None:
    """Note the state, and when to look again; inside the caller's transaction."""
    is_gone = state == _State.GONE
    was = address.state
    address.state = state
    address.gone_at = (address.gone_at or at) if is_gone else None
    opened = address.site.file.opened_at
    address.look_at = None if is_gone else opened + rules().next_look(at - opened)
    address.save(update_fields=["state", "gone_at", "look_at", "fingerprint"])
    if was != state:
        audit.record("escalated_address.seen", address, by=by, state=state)


def due_looks(now: datetime) -> list[int]:
    """Addresses of open files whose mark has passed."""
    due = EscalatedAddress.objects.filter(look_at__lte=now, site__file__closed_at=None)
    return list(due.order_by("look_at").values_list("pk", flat=True))
