"""A photo site in Starlette, in one file, plugged into Staydown. FastAPI takes the same lines.

STAYDOWN_URL=... STAYDOWN_KEY=... STAYDOWN_SECRET=... granian --interface asgi app:app
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from staydown.client import AsyncStaydown, Entry, Verdict
from staydown.client.asgi import CheckUploads, Webhook

DATA = Path(os.environ.get("SITE_DATA", "var/asgi_host"))
URL = os.environ.get("SITE_URL", "http://127.0.0.1:8003")
SHOWN, ASIDE = DATA / "shown", DATA / "aside"

staydown = AsyncStaydown(
    os.environ["STAYDOWN_URL"],
    os.environ["STAYDOWN_KEY"],
    host=os.environ.get("STAYDOWN_HOST", "forum"),
    webhook_secret=os.environ["STAYDOWN_SECRET"],
    when_unreachable="allow" if os.environ.get("WHEN_UNREACHABLE") == "allow" else "hold",
    spool=DATA / "spool",
)


async def upload(request: Request) -> Response:
    verdict: Verdict = request.scope["staydown"]["picture"][0]
    async with request.form() as form:
        content = await form["picture"].read()  # type: ignore[union-attr]
    name = verdict.reference
    (SHOWN if verdict.allows else ASIDE).joinpath(name).write_bytes(content)
    if verdict.allows:
        await register(name)
    answer = {"id": name, "held": verdict.holds}
    return JSONResponse(answer, status_code=202 if verdict.holds else 201)


async def picture(request: Request) -> Response:
    file = SHOWN / Path(request.path_params["name"]).name
    return FileResponse(file) if file.is_file() else Response("Not here.", status_code=410)


async def register(name: str) -> None:
    await staydown.register(name, url=f"{URL}/p/{name}", file=SHOWN / name)


async def hide(event: dict[str, Any]) -> None:
    move(event["item"]["id"], SHOWN, ASIDE)


async def show(event: dict[str, Any]) -> None:
    move((event.get("upload") or {}).get("reference") or event["item"]["id"], ASIDE, SHOWN)


async def stay_hidden(event: dict[str, Any]) -> None:
    """A person refused what was held; event["statement_of_reasons"] is for its uploader."""


async def settle(entry: Entry, verdict: Verdict) -> None:
    """Staydown's verdict on what it did not see at once."""
    if verdict.allows and entry.kind == "check":
        move(entry.name, ASIDE, SHOWN)
        await register(entry.name)
    elif not verdict.allows:
        move(entry.name, SHOWN, ASIDE)


def move(name: str, source: Path, target: Path) -> None:
    if (source / name).exists():
        (source / name).replace(target / name)


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    for folder in (SHOWN, ASIDE):
        folder.mkdir(parents=True, exist_ok=True)
    catching_up = asyncio.create_task(staydown.keep_caught_up(settle, every=1))
    yield
    catching_up.cancel()
    await staydown.aclose()


webhook = Webhook(
    staydown,
    url=f"{URL}/staydown/webhook",
    obey={
        "item.remove": hide,
        "item.restore": show,
        "upload.allowed": show,
        "upload.refused": stay_hidden,
    },
)
app = Starlette(
    lifespan=lifespan,
    middleware=[Middleware(CheckUploads, staydown=staydown, paths=["/upload"])],
    routes=[
        Route("/upload", upload, methods=["POST"]),
        Route("/p/{name}", picture),
        Route("/staydown/webhook", webhook),
    ],
)
