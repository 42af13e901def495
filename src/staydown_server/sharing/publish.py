"""Step 9: what is kept down goes on the hash lists of our audiences; retractions travel the same
way, with their reason. See docs/hash-list.md and docs/partners.md."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from staydown.exchange.hash_list import Change, Entry, How, Prints, Provenance, Reason
from staydown_server import audit, jobs
from staydown_server.gate import listed
from staydown_server.gate.models import KeepDown, Listed
from staydown_server.gate.provenance import provenances
from staydown_server.jobs import job, keep_waiting
from staydown_server.sharing import audiences, flood, opinions
from staydown_server.sharing.models import Audience, Choice, Line, Verdict
from staydown_server.sharing.rules import rules

_DAY = timedelta(days=1)


@job("sharing.publish")
def publish(keep_down_id: int) -> None:
    """Have every audience's list say of a keep-down what it should, now. Repeating is harmless."""
    with transaction.atomic():
        # One at a time: two that look at the same moment would both add it.
        keep = KeepDown.objects.select_for_update().get(pk=keep_down_id)
        choice = Choice.objects.filter(keep_down=keep).first()
        for audience in Audience.objects.order_by("pk"):
            change = _change(audience, keep, choice)
            if change is not None:
                audiences.write(audience.pk, [(change, keep)])


@job("sharing.retract")
def retract(keep_down_id: int) -> None:
    """The same, for what was lifted; and where a person here decided so, what partners list of
    it waits: their word must not undo that without anybody looking."""
    publish(keep_down_id=keep_down_id)
    keep = KeepDown.objects.select_related("lifted_by").get(pk=keep_down_id)
    if keep.lifted_by is None or keep.lifted_by.decided_by_id is None:
        return
    found = listed.search(keep.load_fingerprint())
    same = [entry for entry, match in found if match.kind in ("identical", "same")]
    if same:
        with transaction.atomic():
            listed.end(same, Listed.State.WAITING, flood.OVERTURNED)
            opinions.say(same, Verdict.DISPUTED)
            audit.record("list.overturned", keep, by="system", entries=len(same))


@job("sharing.fill", is_slow=True)
def fill(audience_id: int) -> None:
    """Put on a new list what is kept down already."""
    kept = KeepDown.objects.filter(lifted_at=None).order_by("pk")
    for keep_id in kept.values_list("pk", flat=True):
        jobs.defer("sharing.publish", keep_down_id=keep_id)


@job("sharing.sign")
def sign_daily() -> None:
    """Sign each list again, and renew what is about to end: tomorrow, again."""
    now = timezone.now()
    for audience_id in Audience.objects.values_list("pk", flat=True):
        with transaction.atomic():
            audiences.write(audience_id, [])
    for keep_id in about_to_end(now):
        jobs.defer("sharing.publish", keep_down_id=keep_id)
    schedule(after=_DAY)


def schedule(*, after: timedelta = timedelta(0)) -> None:
    """Have the next signing wait for its time, if none does."""
    keep_waiting(sign_daily, after=after)


def about_to_end(now: datetime) -> "QuerySet[Line, int]":
    """The keep-downs whose entries end soon by themselves."""
    soon = now + rules().renewed_before
    lines = Line.objects.filter(
        expires_at__lt=soon, keep_down__lifted_at=None, generation=F("audience__generation")
    )
    shown = lines.filter(stands=True)
    return shown.order_by("keep_down").values_list("keep_down", flat=True).distinct()


def how_of(keep: KeepDown, choice: Choice | None) -> How:
    """Who stands behind it: one person, two, or nobody here, where a host brought it along."""
    how = provenances([keep.pk])[keep.pk].how
    second = choice and choice.confirmed_by_id
    if second is None or second == keep.decision.decided_by_id:
        return how
    return "reviewed" if how == "imported" else "reviewed-by-two"


def is_shared(keep: KeepDown, choice: Choice | None) -> bool:
    """Whether it should stand on the lists of those who take its kind."""
    if keep.lifted_at is not None or (choice and choice.is_withdrawn):
        return False
    if choice is not None and choice.shares is not None:
        return choice.shares
    return rules().share[how_of(keep, choice)]


def _change(audience: Audience, keep: KeepDown, choice: Choice | None) -> Change | None:
    """What the list must say next of *keep*; None where it says what it should."""
    stands = audiences.standing(audience, keep)
    how = how_of(keep, choice)
    now = timezone.now().replace(microsecond=0)
    if not is_shared(keep, choice) or how not in audience.hows:
        return None if stands is None else Change.retract(stands.entry, _reason(keep, choice))
    wanted = _entry(audience, keep, choice, now)
    if stands is None:
        # Random: the entry's name outside says nothing about the case.
        return Change("add", uuid.uuid4().hex, wanted)
    said = audiences.entry_of(stands)
    ends = said.expires_at if said else None
    is_ending = ends is not None and ends < now + rules().renewed_before
    is_as_said = said is not None and (said.provenance, said.confidence) == (
        wanted.provenance,
        wanted.confidence,
    )
    return None if is_as_said and not is_ending else Change.change(stands.entry, wanted)


def _entry(audience: Audience, keep: KeepDown, choice: Choice | None, now: datetime) -> Entry:
    how = how_of(keep, choice)
    sure = rules().confidence
    return Entry(
        # The exact and the global layer: never a local one, nor anything of the case.
        Prints.of(keep.load_fingerprint()),
        "intimate-unknown",
        Provenance(how, audience.name),
        sure["disputed"] if choice and choice.is_disputed else sure[how],
        now + rules().lasting,
    )


def _reason(keep: KeepDown, choice: Choice | None) -> Reason:
    if keep.lifted_by is not None:
        # Nobody decided: the person in the picture took the notice back.
        return "overturned" if keep.lifted_by.decided_by_id else "withdrawn"
    return "disputed" if choice and choice.is_withdrawn else "mistaken"


def on_lists() -> "QuerySet[Line]":
    """The lines that stand, newest first."""
    return (
        Line.objects.filter(generation=F("audience__generation"), stands=True)
        .select_related("audience", "keep_down__case_item__case", "keep_down__decision")
        .order_by("-at", "-pk")
    )
