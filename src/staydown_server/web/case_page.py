"""What a case's page shows: the notice, the things in it with their evidence, what was decided."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.cases.models import NEEDS_A_LOOK, Case, CaseItem, Deposit, Sweep
from staydown_server.gate import listed
from staydown_server.gate.models import Check
from staydown_server.notices import letters
from staydown_server.notices.receive import new_submission
from staydown_server.removal.connect import can_be_undone
from staydown_server.removal.models import Removal
from staydown_server.review import claim, propose
from staydown_server.review import queue as queues
from staydown_server.review import sending as senders
from staydown_server.review.alike import cases_alike, undecided
from staydown_server.review.models import Proposal
from staydown_server.review.undo import undoable
from staydown_server.web.evidence import evidence_of_row
from staydown_server.web.moderators import is_revealed, moderator, needs_a_break
from staydown_server.web.reason_words import REASONS
from staydown_server.web.words import mark_sentence

_ON_A_PAGE = 48


def surely_meant(case: Case) -> QuerySet[CaseItem]:
    """What waits for a decision and is ticked beforehand.

    What may be somebody else's picture is ticked by hand or not at all; so is a deposit and what
    a partner lists, which go on waiting without a decision.
    """
    waiting = undecided().filter(case=case, deposit=None, listed=None).exclude(fingerprint="")
    return waiting.exclude(match_kind__in=NEEDS_A_LOOK)


def case_page(request: HttpRequest, case: Case) -> dict[str, Any]:
    user = moderator(request)
    rows = case.caseitem_set.select_related("item__host", "copy_of")
    page = Paginator(rows.prefetch_related("decision_set__decided_by"), _ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    cards = _cards(request, case, list(page.object_list))
    meant = list(surely_meant(case).values_list("pk", flat=True))
    proposal = Proposal.objects.filter(case=case, settled_at=None).select_related("proposed_by")
    return {
        "case": case,
        "notice": case.notice.content,
        "marks": [mark_sentence(mark) for mark in case.mark_set.all()],
        "is_deposit": Deposit.objects.filter(case_item__case=case).exists(),
        "partner_name": listed.partner_of(case),
        "standing": senders.standing_of(case.notice),
        "letters": letters.of(case.notice),
        "has_unread": letters.unread().filter(notice=case.notice).exists(),
        "submission": new_submission(),
        "is_withdrawn": case.notice.withdrawn_at is not None,
        "clock": jurisdictions().get(case.jurisdiction),
        "holder": claim.holder(case),
        "alike": cases_alike([case.pk]).get(case.pk, []),
        "proposal": proposal.first(),
        "undoable": undoable(case).count(),
        "needs_a_break": needs_a_break(request),
        "page": page,
        "cards": cards,
        "undecided": queues.undecided_rows().filter(case=case).count(),
        "sweeps": Sweep.objects.filter(case_item__case=case).order_by("pk"),
        "stopped": Check.objects.filter(
            Q(keep_down__case_item__case=case)
            | Q(deposit__case_item__case=case)
            | Q(listed__case_item__case=case)
        ).count(),
        "appeals": queues.appeals_in(case),
        "reasons": REASONS,
        "reason": "",
        "reach": propose.reach(meant),
        "meant": len(meant),
        "has_second": propose.second_persons(user),
        "chosen": meant,
    }


def _cards(request: HttpRequest, case: Case, rows: list[CaseItem]) -> list[dict[str, Any]]:
    deposits = {made.case_item_id: made for made in Deposit.objects.filter(case_item__in=rows)}
    items = [row.item_id for row in rows if row.item_id]
    removals = {
        removal.item_id: removal
        for removal in Removal.objects.filter(item__in=items).order_by("pk")
    }
    return [
        {
            "row": row,
            "decision": row.decision,
            "deposit": deposits.get(row.pk),
            "removal": removals.get(row.item_id or 0),
            "is_for_good": row.item is not None and not can_be_undone(row.item),
            "evidence": evidence_of_row(row) if row.copy_of_id else None,
            "is_revealed": is_revealed(request, row),
            "is_busy": row.state in (CaseItem.State.LOCATING, CaseItem.State.SWEEPING),
        }
        for row in rows
    ]
