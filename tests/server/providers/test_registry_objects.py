"""What registries answer, read whatever they put into it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.providers.fakes import entity
from staydown_server.providers import registry_objects as objects


def card(*fields: list[Any]) -> dict[str, Any]:
    return {"entities": [{"roles": ["abuse"], "vcardArray": ["vcard", list(fields)]}]}


@pytest.mark.parametrize(
    ("said", "mails", "forms"),
    [
        ("abuse@a.example", ("abuse@a.example",), ()),
        ("mailto:abuse@a.example", ("abuse@a.example",), ()),
        ("  abuse@a.example\r\n", ("abuse@a.example",), ()),
        ("https://shop.example/contact?d=a", (), ("https://shop.example/contact?d=a",)),
        ("REDACTED FOR PRIVACY", (), ()),
        ("abuse@privacy-shop.example", ("abuse@privacy-shop.example",), ()),
        ("contact@redacted.example", (), ()),
        ("Please query the RDDS service", (), ()),
        ("a@b.example, c@d.example", (), ()),
        ("abuse@a.example\nBcc: x@y.example", (), ()),
        ("javascript:alert(1)", (), ()),
        ("", (), ()),
        (None, (), ()),
        (7, (), ()),
    ],
)
def test_a_contact_is_an_address_or_none(
    said: Any, mails: tuple[str, ...], forms: tuple[str, ...]
) -> None:
    """Registries write all sorts of things where a mail address belongs."""
    (desk,) = objects.entities(card(["email", {}, "text", said]))

    assert (desk.mails, desk.forms) == (mails, forms)


def test_a_form_is_where_it_is_said_to_be() -> None:
    """RFC 8605; a home page is none."""
    (desk,) = objects.entities(
        card(
            ["contact-uri", {}, "uri", "https://a.example/abuse"],
            ["url", {}, "uri", "https://a.example/"],
        )
    )

    assert desk.forms == ("https://a.example/abuse",)


def test_a_name_is_one_line() -> None:
    """Nothing that turns what follows round, or ends a header."""
    (desk,) = objects.entities(card(["fn", {}, "text", "Quick\r\nBcc: \u202ehosting\x00"]))

    assert desk.name == "Quick Bcc: hosting"


@pytest.mark.parametrize(
    ("parameters", "value", "country"),
    [
        ({"cc": "nl"}, ["", "", "", "", "", "", ""], "NL"),
        ({}, ["", "", "Street 1", "Town", "", "1", "NL"], "NL"),
        ({}, ["", "", "", "", "", "", "Netherlands"], ""),
        ({"label": "Street 1"}, "", ""),
        ({}, [], ""),
    ],
)
def test_a_country_is_a_code_or_none(parameters: dict[str, Any], value: Any, country: str) -> None:
    """A name in some language is no code."""
    (desk,) = objects.entities(card(["adr", parameters, "text", value]))

    assert desk.country == country


def test_everybody_is_found_the_nearest_first() -> None:
    """With whom they are part of."""
    abuse = entity("A", ["abuse"], name="Desk")
    thing = {"entities": [entity("R", ["registrar"], name="Shop", entities=[abuse])]}

    assert [(each.handle, set(each.under)) for each in objects.entities(thing)] == [
        ("R", set()),
        ("A", {"registrar"}),
    ]


def test_a_circle_has_an_end() -> None:
    """JSON has none, but depth."""
    thing: dict[str, Any] = {"roles": ["abuse"], "handle": "end"}
    for _ in range(500):
        thing = {"roles": ["technical"], "entities": [thing]}

    assert len(list(objects.entities(thing))) < 10
    objects.without_persons(thing)


def test_people_go_and_who_is_needed_stays() -> None:
    """The contact for abuse stays where a person holds it, or stands before it."""
    thing = {
        "handle": "N",
        "entities": [
            entity("ORG", ["registrant"], name="Quick BV", kind="org"),
            entity("MAN", ["registrant"], name="Jane Doe"),
            entity("TECH", ["technical"], name="John", entities=[entity("A", ["abuse"], name="D")]),
        ],
    }

    kept = objects.without_persons(thing)

    assert [each.handle for each in objects.entities(kept)] == ["ORG", "", "A"]
    assert "Jane" not in str(kept)
    assert "John" not in str(kept)
    assert kept["handle"] == "N"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["entities", "roles", "vcardArray", "links", "publicIds", "cidr0_cidrs", "type"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_shape_does_harm(thing: Any) -> None:
    """Whatever is where something else belongs."""
    list(objects.entities(thing))
    objects.prefixes(thing)
    objects.related(thing)
    objects.country(thing)
    list(objects.entities(objects.without_persons(thing)))
