"""What the core's errors and states are called on a page, in the person's language."""

from django.utils.translation import gettext as _

from staydown import MediaError
from staydown_server.notices.report import Element
from staydown_server.review.status import Row, RowState


def missing_sentence(element: Element) -> str:
    """The question that asks for what a notice lacks."""
    return {
        Element.SIGNATURE: _("Please sign by typing your name."),
        Element.PICTURES: _("Please paste the address of the picture, or choose a file."),
        Element.FINGERPRINTS: _("Please choose a file: we watch for it by its fingerprint."),
        Element.ON_BEHALF_OF: _("Please say for whom you act: a first name is enough."),
        Element.GOOD_FAITH: _("Please tick this if it is so: the law asks for it."),
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
            "We found nothing at this address. If it was mistyped, please send a new notice."
        ),
        RowState.WAITING: _("Found. A moderator will decide about it."),
        RowState.REMOVING: _("Its removal has been ordered. We are checking that it is gone."),
        RowState.REMOVED: _("Removed. We checked that it is no longer shown."),
        RowState.KEPT_DOWN: _("From now on every upload of it is stopped."),
        RowState.KEPT: _("It stays online. The reason is given below."),
        RowState.RESTORED: _("Its removal was undone. The reason is given below."),
    }[row.state]
