"""What the core's errors and states are called on a page, in the person's language."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staydown import MediaError
from staydown_server.cases.models import Mark
from staydown_server.notices import letters, mail
from staydown_server.notices.report import Element
from staydown_server.review import add, appeal
from staydown_server.review.contest import NothingToContest
from staydown_server.review.sending import Standing
from staydown_server.review.status import Row, RowState
from staydown_server.review.steps import Step, StepKind


def missing_sentence(element: Element) -> str:
    """The question that asks for what a notice lacks."""
    return {
        Element.SIGNATURE: _("Please sign by typing your name."),
        Element.PICTURES: _("Please paste the address of the picture, or choose a file."),
        Element.FINGERPRINTS: _("Please choose a file: we watch for it by its fingerprint."),
        Element.ON_BEHALF_OF: _("Please say for whom you act: a first name is enough."),
        Element.GOOD_FAITH: _("Please tick this if it is true. Without it we may not act."),
        Element.CONTACT: _("Please say how we can reach you: an e-mail address is enough."),
    }[element]


def media_sentence(error: MediaError) -> str:
    """Why a file could not be read, and what to do."""
    return {
        "empty_file": _("This file is empty. Please choose another one."),
        "too_large": _("This picture is too large for us. Please choose a smaller copy."),
        "truncated_media": _("This file is incomplete. Please choose another copy of it."),
        "damaged_media": _("This file is damaged. Please choose another copy of it."),
        "decoder_unavailable": _("We cannot read files just now. Please try again in a minute."),
    }.get(error.code, _("We cannot read this file as a picture. Please choose another one."))


def row_sentence(row: Row) -> str:
    """What has become of one picture."""
    return {
        RowState.SEARCHING: _("We are looking for it and for copies of it."),
        RowState.NOT_FOUND: _(
            "We found nothing at this address. If it was mistyped, please add the right one below."
        ),
        RowState.WAITING: _("Found. A moderator will decide about it."),
        RowState.WATCHED: _("We go on watching for it, whatever is decided about a copy."),
        RowState.REMOVING: _("Its removal has been ordered. We are checking that it is gone."),
        RowState.REMOVED: _("Removed. We checked that it is no longer shown."),
        RowState.KEPT_DOWN: _("From now on every upload of it is stopped."),
        RowState.KEPT: _("It stays online. The reason is given below."),
        RowState.RESTORED: _("Its removal was undone. The reason is given below."),
    }[row.state]


def step_sentence(step: Step) -> str:
    """One thing that happened."""
    if step.kind == StepKind.SEARCHED:
        return _searched_sentence(step)
    count = {"n": step.count}
    return {
        StepKind.RECEIVED: _("Your notice arrived."),
        StepKind.OPENED: _("We opened a case for it."),
        StepKind.ADDED: _("You added addresses."),
        StepKind.FOUND: ngettext(
            "A copy came online, and we found it.",
            "%(n)s copies came online, and we found them.",
            step.count,
        )
        % count,
        StepKind.ASKED: _("A moderator wrote to you."),
        StepKind.ANSWERED: _("You wrote to us."),
        StepKind.TO_REMOVE: ngettext(
            "A moderator decided that a picture is removed. From now on uploads of it are stopped.",
            "A moderator decided that %(n)s pictures are removed. From now on uploads of them "
            "are stopped.",
            step.count,
        )
        % count,
        StepKind.KEPT: ngettext(
            "A moderator decided that a picture stays online.",
            "A moderator decided that %(n)s pictures stay online.",
            step.count,
        )
        % count,
        StepKind.RESTORED: ngettext(
            "A moderator decided that a picture is put back.",
            "A moderator decided that %(n)s pictures are put back.",
            step.count,
        )
        % count,
        StepKind.REMOVED: ngettext(
            "We looked at the platform ourselves: a picture is gone.",
            "We looked at the platform ourselves: %(n)s pictures are gone.",
            step.count,
        )
        % count,
        StepKind.CONTESTED: _("You contested a decision."),
        StepKind.CONTEST_GRANTED: _("A moderator agreed with what you contested."),
        StepKind.CONTEST_REFUSED: _("A moderator did not agree with what you contested."),
        StepKind.STOPPED: ngettext(
            "We stopped an attempt to upload it again.",
            "The latest of %(n)s attempts to upload it again; we stopped each.",
            step.count,
        )
        % count,
        StepKind.WITHDRAWN: _("You took the notice back."),
    }[step.kind]


def _searched_sentence(step: Step) -> str:
    searched = ngettext(
        "We searched %(n)s picture or film on the platform.",
        "We searched %(n)s pictures and films on the platform.",
        step.searched,
    ) % {"n": step.searched}
    if not step.count:
        return _("%(searched)s There was no new copy.") % {"searched": searched}
    found = ngettext("We found %(n)s copy.", "We found %(n)s copies.", step.count)
    return f"{searched} {found % {'n': step.count}}"


def writing_sentence(error: Exception) -> str:
    """What to do about something typed on the status page, or at the desk, that cannot be taken."""
    return {
        letters.LetterEmpty: _("Please write something first."),
        letters.LetterTooLong: _("Please shorten your text: 10,000 characters at most."),
        letters.TooManyLetters: _("So much was written here that no more can be kept."),
        letters.NoticeTakenBack: _("The notice was taken back: nothing more can be added."),
        add.NoAddress: _("Please paste an address: it begins with https://"),
        add.NoCaseYet: _("Your case is just being opened. Please send this again in a minute."),
        add.TooManyPlaces: _(
            "This is more than one case can hold. Please send a new notice for the rest."
        ),
        appeal.AppealEmpty: _("Please say why you think that the decision is wrong."),
        appeal.AppealTooLong: _("Please shorten your text: 10,000 characters at most."),
        appeal.AppealWaits: _("You have contested this decision before."),
        NothingToContest: _("Please choose a decision that can still be contested."),
        mail.BadAddress: _("Please check the address: something like name@example.org"),
    }[type(error)]


def standing_sentence(standing: Standing) -> str:
    """What a sender must know of a warning or a suspension; empty where there is neither."""
    if standing.suspended_until is not None:
        until = {"date": date_format(standing.suspended_until, "DATE_FORMAT")}
        if standing.is_set_aside:
            return (
                _(
                    "Your notice is stored. We will look at it after %(date)s: moderators found "
                    "that several notices from this address were manifestly unfounded. If you "
                    "think that this is wrong, contest those decisions, or write to us."
                )
                % until
            )
        return (
            _(
                "New notices from this address wait until %(date)s: moderators found that several "
                "of them were manifestly unfounded. If you think that this is wrong, contest those "
                "decisions."
            )
            % until
        )
    if standing.warned_at is not None:
        return _(
            "Moderators found that several notices from this address were manifestly unfounded. "
            "If more follow, we will set new notices aside for a while. If you think that this is "
            "wrong, contest those decisions."
        )
    return ""


def mark_sentence(mark: Mark) -> str:
    """Why a moderator should look twice."""
    count = {"n": mark.count}
    return {
        Mark.Kind.UNRELATED: ngettext(
            "It points at a thing of an uploader who shows something else.",
            "It points at things of %(n)s uploaders or more, each of which shows something else.",
            mark.count,
        ),
        Mark.Kind.OLD: ngettext(
            "It points at an item that has been online for years.",
            "It points at %(n)s items that have been online for years.",
            mark.count,
        ),
        Mark.Kind.POPULAR: ngettext(
            "There are copies by %(n)s uploader: it may be a well-known picture.",
            "There are copies by %(n)s uploaders: it may be a well-known picture.",
            mark.count,
        ),
        Mark.Kind.REFUSED_BEFORE: ngettext(
            "Somebody decided before, in another case, to leave a thing in it online.",
            "Somebody decided before, in other cases, to leave %(n)s things in it online.",
            mark.count,
        ),
        Mark.Kind.MANY_NOTICES: ngettext(
            "It is the only notice with this contact address in a short time.",
            "It is one of %(n)s notices with the same contact address in a short time.",
            mark.count,
        ),
    }[Mark.Kind(mark.kind)] % count
