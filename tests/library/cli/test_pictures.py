"""The command as a user meets it: results on stdout, mistakes in sentences, statuses."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import staydown
from library.films import filmed, scene
from library.pictures import drawing, encoded
from staydown.cli import main as command

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Alice's picture, a copy, another picture, and what is none."""
    (tmp_path / "alice.jpg").write_bytes(encoded(drawing(640, 480), "JPEG"))
    (tmp_path / "copy.webp").write_bytes(encoded(drawing(640, 480)[::2, ::2], "WEBP"))
    (tmp_path / "mirrored.png").write_bytes(encoded(drawing(640, 480)[:, ::-1]))
    (tmp_path / "other.png").write_bytes(encoded(drawing(640, 480, 2)))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def run(*arguments: object) -> int:
    return command.main([str(each) for each in arguments])


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_fingerprint_prints_one_json_line_a_file(folder: Path, capsys: Capture) -> None:
    """In the order of the files, each a whole fingerprint."""
    status = run("fingerprint", folder / "alice.jpg", folder / "other.png", "--json")

    out = lines(capsys.readouterr().out)
    assert status == 0
    assert [each["file"] for each in out] == [
        str(folder / "alice.jpg"),
        str(folder / "other.png"),
    ]
    expected = staydown.fingerprint_file(folder / "alice.jpg").to_dict()
    assert out[0] == {"file": str(folder / "alice.jpg"), **expected}


def test_unreadable_file_does_not_stop_the_others(folder: Path, capsys: Capture) -> None:
    """Status 1, an error in its line, a sentence on stderr; the rest is done."""
    names = ["alice.jpg", "notes.txt", "missing.jpg", "other.png"]

    status = run("fingerprint", *(folder / name for name in names), "--json")

    captured = capsys.readouterr()
    out = lines(captured.out)
    assert status == 1
    assert [Path(str(each["file"])).name for each in out] == names
    assert [isinstance(each.get("pdq"), str) for each in out] == [True, False, False, True]
    assert [each["error"]["code"] for each in out[1:3]] == ["not_media", "unreadable_file"]  # type: ignore[index]
    assert "notes.txt: The file is not a picture." in captured.err


def test_fingerprint_for_people_shows_hash_and_quality(folder: Path, capsys: Capture) -> None:
    """Without --json."""
    assert run("fingerprint", folder / "alice.jpg") == 0

    out = capsys.readouterr().out
    assert "640 x 480, quality" in out
    assert staydown.fingerprint_file(folder / "alice.jpg").sha256 in out  # type: ignore[operator]


@pytest.mark.parametrize(
    ("suspect", "kind", "sentence"),
    [
        ("alice.jpg", "identical", "the same file."),
        ("copy.webp", "same", "the same picture ("),
        ("mirrored.png", "same", "the same picture, mirrored ("),
    ],
)
def test_compare_says_what_two_files_have_in_common(
    folder: Path, capsys: Capture, suspect: str, kind: str, sentence: str
) -> None:
    """To people and to programs."""
    assert run("compare", folder / "alice.jpg", folder / suspect) == 0
    assert capsys.readouterr().out.startswith(sentence)

    assert run("compare", folder / "alice.jpg", folder / suspect, "--json") == 0
    (answer,) = lines(capsys.readouterr().out)
    assert answer["match"]["kind"] == kind  # type: ignore[index]


def test_compare_of_unrelated_pictures_is_no_match(folder: Path, capsys: Capture) -> None:
    """Which is an answer, not a failure."""
    assert run("compare", folder / "alice.jpg", folder / "other.png", "--json") == 0
    assert lines(capsys.readouterr().out) == [{"match": None}]

    assert run("compare", folder / "alice.jpg", folder / "other.png") == 0
    assert capsys.readouterr().out == "No match.\n"


def test_compare_with_an_unreadable_file_has_status_1(folder: Path, capsys: Capture) -> None:
    """No match would be a lie."""
    assert run("compare", folder / "alice.jpg", folder / "notes.txt", "--json") == 1

    (answer,) = lines(capsys.readouterr().out)
    assert answer["error"]["code"] == "not_media"  # type: ignore[index]
    assert "match" not in answer


