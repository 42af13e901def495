"""Letters as data: a folder for each language, a template for each kind of addressee.

A template is paragraphs. A paragraph whose facts are not on file is left out, or says so in the
words that it has for that: no letter has an empty place. `docs/escalation.md` has the form.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from django.conf import settings

Facts = Mapping[str, str | tuple[str, ...]]

#: What a letter may say, where it is on file. Those of LISTS are lists, and stand alone.
LISTS = frozenset({"addresses", "seen", "digests", "earlier"})
FACTS = LISTS | {
    *("case", "received", "host", "domain", "addressee", "hours"),
    *("person", "represented", "sender", "reply_to", "good_faith", "minor"),
    *("network", "ip", "asked_host", "unreachable_host", "host_refused"),
}
#: There in every letter.
ALWAYS = frozenset({"case", "host", "addresses", "hours"})
#: Whose being there says all.
_UNSAID = frozenset({"good_faith", "minor", "unreachable_host", "host_refused"})
_WORDS, _SUFFIX = "words.toml", ".toml"
_PLACE = re.compile(r"\{([a-z0-9_]+)\}")
_NAME = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class LettersError(Exception):
    """A template cannot be used; the sentence says which, and why."""


class NoLanguage(LettersError):
    """There are no letters in this language."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, and when it is there."""

    text: str
    #: Facts without which it is left out; those in its text are among them.
    needs: frozenset[str] = frozenset()
    #: Facts with which it is left out.
    lacks: frozenset[str] = frozenset()
    #: Only under this law; empty: under any.
    law: str = ""
    #: Of a line to be copied into a form.
    label: str = ""
    #: In its place where a fact is missing; empty: nothing.
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """One letter. Of the subjects the first one whose facts are there is taken."""

    subjects: tuple[Paragraph, ...]
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a language says in all its letters."""

    name: str
    months: tuple[str, ...]
    #: Their places: day, month, year; date, time.
    date_form: str
    moment_form: str
    roles: Mapping[str, str]
    #: How each line of a list is said.
    lines: Mapping[str, str]
    #: Above a letter on paper.
    labels: Mapping[str, str]

    def date(self, at: datetime) -> str:
        at = at.astimezone(UTC)
        return fill(
            self.date_form,
            {"day": str(at.day), "month": self.months[at.month - 1], "year": str(at.year)},
        )

    def moment(self, at: datetime) -> str:
        return fill(
            self.moment_form,
            {"date": self.date(at), "time": f"{at.astimezone(UTC):%H:%M}"},
        )


@dataclass(frozen=True, slots=True)
class Language:
    words: Words
    templates: Mapping[str, Template]


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str


def language(key: str) -> Language:
    """The letters in the language called *key*; raises :class:`NoLanguage`."""
    try:
        return languages()[key]
    except KeyError:
        raise NoLanguage(f"there are no letters in the language {key!r}") from None


def languages() -> Mapping[str, Language]:
    """All of them by key: ours, and those in `STAYDOWN_ESCALATION_LETTERS`.

    Raises :class:`LettersError`.
    """
    return _languages(str(settings.ESCALATION_LETTERS))


def render(template: Template, facts: Facts, laws: Collection[str]) -> Rendered:
    """The letter, from *facts* that are on file; an empty one is not.

    Raises :class:`LettersError` where what is always there is missing.
    """
    there = {name: value for name, value in facts.items() if value}
    if absent := sorted(ALWAYS - set(there)):
        raise LettersError(f"no letter is written without {absent[0]!r}")
    subject = next(s for s in (_said(each, there, laws) for each in template.subjects) if s)
    paragraphs = (_said(each, there, laws) for each in template.paragraphs)
    return Rendered(subject, "\n\n".join(text for text in paragraphs if text))


def fill(form: str, values: Mapping[str, str]) -> str:
    """*form* with its places filled; one line of each value, however it was typed."""
    return _PLACE.sub(lambda place: one_line(values[place[1]]), form)


def one_line(text: str) -> str:
    """Without what could pass for another line or another place of a letter."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _said(paragraph: Paragraph, facts: Facts, laws: Collection[str]) -> str:
    if paragraph.law and paragraph.law not in laws:
        return ""
    if paragraph.lacks & set(facts):
        return ""
    head = f"{paragraph.label} " if paragraph.label else ""
    if not paragraph.needs <= set(facts):
        return f"{head}{paragraph.missing}" if paragraph.missing else ""
    alone = _PLACE.fullmatch(paragraph.text)
    if alone and alone[1] in LISTS:
        lines = "\n".join(f"- {one_line(each)}" for each in facts[alone[1]])
        return f"{paragraph.label}\n{lines}" if head else lines
    return head + fill(paragraph.text, {k: v for k, v in facts.items() if isinstance(v, str)})


