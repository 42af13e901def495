"""The Transparency Database's rules for a statement of reasons, from transparency_rules.toml."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@cache
def rules() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("transparency_rules.toml").read_text("utf-8")
    return tomllib.loads(text)


def faults(statement: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each rule that *statement* breaks; none if the Database takes it."""
    broken = (_missing, _of_texts, _of_values, _of_dates, _unknown)
    return tuple(sentence for check in broken for sentence in check(statement))


def _missing(statement: Mapping[str, Any]) -> Iterator[str]:
    for name in rules()["required"]:
        if _is_empty(statement.get(name)):
            yield f"{name} is required"
    one_of = rules()["one_of"]
    if all(_is_empty(statement.get(name)) for name in one_of):
        yield f"one of {', '.join(one_of)} is required"
    for need in rules()["needs"]:
        if need["value"] in _as_list(statement.get(need["field"])):
            for name in need["fields"]:
                if _is_empty(statement.get(name)):
                    yield f"{name} is required where {need['field']} is {need['value']}"


def _of_texts(statement: Mapping[str, Any]) -> Iterator[str]:
    for name, most in rules()["longest"].items():
        text = statement.get(name)
        if text is not None and not isinstance(text, str):
            yield f"{name} is a text"
        elif text is not None and len(text) > most:
            yield f"{name} is longer than {most} characters"
    puid = statement.get("puid")
    if isinstance(puid, str) and puid and not re.fullmatch(rules()["puid"], puid):
        yield "puid has letters, digits, - and _ only"


def _of_values(statement: Mapping[str, Any]) -> Iterator[str]:
    for name, known in rules()["values"].items():
        value = statement.get(name)
        if value is None:
            continue
        if isinstance(value, list) != (name in rules()["lists"]):
            yield f"{name} is a list" if name in rules()["lists"] else f"{name} is one value"
        for each in _as_list(value):
            if each not in known:
                yield f"{name} has a value that the Database does not know"


def _of_dates(statement: Mapping[str, Any]) -> Iterator[str]:
    applied = statement.get("application_date")
    # A restriction does not end before it begins.
    earliest: dict[str, str] = dict.fromkeys(
        _date_fields(), str(applied if _is_date(applied) else "")
    )
    earliest["content_date"] = rules()["earliest_date"]
    earliest["application_date"] = rules()["earliest_application"]
    for name in _date_fields():
        value = statement.get(name)
        if _is_empty(value):
            continue
        # Dates in this form sort as text.
        if not _is_date(value):
            yield f"{name} is a date: YYYY-MM-DD"
        elif str(value) > rules()["latest_date"]:
            yield f"{name} is after {rules()['latest_date']}"
        elif str(value) < earliest[name]:
            yield f"{name} is too early"


def _unknown(statement: Mapping[str, Any]) -> Iterator[str]:
    # The Database drops these without a word.
    known = {*rules()["required"], *rules()["values"], *rules()["longest"], *_date_fields()}
    for name in sorted(set(statement) - known):
        yield f"there is no field {name}"


def _date_fields() -> tuple[str, ...]:
    ends = ("visibility", "monetary", "service", "account")
    return (
        "content_date",
        "application_date",
        *(f"end_date_{restriction}_restriction" for restriction in ends),
    )


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_empty(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
