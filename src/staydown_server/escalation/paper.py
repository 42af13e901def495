"""A stored letter as a file."""

from collections.abc import Callable, Mapping

from staydown_server.escalation.document import Page, as_mail, as_pdf, as_text
from staydown_server.escalation.letters import language
from staydown_server.escalation.models import OutgoingLetter
from staydown_server.escalation.send import sender


def page_of(letter: OutgoingLetter) -> Page:
    addressee = letter.addressee
    name = addressee.name
    to = f"{name} <{letter.recipient}>" if name and letter.recipient else name or letter.recipient
    return Page(
        letter.subject,
        letter.text,
        (to,) if to else (),
        sender(),
        letter.sent_at or letter.drafted_at,
        addressee.site.file.case.number,
    )


def as_file(letter: OutgoingLetter, kind: str) -> tuple[bytes, str]:
    """The letter as *kind* (``pdf``, ``txt`` or ``eml``), and the type of that.

    Raises KeyError for another kind, and :class:`~.document.NoGlyph`.
    """
    page, words = page_of(letter), language(letter.language).words
    to = letter.recipient if letter.channel == "email" else ""
    make: Mapping[str, Callable[[], tuple[bytes, str]]] = {
        "pdf": lambda: (as_pdf(page, words, language=letter.language), "application/pdf"),
        "txt": lambda: (as_text(page, words).encode(), "text/plain; charset=utf-8"),
        "eml": lambda: (as_mail(page, sender=sender(), to=to), "message/rfc822"),
    }
    return make[kind]()