@cache
def _languages(more: str) -> dict[str, Language]:
    folders: list[Traversable] = [resources.files(__package__).joinpath("letters")]
    if more:
        folders.append(Path(more))
    files: dict[str, dict[str, Traversable]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise LettersError(f"STAYDOWN_ESCALATION_LETTERS: {folder} is no folder")
        for inside in folder.iterdir():
            if inside.is_dir() and _NAME.fullmatch(inside.name):
                found = {each.name: each for each in inside.iterdir()}
                files.setdefault(inside.name, {}).update(
                    (name, each) for name, each in found.items() if name.endswith(_SUFFIX)
                )
    return {key: _language(key, found, set(files["en"])) for key, found in sorted(files.items())}


def _language(key: str, files: Mapping[str, Traversable], every: set[str]) -> Language:
    if absent := sorted(every - set(files)):
        raise LettersError(f"letters in {key!r}: {absent[0]} is missing")
    try:
        read = {name: tomllib.loads(file.read_text("utf-8")) for name, file in files.items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LettersError(f"letters in {key!r} are not well-formed ({error})") from error
    try:
        common = read.pop(_WORDS)
        parts = {
            name: tuple(_paragraph(f"{key}/{_WORDS}", each) for each in listed)
            for name, listed in common["part"].items()
        }
        templates = {
            name.removesuffix(_SUFFIX): _template(f"{key}/{name}", values, parts)
            for name, values in read.items()
        }
        months = tuple(common["months"])
        words = Words(
            common["name"],
            months,
            common["date"],
            common["moment"],
            common["roles"],
            common["lines"],
            common["labels"],
        )
    except KeyError as error:
        raise LettersError(f"letters in {key!r}: {error} is missing") from error
    if len(months) != 12:
        raise LettersError(f"letters in {key!r}: there are twelve months")
    return Language(words, templates)


def _template(
    where: str, values: Mapping[str, Any], parts: Mapping[str, tuple[Paragraph, ...]]
) -> Template:
    subjects = tuple(_paragraph(where, {"text": text}) for text in values["subject"])
    if not subjects or not subjects[-1].needs <= ALWAYS:
        raise LettersError(f"{where}: the last subject must need nothing that can be missing")

    def paragraphs() -> Iterator[Paragraph]:
        for each in values["paragraph"]:
            if "part" in each:
                yield from parts[each["part"]]
            else:
                yield _paragraph(where, each)

    return Template(subjects, tuple(paragraphs()))


def _paragraph(where: str, values: Mapping[str, Any]) -> Paragraph:
    # Not the spaces at which no line ends: French has them before a colon.
    text = re.sub(r"[ \n]+", " ", values["text"]).strip()
    places = set(_PLACE.findall(text))
    needs = frozenset({*places, *values.get("needs", ())})
    lacks = frozenset(values.get("lacks", ()))
    if odd := sorted((needs | lacks) - FACTS):
        raise LettersError(f"{where}: {odd[0]!r} is no fact that a letter can state")
    if "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        raise LettersError(f"{where}: a place is written {{like_this}}")
    if places & LISTS and not _PLACE.fullmatch(text):
        raise LettersError(f"{where}: {sorted(places & LISTS)[0]!r} is a list, and stands alone")
    if unsayable := sorted(places & _UNSAID):
        raise LettersError(f"{where}: {unsayable[0]!r} can be needed, not said")
    law, label, missing = (values.get(name, "") for name in ("law", "label", "missing"))
    return Paragraph(text, needs, lacks, law, label, missing)
