"""What can be wrong with a file, as errors that say what to do.

Each has a stable `code` for programs and one calm sentence for people. The
sentence is made here from whole numbers only: a decoder that a hostile file has
taken over can choose among these errors, but cannot put words of its own into a log
or a page.
"""

from __future__ import annotations

from collections.abc import Mapping


class MediaError(Exception):
    """A file could not be read as a picture; the subclasses say why."""

    code = "media_error"
    sentence = "The file could not be read. Try another copy of it."

    def __init__(self, **facts: int) -> None:
        self.facts = facts
        super().__init__(self.sentence.format_map(_Numbers(facts)))

    @property
    def message(self) -> str:
        return str(self)


class UnreadableFile(MediaError):
    """The file itself cannot be opened: missing, a folder, or not permitted."""

    code = "unreadable_file"
    sentence = "The file cannot be opened. Check that it exists and that you may read it."


class EmptyFile(MediaError):
    """Not a single byte."""

    code = "empty_file"
    sentence = "The file is empty. Send it again, or choose another copy."


class NotMedia(MediaError):
    """No format that we know of."""

    code = "not_media"
    sentence = "The file is not a picture. Choose a JPEG, PNG, WebP, HEIC, AVIF or GIF file."


class UnsupportedMedia(MediaError):
    """A format that we know of but do not read."""

    code = "unsupported_media"
    sentence = "This kind of file cannot be read here. Save it as JPEG or PNG and send that copy."


class NoVideo(UnsupportedMedia):
    """A film's container with sound in it, and nothing to see."""

    code = "no_video"
    sentence = "The file has sound but no picture. Choose the film itself."


class DamagedMedia(MediaError):
    """The right format, but its content does not hold together."""

    code = "damaged_media"
    sentence = "The file is damaged and cannot be shown. Send another copy of it."


class TruncatedMedia(DamagedMedia):
    """The file ends before the picture does."""

    code = "truncated_media"
    sentence = "The end of the file is missing. Send it again, or choose another copy."


class TooLarge(MediaError):
    """More bytes, pixels or frames than the limits allow."""

    code = "too_large"
    sentence = "The file is larger than this service reads. Send a smaller copy."


class TooManyBytes(TooLarge):
    sentence = "The file has {megabytes} megabytes; at most {limit} are read. Send a smaller copy."


class TooManyPixels(TooLarge):
    sentence = (
        "The picture has {width} x {height} pixels; at most {limit} million are read. "
        "Send a smaller copy."
    )


class TooMuchMemory(TooLarge):
    sentence = "Reading the file needs more memory than is allowed. Send a smaller copy."


class DecodeTimeout(MediaError):
    """Reading took longer than the limit, and was stopped."""

    code = "decode_timeout"
    sentence = (
        "Reading the file took longer than {seconds} seconds and was stopped. "
        "Send another copy of it."
    )


class DecoderDied(MediaError):
    """The process that was reading the file ended abruptly; it has been replaced."""

    code = "decoder_died"
    sentence = "The file could not be read: it stopped the reader. Send another copy of it."


class DecoderUnavailable(MediaError):
    """No process to read files in could be started: the fault is ours, not the file's."""

    code = "decoder_unavailable"
    sentence = "Files cannot be read at the moment. Try again in a few minutes."


class _Numbers(dict[str, int]):
    def __missing__(self, key: str) -> str:
        return "?"


def media_error(name: str, facts: Mapping[str, object] | None = None) -> MediaError:
    """The error called *name* (class name or code), with the whole numbers among *facts*."""
    kind = _BY_NAME.get(name, DamagedMedia)
    whole = {
        key: value
        for key, value in (facts or {}).items()
        if isinstance(value, int) and abs(value) < 10**12
    }
    return kind(**whole)


def _family(kind: type[MediaError]) -> list[type[MediaError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _family(child))]


_BY_NAME: dict[str, type[MediaError]] = {}
for _kind in _family(MediaError):
    _BY_NAME.setdefault(_kind.code, _kind)
    _BY_NAME[_kind.__name__] = _kind
