"""What ``/check`` is asked about: a file, the address of one, or fingerprints."""

import json
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.files import File
from django.http import HttpRequest

from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.api import bodies
from staydown_server.api.bodies import Reader
from staydown_server.api.problems import Problem
from staydown_server.catalogue import fetch
from staydown_server.catalogue.look import LARGEST_FILE

#: For the file behind an address, while the host waits for its verdict.
URL_SECONDS = 30.0
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """What was sent, read once."""

    told: dict[str, Any]
    file: "File[bytes] | None"

    @property
    def name(self) -> str:
        """The same for the same question: a form that is sent again has other boundaries."""
        digest = None
        if self.file is not None:
            digest = sha256()
            for chunk in self.file.chunks():
                digest.update(chunk)
        return json.dumps([self.told, digest and digest.hexdigest()], sort_keys=True)

    def fingerprints(self, host: Host) -> tuple[list[Fingerprint], Reader | None]:
        """What the gate is asked with, and what reads the file once more; or a problem."""
        if self.file is not None:
            made, reader = bodies.of_upload(self.file)
            return [made], reader
        if "url" not in self.told:
            return bodies.listed_fingerprints(self.told), None
        if "fingerprints" in self.told or "fingerprint" in self.told:
            sentence = "Send either 'url' or 'fingerprints', not both."
            raise Problem(422, "url-and-fingerprints", sentence)
        content = fetched(bodies.text(self.told, "url", limit=_LONGEST_URL), host)
        return [bodies.of_bytes(content)], lambda: content


def question(request: HttpRequest) -> Question:
    """What *request* asks, or a problem."""
    file = None if bodies.is_json(request) else bodies.the_file(request)
    return Question(bodies.fields(request), file)


def fetched(url: str, host: Host) -> bytes:
    """The file at *url*, which must be on an address of *host*, or a problem."""
    limit = min(LARGEST_FILE, settings.UPLOAD_LIMIT)
    try:
        answer = fetch.fetch(url, host=host, limit=limit, seconds=URL_SECONDS)
    except fetch.Refused as error:
        raise Problem(422, "url-refused", f"It was not fetched: {error}.", field="url") from None
    except fetch.TooLong:
        sentence = f"The file at 'url' has more than {limit} bytes."
        raise Problem(413, "too-large", sentence, field="url") from None
    except fetch.FetchError as error:
        sentence = f"It could not be fetched: {error}."
        raise Problem(422, "url-unreachable", sentence, field="url") from None
    if 300 <= answer.status < 400:
        sentence = "'url' redirects, which is not followed: send the address of the file itself."
        raise Problem(422, "url-redirects", sentence, field="url")
    if answer.status != HTTPStatus.OK:
        sentence = f"'url' answered with status {answer.status}, not with a file."
        raise Problem(422, "url-not-there", sentence, field="url")
    return answer.body
