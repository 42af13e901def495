"""docs/host.md: each of its commands is run against a server, and answers as the page says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from library.client.forum import Forum, picture
from library.films import drawn_film
from staydown.client import Staydown
from story.world import ROOT, Server, wait_for

PAGE = (ROOT / "docs" / "host.md").read_text()
#: Each command, and what the page says that it answers.
COMMANDS = re.findall(r"```sh\n(.*?)```(?:\n```json\n(.*?)```)?", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "picture.jpg").write_bytes(picture(51))
    return tmp_path


def test_the_commands_do_what_the_page_says(
    server: Server, credentials: dict[str, str], forum: Forum, folder: Path
) -> None:
    """One after the other, as a reader would."""
    forum.files["7.jpg"] = picture(51)
    assert len(COMMANDS) >= 6
    environment = {
        **os.environ,
        "STAYDOWN_URL": server.url,
        "STAYDOWN_KEY": credentials["api_key"],
        "FORUM_URL": forum.url,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for command, said in COMMANDS:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if said:
            assert shape(json.loads(done.stdout)) == shape(json.loads(said)), command
    query = "SELECT gone_at IS NOT NULL FROM catalogue_item WHERE host_item_id = '7'"
    assert server.rows(query) == [(1,)], "registered, and struck out"


def test_the_python_does_what_the_page_says(
    server: Server, credentials: dict[str, str], forum: Forum, folder: Path, kept_down: bytes
) -> None:
    code, films = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    happened: list[str] = []
    names: dict[str, Any] = {
        **{"url": server.url, "api_key": credentials["api_key"], "here": forum.url},
        "secret": credentials["webhook_secret"],
        "show": lambda file: happened.append("shown"),
        "put_aside": lambda file: happened.append("aside"),
        "refuse": lambda sentence: happened.append(sentence),
    }
    code = code.replace('"picture.jpg"', "file")
    for content in (picture(51), kept_down, b"just words"):
        (folder / "picture.jpg").write_bytes(content)
        known = {**names, "file": folder / "picture.jpg"}
        exec(compile(code, "host.md", "exec"), known)  # noqa: S102  our own page
        known["staydown"].close()

    assert happened[0] == "shown"
    assert "taken down to protect" in happened[1]
    assert "not a picture" in happened[2]

    happened.clear()
    forum.events.clear()
    (folder / "film.mp4").write_bytes(drawn_film(9))
    with Staydown(server.url, **credentials) as forum.staydown:
        known |= {"staydown": forum.staydown, "file": folder / "film.mp4"}
        exec(compile(films.replace('"film.mp4"', "file"), "host.md", "exec"), known)  # noqa: S102
        done = wait_for(lambda: [e for e in forum.events if "check" in e], why="it was told")
        known["on_check_done"](done[-1])

    assert happened == ["aside", "shown"]


def shape(value: Any) -> Any:
    """The names and types in *value*; what a list holds differs from run to run."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return value if value in ("allow", "hold", "block") else type(value)
