"""What makes a notice valid, and finding addresses in what people paste."""

import pytest

from server.pictures import fingerprint, jpeg, scene
from server.story import alices_report
from staydown_server.notices.report import Element, Incomplete, TooLong, urls_in

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

    assert set(caught.value.missing) == set(Element)


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
    with pytest.raises(TooLong):
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
        ("plaza.example/p/1", []),
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
