"""Step 2: a valid notice opens a case, and the clock has been running since it arrived."""

from django.conf import settings
from django.db import transaction

from staydown import Fingerprint
from staydown_server import audit
from staydown_server.cases import sweep
from staydown_server.cases.add import add_urls
from staydown_server.cases.jurisdictions import jurisdiction
from staydown_server.cases.models import Case, CaseItem
from staydown_server.catalogue.read import stored_form
from staydown_server.jobs import job
from staydown_server.notices.models import Notice
from staydown_server.notices.report import urls_in


@job("cases.open")
def open_case(notice_id: int) -> None:
    """Open the notice's case, once, with one row for each thing it points at.

    A notice that was taken back meanwhile opens none.
    """
    clock = jurisdiction(settings.JURISDICTION)
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=notice_id)
        if notice.withdrawn_at:
            return
        case, is_new = Case.objects.get_or_create(
            notice=notice,
            defaults={
                "jurisdiction": clock.key,
                "received_at": notice.received_at,
                "deadline": notice.received_at + clock.time_to_remove,
            },
        )
        if not is_new:
            return
        urls = urls_in(notice.content["places"])
        fingerprints = notice.content["fingerprints"]
        audit.record(
            "case.opened",
            case,
            by="system",
            notice=notice.pk,
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
