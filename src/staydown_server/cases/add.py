"""More addresses for a case: those of its notice, and those that the person adds later."""

from collections.abc import Iterable

from staydown_server.cases import locate, sweep
from staydown_server.cases.models import Case, CaseItem


def add_urls(case: Case, urls: Iterable[str]) -> int:
    """Bring *urls* into *case*, each once, inside the caller's transaction; how many are new.

    An open case keeps its deadline; a closed one opens again with a clock that starts now.
    """
    known = {row.reported_url for row in case.caseitem_set.only("case", "reported_url")}
    new = [url for url in dict.fromkeys(urls) if url not in known]
    for url in new:
        row = CaseItem.objects.create(
            case=case,
            origin=CaseItem.Origin.REPORTED_URL,
            state=CaseItem.State.LOCATING,
            reported_url=url,
        )
        locate.locate.defer(case_item_id=row.pk)
    if new:
        sweep.reopen(case)
    return len(new)
