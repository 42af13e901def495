"""Marks of origin in a moderator's words: what the file says, how far it was checked."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from staydown import Mark
from staydown.media.origin import SOURCE_TYPES, State
from staydown_server.web.origin_words import origin_sentences

MODEL = ("trainedAlgorithmicMedia",)
SIGNED = Mark(
    "c2pa",
    state="untrusted",
    source_types=MODEL,
    generators=("Example Paint", "Example Model"),
    issuer="Example Camera Ltd",
    signed_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def said(*marks: Mark, language: str = "en") -> list[str]:
    with translation.override(language):
        return origin_sentences([mark.to_dict() for mark in marks])


def test_signed_manifest_is_told_with_its_signer_and_tools() -> None:
    assert said(SIGNED) == [
        "This file says that it was made with generative AI (C2PA, signature valid, signer not on "
        "our trust list). Signed in the name of Example Camera Ltd. Tools that it names: Example "
        "Paint, Example Model."
    ]


def test_it_is_told_in_french() -> None:
    assert said(SIGNED, language="fr") == [
        "Ce fichier indique avoir été produit par une IA générative (C2PA, signature valide, "
        "signataire absent de notre liste de confiance). Signé au nom de Example Camera Ltd. "
        "Outils qu’il nomme\u202f: Example Paint, Example Model."
    ]


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_has_words_of_its_own(state: State, language: str) -> None:
    """None of them says trusted, valid or tampered of another."""
    others = [each for each in get_args(State) if each != state]
    (sentence,) = said(Mark("c2pa", state), language=language)

    assert "C2PA" in sentence
    assert all(said(Mark("c2pa", other), language=language) != [sentence] for other in others)


def test_signer_of_a_changed_file_is_not_named() -> None:
    """It is not what they signed."""
    (sentence,) = said(Mark("c2pa", "tampered", source_types=MODEL, issuer="Example Camera Ltd"))

    assert "changed after it was signed" in sentence
    assert "Example" not in sentence


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        (
            Mark("iptc", source_types=MODEL),
            "This file says that it was made with generative AI (IPTC label, unsigned).",
        ),
        (
            Mark("iptc", source_types=("compositeWithTrainedAlgorithmicMedia",)),
            "This file says that a part of it was made with generative AI (IPTC label, unsigned).",
        ),
        (
            Mark("iptc", source_types=("digitalCapture",)),
            "This file says that a camera took it (IPTC label, unsigned).",
        ),
        (
            Mark("iptc", source_types=("print",)),
            "This file says something about its origin (IPTC label, unsigned).",
        ),
        (
            Mark("generator", generators=("ComfyUI",), has_prompt=True),
            "This file bears the mark of a generative AI tool (unsigned). Tools that it names: "
            "ComfyUI. The text that was typed into the tool is in the file; we did not keep it.",
        ),
    ],
)
def test_other_marks_are_told_as_unsigned(mark: Mark, sentence: str) -> None:
    assert said(mark) == [sentence]


def test_every_source_type_has_a_sentence_that_does_not_say_too_much() -> None:
    """Only the three types of generative AI are called that."""
    for term in SOURCE_TYPES:
        mark = Mark("iptc", source_types=(term,))
        assert ("generative AI" in said(mark)[0]) is mark.says_ai


def test_no_marks_are_no_finding() -> None:
    """An empty list must not read as a clean bill of health."""
    assert said() == []
    assert render_to_string("web/_marks.html", {"origin": []}).strip() == ""


def test_marks_of_a_form_that_is_no_longer_known_are_passed_over() -> None:
    with translation.override("en"):
        sentences = origin_sentences([{"kind": "hunch"}, {}, SIGNED.to_dict()])

    assert sentences == said(SIGNED)


@pytest.mark.parametrize(
    ("language", "context"),
    [("en", "That is context only"), ("fr", "Ce n’est qu’un élément de contexte")],
)
def test_fragment_says_that_it_is_context_only(language: str, context: str) -> None:
    with translation.override(language):
        page = render_to_string("web/_marks.html", {"origin": said(SIGNED, language=language)})

    assert context in page
    assert "Example Camera Ltd" in page


def test_fragment_writes_nothing_as_markup() -> None:
    """Names come from strangers' files, though short and without brackets."""
    page = render_to_string("web/_marks.html", {"origin": ["<b>x</b>"]})

    assert "<b>" not in page
