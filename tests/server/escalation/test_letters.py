"""Letters say what is on file and nothing else: in each language, whatever is missing."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from staydown_server.escalation import letters
from staydown_server.escalation.letters import (
    ALWAYS,
    FACTS,
    LISTS,
    Facts,
    LettersError,
    NoLanguage,
    Template,
    language,
    languages,
    render,
)
from staydown_server.escalation.models import Addressee
from staydown_server.escalation.rules import rules

OURS = Path(letters.__file__).parent / "letters"
#: Each fact with a value that no template holds.
EVERYTHING: dict[str, str | tuple[str, ...]] = {
    **{name: f"<{name}>" for name in FACTS - LISTS},
    **{name: (f"<{name} 1>", f"<{name} 2>") for name in LISTS},
}
CASES = [(key, name) for key in ("en", "fr") for name in sorted(language("en").templates)]


def some(template: Template) -> Iterator[Facts]:
    """The facts with any of those missing that the template asks about."""
    asked = {n for p in template.paragraphs for n in p.needs | p.lacks}
    asked |= {n for s in template.subjects for n in s.needs}
    optional = sorted(asked - ALWAYS)
    for many in range(len(optional) + 1):
        for missing in combinations(optional, many):
            # Missing is missing: not there, empty, or a list of nothing.
            empty = {name: (() if name in LISTS else "") for name in missing[::2]}
            there = {name: EVERYTHING[name] for name in EVERYTHING if name not in missing}
            yield {**there, **empty}


@pytest.mark.parametrize(("key", "name"), CASES)
def test_no_letter_has_an_empty_place(key: str, name: str) -> None:
    """Whichever facts are missing, under whichever laws."""
    template = language(key).templates[name]
    laws = list(rules().laws)
    for number, facts in enumerate(some(template)):
        chosen = laws[: number % (len(laws) + 1)]
        letter = render(template, facts, chosen)
        there = {name for name, value in facts.items() if value}
        said = f"{letter.subject}\n\n{letter.text}"
        for wrong in ("{", "}", "None", "()", "  ", " ,", " .", ",,", "..", "\n\n\n", "«»"):
            assert wrong not in said, (wrong, said)
        assert not re.search(r"(?m)^\s*-?\s*$(?<!\n)", said.replace("\n\n", "\n")), said
        places = set(re.findall(r"<([a-z_]+)(?: \d)?>", said))
        assert places <= there, "it states only what is on file"
        assert name == "search" or "<host>" in said or "<domain>" in said
        assert "<addresses 1>" in letter.text
        assert "<addresses 2>" in letter.text
        assert letter.subject
        assert "\n" not in letter.subject


@pytest.mark.parametrize(("key", "name"), CASES)
def test_what_is_on_file_is_said(key: str, name: str) -> None:
    """Every fact that a template asks for finds its way into the letter with all of them."""
    template = language(key).templates[name]
    letter = render(template, EVERYTHING, list(rules().laws))

    places = {n for p in template.paragraphs for n in re.findall(r"\{([a-z_]+)\}", p.text)}
    never = {n for n in places if f"<{n}" not in letter.text}
    # What stands only where something else is missing.
    assert never <= {"represented", "person", "host"}


@pytest.mark.parametrize("name", sorted(language("en").templates))
def test_both_languages_ask_for_the_same_facts(name: str) -> None:
    """Paragraph by paragraph; what one language says, the other says, too."""
    english, french = (language(key).templates[name].paragraphs for key in ("en", "fr"))

    def shape(paragraphs: Any) -> list[object]:
        return [(p.needs, p.lacks, p.law, bool(p.label), bool(p.missing)) for p in paragraphs]

    assert shape(english) == shape(french)


def test_there_is_a_letter_for_everybody() -> None:
    """To each role, and to each regulator that a law names."""
    names = {rules().template_of(role, "") for role in Addressee.Role.values} - {"regulator"}
    complained = [key for key, law in rules().laws.items() if law.regulator]
    names |= {rules().template_of("regulator", key) for key in complained}

    assert names == set(language("en").templates)
    for key in languages():
        assert set(language(key).words.roles) == set(Addressee.Role.values)


def test_a_law_is_named_where_it_applies() -> None:
    template = language("en").templates["host"]

    american, european = (render(template, EVERYTHING, [law]).text for law in ("us", "eu"))

    assert "TAKE IT DOWN Act" in american
    assert "2022/2065" not in american
    assert "TAKE IT DOWN Act" not in european
    assert "article 16 of Regulation (EU) 2022/2065" in european


def test_the_host_gets_what_the_law_asks_of_a_request() -> None:
    """47 U.S.C. 223a(a)(1)(B): signature, identification, good faith, contact."""
    letter = render(language("en").templates["host"], EVERYTHING, ["us"]).text

    for element in ("<sender>", "<addresses 1>", "in good faith", "<reply_to>"):
        assert element in letter


def test_nobody_is_named_who_does_not_want_to_be() -> None:
    facts = {**EVERYTHING, "person": "", "represented": ""}

    letter = render(language("en").templates["host"], facts, ["us"]).text

    assert "their name is not in this letter" in letter
    assert "<person>" not in letter


def test_a_value_cannot_pass_for_another_line() -> None:
    """Nor for a place of the letter: names come from registries, and from people."""
    name = "Mallory\n\nDear {host},\u2028- x"
    facts = {**EVERYTHING, "addressee": name, "addresses": ("a\n- b",)}

    letter = render(language("en").templates["host"], facts, [])

    assert "To Mallory Dear {host}, - x," in letter.text
    assert "- a - b" in letter.text


def test_a_letter_without_addresses_is_not_written() -> None:
    with pytest.raises(LettersError, match="addresses"):
        render(language("en").templates["host"], {**EVERYTHING, "addresses": ()}, [])


def test_dates_are_said_as_they_are_said() -> None:
    at = datetime(2026, 8, 1, 9, 5, tzinfo=UTC)

    assert language("en").words.date(at) == "1 August 2026"
    assert language("fr").words.moment(at) == "1 août 2026, 09:05 UTC"


@pytest.fixture
def more(tmp_path: Path, settings: Any) -> Path:
    """A folder with letters of an installation's own."""
    settings.ESCALATION_LETTERS = str(tmp_path)
    return tmp_path


