"""What ``/check`` is asked about: a file, the address of one, or fingerprints."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files import File
from django.http import HttpRequest

from staydown import Fingerprint
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, recognise
from staydown_server.accounts.models import Host
from staydown_server.api import bodies
from staydown_server.api.bodies import Reader
from staydown_server.api.problems import Problem
from staydown_server.catalogue.look import LARGEST_FILE
from staydown_server.catalogue.obtain import NotObtained, obtain

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

    @property
    def is_long(self) -> bool:
        """Whether it is a film, or may be one: an address does not tell."""
        if self.file is None:
            return "url" in self.told
        self.file.seek(0)
        return recognise(self.file.read(PREFIX_BYTES)) in VIDEO_DEMUXERS

    @property
    def url(self) -> str:
        """The address that was sent, "" where there is none; or a problem."""
        if "fingerprints" in self.told or "fingerprint" in self.told:
            sentence = "Send either 'url' or 'fingerprints', not both."
            raise Problem(422, "url-and-fingerprints", sentence)
        return bodies.text(self.told, "url", limit=_LONGEST_URL)

    def fingerprints(self, host: Host) -> tuple[list[Fingerprint], Reader | None]:
        """What the gate is asked with, and what reads the file once more; or a problem."""
        if self.file is not None:
            made, reader = bodies.of_upload(self.file)
            return [made], reader
        if "url" not in self.told:
            return bodies.listed_fingerprints(self.told), None
        content = fetched(self.url, host)
        return [bodies.of_bytes(content)], lambda: content


def question(request: HttpRequest) -> Question:
    """What *request* asks, or a problem."""
    file = None if bodies.is_json(request) else bodies.the_file(request)
    return Question(bodies.fields(request), file)


def fetched(url: str, host: Host) -> bytes:
    """The file at *url*, which must be on an address of *host*, or a problem."""
    limit = min(LARGEST_FILE, settings.UPLOAD_LIMIT)
    try:
        return obtain(url, host, limit=limit, seconds=URL_SECONDS)
    except NotObtained as error:
        status = 413 if error.code == "too-large" else 422
        raise Problem(status, error.code, str(error), field="url") from None
