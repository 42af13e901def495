"""Runs Plaza: ``python -m examples.plaza``. ``make run`` starts it together with Staydown."""

import argparse
import hashlib
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from staydown.client import Staydown

from .board import Board
from .draw import hang_samples
from .errands import ErrandRunner
from .pages import create_app

log = logging.getLogger("plaza")


class QuietHandler(WSGIRequestHandler):
    """No access log: addresses hold names and ids that are nobody's business."""

    timeout = 30

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> int:
    options = argparse.ArgumentParser(prog="plaza", description="The sample host of Staydown.")
    options.add_argument("--data", type=Path, default=Path("var/plaza"), help="its folder")
    options.add_argument("--port", type=int, default=8001)
    chosen = options.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")

    url = os.environ.get("PLAZA_URL", f"http://127.0.0.1:{chosen.port}").rstrip("/")
    staydown_url = os.environ.get("STAYDOWN_URL", "http://127.0.0.1:8000").rstrip("/")
    try:
        credentials = json.loads((chosen.data / "credentials.json").read_text())
        staydown = Staydown(url=staydown_url, **credentials)
    except (OSError, ValueError, TypeError, KeyError):
        print(
            f"Plaza cannot start: {chosen.data}/credentials.json with the host name, API key"
            " and webhook secret that Staydown gave out is missing or damaged.",
            file=sys.stderr,
        )
        return 1

    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)

    board = Board(chosen.data)
    board.settle()
    hang_samples(board)
    introduce(board, f"{url} {staydown_url} {credentials['api_key']}")
    app = create_app(
        board,
        staydown,
        url=url,
        staydown_public_url=os.environ.get("STAYDOWN_PUBLIC_URL", staydown_url).rstrip("/"),
    )
    server = make_server("127.0.0.1", chosen.port, app, threaded=True, request_handler=QuietHandler)
    serving = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    runner = ErrandRunner(board, staydown, url=url)
    serving.start()
    runner.start()
    log.info("Plaza is at %s", url)
    stop.wait()
    server.shutdown()
    serving.join()
    runner.stop()
    log.info("Plaza has stopped.")
    return 0


def introduce(board: Board, ourselves: str) -> None:
    """Register everything when Staydown does not know us by these addresses and key yet."""
    known_as = hashlib.sha256(ourselves.encode()).hexdigest()
    if board.setting("known_as") != known_as:
        board.register_everything()
        board.set("known_as", known_as)


if __name__ == "__main__":
    sys.exit(main())
