"""A court or an authority wants a case kept: the purge leaves it alone until the hold ends."""

from django.db import transaction

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case


def hold_by_law(case: Case, is_held: bool, *, by: User) -> None:
    """Begin the hold, or end it."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        if case.legal_hold == is_held:
            return
        case.legal_hold = is_held
        case.save(update_fields=["legal_hold"])
        audit.record("case.held_by_law" if is_held else "case.hold_ended", case, by=str(by))
