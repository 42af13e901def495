"""What the desk says of partners' lists, in the reader's language."""

from django.utils.translation import gettext as _

from staydown_server.sharing import flood


def trouble_sentence(trouble: str) -> str:
    """Why the last round ended; *trouble* is the class of its error."""
    silence = _("It does not answer. What we have of it stands.")
    return {
        "Unreachable": silence,
        "NotThere": silence,
        "NoAnswer": silence,
        "RateLimited": _("It asks us to come back later. What we have of it stands."),
        "KeyRefused": _("It no longer takes our key. Ask the partner for a new one."),
        "Forged": _("What is served was changed after it was signed. Nothing of it was taken."),
        "UntrustedKey": _(
            "It is signed with a key that does not sign this list: somebody may have stolen one. "
            "Nothing of it was taken. Ask the partner."
        ),
        "RolledBack": _("An older list is served again. Nothing of it was taken. Ask the partner."),
        "Forked": _(
            "The list was rewritten behind its own back. Nothing of it was taken. Ask the partner."
        ),
        "Expired": _(
            "The list was not signed for a week: whoever serves it may hold back newer ones. What "
            "we have of it stands."
        ),
    }.get(trouble, _("The list is not as it should be. Nothing of it was taken. Ask the partner."))


def why_sentence(why: str) -> str:
    """Why entries wait for a person."""
    return {
        flood.BURST: _(
            "Many came at once. That is normal for the first load of a large list; else somebody "
            "may have poured them in."
        ),
        flood.POPULAR: _(
            "Several people show each of them here: popular pictures, or copies that spread."
        ),
        flood.CATALOGUE: _(
            "They match what is shown here, and so did many others of the same day."
        ),
        flood.OVERTURNED: _("Somebody here decided not to keep them down."),
    }.get(why, why)


def trust_words(trust: str) -> str:
    """How far a partner's word counts."""
    return {
        "careful": _("Careful: matching uploads are held"),
        "trusted": _("Trusted: what people reviewed is blocked"),
        "watched": _("Watched: nothing is stopped"),
    }.get(trust, trust)


def verdict_words(verdict: str) -> str:
    """What we, or they, say of an entry."""
    return {
        "seen": _("seen"),
        "blocked": _("blocked"),
        "disputed": _("disputed"),
        "wrong": _("wrong"),
    }.get(verdict, "")
