"""The published contract holds: a fuzzer that reads it finds nothing, against a real server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from story.world import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("contract") / "staydown")
    try:
        server.start()
        yield server
    finally:
        server.end()


def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    """No 500, no undocumented status, type or shape; nothing malformed is accepted."""
    key = server.add_host("forum", "http://127.0.0.1:9")["api_key"]
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("st")), "--no-color"),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", f"{server.url}/api/v1/openapi.json", "-H", f"Authorization: Bearer {key}"),
            *("--max-examples", "12", "--seed", "1", "--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    paths = requests.get(f"{server.url}/api/v1/openapi.json", timeout=30).json()["paths"]
    assert f"Tested: {sum(map(len, paths.values()))}" in done.stdout
    assert " ERROR " not in server.log.read_text()
