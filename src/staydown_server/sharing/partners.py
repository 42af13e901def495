"""Partners: adding one, its key to our list, pausing what we follow of it."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from staydown.exchange.hash_list import BadForm, PublicKey, State
from staydown.exchange.hash_list.entry import check_name
from staydown_server import audit, jobs
from staydown_server.accounts.hosts import HostError, origin_of
from staydown_server.accounts.models import User
from staydown_server.gate import listed
from staydown_server.gate.models import Listed
from staydown_server.sharing.models import Audience, Partner, ReaderKey
from staydown_server.sharing.rules import CAREFUL, rules
from staydown_server.sharing.serve import KEY_PREFIX, digest_of


class PartnerError(Exception):
    """A partner cannot be added or changed as asked; the sentence says why."""


def let_read(name: str, audience_name: str) -> str:
    """Let partner *name* read the list of an audience; its new key, shown once.

    An earlier key goes on working until `revoke`: both do while the partner changes over.
    """
    audience = Audience.objects.filter(name=audience_name).first()
    if audience is None:
        raise PartnerError(f"there is no list {audience_name!r}: begin it first")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        partner = _partner(name)
        partner.audience = audience
        partner.save()
        ReaderKey.objects.create(partner=partner, digest=digest_of(key))
        audit.record("partner.key_given", partner, by="operator", audience=audience.pk)
    return key


def revoke(name: str, *, but_newest: bool = False) -> int:
    """End the keys of partner *name*: all, or all but the newest. How many."""
    with transaction.atomic():
        partner = _known(name)
        live = partner.readerkey_set.filter(revoked_at=None)
        if but_newest and (newest := live.order_by("pk").last()):
            live = live.exclude(pk=newest.pk)
        ended = live.update(revoked_at=timezone.now())
        audit.record("partner.keys_ended", partner, by="operator", keys=ended)
    return ended


def follow_staydown(
    name: str,
    *,
    address: str,
    root: str,
    keys: list[str],
    list_name: str = "",
    trust: str = CAREFUL,
    most_a_day: int | None = None,
) -> Partner:
    """Follow the list of another Staydown, or of anybody who publishes in its form.

    *root* is its root key, which they told us by another way than the list. Called again, it
    changes address, keys and trust, and goes on where it was.
    """
    try:
        state = State(list_name or name, PublicKey.read(root)).to_dict()
        check_name(list_name or name, "list")
    except BadForm as error:
        raise PartnerError(str(error)) from error
    return _follow(
        name,
        Partner.Kind.STAYDOWN,
        address=address,
        credentials={"keys": keys},
        trust=trust,
        most_a_day=most_a_day,
        state=state,
    )


def follow_list(
    name: str,
    kind: Partner.Kind,
    *,
    address: str,
    credentials: Mapping[str, Any],
    trust: str = CAREFUL,
    most_a_day: int | None = None,
) -> Partner:
    """Follow one of the field's other lists, through its client in `staydown.exchange.peers`."""
    return _follow(
        name,
        kind,
        address=address,
        credentials=dict(credentials),
        trust=trust,
        most_a_day=most_a_day,
        state={},
    )


def _follow(
    name: str,
    kind: Partner.Kind,
    *,
    address: str,
    credentials: dict[str, Any],
    trust: str,
    most_a_day: int | None,
    state: dict[str, Any],
) -> Partner:
    if trust not in rules().trust:
        raise PartnerError(f"trust must be one of {', '.join(rules().trust)}")
    try:
        origin_of(address)
    except HostError as error:
        raise PartnerError(str(error)) from error
    with transaction.atomic():
        partner = _partner(name)
        is_other = (partner.kind or kind) != kind or (
            kind == Partner.Kind.STAYDOWN
            and partner.state.get("list", state["list"]) != state["list"]
        )
        if is_other:
            raise PartnerError(f"{name} is followed as another list: use another name for this one")
        partner.kind, partner.address, partner.credentials = kind, address, credentials
        partner.most_a_day = most_a_day
        if not partner.state:
            partner.state = state
        partner.save()
        audit.record("partner.followed", partner, by="operator", kind=kind.value, trust=trust)
        _give_trust(partner, trust)
        jobs.defer("sharing.follow", partner_id=partner.pk)
    return partner


def unfollow(name: str) -> int:
    """Follow partner *name* no more, and drop all of its list. How many entries stood."""
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=_known(name).pk)
        left = list(partner.entries.exclude(state=Listed.State.ENDED))
        listed.end(left, Listed.State.ENDED, "unfollowed")
        partner.kind, partner.address, partner.credentials, partner.state = "", "", {}, {}
        # A round that is under way stores nothing more.
        partner.turn += 1
        partner.trouble, partner.trouble_since, partner.collapsed_at = "", None, None
        partner.save()
        audit.record("partner.unfollowed", partner, by="operator", dropped=len(left))
    return len(left)


def give_trust(partner: Partner, trust: str, *, by: User) -> None:
    """How far its word counts from now on, for what stands already, too."""
    if trust not in rules().trust:
        raise PartnerError(f"trust must be one of {', '.join(rules().trust)}")
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=partner.pk)
        _give_trust(partner, trust)
        audit.record("partner.trusted", partner, by=str(by), trust=trust)


def pause(partner: Partner, *, by: User) -> None:
    """Ask it no more, for now. What stands of it stands."""
    with transaction.atomic():
        Partner.objects.filter(pk=partner.pk).update(paused_at=timezone.now())
        audit.record("partner.paused", partner, by=str(by))


def resume(partner: Partner, *, by: User) -> None:
    with transaction.atomic():
        Partner.objects.filter(pk=partner.pk).update(paused_at=None)
        audit.record("partner.resumed", partner, by=str(by))
        jobs.defer("sharing.follow", partner_id=partner.pk)


def _give_trust(partner: Partner, trust: str) -> None:
    if partner.trust == trust:
        return
    partner.trust = trust
    partner.save(update_fields=["trust"])
    jobs.defer("sharing.weigh", partner_id=partner.pk)


def _partner(name: str) -> Partner:
    try:
        check_name(name, "name")
    except BadForm as error:
        raise PartnerError(str(error)) from error
    return Partner.objects.select_for_update().get_or_create(name=name)[0]


def _known(name: str) -> Partner:
    partner = Partner.objects.filter(name=name).first()
    if partner is None:
        raise PartnerError(f"there is no partner {name!r}")
    return partner


def counts(partner: Partner) -> dict[str, int]:
    """How many of its entries are in which state."""
    entries = partner.entries
    return {state.value: entries.filter(state=state).count() for state in Listed.State}
