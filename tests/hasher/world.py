"""A server with one page that hashes files, under the policy of the real pages, and a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, BrowserType

import staydown_server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STATIC = Path(staydown_server.__file__).parent / "web" / "static"
BUNDLE = STATIC / "staydown" / "built"
"""What the pages load, as ``make setup`` built it."""

PAGE_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self'; style-src 'self'; script-src 'self'; worker-src 'self'"
)
"""That of the server's pages."""

WORKER_POLICY = "default-src 'none'"
"""A worker has the policy of its own script: this one may ask nobody for anything."""

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-first-run",
    "--no-sandbox",
    # What still would ask its maker for something finds nobody.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@dataclass
class Site:
    """What the server was asked, and told."""

    url: str
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Site]:
    files = {
        "/": (HERE / "page.html", "text/html"),
        "/page.js": (HERE / "page.js", "text/javascript"),
        "/staydown/icon.svg": (STATIC / "staydown/icon.svg", "image/svg+xml"),
        "/staydown/hasher.js": (BUNDLE / "hasher.js", "text/javascript"),
        "/staydown/hasher-worker.js": (BUNDLE / "hasher-worker.js", "text/javascript"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.paths.append(self.path)
            file, kind = files.get(self.path, (None, "text/plain"))
            policy = WORKER_POLICY if self.path.endswith("-worker.js") else PAGE_POLICY
            self.send_response(200 if file else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(file.read_bytes() if file else b"")

        def do_POST(self) -> None:
            site.paths.append(self.path)
            site.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def started(chromium: BrowserType, *arguments: str) -> Browser:
    """Debian's Chromium, which talks to nobody on its own."""
    return chromium.launch(executable_path="/usr/bin/chromium", args=[*QUIET, *arguments])
