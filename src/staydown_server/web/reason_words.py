"""Reasons that are given often, in every language: chosen by a moderator, read by others."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence for decisions of one kind: ``remove``, ``keep`` or ``not_valid``."""

    kind: str
    words: Promise


REASONS = {
    "consent": Reason(
        "remove",
        _("It is intimate, and was published without the consent of the person in it."),
    ),
    "made": Reason(
        "remove",
        _("It was made or altered to show somebody intimately, without their consent."),
    ),
    "copy": Reason(
        "remove",
        _("It is a copy of something that was published without the consent of the person in it."),
    ),
    "minor": Reason("remove", _("It shows somebody who was under 18.")),
    "not-intimate": Reason(
        "keep",
        _("It is not intimate, so the rules about intimate pictures do not cover it."),
    ),
    "another": Reason("keep", _("It shows something else than what was reported.")),
    "consented": Reason("keep", _("We hold evidence that it was published with consent.")),
    "public": Reason(
        "keep", _("Its publication is of public interest, and it shows nobody intimately.")
    ),
    "unclear": Reason(
        "not_valid",
        _("We cannot tell which picture or film is meant. Please tell us on your status page."),
    ),
    "other-law": Reason(
        "not_valid",
        _("It is about something that these rules do not cover. The platform has other ways."),
    ),
}


def written(key: str, own_words: str) -> str:
    """The reason as it is stored: the chosen sentence, and what the moderator adds."""
    chosen = [str(REASONS[key].words)] if key in REASONS else []
    return "\n\n".join([*chosen, *([own_words.strip()] if own_words.strip() else [])])


def spoken(reason: str) -> str:
    """A stored reason with its chosen sentence in the reader's language."""
    first, separator, rest = reason.partition("\n\n")
    key = _known().get(first)
    return reason if key is None else gettext(key) + separator + rest


@cache
def _known() -> dict[str, str]:
    """By the sentence in each language, its id in the catalogues."""
    known: dict[str, str] = {}
    with translation.override(None):
        ids = [str(reason.words) for reason in REASONS.values()]
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            known |= {gettext(each): each for each in ids}
    return known
