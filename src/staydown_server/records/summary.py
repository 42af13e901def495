"""The readable part of an evidence package: one page without scripts, links or pictures."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

Values = dict[str, Any]


def summary(notice: Values, case: Values, as_of: str, language: str) -> str:
    """The page in *language*, from the values that the package holds as JSON.

    *as_of* is the time of the newest audit line in it (ISO 8601).
    """
    engine = Engine(
        dirs=[str(Path(__file__).parent / "templates")],
        libraries={"i18n": "django.templatetags.i18n"},
        autoescape=True,
    )
    with translation.override(language):
        shown = {
            "language": language,
            "as_of": _time(as_of),
            "notice": {**notice, "received_at": _time(notice["received_at"])},
            "case": case,
            "deadline": _time(case["deadline"]),
            "closed_at": _time(case["closed_at"]),
            "items": [_item(item) for item in case["items"]],
            "appeals": [
                {**each, "received_at": _time(each["received_at"])} for each in case["appeals"]
            ],
        }
        return engine.get_template("summary.html").render(Context(shown))


def _item(item: Values) -> Values:
    return {**item, "how": _how(item), "steps": list(_steps(item))}


def _how(item: Values) -> str:
    match = item["match"]
    if match is None:
        return _("Reported in the notice.")
    found = {
        "identical": _("The same file, byte for byte."),
        "same": _("The same picture."),
        "part": _("One of the two shows a part of the other."),
        "region-replaced": _(
            "The same picture, but a region of it differs: it may be somebody else's."
        ),
    }[match["kind"]]
    if match["distance"] is None:
        return found
    return f"{found} {_('%(distance)s of 256 bits differ.') % {'distance': match['distance']}}"


def _steps(item: Values) -> Iterator[tuple[str, str, str]]:
    """When, what happened, and the reason if there is one, in order of time."""
    outcomes = {
        "remove": _("Decided: it is removed and kept down."),
        "keep": _("Decided: it stays online."),
        "restore": _("Decided: it is put back."),
    }
    steps = [(item["joined_at"], _("It joined the case."), "")]
    for sweep in item["sweeps"]:
        counts = {"searched": sweep["searched"], "found": sweep["found"]}
        searched = _("Searched for copies: %(searched)s looked at, %(found)s new found.") % counts
        steps.append((sweep["at"], searched, ""))
    for decision in item["decisions"]:
        said = outcomes.get(decision["outcome"], decision["outcome"])
        steps.append((decision["at"], said, decision["reason"]))
    for removal in item["removals"]:
        steps += [
            (removal["ordered_at"], _("Its removal was ordered from the platform."), ""),
            (removal["carried_out_at"], _("The platform said that it is removed."), ""),
            (removal["verified_at"], _("We looked ourselves: it is gone."), ""),
            (removal["restored_at"], _("The platform put it back."), ""),
        ]
    for at, said, reason in sorted(step for step in steps if step[0]):
        yield _time(at), said, reason


def _time(at: str | None) -> str:
    if at is None:
        return ""
    moment = timezone.localtime(datetime.fromisoformat(at))
    return f"{formats.date_format(moment, 'DATE_FORMAT')}, {moment:%H:%M:%S} UTC"
