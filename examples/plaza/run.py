"""``make run``: Staydown and Plaza together, on this machine only, until Ctrl-C."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("STAYDOWN_VAR", ROOT / "var")).resolve()
STAYDOWN_PORT = int(os.environ.get("STAYDOWN_PORT", "8000"))
PLAZA_PORT = int(os.environ.get("PLAZA_PORT", "8001"))
STAYDOWN_URL = f"http://127.0.0.1:{STAYDOWN_PORT}"
PLAZA_URL = f"http://127.0.0.1:{PLAZA_PORT}"
MODERATOR = "moderator@example.org"

START_SECONDS = 60
STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1

WELCOME = """
  Staydown   {staydown}
  Plaza      {plaza}   (a photo board that uses it)

  Sign in as a moderator, once, within a day:
  {link}

  Try this:
  1. On Plaza, open a picture and choose "Report this picture". Keep the code you get.
  2. Open the sign-in link, then the case: copies that others posted are in it already.
  3. Give a reason, choose "Remove and keep down", and look at Plaza again.
  4. Try to upload the picture to Plaza again, mirrored or recompressed if you like.

  Everything is kept in {var}; logs are in {var}/staydown.log and {var}/plaza.log.
  Stop with Ctrl-C.
"""

_libc = ctypes.CDLL(None)


class CannotRun(Exception):
    """It cannot be started, or did not stay up; the sentence says why and what to do."""


class Stopped(Exception):
    """Ctrl-C, or SIGTERM."""


class Child:
    """One of the two servers, with its log."""

    def __init__(self, name: str, command: list[str], **environment: str) -> None:
        self.name, self.log = name, VAR / f"{name.lower()}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches us alone, and we stop the children in order.
                start_new_session=True,
                preexec_fn=_die_with_us,
            )

    def check(self) -> None:
        if self._process.poll() is not None:
            said = self.log.read_text(errors="replace").strip().splitlines()[-5:]
            raise CannotRun(f"{self.name} stopped by itself. Its last words:\n" + "\n".join(said))

    def wait_until(self, is_up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_up():
            self.check()
            if time.monotonic() > deadline:
                raise CannotRun(f"{self.name} did not start in {START_SECONDS} s: see {self.log}")
            time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> int:
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    children: list[Child] = []
    try:
        _prepare()
        _introduce_plaza()
        print("Starting Staydown ...", flush=True)
        children.append(Child("Staydown", _staydown("serve", "--port", str(STAYDOWN_PORT))))
        children[0].wait_until(lambda: _answers(f"{STAYDOWN_URL}/readyz"))
        print("Starting Plaza; the first time it draws its pictures ...", flush=True)
        plaza = [sys.executable, "-m", "examples.plaza", "--data", str(VAR / "plaza")]
        plaza += ["--port", str(PLAZA_PORT)]
        children.append(Child("Plaza", plaza, STAYDOWN_URL=STAYDOWN_URL))
        children[1].wait_until(lambda: _answers(f"{PLAZA_URL}/healthz"))
        link = _ask("moderator", "link", MODERATOR, "--url", STAYDOWN_URL).strip()
        var = os.path.relpath(VAR)
        print(
            WELCOME.format(staydown=STAYDOWN_URL, plaza=PLAZA_URL, link=link, var=var), flush=True
        )
        while True:
            for child in children:
                child.check()
            time.sleep(0.5)
    except CannotRun as error:
        print(f"\nCannot run: {error}", file=sys.stderr)
        return 1
    except Stopped:
        print("\nStopping ...", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _die_with_us() -> None:
    """Even after kill -9 nothing of ours goes on and keeps the ports."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prepare() -> None:
    try:
        (VAR / "plaza").mkdir(parents=True, exist_ok=True)
        probe = VAR / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotRun(
            f"the folder {VAR} cannot be written to ({error.strerror}). Give yourself write "
            "access to it, or name another one in STAYDOWN_VAR."
        ) from None
    for name, port in (("STAYDOWN_PORT", STAYDOWN_PORT), ("PLAZA_PORT", PLAZA_PORT)):
        with socket.socket() as probe_socket:
            probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe_socket.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotRun(
                    f"port {port} on 127.0.0.1 is in use ({error.strerror}). Stop what uses it "
                    f"(is another `make run` open?), or name another port in {name}."
                ) from None


def _introduce_plaza() -> None:
    """Plug Plaza in, once: the key and the secret are kept where only we can read them."""
    kept = VAR / "plaza" / "credentials.json"
    if kept.exists():
        return
    where = ("--origin", PLAZA_URL, "--webhook", f"{PLAZA_URL}/staydown/webhook", "--private")
    # --rotate: an interrupted first start may have added the host already.
    credentials = json.loads(_ask("host", "add", "plaza", *where, "--rotate", "--json"))
    descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(credentials, file)


def _staydown(*arguments: str) -> list[str]:
    command = Path(sys.executable).with_name("staydown")
    return [str(command), *arguments, "--data", str(VAR / "staydown")]


def _ask(*arguments: str) -> str:
    done = subprocess.run(_staydown(*arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(done.stderr.strip() or "a command of Staydown failed without a word")
    return done.stdout


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
