"""Step 7: the statement of reasons that the uploader gets (DSA article 17), with the link
where they can read it again and appeal."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from staydown_server import vault
from staydown_server.removal.models import Removal

GROUND = "Intimate image published without the consent of the person it shows"


def token_of(removal: Removal) -> str:
    """The secret of the uploader's link, derived so that it can be sent again."""
    return vault.code(f"removal {removal.pk}", purpose="reasons link", letters=26)


def digest_of(token: str) -> bytes:
    return vault.digest(token, purpose="reasons link lookup")


def removal_of(token: str) -> Removal | None:
    """The removal that a link is about."""
    found = Removal.objects.select_related("item__host", "decision__case_item")
    return found.filter(reasons_digest=digest_of(token)).first()


def statement_of_reasons(removal: Removal) -> dict[str, Any]:
    """What was decided, on which facts and ground, by what means, and how to object.

    Says nothing about the person who sent the notice.
    """
    row = removal.decision.case_item
    found_by = "notice" if row.copy_of_id is None else "search for copies of a reported picture"
    return {
        "decision": "removed",
        "facts": removal.decision.reason,
        "ground": GROUND,
        "found_by": found_by,
        "automated_detection": row.copy_of_id is not None,
        "automated_decision": False,
        "decided_at": removal.decision.decided_at.isoformat(),
        "appeal_url": settings.PUBLIC_URL + reverse("web:reasons", args=[token_of(removal)]),
    }
