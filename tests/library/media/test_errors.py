"""Errors are calm sentences with stable codes, made of whole numbers only."""

import pytest

from staydown.media import MediaError
from staydown.media.errors import DamagedMedia, TooManyPixels, _family, media_error

ALL = _family(MediaError)


@pytest.mark.parametrize("kind", ALL)
def test_each_error_says_what_to_do(kind: type[MediaError]) -> None:
    """One or two whole sentences, and a code for programs."""
    error = kind(width=1, height=2, limit=3, megabytes=4, seconds=5)

    assert error.message.endswith(".")
    assert "{" not in error.message
    assert "?" not in error.message
    assert error.code.replace("_", "").isalpha()


@pytest.mark.parametrize("kind", ALL)
def test_each_error_comes_through_the_wire_as_itself(kind: type[MediaError]) -> None:
    """By its name, with its numbers."""
    error = media_error(kind.__name__, {"width": 7})

    assert type(error) is kind
    assert error.facts == {"width": 7}


def test_words_are_not_taken_from_a_decoder() -> None:
    """Nor numbers large enough to spell something."""
    error = media_error("TooManyPixels", {"width": "<b>", "height": 10**40, "limit": 5})

    assert type(error) is TooManyPixels
    assert error.facts == {"limit": 5}
    assert type(media_error("SystemExit")) is DamagedMedia
