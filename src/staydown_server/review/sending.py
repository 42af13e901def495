"""Notices of suspended senders: they wait at the desk, where a moderator can open them."""

from django.db import transaction

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases import open as opening
from staydown_server.cases.models import Case, Sending
from staydown_server.cases.sending import Standing, standing_of, waiting
from staydown_server.notices.models import Notice
from staydown_server.review.decide import AlreadyDecided, NoticeWithdrawn

__all__ = ["Standing", "open_set_aside", "standing_of", "waiting"]


def open_set_aside(sending: Sending, *, by: User) -> Case | None:
    """Process a notice that was set aside now; its clock starts now. None where it is a deposit
    that nothing has hit.

    Raises :class:`~staydown_server.review.decide.NoticeWithdrawn`, or
    :class:`~staydown_server.review.decide.AlreadyDecided` where somebody opened it meanwhile.
    """
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=sending.notice_id)
        if notice.withdrawn_at is not None:
            raise NoticeWithdrawn
        if not Sending.objects.filter(pk=sending.pk).exclude(set_aside_until=None).exists():
            raise AlreadyDecided
        audit.record("notice.opened", notice, by=str(by))
        opening.begin(notice)
    return Case.objects.filter(notice=notice).first()
