"""Why something could not be decided, in a sentence."""

from django.utils.translation import gettext as _

from staydown_server.review import appeal as appeals
from staydown_server.review import propose
from staydown_server.review.decide import (
    AlreadyDecided,
    NotARefusal,
    NothingChosen,
    NothingToRemove,
    NothingToRestore,
    NoticeWithdrawn,
    ReasonMissing,
    StillSearching,
    TakenByAnother,
)
from staydown_server.review.undo import TooLate


def decision_sentence(error: Exception) -> str:
    return {
        ReasonMissing: _("Please give a reason: the uploader and the person will read it."),
        NothingChosen: _("Please choose at least one picture, and what to do with it."),
        AlreadyDecided: _("Somebody decided about one of these pictures a moment ago."),
        StillSearching: _("The search for one of these is still running. Try again in a moment."),
        NoticeWithdrawn: _("The person has taken the notice back."),
        NothingToRemove: _("Nothing was found at one of the addresses: nothing to remove there."),
        NotARefusal: _("Only what you leave online can have been reported without ground."),
        NothingToRestore: _("There is no removal to undo."),
        TakenByAnother: _("Another moderator has taken this case. Take it over first."),
        TooLate: _("It has been carried out: it can only be put back."),
        propose.AlreadyProposed: _("A proposal for this case waits for a senior already."),
        propose.NotYours: _("Another senior moderator must confirm it."),
        propose.Settled: _("Somebody answered this proposal a moment ago."),
        appeals.NotTheSamePerson: _("Another moderator must answer this appeal."),
        appeals.AppealAnswered: _("Somebody answered this appeal a moment ago."),
    }.get(type(error), _("That could not be done."))
