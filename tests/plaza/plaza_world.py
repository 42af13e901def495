"""Plaza, served over HTTP, and what people do there."""

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests
from fake_staydown import API_KEY, SECRET, FakeStaydown, Served
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from examples.plaza.board import Board  # noqa: E402
from examples.plaza.errands import ErrandRunner  # noqa: E402
from examples.plaza.pages import create_app  # noqa: E402

from staydown.client import Staydown  # noqa: E402

SECONDS = 20


class Plaza(Served):
    """Plaza without its sample pictures, and what people do there."""

    def __init__(self, folder: Path, staydown: FakeStaydown) -> None:
        super().__init__()
        self.folder, self._staydown = folder, staydown

    def open(self) -> None:
        self.board = Board(self.folder)
        self.board.settle()
        self.start(self._serve_nothing)  # to learn the port, which the pages must know
        self.stop()
        host = Staydown(self._staydown.url, API_KEY, host="plaza", webhook_secret=SECRET)
        public = "https://staydown.example"
        self.start(create_app(self.board, host, url=self.url, staydown_public_url=public))
        self._runner = ErrandRunner(self.board, host, url=self.url)
        self._runner.start()

    def close(self) -> None:
        self._runner.stop()
        self.stop()

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=SECONDS, allow_redirects=False)

    def upload(
        self, file: bytes, *, title: str = "Hills", name: str = "charlie", as_json: bool = True
    ) -> requests.Response:
        return requests.post(
            f"{self.url}/upload",
            data={"title": title, "name": name},
            files={"file": ("a.jpg", file)},
            headers={"Accept": "application/json" if as_json else "text/html"},
            timeout=SECONDS,
            allow_redirects=False,
        )

    def posted(self, file: bytes, **fields: str) -> str:
        """The id of a picture that is up."""
        answer = self.upload(file, **fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def shows(self, picture_id: str) -> bool:
        statuses = self._statuses(picture_id)
        if len(statuses) != 1:  # it changed between the two looks
            statuses = self._statuses(picture_id)
        assert len(statuses) == 1, "the page and its file agree"
        return statuses == {200}

    def _statuses(self, picture_id: str) -> set[int]:
        paths = f"/p/{picture_id}", f"/media/{picture_id}.jpg"
        return {self.get(path).status_code for path in paths}

    @staticmethod
    def _serve_nothing(_environ: object, _start: object) -> list[bytes]:
        return []


def drawn(what: str) -> bytes:
    """A small JPEG that says *what* it is."""
    image = Image.new("RGB", (320, 240), "#9cc7e8")
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 240), (90, 110), (200, 190), (320, 90), (320, 240)], fill="#3f6b4a")
    draw.text((20, 20), what, fill="#22302f")
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def wait_for(condition: Callable[[], bool], *, why: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {why}"
        time.sleep(0.05)
