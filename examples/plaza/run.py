"""``make run``: Staydown and Plaza together, on this machine only, until Ctrl-C."""

import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("STAYDOWN_VAR", ROOT / "var")).resolve()
MODERATOR = "moderator@example.org"

START_SECONDS = 60
#: A little more than Staydown gives its own children.
STOP_SECONDS = 20
_PR_SET_PDEATHSIG = 1

WELCOME = """
  Staydown   {staydown}
  Plaza      {plaza}   (a photo board that uses it)

  Sign in as a moderator, once, within a day:
  {link}

  Try this:
  1. On Plaza, open "The lighthouse" and choose "Report this picture". Keep your code.
  2. Open the sign-in link, then the case: copies that others posted are in it already.
  3. Give a reason, choose "Remove and keep down", and look at Plaza again.
  4. Try to upload the picture to Plaza again, mirrored or recompressed if you like.
     Cropped, or with another face pasted in, it is held: see "Held uploads" at the desk.

  Everything is kept in {var}/, for the next time; the logs are {var}/staydown.log
  and {var}/plaza.log.
  Stop with Ctrl-C.
"""

_libc = ctypes.CDLL(None)
#: What runs here is on this machine: a proxy named in the environment has no part in it.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class CannotRun(Exception):
    """It cannot be started, or did not stay up; the sentence says why and what to do."""


class Stopped(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


class Child:
    """One of the two servers, with its log."""

    def __init__(self, name: str, command: list[str], **environment: str) -> None:
        self.name, self.log = name, VAR / f"{name.lower()}.log"
        us = os.getpid()

        def die_with_us() -> None:
            # Even after kill -9 nothing of ours goes on and keeps the ports.
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != us:  # killed before we could ask
                os._exit(1)

        with self.log.open("ab") as log:
            self._said_before = log.tell()
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches us alone, and we stop the children in order.
                start_new_session=True,
                preexec_fn=die_with_us,
            )

    def check(self) -> None:
        if self._process.poll() is not None:
            said = self.log.read_bytes()[self._said_before :].decode(errors="replace")
            last = "\n".join(said.strip().splitlines()[-8:]) or "(nothing)"
            raise CannotRun(f"{self.name} stopped by itself; its last words:\n{last}")

    def wait_until(self, is_up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_up():
            self.check()
            if time.monotonic() > deadline:
                log = _brief(self.log)
                raise CannotRun(f"{self.name} is not up after {START_SECONDS} s: {log} says more")
            time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def main() -> int:
    children: list[Child] = []
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        _run(children)
    except CannotRun as error:
        print(f"\nCannot run: {error}", file=sys.stderr)
        return 1
    except Stopped:
        print("\nStopping ...", flush=True)
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()


def _run(children: list[Child]) -> NoReturn:
    """Start both servers, appending them to *children*, and watch over them for ever."""
    staydown_port, plaza_port = _free_port("STAYDOWN_PORT", 8000), _free_port("PLAZA_PORT", 8001)
    staydown, plaza = f"http://127.0.0.1:{staydown_port}", f"http://127.0.0.1:{plaza_port}"
    _make_folders()
    _introduce(plaza)

    print("Starting Staydown ...", flush=True)
    # A link signs in by itself: this is for trying out, on this machine alone.
    serve = _staydown("serve", "--port", str(staydown_port))
    children.append(Child("Staydown", serve, STAYDOWN_TRY_OUT="yes"))
    children[0].wait_until(lambda: _get(f"{staydown}/readyz") is not None)

    print("Starting Plaza; the first time, it draws its pictures ...", flush=True)
    command = [sys.executable, "-m", "examples.plaza", "--data", str(VAR / "plaza")]
    command += ["--port", str(plaza_port)]
    children.append(Child("Plaza", command, STAYDOWN_URL=staydown, PLAZA_URL=plaza))
    children[1].wait_until(lambda: _get(f"{plaza}/healthz") is not None)
    children[1].wait_until(lambda: (_get(f"{plaza}/healthz") or {}).get("unregistered") == 0)

    link = _ask("moderator", "link", MODERATOR, "--url", staydown).strip()
    var = _brief(VAR)
    print(WELCOME.format(staydown=staydown, plaza=plaza, link=link, var=var), flush=True)
    while True:
        for child in children:
            child.check()
        time.sleep(0.5)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _free_port(name: str, usual: int) -> int:
    try:
        port = int(os.environ.get(name, usual))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (ValueError, OverflowError):
        raise CannotRun(f"{name} must be the number of a port, 1 to 65535.") from None
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"is out: {error.strerror}"
        raise CannotRun(
            f"port {port} on 127.0.0.1 {why}; stop what uses it (is another `make run` open?),"
            f" or name another port in {name}."
        ) from None
    return port


def _make_folders() -> None:
    for folder in (VAR, VAR / "plaza"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise CannotRun(
                f"the folder {_brief(folder)} cannot be written to ({error.strerror});"
                " give yourself write access to it, or name another place in STAYDOWN_VAR."
            ) from None


def _introduce(plaza: str) -> None:
    """Plug Plaza in once, and keep key and secret where only we can read them.

    Again when its address has changed, or Staydown's folder was emptied.
    """
    kept, known_at = VAR / "plaza" / "credentials.json", VAR / "plaza" / "known-at"
    is_known = kept.exists() and any((VAR / "staydown").glob("*"))
    if is_known and known_at.exists() and known_at.read_text() == plaza:
        return
    where = ("--origin", plaza, "--webhook", f"{plaza}/staydown/webhook", "--private")
    # --rotate: an interrupted first start may have added the host already.
    credentials = _ask("host", "add", "plaza", *where, "--rotate", "--json")
    part = kept.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(credentials)
    part.replace(kept)
    known_at.write_text(plaza)


def _brief(path: Path) -> Path:
    """*path* as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _staydown(*arguments: str) -> list[str]:
    command = Path(sys.executable).with_name("staydown")
    return [str(command), *arguments, "--data", str(VAR / "staydown")]


def _ask(*arguments: str) -> str:
    done = subprocess.run(_staydown(*arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(done.stderr.strip() or "a command of Staydown failed without a word")
    return done.stdout


def _get(url: str) -> dict[str, object] | None:
    """What a health page says; None while it does not say that all is well."""
    try:
        with _direct.open(url, timeout=5) as answer:
            said = answer.read()
    except OSError:
        return None
    return json.loads(said) if url.endswith("/healthz") else {}


if __name__ == "__main__":
    sys.exit(main())
