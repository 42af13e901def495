"""Posting a picture: the gate is asked before anyone can see it."""

import secrets
import unicodedata
from dataclasses import replace

from staydown.client import Staydown

from . import errands
from .board import Board, Errand, Picture, State

#: How the files begin that Plaza shows, and what it calls them.
KINDS = {
    "jpg": (b"\xff\xd8\xff", 0),
    "png": (b"\x89PNG\r\n\x1a\n", 0),
    "gif": (b"GIF8", 0),
    "webp": (b"WEBP", 8),
    "avif": (b"ftypavif", 4),
}
#: Longer than a call to Staydown may take, so that the errand is not run twice at once.
SOON = 40.0


class NotPostedError(Exception):
    """The picture is not posted. The message is a sentence for the person who sent it."""


class NoPictureError(NotPostedError):
    """The file is no picture that Plaza could show."""


class BlockedError(NotPostedError):
    """The gate blocks it: it is kept down."""


def post(
    board: Board, staydown: Staydown, *, file: bytes, title: str, uploader: str, url: str
) -> Picture:
    """Show *file*, or hold it while the gate cannot say yes. Raise NotPostedError.

    Staydown's Refused passes through: it cannot read the file.
    """
    picture = Picture(
        id=secrets.token_hex(6),
        title=_one_line(title, 80) or "Untitled",
        uploader=_name(uploader),
        extension=_kind(file),
    )
    # Without an answer from Staydown the verdict is to hold it.
    match staydown.check(file, reference=picture.id, uploader=picture.uploader).answer:
        case "block":
            raise BlockedError(
                "This picture cannot be posted here. It matches a picture that was taken"
                " down to protect the person it shows."
            )
        case "hold":
            board.add(picture, file, Errand.CHECK, due_in=2)
        case "allow":
            picture = replace(picture, state=State.PUBLIC)
            board.add(picture, file, Errand.REGISTER, due_in=SOON)
            errands.run(board, staydown, picture, Errand.REGISTER, url=url)
    return board.picture(picture.id) or picture


def _kind(file: bytes) -> str:
    for extension, (mark, at) in KINDS.items():
        if file[at : at + len(mark)] == mark:
            return extension
    if not file:
        raise NoPictureError("Choose a picture first: no file arrived, or an empty one.")
    raise NoPictureError(
        "This file is not a picture that can be shown here. Choose a JPEG, PNG, WebP, AVIF or GIF."
    )


def _name(uploader: str) -> str:
    """A name that can stand in an address, between two slashes."""
    name = _one_line(uploader.replace("/", " ").replace("\\", " "), 40)
    return name if name.strip(".") else "Guest"


def _one_line(text: str, length: int) -> str:
    """*text* on one line, at most *length* characters, without invisible ones."""
    seen = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category == "Cc" or category.startswith("Z"):
            seen.append(" ")
        elif not category.startswith("C"):  # marks that turn the reading direction, say
            seen.append(character)
    return " ".join("".join(seen).split())[:length].strip()
