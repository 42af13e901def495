"""``staydown host add`` for each kind of host, as a real process."""

import json
import sqlite3
from pathlib import Path

import pytest

from server.project.test_commands import staydown
from staydown_server.project.commands import _settings_of
from staydown_server.removal.hosts import KINDS
from staydown_server.removal.hosts.connector import SettingError

ROOT = Path(__file__).parents[3]
ORIGIN = ("--origin", "https://lemmy.example")
URL = ("--set", "url=https://lemmy.example")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation's folder, with a token in a file beside it."""
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "token").write_text("s3cret-t0ken\n")
    return folder / "data"


def test_a_host_with_a_connector_is_added(data: Path) -> None:
    """Its token comes from a file, and goes into the database sealed."""
    token = ("--set", f"token=@{data.parent / 'token'}")
    added = staydown(
        data, "host", "add", "lemmy", *ORIGIN, "--kind", "lemmy", *URL, *token, "--json"
    )

    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["api_key"].startswith("sd_")
    with sqlite3.connect(data / "staydown.sqlite3") as database:
        ((kind, credentials, webhook),) = database.execute(
            "SELECT kind, credentials, webhook_url FROM accounts_host WHERE name = 'lemmy'"
        )
    database.close()
    assert (kind, webhook) == ("lemmy", "")
    assert b"s3cret" not in credentials
    everything = b"".join(path.read_bytes() for path in data.glob("staydown.sqlite3*"))
    assert b"s3cret-t0ken" not in everything


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ((), 1, "not an http or https address"),
        (("--kind", "lemmy", *URL, "--set", "token=abc"), 2, "token=@FILE"),
    ],
)
def test_wrong_use_is_a_sentence(
    data: Path, arguments: tuple[str, ...], status: int, sentence: str
) -> None:
    """What to write instead; never a traceback."""
    done = staydown(data, "host", "add", "other", *ORIGIN, *arguments)

    assert (done.returncode, sentence in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("kind", "pairs", "sentence"),
    [
        ("friendster", [], "webhook, folder, s3, mastodon"),
        ("lemmy", ["url=https://lemmy.example"], "lemmy needs token"),
        ("lemmy", ["token=@/no/such/file"], "cannot be read"),
        ("lemmy", ["colour=red"], "no setting 'colour'"),
        ("lemmy", ["nonsense"], "no setting 'nonsense'"),
        ("webhook", ["url=x"], "it has: none"),
        ("folder", ["root=/srv"], "folder needs quarantine"),
        ("lemmy", ["api=v5", "url=x", "token=@{token}"], "api is one of: v3, v4"),
    ],
)
def test_wrong_settings_are_a_sentence(
    data: Path, kind: str, pairs: list[str], sentence: str
) -> None:
    """What is missing, and what there is."""
    token = data.parent / "token"

    with pytest.raises(SettingError) as caught:
        _settings_of(kind, [pair.format(token=token) for pair in pairs])

    assert sentence in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_what_is_left_out_has_its_default(data: Path) -> None:
    """And a file's last line break is none of the token's."""
    pairs = ["url=https://lemmy.example", f"token=@{data.parent / 'token'}"]

    assert _settings_of("lemmy", pairs) == {
        "url": "https://lemmy.example",
        "token": "s3cret-t0ken",
        "action": "remove",
        "api": "v3",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_page_that_names_its_settings(kind: str) -> None:
    """How to connect it, and what it cannot do."""
    page = (ROOT / "docs" / "hosts" / f"{kind}.md").read_text()

    assert f"--kind {kind}" in page or kind == "webhook"
    for setting in KINDS[kind].settings:
        assert f"`{setting.name}`" in page
    assert "## What it cannot do" in page
    assert f"({kind}.md)" in (ROOT / "docs" / "hosts" / "README.md").read_text()
