"""``staydown backup`` of a server that serves, and ``staydown restore`` of what it made."""

import json
import os
import subprocess
import threading
from pathlib import Path

import requests
from world import STAYDOWN, Server, Visitor, wait_for


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STAYDOWN), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_serving_installation_is_copied_and_comes_back(server: Server, tmp_path: Path) -> None:
    """While notices keep coming: what was acknowledged before is in it, and the record is whole."""
    stop = threading.Event()
    codes: list[str] = []

    def keep_reporting() -> None:
        # Not so many that the server takes it for a flood.
        while not stop.wait(0.1) and len(codes) < 25:
            codes.append(Visitor(server).report(f"http://127.0.0.1:9/p/{len(codes)}"))

    reporter = threading.Thread(target=keep_reporting)
    reporter.start()
    wait_for(lambda: codes, why="a notice arrived meanwhile")
    first = codes[0]
    out, data = tmp_path / "backup", tmp_path / "restored"
    try:
        made = run("backup", out, "--data", server.data)
    finally:
        stop.set()
        reporter.join()
    assert made.returncode == 0, made.stderr
    assert "Not in it:\n  the key" in made.stdout
    assert sorted(path.name for path in out.iterdir()) == ["backup.json", "staydown.sqlite3"]
    key = server.data / "keys" / "installation.key"
    assert key.read_bytes() not in (out / "staydown.sqlite3").read_bytes()
    assert server.command_line("doctor", "--skip", "hosts").returncode == 0
    server.kill()

    done = run("restore", out, "--key", key, "--data", data)
    assert done.returncode == 0, done.stderr
    assert "The audit log is whole" in done.stdout
    again = Server(data)
    try:
        again.start()
        assert "Your notice" in Visitor(again).send("/status/", form="/status/", code=first).text
        assert requests.get(f"{again.url}/readyz", timeout=5).ok
        assert again.audit_is_whole()
    finally:
        again.end()


def test_nothing_is_overwritten_and_nothing_half_is_left(tmp_path: Path) -> None:
    """Neither an installation nor a backup; wrong keys and damaged files are told apart."""
    data, out, new = tmp_path / "data", tmp_path / "backup", tmp_path / "new"
    key = data / "keys" / "installation.key"
    other = tmp_path / "other.key"
    other.write_bytes(os.urandom(32))
    host = ["host", "add", "x", "--origin", "http://127.0.0.1:9", "--webhook", "http://x"]
    assert run(*host, "--data", data).returncode == 0
    assert run("backup", out, "--data", data).returncode == 0

    def refused(*arguments: str | Path) -> str:
        before = sorted(tmp_path.rglob("*"))
        done = run(*arguments)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        assert sorted(tmp_path.rglob("*")) == before
        return done.stderr

    assert "nothing is overwritten" in refused("backup", out, "--data", data)
    assert "nothing is overwritten" in refused("restore", out, "--key", key, "--data", data)
    assert "not the key that this backup needs" in refused(
        "restore", out, "--key", other, "--data", new
    )
    assert "restore it from its backup" in refused(
        "restore", out, "--key", tmp_path / "no", "--data", new
    )
    assert "holds no backup" in refused("restore", tmp_path, "--key", key, "--data", new)
    assert "no installation" in refused("backup", tmp_path / "b2", "--data", tmp_path / "none")
    assert run("restore", out, "--data", new).returncode == 2

    with (out / "staydown.sqlite3").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff" * 100)
    assert "damaged" in refused("restore", out, "--key", key, "--data", new)
    manifest = json.loads((out / "backup.json").read_text())
    (out / "backup.json").write_text(json.dumps({**manifest, "format": 2}))
    assert "another version" in refused("restore", out, "--key", key, "--data", new)
