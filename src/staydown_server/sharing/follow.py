"""Follow partners' lists: what they list holds or blocks uploads here, until they take it back.

Each round asks one partner, and stores each portion together with how far it was followed, so
that a process may be killed anywhere. Whatever was forged, replayed or rolled back is refused by
the follower (docs/hash-list.md), reported at the desk, and changes nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from staydown import Fingerprint
from staydown.exchange.hash_list import Entry, ListError, Unreachable
from staydown.exchange.web import RateLimited, WebError
from staydown_server import audit, jobs
from staydown_server.gate import listed
from staydown_server.gate.models import Listed
from staydown_server.jobs import job
from staydown_server.jobs.models import Job
from staydown_server.sharing import flood, opinions, sources
from staydown_server.sharing.models import Audience, Partner
from staydown_server.sharing.rules import CAREFUL, Trust, rules
from staydown_server.sharing.sources import News, Portion

#: The field's other lists are asked less often than one another's.
PEER_SECONDS = 300.0
_AT_ONCE = 500
_STANDS = (Listed.State.LIVE, Listed.State.WAITING)
_SAID = ("harm", "how", "by", "confidence", "expires_at", "answer", "turn")
_PRINTS = ("fingerprint", "sha256", "md5")


class Overtaken(Exception):
    """Somebody else followed this list meanwhile, or it was paused."""


@job("sharing.follow", is_slow=True)
def follow(partner_id: int) -> None:
    """Ask a partner for news, and again a little later. Repeating is harmless."""
    partner = Partner.objects.get(pk=partner_id)
    if not partner.kind or partner.paused_at:
        return
    seconds = settings.FOLLOW_SECONDS
    if partner.kind != Partner.Kind.STAYDOWN:
        seconds = max(seconds, PEER_SECONDS)
    trouble = ""
    try:
        _round(partner)
    except Overtaken:
        pass
    except (ListError, WebError) as error:
        # The class, not the text: a text may name an address.
        trouble = type(error).__name__
        if isinstance(error, RateLimited):
            seconds = max(seconds, error.after or 0.0)
    _end_expired(partner)
    opinions.form(partner)
    with suppress(WebError):
        # What cannot be told now is told in a later round.
        opinions.tell(partner)
    with transaction.atomic():
        _note(partner, trouble)
        _again(partner, timedelta(seconds=seconds))


@job("sharing.weigh", is_slow=True)
def weigh(partner_id: int) -> None:
    """Answer by a partner's trust as it is now, for what stands already."""
    partner = Partner.objects.get(pk=partner_id)
    trust, last = _trust(partner), 0
    while some := list(
        partner.entries.filter(state__in=_STANDS, pk__gt=last).order_by("pk")[:_AT_ONCE]
    ):
        last = some[-1].pk
        with transaction.atomic():
            changed = []
            for entry in some:
                answer = trust.answer(entry.how, entry.confidence)
                if answer != entry.answer:
                    entry.answer = answer
                    changed.append(entry)
            Listed.objects.bulk_update(changed, ["answer"])
            listed.tell_indexes(changed)
            _sweep([entry for entry in changed if entry.found])


def schedule() -> None:
    """Have each partner that is followed asked, if nothing waits to do so."""
    for partner in Partner.objects.exclude(kind="").filter(paused_at=None):
        with transaction.atomic():
            if not _jobs_of(partner).filter(finished_at=None).exists():
                follow.defer(partner_id=partner.pk)


def _round(partner: Partner) -> None:
    turn = partner.turn
    for portion in sources.portions(partner):
        turn = _take(partner, portion, turn)


def _take(partner: Partner, portion: Portion, turn: int) -> int:
    """Store *portion*, which follows *turn*; returns the turn after it."""
    now = timezone.now()
    own = set(Audience.objects.values_list("name", flat=True))
    # Of several words about one entry, the last counts. Our own come back from those who follow
    # us: they stand here already, and must not outlive our retraction.
    news = {each.key: each for each in portion.news if not _is_echo(each, own)}
    known = _known(partner, list(news))
    trust = _trust(partner)
    said, new, gone = [], [], []
    for each in news.values():
        row = known.get(each.key)
        if each.entry is None or not each.entry.stands_at(now):
            if row is not None and row.state != Listed.State.ENDED:
                gone.append((row, each.why or "expired"))
            continue
        row = row or Listed(source=str(partner), key=each.key, state=Listed.State.ENDED)
        is_new = _describe(row, each.entry, trust, turn + 1)
        if row.state == Listed.State.REFUSED:
            said.append(row)
        elif is_new or row.state == Listed.State.ENDED:
            row.came_at, row.ended_at, row.found = now, None, 0
            new.append(row)
        else:
            said.append(row)
    flood.weigh(partner, new, now)
    with transaction.atomic():
        partner_now = Partner.objects.select_for_update().get(pk=partner.pk)
        if partner_now.turn != turn or partner_now.paused_at or not partner_now.kind:
            raise Overtaken
        _store(partner, said, new, gone, now)
        _keep_place(partner_now, portion, now, has_news=bool(news), took_back=bool(gone))
    return turn + 1


