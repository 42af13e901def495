"""Register what a host shows, and let it meet the gate in the same breath.

Whatever the order of events, no copy slips between the sweep and the gate: what is registered
before a keep-down is found by its sweep, what is registered after it is found here.
"""

from django.db import transaction

from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.cases.models import CaseItem
from staydown_server.cases.sweep import add_copy
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register
from staydown_server.gate import hold
from staydown_server.gate.check import Verdict, judge
from staydown_server.gate.models import KeepDown


def admit(
    host: Host,
    *,
    host_item_id: str,
    url: str,
    fingerprint: Fingerprint,
    media_url: str = "",
    uploader: str = "",
) -> tuple[Item, bool, Verdict]:
    """Returns the item, whether it is new, and what the gate thinks of it.

    An item that matches what is kept down joins the cases of what it matches, for a person
    to decide: it may have been uploaded before the fingerprint went live, or while the host
    could not ask. Raises :class:`~staydown_server.catalogue.register.NotOnThisHost`.
    """
    item, is_new = register(
        host,
        host_item_id=host_item_id,
        url=url,
        fingerprint=fingerprint,
        media_url=media_url,
        uploader=uploader,
    )
    verdict = judge(fingerprint)
    with transaction.atomic():
        hold.recognise(item, fingerprint)
        for match in verdict.matches:
            keep = KeepDown.objects.select_related("case_item__case").get(pk=int(match.id or 0))
            add_copy(keep.case_item, item, match, origin=CaseItem.Origin.REGISTERED)
    return item, is_new, verdict
