"""Staydown for a Django site: a middleware, signals, and the webhook's view. See docs/host.md.

Settings: ``STAYDOWN = {"url": ..., "api_key": ..., ...}`` with what `Staydown` takes, the
``webhook_url`` that you gave to Staydown, and ``paths``: how the addresses begin at which
people upload (all of them, if you name none).
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from staydown.client.answers import Refused, StaydownError, Verdict
from staydown.client.conversations import CaughtUp
from staydown.client.spool import Entry
from staydown.client.sync import Staydown
from staydown.client.told import Item
from staydown.client.webhook import BLOCKED, EVENTS, NOT_OBEYED, NotUnderstood, status_of

M = TypeVar("M", bound=Model)
log = logging.getLogger("staydown.client")

# What Staydown orders; receivers get ``event``. The webhook answers when all of them are done:
# raise UnknownItem or Overtaken where they apply.
item_remove = Signal()
item_restore = Signal()
upload_allowed = Signal()
upload_refused = Signal()
check_done = Signal()
#: Staydown's verdict on something that it heard of late: ``entry`` and ``verdict``.
late_verdict = Signal()

SIGNALS = dict(
    zip(
        EVENTS,
        (item_remove, item_restore, upload_allowed, upload_refused, check_done),
        strict=True,
    )
)


@cache
def client() -> Staydown:
    """The site's client, from ``settings.STAYDOWN``."""
    options = dict(_settings())
    for ours in ("webhook_url", "paths"):
        options.pop(ours, None)
    try:
        return Staydown(**options)
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"settings.STAYDOWN: {error}") from None


class CheckUploads:
    """Asks the gate about each uploaded file before the view sees it.

    What is blocked ends here, as `PermissionDenied`, with the site's own page for it. Else
    ``request.staydown`` has the verdicts by form field, for the view to hold what is held.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._paths = tuple(_settings().get("paths", ("/",)))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """After the checks against forged forms, before the view."""
        verdicts: dict[str, list[Verdict]] = {}
        if request.path.startswith(self._paths):
            user = getattr(request, "user", None)
            uploader = str(getattr(user, "pk", None) or "")
            for field, uploads in request.FILES.lists():
                verdicts[field] = [_verdict(upload, uploader) for upload in uploads]
        if any(verdict.blocks for listed in verdicts.values() for verdict in listed):
            raise PermissionDenied(BLOCKED)
        request.staydown = verdicts  # type: ignore[attr-defined]


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Obeys what Staydown signed, through the signals."""
    url = _settings().get("webhook_url")
    if not url:
        raise ImproperlyConfigured("settings.STAYDOWN needs 'webhook_url', as Staydown knows it.")
    try:
        event = client().read_event(url=url, headers=request.headers, body=request.body)
        signal = SIGNALS.get(str(event.get("event")))
        if signal is None:
            raise NotUnderstood("This event is unknown.")
        if not signal.has_listeners():
            # Not 200: nobody has done it, so it must come again.
            return JsonResponse({"error": "no receiver is connected"}, status=501)
        signal.send(sender=Staydown, event=event)
    except NOT_OBEYED as error:
        return JsonResponse({"error": str(error)}, status=status_of(error))
    return JsonResponse({"status": "done"})


def follow(
    model: type[M],
    describe: Callable[[M], Item],
    *,
    is_shown: Callable[[M], bool] = lambda instance: True,
) -> None:
    """Register each instance of *model* that is saved, once that is committed, and forget it
    when it is deleted, or saved and no longer shown.

    Anything but ``allow`` is sent as `late_verdict`. Call it in ``AppConfig.ready``. Needs a
    spool, for what is committed must not be lost while Staydown is down.
    """
    if client().spool is None:
        raise ImproperlyConfigured("settings.STAYDOWN needs a 'spool' to follow a model.")

    def saved(instance: M, **_: Any) -> None:
        item = describe(instance)
        if is_shown(instance):
            transaction.on_commit(partial(_register, item))
        else:
            transaction.on_commit(partial(_forget, item.id))

    def deleted(instance: M, **_: Any) -> None:
        transaction.on_commit(partial(_forget, describe(instance).id))

    name = f"staydown {model._meta.label}"
    post_save.connect(saved, sender=model, weak=False, dispatch_uid=f"{name} saved")
    post_delete.connect(deleted, sender=model, weak=False, dispatch_uid=f"{name} deleted")


def catch_up() -> CaughtUp:
    """`Staydown.catch_up`; each verdict is sent as `late_verdict`."""
    return client().catch_up(_send_late)


def keep_caught_up(*, every: float = 10.0) -> Callable[[], None]:
    """The same every so many seconds, in a thread; returns what stops it."""
    return client().keep_caught_up(_send_late, every=every)


def _send_late(entry: Entry, verdict: Verdict) -> None:
    late_verdict.send(sender=Staydown, entry=entry, verdict=verdict)


def _register(item: Item) -> None:
    with _faults_logged(item.id):
        verdict = client().register(item.id, **item.about())
        if not (verdict.allows or verdict.why):
            _send_late(Entry("register", item.id, True, {}, time.time()), verdict)


def _forget(item_id: str) -> None:
    with _faults_logged(item_id):
        client().forget(item_id)


@contextmanager
def _faults_logged(item_id: str) -> Iterator[None]:
    # What it is about is committed: an error here would only confuse whoever posted it.
    try:
        yield
    except StaydownError as error:
        code = error.code if isinstance(error, Refused) else type(error).__name__
        log.error("Staydown was not told of item %s: %s", item_id, code)


def _verdict(upload: Any, uploader: str) -> Verdict:
    is_on_disk = isinstance(upload, TemporaryUploadedFile)
    file = Path(upload.temporary_file_path()) if is_on_disk else upload.file
    reference = uuid4().hex
    try:
        return client().check(file, reference=reference, uploader=uploader)
    except Refused as error:
        return Verdict("hold", reference=reference, why=error.code)


def _settings() -> dict[str, Any]:
    found = getattr(settings, "STAYDOWN", None)
    if not isinstance(found, dict):
        raise ImproperlyConfigured("Set STAYDOWN = {'url': ..., 'api_key': ...} in the settings.")
    return found