def _store(
    partner: Partner,
    said: Sequence[Listed],
    new: Sequence[Listed],
    gone: Sequence[tuple[Listed, str]],
    now: datetime,
) -> None:
    Listed.objects.bulk_update(said, _SAID, batch_size=_AT_ONCE)
    again = [row for row in new if row.pk is not None]
    Listed.objects.bulk_create([row for row in new if row.pk is None], batch_size=_AT_ONCE)
    fields = [*_SAID, *_PRINTS, "state", "why", "found", "came_at", "ended_at"]
    Listed.objects.bulk_update(again, fields, batch_size=_AT_ONCE)
    listed.tell_indexes([*said, *new])
    pulled = flood.pull_back(partner, now) if any(r.why == flood.BURST for r in new) else []
    for why in {why for _, why in gone}:
        listed.end([row for row, each in gone if each == why], Listed.State.ENDED, why)
    held_back = {row.pk for row in pulled}
    _sweep([row for row in new if row.found and row.pk not in held_back])
    if new or gone or said:
        audit.record(
            "list.followed",
            partner,
            by="system",
            new=len(new),
            waiting=sum(row.state == Listed.State.WAITING for row in new) + len(pulled),
            changed=len(said),
            taken_back=len(gone),
        )


def _keep_place(
    partner: Partner, portion: Portion, now: datetime, *, has_news: bool, took_back: bool
) -> None:
    """How far the list was followed, in the transaction of what came; and what did not come
    again, where it began anew."""
    if portion.begins_anew:
        partner.anew_since = partner.turn
    partner.turn += 1
    partner.state = dict(portion.state)
    if has_news:
        partner.news_at = now
    if portion.caught_up and partner.anew_since is not None:
        old = partner.entries.filter(turn__lte=partner.anew_since)
        dropped = list(old.exclude(state=Listed.State.ENDED))
        listed.end(dropped, Listed.State.ENDED, "begun-anew")
        audit.record("list.begun_anew", partner, by="system", dropped=len(dropped))
        partner.anew_since, took_back = None, took_back or bool(dropped)
    if took_back and partner.collapsed_at is None and flood.has_collapsed(partner, now):
        partner.collapsed_at = now
        audit.record("list.collapsed", partner, by="system")
    partner.save(update_fields=["anew_since", "turn", "state", "news_at", "collapsed_at"])


def _describe(row: Listed, entry: Entry, trust: Trust, turn: int) -> bool:
    """Have *row* say what *entry* does; whether its fingerprint is another than before."""
    fingerprint: Fingerprint | None = entry.prints.fingerprint()
    before = (row.fingerprint, row.sha256, row.md5)
    row.fingerprint = fingerprint.to_json() if fingerprint else ""
    row.sha256, row.md5 = entry.prints.sha256 or "", entry.prints.md5 or ""
    row.harm, row.how, row.by = entry.harm, entry.provenance.how, entry.provenance.by
    row.confidence, row.expires_at = entry.confidence, entry.expires_at
    row.answer, row.turn = trust.answer(row.how, row.confidence), turn
    return (row.fingerprint, row.sha256, row.md5) != before


def _is_echo(news: News, own: set[str]) -> bool:
    if news.entry is None:
        return False
    provenance = news.entry.provenance
    return provenance.by in own or provenance.source in own


def _known(partner: Partner, keys: Sequence[str]) -> dict[str, Listed]:
    rows: dict[str, Listed] = {}
    for start in range(0, len(keys), _AT_ONCE):
        found = partner.entries.filter(key__in=keys[start : start + _AT_ONCE])
        rows |= {row.key: row for row in found}
    return rows


def _sweep(entries: Sequence[Listed]) -> None:
    """What is hosted already, and matches, is for a person to decide."""
    for entry in entries:
        if entry.state == Listed.State.LIVE and entry.answer != "leave":
            jobs.defer("gate.sweep_listed", listed_id=entry.pk)


def _trust(partner: Partner) -> Trust:
    known = rules().trust
    # An operator may have renamed one.
    return known.get(partner.trust, known[CAREFUL])


def _end_expired(partner: Partner) -> None:
    over = partner.entries.filter(state__in=_STANDS, expires_at__lte=timezone.now())
    while some := list(over[:_AT_ONCE]):
        with transaction.atomic():
            listed.end(some, Listed.State.ENDED, "expired")
            audit.record("list.expired", partner, by="system", entries=len(some))


def _note(partner: Partner, trouble: str) -> None:
    """How the round went, for the desk; the log hears of what is new."""
    now = timezone.now()
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    partner.tried_at = now
    if not trouble:
        partner.followed_at, partner.trouble, partner.trouble_since = now, "", None
    elif trouble != partner.trouble:
        partner.trouble, partner.trouble_since = trouble, now
        audit.record("list.refused", partner, by="system", error=trouble)
    partner.save(update_fields=["tried_at", "followed_at", "trouble", "trouble_since"])


def _again(partner: Partner, after: timedelta) -> None:
    own = _jobs_of(partner)
    # One row a round would fill the table.
    own.exclude(finished_at=None).delete()
    if not own.filter(finished_at=None, run_at__gt=timezone.now()).exists():
        follow.defer(after=after, partner_id=partner.pk)


def _jobs_of(partner: Partner) -> QuerySet[Job]:
    return Job.objects.filter(name=follow.name, arguments={"partner_id": partner.pk})


def is_mere_silence(trouble: str) -> bool:
    """Whether the list could not be reached, rather than refused."""
    return trouble in {Unreachable.__name__, "NotThere", "NoAnswer", "RateLimited"}
