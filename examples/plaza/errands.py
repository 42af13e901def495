"""What Staydown must still be asked or told, until it has been: nothing shown stays unknown.

Each errand is a row written with the change that it belongs to, so it survives a crash of
either side. All of them may be repeated without harm.
"""

import logging
import threading

from staydown.client import Refused, Staydown, Unreachable

from .board import Board, Errand, Picture, State

log = logging.getLogger("plaza")


def run(board: Board, staydown: Staydown, picture: Picture, errand: Errand, *, url: str) -> None:
    """Run one errand, or put it off when Staydown does not answer; *url* is Plaza's own."""
    try:
        match errand:
            case Errand.CHECK:
                _ask_again(board, staydown, picture)
            case Errand.REGISTER:
                _register(board, staydown, picture, url=url)
            case Errand.FORGET:
                staydown.forget(picture.id)
                board.errand_done(picture, errand)
    except (Unreachable, Refused) as error:
        log.warning("%s of %s put off: %s", errand, picture.id, type(error).__name__)
        board.errand_later(picture, errand)


def _ask_again(board: Board, staydown: Staydown, picture: Picture) -> None:
    file = board.bytes_of(picture)
    if picture.state != State.HELD or file is None:
        board.errand_done(picture, Errand.CHECK)
        return
    try:
        verdict = staydown.check(file, reference=picture.id, uploader=picture.uploader).answer
    except Refused:
        verdict = "block"  # what the gate cannot read, nobody should see
    match verdict:
        case "allow":
            board.release(picture)
        case "block":
            board.refuse(picture)
        case "hold":
            board.errand_later(picture, Errand.CHECK)


def _register(board: Board, staydown: Staydown, picture: Picture, *, url: str) -> None:
    file = board.bytes_of(picture)
    if picture.state == State.PUBLIC and file is not None:
        verdict = staydown.register(
            picture.id,
            url=f"{url}/p/{picture.id}",
            media_url=f"{url}/media/{picture.file_name}",
            uploader=picture.uploader,
            file=file,
        )
        if not verdict.allows and not picture.registered:
            # The fingerprint went live after the gate was asked. What was registered before
            # stays: a person at Staydown decides about it, and orders its removal or not.
            board.withdraw(picture)
            return
        board.registered(picture)
    board.errand_done(picture, Errand.REGISTER)


class ErrandRunner(threading.Thread):
    """Runs what is due, every second, until stopped."""

    def __init__(self, board: Board, staydown: Staydown, *, url: str) -> None:
        super().__init__(name="errands", daemon=True)
        self._board, self._staydown, self._url = board, staydown, url
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(1):
            try:
                for picture, errand in self._board.errands_due():
                    if self._stopped.is_set():
                        return
                    run(self._board, self._staydown, picture, errand, url=self._url)
            except Exception:  # a full disk, say: this thread must outlive it
                log.exception("An errand failed; all are tried again.")

    def stop(self) -> None:
        self._stopped.set()
        self.join(timeout=5)