def test_a_third_language_is_a_folder(more: Path) -> None:
    """Without a line of code."""
    copytree(OURS / "en", more / "tlh")
    for file in (more / "tlh").iterdir():
        file.write_text(file.read_text().replace("Yours faithfully", "Qapla'"))

    letter = render(language("tlh").templates["host"], EVERYTHING, ["us"])

    assert "Qapla'" in letter.text
    assert "Qapla'" not in render(language("en").templates["host"], EVERYTHING, ["us"]).text
    with pytest.raises(NoLanguage):
        language("xx")


def test_one_letter_of_ours_can_be_replaced(more: Path) -> None:
    """Lawyers change one file; the others stay ours."""
    (more / "en").mkdir()
    (more / "en" / "search.toml").write_text(
        'subject = ["About {host}"]\n[[paragraph]]\ntext = "{addresses}"\n'
    )

    assert render(language("en").templates["search"], EVERYTHING, []).subject == "About <host>"
    assert "host" in language("en").templates


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ('subject = ["x"]\n[[paragraph]]\ntext = "{age}"', "age"),
        ('subject = ["x"]\n[[paragraph]]\ntext = "{Host}"', "like_this"),
        ('subject = ["x"]\n[[paragraph]]\ntext = "At {addresses}."', "stands alone"),
        ('subject = ["x"]\n[[paragraph]]\ntext = "{minor}"', "can be needed"),
        ('subject = ["x {ip}"]\nparagraph = []', "last subject"),
        ("paragraph = []", "subject"),
        ('subject = ["x"]\n[[paragraph]]\npart = "nothing"', "nothing"),
        ("x", "well-formed"),
    ],
)
def test_a_template_that_cannot_be_used_is_told(more: Path, file: str, told: str) -> None:
    (more / "en").mkdir()
    (more / "en" / "host.toml").write_text(file)

    with pytest.raises(LettersError, match=told):
        languages()


def test_a_language_with_a_letter_missing_is_told(more: Path) -> None:
    copytree(OURS / "en", more / "tlh")
    (more / "tlh" / "cdn.toml").unlink()

    with pytest.raises(LettersError, match=r"cdn\.toml"):
        languages()


def test_letters_in_french_are_set_as_french_is_set() -> None:
    """Typographic apostrophes, and spaces at which no line ends."""
    for file in (OURS / "fr").glob("*.toml"):
        for line in file.read_text("utf-8").splitlines():
            said = re.match(r'(?:text|missing|label|subject) = "(.*)"', line)
            if said:
                assert "'" not in said[1], line
                assert not re.search(r" [:;?!»]|« |\w[;?!]", said[1].replace("https:", "")), line


def test_the_lines_of_lists_have_no_empty_place() -> None:
    """Each with what is said in it, in each language."""
    values = {
        "seen": {"url", "moment", "status"},
        "certificate": {"url", "certificate"},
        "sha256": {"url", "sha256"},
        "pdq": {"url", "pdq"},
        "earlier": {"date", "name", "role"},
    }
    for key in languages():
        for name, form in language(key).words.lines.items():
            said = values[name.partition("_")[0]]
            line = letters.fill(form, {each: f"<{each}>" for each in said})
            assert "{" not in line
            assert {each for each in said if f"<{each}>" in line} == said, (key, name)
