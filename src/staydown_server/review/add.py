"""The person points at more addresses: they join the case that their notice opened."""

from django.db import transaction

from staydown_server import audit
from staydown_server.cases.add import add_urls
from staydown_server.cases.models import Case
from staydown_server.notices import letters
from staydown_server.notices.models import Letter, Notice
from staydown_server.notices.report import MOST_PLACES, urls_in


class AddError(Exception):
    """The addresses cannot be taken in; nothing was stored."""


class NoCaseYet(AddError):
    """The notice has no case: it was not opened yet, or waits for something else."""


class NoAddress(AddError):
    """There is no address in the text."""


class TooManyPlaces(AddError):
    """The case would hold more than one notice may point at."""


def add_places(notice: Notice, text: str, *, submission: str) -> None:
    """Store *text* as it was typed and bring the addresses in it into the case, once.

    Raises an :class:`AddError`, or a :class:`~staydown_server.notices.letters.LetterError`.
    """
    urls = urls_in(text)
    with transaction.atomic():
        letter, is_new = letters.write(notice, text, submission=submission, kind=Letter.Kind.PLACES)
        if not is_new:
            return
        if not urls:
            raise NoAddress
        case = Case.objects.select_for_update().filter(notice=notice).first()
        if case is None:
            raise NoCaseYet
        if case.caseitem_set.exclude(reported_url="").count() + len(urls) > MOST_PLACES:
            raise TooManyPlaces
        added = add_urls(case, urls)
        audit.record("places.added", case, by="person", letter=letter.pk, urls=added)
