"""Check a long film after the host was answered, and have it told."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

import staydown
from staydown import Fingerprint
from staydown_server import jobs
from staydown_server.accounts.models import Host
from staydown_server.catalogue.obtain import NotObtained, obtain
from staydown_server.catalogue.read import fingerprint_file
from staydown_server.gate.check import check
from staydown_server.gate.films import films
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import LaterCheck
from staydown_server.jobs import job

#: So many of one host may wait: we keep their files.
MOST_WAITING = 1000
#: For the file behind an address.
URL_SECONDS = 1800.0


class TooManyWait(Exception):
    """The host asks for more than we get done; it should ask again in a minute."""


def ask_later(
    host: Host, *, reference: str, uploader: str, file: "File[bytes] | None" = None, url: str = ""
) -> LaterCheck:
    """Have the film in *file*, or at *url*, checked as soon as there is time.

    Once this returns it is checked, and the host told, whatever is killed meanwhile.
    """
    if LaterCheck.objects.filter(host=host, state=LaterCheck.State.WAITING).count() >= MOST_WAITING:
        raise TooManyWait
    asked = LaterCheck(host=host, reference=reference, uploader=uploader, url=url)
    if file is not None:
        films().keep(str(asked.name), file.chunks())
    with transaction.atomic():
        asked.save()
        check_later.defer(later_id=asked.pk)
    return asked


@job("gate.check_later", is_slow=True)
def check_later(later_id: int) -> None:
    """Check it, put the answer on record, let go of the file, and have the host told."""
    asked = LaterCheck.objects.select_related("host").get(pk=later_id)
    if asked.state == LaterCheck.State.WAITING:
        _answer(asked)


def discard_orphans() -> None:
    """Files for which nobody asks: their process was killed before they were on record, or
    before they were let go."""
    waiting = LaterCheck.objects.filter(state=LaterCheck.State.WAITING)
    films().discard_all_but({str(asked.name) for asked in waiting})


def _answer(asked: LaterCheck) -> None:
    try:
        if asked.url:
            with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
                limit, into = settings.FILM_LIMIT, file.file
                obtain(asked.url, asked.host, limit=limit, seconds=URL_SECONDS, into=into)
                file.flush()
                answer = _verdict(asked, Path(file.name))
        else:
            with films().opened(str(asked.name)) as path:
                answer = _verdict(asked, path)
        state = LaterCheck.State.DONE
    except (staydown.MediaError, NotObtained) as error:
        state, answer = LaterCheck.State.FAILED, {"code": error.code, "detail": str(error)}
    with transaction.atomic():
        done = {"state": state, "answer": answer, "done_at": timezone.now()}
        waiting = LaterCheck.objects.filter(pk=asked.pk, state=LaterCheck.State.WAITING)
        if waiting.update(**done):
            jobs.defer("review.tell_check", later_id=asked.pk)
    films().discard(str(asked.name))


def _verdict(asked: LaterCheck, path: Path) -> dict[str, Any]:
    made: Fingerprint = fingerprint_file(path)
    # A small copy for the desk is made in memory.
    is_small = path.stat().st_size <= settings.UPLOAD_LIMIT
    read_file: Callable[[], bytes] | None = path.read_bytes if is_small else None
    upload = Upload(asked.reference, asked.uploader, read_file)
    return check(made, host=asked.host, upload=upload).to_dict()
