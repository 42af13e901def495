"""Step 2: a valid notice opens a case, and the clock has been running since it arrived."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from staydown import Fingerprint
from staydown_server import audit, jobs
from staydown_server.cases import sending, sweep
from staydown_server.cases.add import add_urls
from staydown_server.cases.deposit import deposit
from staydown_server.cases.jurisdictions import strictest
from staydown_server.cases.models import Case, CaseItem
from staydown_server.catalogue.read import stored_form
from staydown_server.jobs import job
from staydown_server.notices.models import Notice
from staydown_server.notices.report import Kind, urls_in


@job("cases.open")
def open_case(notice_id: int) -> None:
    """Open the notice's case, once, with one row for each thing it points at.

    A notice that was taken back meanwhile opens none; one of a suspended sender waits. A deposit
    opens none before something matches it.
    """
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=notice_id)
        if notice.withdrawn_at or Case.objects.filter(notice=notice).exists():
            return
        known = sending.know(notice)
        if not sending.set_aside(known):
            begin(notice)


def begin(notice: Notice) -> None:
    """Process *notice*, inside the caller's transaction, whoever sent it."""
    known = sending.know(notice)
    # The clock stood still while the notice was set aside.
    began = notice.received_at if known.set_aside_until is None else timezone.now()
    sending.take_back(known)
    if notice.content.get("kind") == Kind.DEPOSIT:
        deposit(notice)
        return
    clock = strictest()
    case = Case.objects.create(
        notice=notice,
        jurisdiction=clock.key,
        received_at=began,
        deadline=began + clock.time_to_remove,
        about_minor=bool(notice.content.get("about_minor")),
    )
    urls = urls_in(notice.content["places"])
    fingerprints = notice.content["fingerprints"]
    audit.record(
        "case.opened",
        case,
        by="system",
        notice=notice.pk,
        laws=",".join(settings.JURISDICTIONS),
        urls=len(urls),
        files=len(fingerprints),
    )
    add_urls(case, urls)
    for fingerprint in fingerprints:
        row = CaseItem.objects.create(
            case=case,
            origin=CaseItem.Origin.REPORTED_FILE,
            state=CaseItem.State.SWEEPING,
            fingerprint=stored_form(Fingerprint.from_dict(fingerprint)),
        )
        audit.record("item.reported", row, by="person", case=case.pk)
        sweep.sweep.defer(case_item_id=row.pk)
    jobs.defer("cases.mark", case_id=case.pk)
