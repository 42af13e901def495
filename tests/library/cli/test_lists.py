"""`staydown list` as a user meets it."""

import json
import stat
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from staydown.cli import main as command

Capture = pytest.CaptureFixture[str]
PDQ, MD5 = "0f" * 32, "ab" * 16


def run(*arguments: object) -> int:
    return command.main([str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path, capsys: Capture) -> Path:
    """A list of two entries in ``list``, its keys, and the root's public key in ``root``."""
    run("list", "key", tmp_path / "root.key")
    (tmp_path / "root").write_text(capsys.readouterr().out.strip())
    run("list", "key", tmp_path / "signing.key")
    (tmp_path / "hashes.csv").write_text(f"md5,pdq\n{MD5},\n,{PDQ}\n")
    keys = ("--signing-key", tmp_path / "signing.key")
    run(
        "list", "create", tmp_path / "list", "--name", "forum.example",
        "--root-key", tmp_path / "root.key", *keys,
    )  # fmt: skip
    run(
        "list", "import", tmp_path / "hashes.csv", "--into", tmp_path / "list",
        "--harm", "intimate-unknown", "--by", "friends.example", *keys,
    )  # fmt: skip
    capsys.readouterr()
    return tmp_path


def trust(folder: Path) -> tuple[str, ...]:
    return "--name", "forum.example", "--root", (folder / "root").read_text()


def test_a_list_is_verified(folder: Path, capsys: Capture) -> None:
    assert run("list", "verify", folder / "list", *trust(folder), "--json") == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["list"], told["lines"], told["standing"]) == ("forum.example", 2, 2)
    assert run("list", "verify", folder / "list", *trust(folder)) == 0
    assert "2 lines, as their publisher signed them; 2 entries stand" in capsys.readouterr().out


def test_a_list_that_was_tampered_with_ends_with_status_1(folder: Path, capsys: Capture) -> None:
    page = folder / "list/pages/1.jsonl"
    page.write_text(page.read_text().replace(MD5, "cd" * 16))

    assert run("list", "verify", folder / "list", *trust(folder), "--json") == 1

    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["code"] == "Altered"
    assert "not those that its head signs" in said.err
    assert MD5 not in said.out + said.err


def test_a_list_with_another_root_is_refused(folder: Path, capsys: Capture) -> None:
    run("list", "key", folder / "mallory.key")
    hers = capsys.readouterr().out.strip()

    status = run(
        "list", "verify", folder / "list", "--name", "forum.example", "--root", hers, "--json"
    )

    assert status == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "UntrustedKey"


def test_what_stands_is_shown_and_exported(folder: Path, capsys: Capture) -> None:
    assert run("list", "show", folder / "list", *trust(folder)) == 0
    assert "2  intimate-unknown    imported         friends.example" in capsys.readouterr().out

    assert run("list", "export", folder / "list", *trust(folder)) == 0
    assert PDQ in capsys.readouterr().out

    out = folder / "out.txt"
    status = run(
        "list", "export", folder / "list", *trust(folder),
        "--form", "threatexchange-lines", "--out", out, "--json",
    )  # fmt: skip
    said = capsys.readouterr()
    assert status == 0
    assert out.read_text() == f"pdq {PDQ}\n"
    assert json.loads(said.out) == {"entries": 1, "left_out": 1}
    assert "1 entries have no place" in said.err


def test_importing_again_adds_nothing(folder: Path, capsys: Capture) -> None:
    (folder / "more.txt").write_text(f"pdq {PDQ}\npdq {'3c' * 32}\npdq none\n")

    status = run(
        "list", "import", folder / "hashes.csv", folder / "more.txt", "--into", folder / "list",
        "--harm", "intimate-unknown", "--by", "friends.example", "--days", 30,
        "--signing-key", folder / "signing.key", "--json",
    )  # fmt: skip

    said = capsys.readouterr()
    assert status == 1
    assert json.loads(said.out) == {"added": 1, "known": 3, "unreadable": 1, "standing": 3}
    assert "more.txt, line 3" in said.err


def test_what_is_taken_back_is_nowhere_any_more(folder: Path, capsys: Capture) -> None:
    page = folder / "list/pages/1.jsonl"
    name = json.loads(page.read_text().splitlines()[0])["id"]

    status = run(
        "list", "retract", folder / "list", name, "--reason", "withdrawn",
        "--signing-key", folder / "signing.key",
    )  # fmt: skip

    assert status == 0
    assert MD5 not in page.read_text()
    assert run("list", "verify", folder / "list", *trust(folder)) == 0
    assert run("list", "retract", folder / "list", name,
               "--signing-key", folder / "signing.key") == 1  # fmt: skip
    assert "about what does not stand" in capsys.readouterr().err


def test_keys_are_rotated_and_a_stolen_one_is_refused(folder: Path, capsys: Capture) -> None:
    run("list", "key", folder / "new.key")
    status = run(
        "list", "rotate", folder / "list", "--root-key", folder / "root.key",
        "--signing-key", folder / "new.key", "--begin-anew",
    )  # fmt: skip
    assert status == 0
    assert run("list", "verify", folder / "list", *trust(folder)) == 0

    run("list", "retract", folder / "list", "--signing-key", folder / "signing.key")
    capsys.readouterr()
    assert run("list", "verify", folder / "list", *trust(folder), "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "UntrustedKey"


def test_a_key_is_for_its_owners_eyes_and_never_written_over(folder: Path, capsys: Capture) -> None:
    file = folder / "root.key"
    before = file.read_text()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("list", "key", file) == 2
    assert file.read_text() == before
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--harm", "nudity", "--by", "friends.example"),
        ("--harm", "other", "--by", "Alice Smith"),
        ("--harm", "other", "--by", "friends.example", "--confidence", "101"),
        ("--harm", "other", "--by", "friends.example", "--form", "xml"),
        ("--harm", "other", "--by", "friends.example", "--how", "guessed"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(
    folder: Path, capsys: Capture, wrong: tuple[str, ...]
) -> None:
    status = run(
        "list", "import", folder / "hashes.csv", "--into", folder / "list",
        "--signing-key", folder / "signing.key", *wrong,
    )  # fmt: skip

    assert status == 2
    assert "must be" in capsys.readouterr().err


def test_a_mirror_over_http_is_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any server of files can be one."""
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *said: None)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder / "list"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        assert run("list", "verify", address, *trust(folder)) == 0
    finally:
        server.shutdown()
        server.server_close()


def test_a_folder_that_holds_no_list(tmp_path: Path, folder: Path, capsys: Capture) -> None:
    assert run("list", "show", tmp_path / "empty", *trust(folder)) == 1
    assert "is not there" in capsys.readouterr().err
