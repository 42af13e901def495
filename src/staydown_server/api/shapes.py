"""The JSON shapes of answers; ``contract.py`` describes them."""

from typing import Any

from staydown_server.cases.models import Case, CaseItem
from staydown_server.review.status import Status


def case(one: Case) -> dict[str, Any]:
    return {
        "id": one.pk,
        "number": one.number,
        "received_at": one.received_at.isoformat(),
        "deadline": one.deadline.isoformat(),
        "closed_at": one.closed_at.isoformat() if one.closed_at else None,
    }


def case_item(row: CaseItem) -> dict[str, Any]:
    decision = row.decision
    return {
        "item": row.item.host_item_id if row.item else None,
        "state": row.state,
        "decision": decision.outcome if decision else None,
    }


def status(of: Status) -> dict[str, Any]:
    return {
        "received_at": of.received_at.isoformat(),
        "deadline": of.deadline.isoformat() if of.deadline else None,
        "withdrawn": of.is_withdrawn,
        "searched": of.searched,
        "attempts_stopped": of.attempts_stopped,
        "pictures": [
            {"url": row.url, "state": row.state.value, "reason": row.reason} for row in of.rows
        ],
    }
