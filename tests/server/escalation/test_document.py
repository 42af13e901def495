"""Letters as files: PDFs that hold every word, texts, and drafts of e-mail."""

import email
import email.policy
from datetime import UTC, datetime

import pypdfium2
import pytest

from server.escalation.test_letters import EVERYTHING
from staydown_server.escalation.document import NoGlyph, Page, as_mail, as_pdf, as_text
from staydown_server.escalation.letters import language, render

AT = datetime(2026, 8, 1, 9, 5, tzinfo=UTC)
#: As long as addresses are, and without a place to break.
LONG = "https://images.of-somewhere.example/albums/" + "a1b2c3d4e5f6" * 40 + ".jpg?size=large&x=1"


def page(key: str, name: str, **facts: str | tuple[str, ...]) -> Page:
    letter = render(language(key).templates[name], {**EVERYTHING, **facts}, ["us", "eu", "fr"])
    return Page(
        letter.subject,
        letter.text,
        ("Hébergeur Œuvre & Fils <abuse@hosting.example>",),
        "Point d’écoute <aide@ecoute.example>",
        AT,
        "SD-000012",
    )


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(each.get_textpage().get_text_bounded() for each in document)


def squeezed(text: str) -> str:
    return "".join(text.split()).replace("\u00ad", "").replace("\ufffe", "")


@pytest.mark.parametrize("key", ["en", "fr"])
@pytest.mark.parametrize("name", sorted(language("en").templates))
def test_a_pdf_holds_every_word_of_the_letter(key: str, name: str) -> None:
    """Also an address that no line is long enough for, and a hundred of them."""
    many = (LONG, *(f"https://site.example/{number}" for number in range(100)))
    letter = page(key, name, addresses=many)

    found = squeezed(text_of(as_pdf(letter, language(key).words, language=key)))

    for block in letter.text.split("\n"):
        line = squeezed(block.removeprefix("- "))
        assert line in found or all(part in found for part in (line[:30], line[-30:])), block
    assert squeezed(letter.subject) in found
    assert "SD-000012" in found


def test_a_pdf_says_what_it_is() -> None:
    """Its title and language, for whoever has it read aloud; how many pages there are."""
    letter = page("fr", "host", addresses=(LONG,) * 3)
    pdf = as_pdf(letter, language("fr").words, language="fr")

    with pypdfium2.PdfDocument(pdf) as document:
        assert document.get_metadata_value("Title") == letter.subject
        pages = len(document)
    assert b"/Lang (fr)" in pdf
    assert f"Page{pages}sur{pages}" in squeezed(text_of(pdf))


def test_the_same_letter_is_the_same_file() -> None:
    """Its digest stands for it in the timeline."""
    words = language("en").words

    assert as_pdf(page("en", "cdn"), words, language="en") == as_pdf(
        page("en", "cdn"), words, language="en"
    )


def test_nothing_passes_for_markup() -> None:
    """A name with angle brackets is a name."""
    letter = page("en", "host", person="<b>Alice</b> & <font size=90>x</font>")

    found = text_of(as_pdf(letter, language("en").words, language="en"))

    assert "<b>Alice</b> & <font size=90>x</font>" in found.replace("\r\n", " ")


def test_a_character_without_a_glyph_is_told() -> None:
    """Rather than a box in its place; text and e-mail have it all the same."""
    letter = page("en", "host", sender="寄り添う会")
    words = language("en").words

    with pytest.raises(NoGlyph):
        as_pdf(letter, words, language="en")
    assert "寄り添う会" in as_text(letter, words)


def test_a_draft_of_an_e_mail_opens_as_one() -> None:
    """With its addressee and subject; nobody is written to who has no address."""
    letter = page("fr", "hosting")
    draft = as_mail(letter, sender="Aide <aide@ecoute.example>", to="abuse@hosting.example")

    message = email.message_from_bytes(draft, policy=email.policy.default)

    assert message["X-Unsent"] == "1"
    assert message["To"] == "abuse@hosting.example"
    assert message["Subject"] == letter.subject
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip() == letter.text
    assert "To" not in email.message_from_bytes(as_mail(letter, sender="", to=""))


def test_a_text_says_from_whom_and_to_whom() -> None:
    text = as_text(page("fr", "registrar"), language("fr").words)

    assert text.startswith("De: Point d’écoute <aide@ecoute.example>\nÀ: Hébergeur")
    assert "Date: 1 août 2026\nDossier: SD-000012\n\nÀ l’attention de" in text
