"""Starting and stopping: one clear sentence when it cannot be, everything there when it can."""

import socket
import subprocess
import time
from pathlib import Path

import requests
from world import STAYDOWN, Server, Visitor, free_port


def test_a_busy_port_gives_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = _serve(tmp_path / "data", port)

    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unwritable_folder_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = _serve(tmp_path / "file" / "data", free_port())

    assert done.returncode == 1
    assert "cannot be written to" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_two_servers_do_not_share_a_folder(server: Server) -> None:
    done = _serve(server.data, free_port())

    assert done.returncode == 1
    assert "another server is running" in done.stderr
    assert requests.get(f"{server.url}/readyz", timeout=5).ok


def test_it_stops_cleanly_and_finds_everything_as_it_was_left(
    server: Server, alice: Visitor, bob: Visitor
) -> None:
    code = alice.report("http://127.0.0.1:9/p/1")

    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in server.log.read_text()
    server.start()

    assert "Your notice" in Visitor(server).send("/status/", form="/status/", code=code).text
    assert bob.get("/desk/").status_code == 200, "Bob is still signed in"


def test_a_lost_key_is_said_and_not_replaced(server: Server, alice: Visitor) -> None:
    """A new key in its place would make every notice unreadable for ever."""
    alice.report("http://127.0.0.1:9/p/1")
    server.stop()
    key = server.data / "keys" / "installation.key"
    key.rename(key.with_suffix(".elsewhere"))

    done = _serve(server.data, server.port)

    assert done.returncode == 1
    assert "restore it from its backup" in done.stderr
    assert not key.exists()


def _serve(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STAYDOWN), "serve", "--data", str(data), "--port", str(port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
