"""Register what a host shows, and let it meet the gate in the same breath.

Whatever the order of events, no copy slips between the sweep and the gate: what is registered
before a keep-down is found by its sweep, what is registered after it is found here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.cases import deposit
from staydown_server.cases.models import CaseItem
from staydown_server.cases.sweep import add_copy
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register
from staydown_server.gate import hold, listed
from staydown_server.gate.check import Verdict, judge
from staydown_server.gate.models import KeepDown


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a host says it shows."""

    host_item_id: str
    url: str
    fingerprint: Fingerprint
    media_url: str = ""
    uploader: str = ""


def admit_many(host: Host, wanted: Sequence[Wanted]) -> list[tuple[Item, bool, Verdict]]:
    """For each: the item, whether it is new, and what the gate thinks of it.

    All are registered, or none. An item that matches what is kept down joins the cases of what
    it matches, for a person to decide: it may have been uploaded before the fingerprint went
    live, or while the host could not ask. One that hits a deposit opens its case. Raises
    :class:`~staydown_server.catalogue.register.NotOnThisHost`.
    """
    with transaction.atomic():
        registered = [
            register(
                host,
                host_item_id=one.host_item_id,
                url=one.url,
                fingerprint=one.fingerprint,
                media_url=one.media_url,
                uploader=one.uploader,
            )
            for one in wanted
        ]
    # Each index follows what is committed: it is asked outside of any transaction.
    verdicts = [judge(one.fingerprint) for one in wanted]
    with transaction.atomic():
        for (item, _), one, verdict in zip(registered, wanted, verdicts, strict=True):
            hold.recognise(item, one.fingerprint)
            for match in verdict.matches:
                keep = KeepDown.objects.select_related("case_item__case").get(pk=int(match.id or 0))
                add_copy(keep.case_item, item, match, origin=CaseItem.Origin.REGISTERED)
            for made, match in verdict.hits:
                if row := deposit.hit(made.pk):
                    add_copy(row, item, match, origin=CaseItem.Origin.REGISTERED)
            for entry, match in verdict.listed:
                if row := listed.hit(entry.pk):
                    add_copy(row, item, match, origin=CaseItem.Origin.REGISTERED)
    return [(*one, verdict) for one, verdict in zip(registered, verdicts, strict=True)]


def admit(host: Host, wanted: Wanted) -> tuple[Item, bool, Verdict]:
    """`admit_many` for one."""
    (admitted,) = admit_many(host, [wanted])
    return admitted
