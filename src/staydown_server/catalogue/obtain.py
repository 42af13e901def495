"""The file at an address of a host, or the reason why there is none."""

from http import HTTPStatus
from typing import IO

from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch


class NotObtained(Exception):
    """There is no file to be had; the message is a sentence, *code* is for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def obtain(
    url: str, host: Host, *, limit: int, seconds: float, into: IO[bytes] | None = None
) -> bytes:
    """The file at *url*, of at most *limit* bytes, within so many *seconds*; written *into* a
    file where one is given. Raises :class:`NotObtained`."""
    try:
        answer = fetch.fetch(url, host=host, limit=limit, seconds=seconds, into=into)
    except fetch.Refused as error:
        raise NotObtained("url-refused", f"It was not fetched: {error}.") from None
    except fetch.TooLong:
        raise NotObtained("too-large", f"The file at 'url' has more than {limit} bytes.") from None
    except fetch.FetchError as error:
        raise NotObtained("url-unreachable", f"It could not be fetched: {error}.") from None
    if 300 <= answer.status < 400:
        sentence = "'url' redirects, which is not followed: send the address of the file itself."
        raise NotObtained("url-redirects", sentence)
    if answer.status != HTTPStatus.OK:
        sentence = f"'url' answered with status {answer.status}, not with a file."
        raise NotObtained("url-not-there", sentence)
    return answer.body
