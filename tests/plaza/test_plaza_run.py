"""``make run`` says in one sentence why it cannot start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from plaza_world import ROOT


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "examples/plaza/run.py"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def the_sentence_of(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, done
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("name", ["STAYDOWN_PORT", "PLAZA_PORT"])
def test_a_busy_port_is_named(tmp_path: Path, name: str) -> None:
    """Which one, and what to do; nothing is left in the folder."""
    with (
        socket.create_server(("127.0.0.1", 0)) as busy,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        port, free = busy.getsockname()[1], other.getsockname()[1]
        other.close()
        ports = {"STAYDOWN_PORT": str(free), "PLAZA_PORT": str(free), name: str(port)}

        sentence = the_sentence_of(run(STAYDOWN_VAR=str(tmp_path / "var"), **ports))

    assert f"port {port} on 127.0.0.1 is in use" in sentence
    assert name in sentence
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("port", ["http", "99999", "-1"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    sentence = the_sentence_of(run(STAYDOWN_VAR=str(tmp_path / "var"), STAYDOWN_PORT=port))

    assert "STAYDOWN_PORT must be the number of a port" in sentence


@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, unused_tcp_ports: dict[str, str], below: str
) -> None:
    """A file stands where the folder should be: that stops root, too."""
    (tmp_path / "var").write_text("a file")

    sentence = the_sentence_of(run(STAYDOWN_VAR=str(tmp_path / "var" / below), **unused_tcp_ports))

    assert "cannot be written to" in sentence
    assert "STAYDOWN_VAR" in sentence


@pytest.fixture
def unused_tcp_ports() -> dict[str, str]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return {
            "STAYDOWN_PORT": str(one.getsockname()[1]),
            "PLAZA_PORT": str(two.getsockname()[1]),
        }
