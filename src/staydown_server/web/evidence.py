"""Why something is called a copy: in words, and as outlines to draw over the two pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from staydown_server.cases.models import CaseItem
from staydown_server.gate.models import HeldMatch

Places = npt.NDArray[np.float64]

_MOST_SPANS = 3
_WHOLE = 0.95
"""Of a picture whose share is larger, nothing that matters is cut off."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """What is drawn over one picture: polygons in SVG's ``points``, in hundredths of its width
    and height. Empty where there is nothing to draw."""

    shared: str
    differs: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One match, for people: a sentence, where it lies in words, and the outlines."""

    sentence: str
    place: str
    reported: Outlines | None
    suspect: Outlines | None
    #: Where in the suspect film it lies: beginning and length, in hundredths of its duration.
    strip: tuple[tuple[str, str], ...] = ()


def evidence_of_row(row: CaseItem) -> Evidence:
    """Why the row's item is called a copy."""
    found = _evidence(
        row.match_kind,
        row.match_distance,
        row.match_orientation,
        row.match_region,
        row.match_spans,
    )
    return replace(found, strip=_strip(row)) if row.match_spans else found


def _strip(row: CaseItem) -> tuple[tuple[str, str], ...]:
    """The matched stretches of a film; nothing where its duration is not known."""
    known = row.load_fingerprint()
    film = known.film if known else None
    seconds = film.duration if film else None
    if not seconds:
        return ()
    lies = [
        (span["suspect"][0] / seconds, span["suspect"][1] / seconds) for span in row.match_spans
    ]
    # At least a hundredth: what is shorter would not be seen.
    return tuple((f"{a * 100:.1f}", f"{max(1.0, (b - a) * 100):.1f}") for a, b in lies)


def evidence_of_match(match: HeldMatch) -> Evidence:
    """Why an upload is held."""
    return _evidence(match.kind, match.distance, match.orientation, match.region, match.spans)


def kind_words(kind: str) -> str:
    """A kind of match in a few words."""
    return {
        "identical": _("the same file"),
        "same": _("the same picture"),
        "part": _("a part, or within another picture"),
        "region-replaced": _("the same but for a region"),
    }[kind]


def _evidence(
    kind: str,
    distance: int | None,
    orientation: str,
    region: dict[str, Any] | None,
    spans: list[dict[str, Any]],
) -> Evidence:
    is_film = bool(spans)
    sentences = [_("The same film.") if is_film and kind == "same" else _sentence(kind, region)]
    sentences += [_when(span) for span in spans[:_MOST_SPANS]]
    if len(spans) > _MOST_SPANS:
        sentences.append(_("There are %(count)s such stretches.") % {"count": len(spans)})
    if distance is not None:
        sentences.append(_("%(distance)s of 256 bits differ.") % {"distance": distance})
    if orientation not in ("", "original"):
        sentences.append(_("It is mirrored or turned."))
    drawn = _outlines(region) if region else (None, None)
    return Evidence(" ".join(sentences), _place(region) if region else "", *drawn)


def _when(span: dict[str, Any]) -> str:
    """One stretch of time in words; a picture has the one moment 0."""
    times = {
        "reported_from": _clock(span["reported"][0]),
        "reported_to": _clock(span["reported"][1]),
        "from": _clock(span["suspect"][0]),
        "to": _clock(span["suspect"][1]),
    }
    if not any(span["suspect"]):
        return _("It shows the reported film as it is at %(reported_from)s.") % times
    if not any(span["reported"]):
        return _("It shows the reported picture from %(from)s to %(to)s.") % times
    return (
        _(
            "From %(from)s to %(to)s it shows the reported film from %(reported_from)s to "
            "%(reported_to)s."
        )
        % times
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _sentence(kind: str, region: dict[str, Any] | None) -> str:
    differs = region["differs"] if region else None
    if kind == "identical":
        return _("The same file, byte for byte.")
    if kind == "same":
        return _("The same picture.")
    if kind == "region-replaced" and differs:
        return _(
            "The same picture, but a region covering %(share)s%% of it differs: it may be "
            "somebody else's."
        ) % {"share": _percent(differs["share"])}
    if kind == "region-replaced":
        return _("The same picture, but a region of it differs: it may be somebody else's.")
    if region is None:
        return _("One of the two shows a part of the other.")
    if region["shown"] < _WHOLE:
        sentence = _("It shows a part of the reported picture: %(shown)s%% of it.") % {
            "shown": _percent(region["shown"])
        }
    else:
        sentence = _("It holds the whole reported picture: framed, turned, or drawn upon.")
    if differs:
        covered = _("Something else covers %(share)s%% of the picture.")
        sentence += " " + covered % {"share": _percent(differs["share"])}
    return sentence


def _place(region: dict[str, Any]) -> str:
    """The outlines in words: where the region lies, and how much of the picture was compared."""
    differs = region["differs"]
    if not differs:
        return ""
    letters = Counter("".join(differs["cover"]))
    total = letters.total() or 1
    where = _("The region that differs lies %(place)s of the reported picture.") % {
        "place": _third(np.array(differs["outline"], float).mean(axis=0))
    }
    cover = _(
        "Compared field by field: %(same)s%% is the same, %(region)s%% is the region that "
        "differs, %(elsewhere)s%% differs elsewhere, and of %(unknown)s%% it cannot be told."
    ) % {
        "same": _percent(letters["="] / total),
        "region": _percent(letters["x"] / total),
        "elsewhere": _percent(letters["~"] / total),
        "unknown": _percent(letters["."] / total),
    }
    return f"{where} {cover}"


def _third(centre: Places) -> str:
    across, down = (min(2, int(each * 3)) for each in centre)
    return (
        (_("at the top left"), _("at the top"), _("at the top right")),
        (_("at the left"), _("in the middle"), _("at the right")),
        (_("at the bottom left"), _("at the bottom"), _("at the bottom right")),
    )[down][across]


def _outlines(region: dict[str, Any]) -> tuple[Outlines, Outlines]:
    """Over the reported picture, and over the other."""
    matrix = np.array(region["transform"], float)
    whole = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    back = _moved(_inverse(matrix), whole)
    differs = np.array((region["differs"] or {}).get("outline", []), float).reshape(-1, 2)
    return (
        Outlines(shared=_points(back), differs=_points(differs)),
        Outlines(shared=_points(_moved(matrix, whole)), differs=_points(_moved(matrix, differs))),
    )


def _inverse(matrix: Places) -> Places | None:
    try:
        return np.asarray(np.linalg.inv(matrix), np.float64)
    except np.linalg.LinAlgError:
        return None


def _moved(matrix: Places | None, places: Places) -> Places:
    """*places* under a perspective map; nothing where it leads beyond the horizon."""
    if matrix is None:
        return np.empty((0, 2))
    carried = np.column_stack([places, np.ones(len(places))]) @ matrix.T
    depth = carried[:, 2:]
    return carried[:, :2] / depth if (depth > 0).all() else np.empty((0, 2))


def _points(places: Places) -> str:
    # A map that enlarges a hundredfold leads out of the picture: no number needs more.
    corners: Sequence[Sequence[float]] = np.clip(places * 100, -9999, 9999).tolist()
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _percent(share: float) -> int:
    return round(share * 100)
