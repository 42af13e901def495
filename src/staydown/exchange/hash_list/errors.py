"""Why a hash list is refused: one named error for each thing that can be wrong with it."""


class ListError(ValueError):
    """Something is wrong with a hash list. The message says what, and what to do.

    No message holds a fingerprint or a key.
    """


class BadForm(ListError):
    """A line or a document is not as ``docs/hash-list.md`` says."""


class UnknownVersion(ListError):
    """The list is of a later version of the format than we can read."""


class TooLarge(ListError):
    """A line or a document is larger than any honest one."""


class Forged(ListError):
    """A document does not carry the signature that it must."""


class UntrustedKey(ListError):
    """A document is signed with a key that does not, or no longer, sign this list."""


class WrongList(ListError):
    """What was fetched belongs to another list."""


class Expired(ListError):
    """A document was signed too long ago: whoever serves it holds back newer ones."""


class FromTheFuture(ListError):
    """A document was signed later than now: one of the two clocks is wrong."""


class RolledBack(ListError):
    """A document is older than one that we have seen before: it is replayed."""


class Forked(ListError):
    """The list was rewritten: it does not continue what we have followed so far."""


class Truncated(ListError):
    """A page ends before the last line that the signed head promises."""


class OutOfOrder(ListError):
    """A line's sequence number is not the one that must come next."""


class Altered(ListError):
    """The lines of a page are not those that the head signs."""


class Withheld(ListError):
    """Entries were blacked out although the list does not take them back."""


class Inconsistent(ListError):
    """A line contradicts the ones before it: it takes back what never stood, or adds it twice."""


class Unreachable(ListError):
    """The list could not be fetched; what we have of it still stands."""


class NotThere(Unreachable):
    """The place answers, and does not have what was asked for."""
