"""The person takes the notice back: what it removed is restored, and partners are told."""

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.cases import deposit
from staydown_server.cases.models import Case, Decision, Deposit
from staydown_server.notices import mail
from staydown_server.notices.models import Notice
from staydown_server.review.decide import restore

REASON = "The notice was withdrawn."


def withdraw(notice: Notice) -> None:
    """Withdraw *notice*, once. Its case closes; each removal it led to is undone."""
    with transaction.atomic():
        now = timezone.now()
        if not Notice.objects.filter(pk=notice.pk, withdrawn_at=None).update(withdrawn_at=now):
            return
        audit.record("notice.withdrawn", notice, by="person")
        deposit.end(Deposit.objects.filter(notice=notice), by="person")
        # Whoever chose mails should hear of it: somebody else may have used their code.
        mail.announce(notice.pk)
        for case in Case.objects.filter(notice=notice):
            standing = Decision.objects.filter(
                case_item__case=case, outcome=Decision.Outcome.REMOVE, superseded_at=None
            )
            for decision in standing.select_related("case_item"):
                restore(decision.case_item, reason=REASON, by=None)
            if case.closed_at is None:
                case.closed_at = now
                case.save(update_fields=["closed_at"])
                audit.record("case.closed", case, by="person")
