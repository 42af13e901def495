"""What codes and errors of escalation files are called on a page, in the reader's language."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staydown_server.escalation import draft, letters, open, send
from staydown_server.escalation.models import Addressee, EscalatedAddress, OutgoingLetter, Reply
from staydown_server.escalation.reply import NotAsked
from staydown_server.notices.receive import AlreadyUsed
from staydown_server.providers.found import ByHand, Reason


def role_words(role: str) -> str:
    return {
        Addressee.Role.HOST: _("Site"),
        Addressee.Role.HOSTING: _("Hosting provider"),
        Addressee.Role.CDN: _("Delivery network"),
        Addressee.Role.REGISTRAR: _("Registrar"),
        Addressee.Role.REGISTRY: _("Registry"),
        Addressee.Role.PAYMENT: _("Payment provider"),
        Addressee.Role.SEARCH: _("Search engine"),
        Addressee.Role.REGULATOR: _("Authority"),
    }[Addressee.Role(role)]


def stage_words(key: str) -> str:
    """A stage that lawyers added has its key for a name."""
    return {
        "host": _("the site"),
        "infrastructure": _("hosting and delivery"),
        "reach": _("registrar, payment and search"),
        "regulator": _("authorities"),
    }.get(key, key)


def standing_words(standing: Addressee.Standing) -> str:
    return {
        Addressee.Standing.UNASKED: _("not written to"),
        Addressee.Standing.ON_TIME: _("on time"),
        Addressee.Standing.LATE: _("late"),
        Addressee.Standing.REFUSED: _("refused"),
        Addressee.Standing.DONE: _("done"),
    }[standing]


def address_words(state: str) -> str:
    return {
        EscalatedAddress.State.NEW: _("being looked at"),
        EscalatedAddress.State.SERVED: _("still there"),
        EscalatedAddress.State.ANSWERS: _("answers: open it to see whether it is still there"),
        EscalatedAddress.State.CHANGED: _("something else is there: open it and look"),
        EscalatedAddress.State.UNSEEN: _("not reached: looked at again later"),
        EscalatedAddress.State.GONE: _("gone"),
    }[EscalatedAddress.State(state)]


def letter_words(state: str) -> str:
    return {
        OutgoingLetter.State.DRAFT: _("draft"),
        OutgoingLetter.State.APPROVED: _("approved, being sent"),
        OutgoingLetter.State.SENDING: _("nobody knows whether it left"),
        OutgoingLetter.State.SENT: _("sent"),
        OutgoingLetter.State.DELIVERED: _("arrived"),
        OutgoingLetter.State.BOUNCED: _("came back"),
        OutgoingLetter.State.DISCARDED: _("set aside"),
    }[OutgoingLetter.State(state)]


def reply_words(kind: str) -> str:
    return {
        Reply.Kind.REMOVED: _("says that it is removed"),
        Reply.Kind.REFUSED: _("refuses"),
        Reply.Kind.ASKS: _("asks something"),
        Reply.Kind.AUTOMATIC: _("confirms receipt automatically"),
        Reply.Kind.OTHER: _("something else"),
    }[Reply.Kind(kind)]


def channel_words(channel: str) -> str:
    return {"email": _("e-mail"), "form": _("web form"), "post": _("post")}.get(channel, "")


def trouble_sentences(trouble: Mapping[str, str]) -> tuple[str, str]:
    """What went wrong, and what can be done by hand."""
    reason = str(_REASONS.get(trouble["reason"], _("Something went wrong.")))
    by_hand = str(_BY_HAND.get(trouble["by_hand"], ""))
    about = trouble.get("about", "")
    return (f"{about}: {reason}" if about else reason), by_hand


_REASONS: Mapping[str, Promise | str] = {
    Reason.NOT_AN_ADDRESS: gettext_lazy("This is no address of a page or picture."),
    Reason.NOT_HTTP: gettext_lazy(
        "Only addresses that begin with http:// or https:// can be used."
    ),
    Reason.TOO_LONG: gettext_lazy("This address is too long."),
    Reason.PRIVATE_NETWORK: gettext_lazy("It leads into a private network, not to the internet."),
    Reason.ONION: gettext_lazy("It is a hidden service: nobody can be found who serves it."),
    Reason.NO_SUCH_NAME: gettext_lazy("There is no site with this name."),
    Reason.NO_ADDRESS: gettext_lazy("The name leads nowhere."),
    Reason.NOT_FOUND: gettext_lazy("The registry does not know it."),
    Reason.NO_SERVER: gettext_lazy("No registry says whose it is."),
    Reason.RATE_LIMITED: gettext_lazy(
        "It was asked too often and wants to be left alone for a while."
    ),
    Reason.TIMEOUT: gettext_lazy("There was no answer in time."),
    Reason.UNREACHABLE: gettext_lazy("It could not be reached."),
    Reason.WRONG_ANSWER: gettext_lazy("The answer could not be understood."),
    Reason.NO_CONTACT: gettext_lazy("No published contact was found."),
    Reason.BEHIND_CDN: gettext_lazy("A delivery network stands in front: who hosts it is hidden."),
    Reason.ELSEWHERE: gettext_lazy("What is shown comes from this address, at another site."),
    Reason.REDIRECTS: gettext_lazy("It leads on and on, and never arrives."),
    Reason.REFUSED: gettext_lazy("It did not let us look."),
    Reason.GONE: gettext_lazy("There is nothing at this address any more."),
    Reason.FAILED: gettext_lazy("It answered with an error."),
    Reason.CERTIFICATE: gettext_lazy(
        "Its certificate is not valid; it was looked at all the same."
    ),
    Reason.A_PAGE: gettext_lazy("It is a page: the picture in it cannot be recognised."),
    Reason.NOT_A_PICTURE: gettext_lazy("It is neither a picture nor a film."),
    Reason.TOO_LARGE: gettext_lazy("It is too large to be looked at."),
}
_BY_HAND: Mapping[str, Promise | str] = {
    ByHand.CORRECT_THE_ADDRESS: gettext_lazy("Please check how it is written, and add it again."),
    ByHand.LEAVE_IT_OUT: gettext_lazy("Please leave it out."),
    ByHand.ASK_LATER: gettext_lazy("Please ask again in an hour."),
    ByHand.LOOK_UP_THE_NETWORK: gettext_lazy(
        "Look the number up at a registry of networks, such as RIPE or ARIN, and write there."
    ),
    ByHand.LOOK_UP_THE_DOMAIN: gettext_lazy(
        "Look the domain up at lookup.icann.org, or at its registry."
    ),
    ByHand.LOOK_FOR_A_CONTACT: gettext_lazy(
        "Look on the site for an address for complaints, and write it into the letter."
    ),
    ByHand.ASK_THE_CDN: gettext_lazy("The letter to the delivery network asks who hosts the site."),
    ByHand.OPEN_IT: gettext_lazy(
        "If you can bear to, open it yourself, and say whether it is gone."
    ),
    ByHand.ADD_THAT_ADDRESS: gettext_lazy("Please add that address to the file, too."),
    ByHand.GIVE_THE_PICTURES_ADDRESS: gettext_lazy(
        "If you have the address of the picture itself, add it: then it can be recognised."
    ),
}


def problem_sentence(error: Exception) -> str:
    """What to do about something that could not be done."""
    return {
        open.AlreadyOpen: _("This case has its file already."),
        open.NoAddress: _("None of these lines is an address that can be asked about."),
        open.TooManyAddresses: _("One file holds 200 addresses at most."),
        open.NotBegun: _("Nothing can be done about this notice: it was taken back or set aside."),
        open.FileClosed: _("The file is closed: nothing more is done in it."),
        draft.NotADraft: _("Somebody approved or sent this letter a moment ago."),
        draft.DraftEmpty: _("A letter needs a subject and a text."),
        draft.NothingLeft: _("Everything at this site is gone: there is nothing to ask for."),
        letters.NoLanguage: _("There are no letters in this language."),
        send.NoMail: _("There is no mail server: please send it yourself, and say so."),
        send.NoMailAddress: _("The letter goes to no e-mail address: please send it yourself."),
        send.SentBefore: _("Somebody approved or sent this letter a moment ago."),
        send.ChangedMeanwhile: _("The letter changed since you read it. Please read it once more."),
        send.NoticeTakenBack: _("Nothing is sent any more: the file is closed."),
        NotAsked: _("Nobody wrote to them yet."),
        AlreadyUsed: _("This form was sent before with other content. Please send it once more."),
    }[type(error)]
