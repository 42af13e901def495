"""A letter as a file: PDF, plain text, or an e-mail that a mail program opens as a draft."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from html import escape
from importlib import resources

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table
from reportlab.platypus.flowables import Flowable

from staydown_server.escalation.letters import Words, fill

_FONT, _BOLD = "OpenSans", "OpenSans-Bold"
_MARGIN = 25 * mm
_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=10, leading=14.5, spaceAfter=7)
# An address has no spaces: it breaks anywhere.
_ITEM = ParagraphStyle(
    "item", parent=_BODY, leftIndent=12, bulletIndent=2, spaceAfter=3, splitLongWords=True
)
_SUBJECT = ParagraphStyle("subject", parent=_BODY, fontName=_BOLD, fontSize=12, leading=16)
_HEAD = ParagraphStyle("head", parent=_BODY, fontSize=9, leading=12.5, spaceAfter=0)


class NoGlyph(Exception):
    """The letter has a character that the font of our PDFs does not; text and e-mail do."""


@dataclass(frozen=True, slots=True)
class Page:
    """A letter and what stands above it."""

    subject: str
    text: str
    to: tuple[str, ...]
    sender: str
    at: datetime
    number: str


def as_text(page: Page, words: Words) -> str:
    lines = "\n".join(f"{label}: {value}" for label, value in _head(page, words))
    return f"{lines}\n\n{page.text}\n"


def as_mail(page: Page, *, sender: str, to: str) -> bytes:
    """A message (RFC 5322) that is not sent; empty *sender* and *to* are for the person to fill."""
    message = EmailMessage()
    if sender:
        message["From"] = sender
    if to:
        message["To"] = to
    message["Subject"] = page.subject
    # Mail programs open it to be finished and sent.
    message["X-Unsent"] = "1"
    message.set_content(f"{page.text}\n")
    return message.as_bytes()


def as_pdf(page: Page, words: Words, *, language: str) -> bytes:
    """A4, with title and language, the same bytes each time. Raises :class:`NoGlyph`."""
    _fonts()
    said = [page.subject, page.text, page.sender, *page.to]
    glyphs = set(pdfmetrics.getFont(_FONT).face.charToGlyph)
    if any(ord(c) not in glyphs for c in "".join(said) if c not in "\n\r"):
        raise NoGlyph("the font has no glyph for a character of this letter")
    of = _build(page, words, language, pages=0)[1]
    return _build(page, words, language, pages=of)[0]


def _build(page: Page, words: Words, language: str, *, pages: int) -> tuple[bytes, int]:
    """The file, and how many pages it has; each says that it is one of *pages*."""
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=page.subject,
        author=page.sender,
        lang=language,
        invariant=1,
    )

    def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont(_FONT, 8)
        text = fill(words.labels["page"], {"n": str(document.page), "of": str(pages)})
        canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, text)

    document.build(list(_story(page, words)), onFirstPage=foot, onLaterPages=foot)
    return file.getvalue(), int(document.page)


def _story(page: Page, words: Words) -> Iterator[Flowable]:
    rows = [
        [Paragraph(escape(label), _HEAD), Paragraph(escape(value), _HEAD)]
        for label, value in _head(page, words)
    ]
    table = Table(rows, colWidths=[22 * mm, None], hAlign="LEFT")
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)])
    yield table
    yield Spacer(0, 8 * mm)
    yield Paragraph(escape(page.subject), _SUBJECT)
    yield Spacer(0, 2 * mm)
    for block in page.text.split("\n\n"):
        for line in block.split("\n"):
            if line.startswith("- "):
                yield Paragraph(escape(line[2:]), _ITEM, bulletText="•")
            elif line.strip():
                yield Paragraph(escape(line), _BODY)
        yield Spacer(0, 1.5 * mm)


def _head(page: Page, words: Words) -> Iterator[tuple[str, str]]:
    if page.sender:
        yield words.labels["from"], page.sender
    if page.to:
        yield words.labels["to"], ", ".join(page.to)
    yield words.labels["date"], words.date(page.at)
    yield words.labels["file"], page.number


@cache
def _fonts() -> None:
    folder = resources.files("ttf_opensans").joinpath("ttf")
    for name, file in ((_FONT, "OpenSans-Regular.ttf"), (_BOLD, "OpenSans-Bold.ttf")):
        with resources.as_file(folder.joinpath(file)) as path:
            pdfmetrics.registerFont(TTFont(name, path))
