"""Brings the catalogues of the pages' texts up to date: ``make messages``.

Reads every text marked for translation in the server's templates and Python files, writes
``locale/<language>/LC_MESSAGES/django.po`` (what is translated stays, what is no longer used
goes) and compiles the ``.mo`` beside it. The output depends on the sources alone.

    python tools/messages.py            write
    python tools/messages.py --check    write nothing; exit status 1 where something is left to do

A new language is a new folder under ``locale/`` and a line in the settings.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SERVER = ROOT / "src" / "staydown_server"
LOCALE = SERVER / "locale"

#: Which arguments of a call are texts: singular, plural; ``c`` marks a context.
KEYWORDS: dict[str, tuple[Any, ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
COMMENT = "Translators"
HEADER = "# Staydown's texts. See tools/messages.py."

#: One text of the sources: its singular, its plural or "", its context or "".
Key = tuple[str, str, str]


class PlainCatalog(Catalog):
    """A catalogue whose header holds no date, no name and no version."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def texts_of_the_sources() -> dict[Key, list[str]]:
    """Every text marked for translation, with what its author tells the translators."""
    texts: dict[Key, list[str]] = {}
    for path in sorted(SERVER.rglob("*.html")):
        # Text around the tags becomes filler, whose indentation would not be Python's.
        pseudo = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        _collect("\n".join(line.lstrip() for line in pseudo.splitlines()), texts)
    for path in sorted(SERVER.rglob("*.py")):
        _collect(path.read_text(encoding="utf-8"), texts)
    return texts


def _collect(source: str, texts: dict[Key, list[str]]) -> None:
    found = extract_python(io.BytesIO(source.encode()), KEYWORDS, [COMMENT], {"encoding": "utf-8"})
    for _, function, arguments, comments in found:
        key = _key(function, arguments)
        if key is not None:
            notes = texts.setdefault(key, [])
            notes.extend(note for note in comments if note not in notes)


def _key(function: str, arguments: Any) -> Key | None:
    values = list(arguments) if isinstance(arguments, (list, tuple)) else [arguments]
    context = values.pop(0) if function.startswith(("pgettext", "npgettext")) else ""
    plural = values[1] if function.startswith(("ngettext", "npgettext")) else ""
    singular = values[0] if values else None
    # A variable instead of a literal: nothing to translate here.
    if not singular or context is None or plural is None:
        return None
    return singular, plural, context


def brought_up_to_date(old: Catalog, texts: dict[Key, list[str]], language: str) -> PlainCatalog:
    """*texts* with the translations that *old* has for them."""
    new = PlainCatalog(locale=language, header_comment=HEADER, fuzzy=False)
    for (singular, plural, context), notes in sorted(texts.items()):
        if not plural and any(key[0] == singular and key[1] and key[2] == context for key in texts):
            continue  # the entry with the plural serves both
        identity = (singular, plural) if plural else singular
        known = old.get(singular, context or None)
        string: Any = ("",) * new.num_plurals if plural else ""
        if known is not None and isinstance(known.string, (tuple, list)) == bool(plural):
            string = known.string
        new.add(
            identity,
            string,
            flags={"fuzzy"} if known is not None and known.fuzzy else (),
            auto_comments=notes,
            context=context or None,
        )
    return new


def untranslated(catalog: Catalog) -> Iterator[str]:
    """The texts that nobody has translated, or that somebody must look at again."""
    for message in catalog:
        strings = message.string if isinstance(message.string, (tuple, list)) else [message.string]
        if message.id and (message.fuzzy or not all(strings)):
            yield _singular(message)


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def po_text(catalog: Catalog) -> bytes:
    text = io.BytesIO()
    write_po(text, catalog, width=96, no_location=True, sort_output=True, ignore_obsolete=True)
    return text.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    # What is not translated stays out: the page then shows the source's text, never a blank.
    ready = PlainCatalog(locale=catalog.locale, fuzzy=False)
    left = set(untranslated(catalog))
    for message in catalog:
        if message.id and _singular(message) not in left:
            ready[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, ready)
    return compiled.getvalue()


def read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return PlainCatalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def faults(language: str, texts: dict[Key, list[str]]) -> Iterator[str]:
    """What is left to do for *language*, one sentence each."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    name = path.relative_to(ROOT)
    new = brought_up_to_date(read(path, language), texts, language)
    if not path.exists() or path.read_bytes() != po_text(new):
        yield f"{name} is out of date: run make messages."
    for text in untranslated(new):
        yield f"{name} lacks a translation, or one to rely on, for: {text}"
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != mo_bytes(new):
        yield f"{name.with_suffix('.mo')} does not correspond to the .po: run make messages."


def write(language: str, texts: dict[Key, list[str]]) -> None:
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    old = read(path, language)
    new = brought_up_to_date(old, texts, language)
    path.write_bytes(po_text(new))
    path.with_suffix(".mo").write_bytes(mo_bytes(new))
    gone = sum(1 for m in old if m.id and m.id not in new) + len(old.obsolete)
    left = len(list(untranslated(new)))
    print(f"{language}: {len(new)} texts, {left} not translated, {gone} removed.")


def main() -> int:
    options = argparse.ArgumentParser(description="Bring the catalogues of texts up to date.")
    options.add_argument("--check", action="store_true", help="write nothing, say what is left")
    chosen = options.parse_args()
    languages = sorted(path.parent.name for path in LOCALE.glob("*/LC_MESSAGES"))
    try:
        texts = texts_of_the_sources()
        if chosen.check:
            found = [fault for language in languages for fault in faults(language, texts)]
            for fault in found:
                print(fault, file=sys.stderr)
            return 1 if found else 0
        for language in languages:
            write(language, texts)
    except PoFileError as error:
        print(f"A catalogue cannot be read: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
