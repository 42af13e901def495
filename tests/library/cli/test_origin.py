"""`staydown origin`: what files tell of how they were made."""

import json
from pathlib import Path

import pytest

from library.media.origin_files import PROMPT, Signer, jpeg_with_exif, picture, png_text, png_with
from staydown.cli import main as command

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture
def folder(tmp_path: Path, signer: Signer) -> Path:
    (tmp_path / "plain.jpg").write_bytes(picture())
    (tmp_path / "signed.jpg").write_bytes(signer.sign(picture()))
    (tmp_path / "web-ui.png").write_bytes(
        png_with(png_text("parameters", f"{PROMPT}\nSteps: 20, Sampler: Euler"))
    )
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "root.pem").write_text(signer.root)
    return tmp_path


def run(*arguments: object) -> int:
    return command.main([str(each) for each in arguments])


def test_origin_prints_one_json_line_a_file(folder: Path, capsys: Capture) -> None:
    """In the order of the files; status 1, and the rest is done, where one is no picture."""
    names = ["plain.jpg", "signed.jpg", "notes.txt", "web-ui.png"]

    status = run("origin", *(folder / name for name in names), "--json")

    captured = capsys.readouterr()
    plain, signed, notes, web_ui = (json.loads(line) for line in captured.out.splitlines())
    assert status == 1
    assert plain == {"file": str(folder / "plain.jpg"), "marks": []}
    assert signed["marks"][0]["state"] == "untrusted"
    assert notes["error"]["code"] == "not_media"
    assert web_ui["marks"] == [
        {"kind": "generator", "generators": ["Stable Diffusion web UI"], "has_prompt": True}
    ]
    assert PROMPT not in captured.out + captured.err


def test_origin_for_people_is_in_words(folder: Path, capsys: Capture) -> None:
    assert run("origin", folder / "plain.jpg", folder / "signed.jpg", folder / "web-ui.png") == 0

    assert capsys.readouterr().out == (
        f"{folder}/plain.jpg: no marks of origin\n"
        f"{folder}/signed.jpg: 1 mark of origin\n"
        "  c2pa: signed, by a signer who is not on the trust list; signer Example Camera Ltd;"
        " source type trainedAlgorithmicMedia; made with Example Paint, Example Model\n"
        f"{folder}/web-ui.png: 1 mark of origin\n"
        "  generator: made with Stable Diffusion web UI; prompt in the file\n"
    )


def test_origin_trusts_the_roots_it_is_given(folder: Path, capsys: Capture) -> None:
    """A file of certificates, or a folder."""
    for place in (folder / "root.pem", folder):
        assert run("origin", folder / "signed.jpg", "--anchors", place, "--json") == 0
        assert json.loads(capsys.readouterr().out)["marks"][0]["state"] == "trusted"


def test_anchors_that_are_none_are_wrong_use(folder: Path, capsys: Capture) -> None:
    """Nothing was done: a signer must not seem untrusted for a mistyped name."""
    assert run("origin", folder / "signed.jpg", "--anchors", folder / "notes.txt") == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "notes.txt cannot be read: no certificates. Name a PEM file." in captured.err


def test_a_generator_known_by_name_is_told(folder: Path, capsys: Capture) -> None:
    (folder / "firefly.jpg").write_bytes(jpeg_with_exif({0x131: "Adobe Firefly"}))

    assert run("origin", folder / "firefly.jpg") == 0
    assert "generator: made with Adobe Firefly" in capsys.readouterr().out