def test_bank_is_built_and_searched(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    """The two commands of the README."""
    bank = tmp_path / "all.bank"

    assert run("bank", "build", bank, folder, "--json") == 1
    assert lines(capsys.readouterr().out)[-1] == {
        "bank": str(bank),
        "entries": 4,
        "unreadable": 1,
    }

    assert run("match", "--bank", bank, folder / "copy.webp", folder / "notes.txt", "--json") == 1
    found, unread = lines(capsys.readouterr().out)
    assert [each["id"] for each in found["matches"]] == ["copy.webp", "alice.jpg", "mirrored.png"]  # type: ignore[attr-defined]
    assert unread["error"]["code"] == "not_media"  # type: ignore[index]

    assert run("match", "--bank", bank, folder / "other.png") == 0
    assert capsys.readouterr().out.endswith("1 match\n  other.png: the same file.\n")


def test_bank_does_not_hold_itself(folder: Path, capsys: Capture) -> None:
    """Built into the folder it reads, twice."""
    (folder / "notes.txt").unlink()

    for _ in range(2):
        assert run("bank", "build", folder / "a.bank", folder) == 0

    assert "4 fingerprints, 0 files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["bank", "build", "a.bank", "missing"], "missing is not a folder."),
        (["bank", "build", "missing/a.bank", "."], "cannot be written"),
        (["bank", "build", ".", "."], "cannot be written"),
        (["match", "--bank", "missing.bank", "alice.jpg"], "missing.bank cannot be read"),
        (["match", "--bank", "notes.txt", "alice.jpg"], "Line 1 is not the first line"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    folder: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    """Status 2: nothing was done."""
    monkeypatch.chdir(folder)

    assert run(*arguments) == 2

    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["fingerprint"], ["compare", "one"], ["match", "a.jpg"], ["bank"], ["--what"]],
)
def test_wrong_use_has_status_2(arguments: list[str], capsys: Capture) -> None:
    """With the usage on stderr."""
    with pytest.raises(SystemExit) as caught:
        run(*arguments)

    assert caught.value.code == 2
    assert "usage: staydown" in capsys.readouterr().err


def test_no_command_at_all_shows_the_help(capsys: Capture) -> None:
    """And is wrong use."""
    assert run() == 2
    assert "fingerprint" in capsys.readouterr().err


def test_command_of_the_server_without_the_server_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """`pip install staydown` alone has the library; serve needs more."""
    plugin = EntryPoint("serve", "no_such_package.commands:serve", "staydown.commands")
    monkeypatch.setattr(command, "entry_points", lambda **_: [plugin])

    assert run("serve", "--data", "x", "--port", "80") == 2

    assert "pip install 'staydown[server]'" in capsys.readouterr().err


def test_version_is_printed(capsys: Capture) -> None:
    """For bug reports."""
    with pytest.raises(SystemExit) as caught:
        run("--version")

    assert caught.value.code == 0
    assert capsys.readouterr().out == f"staydown {staydown.__version__}\n"


def program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-m", "staydown", *arguments], cwd=cwd, env=env, capture_output=True
    )


def test_program_runs_in_any_folder_with_any_file_name(folder: Path) -> None:
    """Names that are not text, or look like another alphabet, come out as JSON."""
    name = b"\xff\xfe \xc3\xa9.jpg".decode(errors="surrogateescape")
    (folder / "alice.jpg").rename(folder / name)

    done = program("fingerprint", name, "--json", cwd=folder)

    assert done.returncode == 0
    assert json.loads(done.stdout)["file"] == name
    assert done.stderr == b""


def test_program_ends_in_silence_when_its_reader_does(folder: Path) -> None:
    """`staydown fingerprint * --json | head -1`."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m staydown fingerprint *.* *.* --json | head -1'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
    )

    assert len(done.stdout.splitlines()) == 1
    assert b"Traceback" not in done.stderr


def test_a_cut_of_a_film_is_named_with_its_times(tmp_path: Path, capsys: Capture) -> None:
    """The first of two is the one that was reported: it is looked at closely."""
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    frames = scene(3, 6.0)
    whole.write_bytes(filmed(frames))
    cut.write_bytes(filmed(frames[47:107]))

    status = run("compare", whole, cut)

    assert status == 0
    assert "; 0:02 to 0:05 of the first at 0:00 to 0:03 of the second." in capsys.readouterr().out


def test_a_film_is_told_by_its_length(tmp_path: Path, capsys: Capture) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(filmed(scene(3, 2.0)))

    status = run("fingerprint", film)

    assert status == 0
    assert "320 x 240, 0:02 of film, " in capsys.readouterr().out
