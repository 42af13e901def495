"""How the server's commands end, and what they say on stderr."""

import sys

DONE, FAILED, WRONG_USE = 0, 1, 2


def say(sentence: str, status: int) -> int:
    """Tell the user what went wrong; returns *status*."""
    print(sentence, file=sys.stderr)
    return status


def show_progress(text: str | None) -> None:
    """Replace the line of progress on a terminal; None takes it away."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text or ''}", end="", file=sys.stderr, flush=True)
