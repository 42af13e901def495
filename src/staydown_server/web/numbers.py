"""Ids as forms send them."""


def numbers(texts: list[str]) -> list[int]:
    """The numbers among *texts* that can be an id: 18 digits fit every database."""
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
