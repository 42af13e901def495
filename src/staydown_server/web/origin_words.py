"""Marks of origin in the moderator's language. Context only: see docs/origin.md."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from staydown import Mark
from staydown.media.origin import MarkError, State

_CAPTURED = frozenset(("digitalCapture", "computationalCapture"))


def origin_sentences(marks: Iterable[Mapping[str, Any]]) -> list[str]:
    """What to say of *marks*, each as `Mark.to_dict` wrote it; nothing where there are none.

    That a file has no marks is not a finding, and no sentence is made of it.
    """
    sentences = []
    for values in marks:
        try:
            mark = Mark.from_dict(values)
        except MarkError:
            # Stored in a form that this version no longer knows.
            continue
        sentences.append(" ".join(_parts(mark)))
    return sentences


def _parts(mark: Mark) -> Iterator[str]:
    yield _("%(claim)s (%(check)s).") % {"claim": _claim(mark), "check": _check(mark)}
    if mark.issuer and mark.state in ("trusted", "untrusted"):
        yield _("Signed in the name of %(issuer)s.") % {"issuer": mark.issuer}
    if mark.generators:
        yield _("Tools that it names: %(tools)s.") % {"tools": ", ".join(mark.generators)}
    if mark.has_prompt:
        yield _("The text that was typed into the tool is in the file; we did not keep it.")


def _claim(mark: Mark) -> str:
    types = frozenset(mark.source_types)
    if "trainedAlgorithmicMedia" in types:
        return _("This file says that it was made with generative AI")
    if mark.says_ai and types:
        return _("This file says that a part of it was made with generative AI")
    if mark.says_ai:
        return _("This file bears the mark of a generative AI tool")
    if types & _CAPTURED:
        return _("This file says that a camera took it")
    return _("This file says something about its origin")


def _check(mark: Mark) -> str:
    if mark.kind == "iptc":
        return _("IPTC label, unsigned")
    if mark.kind == "generator" or mark.state is None:
        return _("unsigned")
    states: dict[State, str] = {
        "trusted": _("C2PA, signature valid, signer on our trust list"),
        "untrusted": _("C2PA, signature valid, signer not on our trust list"),
        "tampered": _("C2PA, changed after it was signed, as apps and platforms often do"),
        "invalid": _("C2PA, signature not valid, an expired certificate for instance"),
        "unreadable": _("C2PA, cannot be read"),
        "remote": _("C2PA, kept elsewhere and not fetched"),
        "unchecked": _("C2PA, not checked: this installation cannot"),
        "too-long": _("C2PA, not checked: the file is too long"),
    }
    return states[mark.state]
