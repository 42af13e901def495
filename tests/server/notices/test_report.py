"""What makes a notice valid, and finding addresses in what people paste."""

from dataclasses import fields
from typing import Any

import pytest

from server.pictures import fingerprint, jpeg, scene
from server.story import alices_report
from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.notices.regimes import regimes
from staydown_server.notices.report import (
    Element,
    Incomplete,
    Kind,
    Report,
    TooLong,
    TooMany,
    urls_in,
)

PLACE = "https://plaza.example/p/1"


def test_a_whole_notice_passes() -> None:
    """Four elements; nothing else is asked for."""
    alices_report(PLACE, explanation="", on_behalf_of="").check()


def test_a_file_is_as_good_as_an_address() -> None:
    """Alice may have the file and not the address."""
    shown = fingerprint(jpeg(scene(1))).to_dict()

    alices_report("", fingerprints=(shown,)).check()


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"signature": " "}, Element.SIGNATURE),
        ({"places": "on that site, you know"}, Element.PICTURES),
        ({"good_faith": False}, Element.GOOD_FAITH),
        ({"contact": "\n"}, Element.CONTACT),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, object], element: Element) -> None:
    """Each of the four, by itself."""
    with pytest.raises(Incomplete) as caught:
        alices_report(**{"places": PLACE, **changes}).check()

    assert caught.value.missing == (element,)


def test_an_empty_notice_lacks_everything_at_once() -> None:
    """All questions come together, not one after the other."""
    with pytest.raises(Incomplete) as caught:
        alices_report("", signature="", good_faith=False, contact="").check()

    assert set(caught.value.missing) == {
        Element.SIGNATURE,
        Element.PICTURES,
        Element.GOOD_FAITH,
        Element.CONTACT,
    }


def test_whoever_acts_for_somebody_says_for_whom() -> None:
    """The law wants to know who is represented; a first name will do."""
    with pytest.raises(Incomplete) as caught:
        alices_report(PLACE, for_another=True, on_behalf_of=" ").check()

    assert caught.value.missing == (Element.ON_BEHALF_OF,)
    alices_report(PLACE, for_another=True, on_behalf_of="Ada").check()


def test_a_deposit_needs_fingerprints_and_no_address() -> None:
    """What is not online is nowhere to be found."""
    shown = fingerprint(jpeg(scene(1))).to_dict()

    alices_report("", kind=Kind.DEPOSIT, fingerprints=(shown,)).check()
    with pytest.raises(Incomplete) as caught:
        alices_report(PLACE, kind=Kind.DEPOSIT).check()
    assert caught.value.missing == (Element.FINGERPRINTS,)


@pytest.mark.parametrize(
    ("jurisdictions", "is_optional"), [(("eu",), True), (("us",), False), (("us", "eu"), True)]
)
def test_a_name_may_be_left_out_where_the_law_says_so(
    settings: Any, jurisdictions: tuple[str, ...], is_optional: bool
) -> None:
    """Digital Services Act, article 16(2)(c): for minors."""
    settings.JURISDICTIONS = jurisdictions
    nameless = alices_report(PLACE, signature="", contact="", about_minor=True)

    if is_optional:
        nameless.check()
    else:
        with pytest.raises(Incomplete):
            nameless.check()
    with pytest.raises(Incomplete):
        alices_report(PLACE, signature="").check()


def test_every_law_is_served_by_fields_that_the_notice_has() -> None:
    """Each element names what collects it, and each jurisdiction has its elements."""
    has = {field.name for field in fields(Report)} | {"pictures"}

    assert set(regimes()) == set(jurisdictions())
    for key, regime in regimes().items():
        assert regime.elements, key
        for element, collected_by in regime.elements.items():
            assert set(collected_by) <= has, (key, element)
            assert collected_by, (key, element)
        # What must be there is asked for: nobody's request fails for want of a question.
        asked = {name for names in regime.elements.values() for name in names}
        assert {"signature", "pictures", "good_faith", "contact"} - asked <= {"good_faith"}, key


@pytest.mark.parametrize("name", ["places", "explanation", "signature", "on_behalf_of", "contact"])
def test_what_is_too_long_is_named_and_not_cut(name: str) -> None:
    """Silently cutting a text would alter the notice."""
    with pytest.raises(TooLong) as caught:
        alices_report(**{"places": PLACE, name: "x" * 20_001}).check()

    assert caught.value.field_name == name
    assert "xxx" not in str(caught.value)


def test_a_notice_has_a_most_of_places() -> None:
    """Two hundred and one are too many; two hundred are not."""
    places = [f"https://plaza.example/p/{number}" for number in range(201)]

    alices_report(" ".join(places[:200])).check()
    with pytest.raises(TooMany):
        alices_report(" ".join(places)).check()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("look: https://plaza.example/p/1.", ["https://plaza.example/p/1"]),
        ("<https://plaza.example/p/1>", ["https://plaza.example/p/1"]),
        ("(see https://plaza.example/p/1)", ["https://plaza.example/p/1"]),
        ("[it](https://plaza.example/p/1)", ["https://plaza.example/p/1"]),
        ("«https://plaza.example/p/1»", ["https://plaza.example/p/1"]),
        ("“https://plaza.example/p/1”…", ["https://plaza.example/p/1"]),
        ("HTTPS://Plaza.Example/p/1", ["HTTPS://Plaza.Example/p/1"]),
        ("https://plaza.example/p/1,https", ["https://plaza.example/p/1,https"]),
        ("https://plaza.example/cat_(1).jpg", ["https://plaza.example/cat_(1).jpg"]),
        ("(https://plaza.example/cat_(1))", ["https://plaza.example/cat_(1)"]),
        ("https://plaza.example/p/1\u200b", ["https://plaza.example/p/1"]),
        ("https://plaza.example/p?a=1&b=2#c", ["https://plaza.example/p?a=1&b=2#c"]),
        (
            "https://a.example/1\nhttps://a.example/2",
            ["https://a.example/1", "https://a.example/2"],
        ),
        ("https://a.example/1 https://a.example/1", ["https://a.example/1"]),
        ("plaza.example/p/1", ["https://plaza.example/p/1"]),
        ("see www.plaza.example, or", ["https://www.plaza.example"]),
        ("（www.plaza.example/p/1?x=1）", ["https://www.plaza.example/p/1?x=1"]),
        ("https：//plaza.example／p／1", ["https://plaza.example/p/1"]),
        ("alice@plaza.example and/or plaza.example, 3.5/10 etc./so", []),
        ("https://a.example/?u=b.example/1", ["https://a.example/?u=b.example/1"]),
        ("javascript:alert(1) ftp://x.example/1 http:// https://", []),
        ("", []),
    ],
)
def test_addresses_are_found_in_noise(text: str, found: list[str]) -> None:
    """Whatever was pasted around them."""
    assert list(urls_in(text)) == found


def test_a_wall_of_text_is_searched_in_no_time() -> None:
    """No text makes the search slow."""
    for wall in ("http" * 5000, "https://" * 2500, "https://" + "." * 19_000, "(" * 20_000):
        urls_in(wall)
