"""One file of an archive, wherever it lies."""

from collections.abc import Callable
from dataclasses import dataclass

from staydown import Fingerprint

LONGEST_ID = 200
LONGEST_ADDRESS = 2000


class Unusable(Exception):
    """An entry cannot be registered; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the host shows, and how to come by its file."""

    #: What the host calls it.
    id: str
    url: str
    #: Makes the fingerprint; raises a `MediaError`, an `OSError`, a `FetchError` or `Unusable`.
    fingerprint: Callable[[], Fingerprint]
    media_url: str = ""
    uploader: str = ""
    #: Changes when the file does; "" where nothing tells, and what is known is left alone.
    marker: str = ""

    def check(self) -> None:
        """Raise `Unusable` where the entry cannot be stored, whatever its file holds."""
        if not self.id or len(self.id) > LONGEST_ID or not self.id.isprintable():
            # A file name is bytes; those that are no UTF-8 come as halves of characters.
            raise Unusable(
                f"Its name cannot be its id: it needs 1 to {LONGEST_ID} characters of UTF-8."
            )
        if max(len(self.url), len(self.media_url)) > LONGEST_ADDRESS:
            raise Unusable(f"Its address is longer than {LONGEST_ADDRESS} characters.")
