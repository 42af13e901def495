"""A photo site in Django, in one file, plugged into Staydown: the lines marked (S) do that.

STAYDOWN_URL=... STAYDOWN_KEY=... STAYDOWN_SECRET=... python site.py runserver
"""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseGone, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

DATA = Path(os.environ.get("SITE_DATA", "var/django_host"))
URL = os.environ.get("SITE_URL", "http://127.0.0.1:8002")

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.urandom(32).hex(),
    MIDDLEWARE=["staydown.client.django.CheckUploads"],  # (S)
    STAYDOWN={  # (S)
        "url": os.environ["STAYDOWN_URL"],
        "api_key": os.environ["STAYDOWN_KEY"],
        "host": os.environ.get("STAYDOWN_HOST", "forum"),
        "webhook_secret": os.environ["STAYDOWN_SECRET"],
        "webhook_url": f"{URL}/staydown/webhook",
        "spool": DATA / "spool",
        "when_unreachable": os.environ.get("WHEN_UNREACHABLE", "hold"),
        "paths": ["/upload"],
    },
)

from staydown.client import Entry, Verdict  # noqa: E402
from staydown.client import django as staydown  # noqa: E402

SHOWN, ASIDE = DATA / "shown", DATA / "aside"


@csrf_exempt  # this sample has no forms of its own
def upload(request: HttpRequest) -> HttpResponse:
    verdict: Verdict = request.staydown["picture"][0]  # type: ignore[attr-defined]  # (S)
    name, (file,) = verdict.reference, request.FILES.getlist("picture")
    (SHOWN if verdict.allows else ASIDE).joinpath(name).write_bytes(file.read())
    if verdict.allows:
        register(name)
    return JsonResponse({"id": name, "held": verdict.holds}, status=202 if verdict.holds else 201)


def picture(request: HttpRequest, name: str) -> HttpResponse | FileResponse:
    if not (SHOWN / name).is_file():
        return HttpResponseGone("This picture is not here.")
    return FileResponse((SHOWN / name).open("rb"))


def register(name: str) -> None:  # (S)
    staydown.client().register(name, url=f"{URL}/p/{name}", file=SHOWN / name)


def hide(event: dict[str, Any], **_: Any) -> None:  # (S)
    move(event["item"]["id"], SHOWN, ASIDE)


def show(event: dict[str, Any], **_: Any) -> None:  # (S)
    move((event.get("upload") or {}).get("reference") or event["item"]["id"], ASIDE, SHOWN)


def stay_hidden(event: dict[str, Any], **_: Any) -> None:  # (S)
    """A person refused what was held; event["statement_of_reasons"] is for its uploader."""


def settle(entry: Entry, verdict: Verdict, **_: Any) -> None:  # (S)
    """Staydown's verdict on what it did not see at once."""
    if verdict.allows and entry.kind == "check":
        move(entry.name, ASIDE, SHOWN)
        register(entry.name)
    elif not verdict.allows:
        move(entry.name, SHOWN, ASIDE)


def move(name: str, source: Path, target: Path) -> None:
    if (source / name).exists():
        (source / name).replace(target / name)


urlpatterns = [
    path("upload", upload),
    path("p/<slug:name>", picture),
    path("staydown/webhook", staydown.webhook),  # (S)
]

if __name__ == "__main__":
    for folder in (SHOWN, ASIDE):
        folder.mkdir(parents=True, exist_ok=True)
    staydown.item_remove.connect(hide)  # (S) and so the next five
    staydown.item_restore.connect(show)
    staydown.upload_allowed.connect(show)
    staydown.upload_refused.connect(stay_hidden)
    staydown.late_verdict.connect(settle)
    staydown.keep_caught_up(every=1)
    execute_from_command_line(sys.argv)
