"""What partners say of our entries: shown at the desk, and counted by a rule that is data.

Feedback lowers an entry's confidence or takes it off our lists. It never lifts our own keep-down:
that is for a person.
"""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.gate.models import KeepDown
from staydown_server.sharing.models import Audience, Choice, Feedback, Line, Partner, Verdict
from staydown_server.sharing.publish import publish
from staydown_server.sharing.rules import rules

#: Opinions at once.
MOST = 1000


def receive(partner: Partner, audience: Audience, said: Mapping[str, Verdict]) -> int:
    """Note what *partner* says of entries of *audience*'s list, by their names; how many stand
    on it. The last word of a partner about an entry counts."""
    now = timezone.now()
    with transaction.atomic():
        stands = Line.objects.filter(audience=audience, entry__in=list(said), stands=True)
        kept = dict(stands.values_list("entry", "keep_down"))
        changed = []
        for name, keep_id in sorted(kept.items()):
            before = Feedback.objects.filter(partner=partner, keep_down=keep_id).first()
            if before is None or before.verdict != said[name]:
                Feedback.objects.update_or_create(
                    partner=partner,
                    keep_down_id=keep_id,
                    defaults={"verdict": said[name], "at": now},
                )
                changed.append(keep_id)
        if changed:
            audit.record("feedback.received", partner, by=str(partner), entries=len(changed))
        for keep_id in changed:
            _weigh(KeepDown.objects.select_for_update().get(pk=keep_id))
    return len(kept)


def dismiss(keep: KeepDown, *, by: User) -> None:
    """A person has looked at what partners say of *keep*, and shares it as before: what they
    have said so far counts no more."""
    with transaction.atomic():
        KeepDown.objects.select_for_update().get(pk=keep.pk)
        Feedback.objects.filter(keep_down=keep, verdict__in=_AGAINST).update(
            verdict=Verdict.SEEN, at=timezone.now()
        )
        choice, _ = Choice.objects.get_or_create(keep_down=keep)
        choice.is_disputed = choice.is_withdrawn = False
        choice.save()
        audit.record("sharing.stood_by", choice, by=str(by), keep_down=keep.pk)
        publish.defer(keep_down_id=keep.pk)


_AGAINST = (Verdict.DISPUTED, Verdict.WRONG)


def _weigh(keep: KeepDown) -> None:
    """Lower or withdraw *keep*'s entries by the rule, inside the caller's transaction."""
    numbers = rules().disputes
    of_it = Feedback.objects.filter(keep_down=keep)
    against = of_it.filter(verdict__in=_AGAINST).count()
    wrong = of_it.filter(verdict=Verdict.WRONG).count()
    choice, _ = Choice.objects.get_or_create(keep_down=keep)
    before = (choice.is_disputed, choice.is_withdrawn)
    choice.is_disputed = against >= numbers.lower
    # Once withdrawn, it comes back by a person's choice only.
    choice.is_withdrawn = choice.is_withdrawn or wrong >= numbers.withdraw
    if (choice.is_disputed, choice.is_withdrawn) != before:
        choice.save()
        audit.record(
            "sharing.disputed",
            choice,
            by="system",
            keep_down=keep.pk,
            against=against,
            wrong=wrong,
            is_withdrawn=choice.is_withdrawn,
        )
        publish.defer(keep_down_id=keep.pk)
