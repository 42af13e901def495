"""``staydown scan`` as an operator runs it: killed, run again, told what it could not read."""

import csv
import io
import json
import os
import subprocess
import time
from pathlib import Path

from examples.plaza.scenes.landscapes import dunes, mountain_lake
from PIL import Image
from world import STAYDOWN, Server, wait_for

from library.films import drawn_film

PICTURES, FILMS, KILLS = 120, 3, 5


def _archive(folder: Path) -> None:
    """Pictures, each another, with a few films and a few files that are neither."""
    drawn = [image.convert("RGB").resize((480, 360)) for image in (mountain_lake(), dunes())]
    for number in range(PICTURES):
        place = folder / f"{number % 7}"
        place.mkdir(exist_ok=True, parents=True)
        image = Image.blend(drawn[0], drawn[1], number / PICTURES)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=60 + number % 30)
        (place / f"{number}.jpg").write_bytes(out.getvalue())
    for number in range(FILMS):
        (folder / f"film{number}.mp4").write_bytes(drawn_film(40 + number))
    (folder / "notes.txt").write_text("No picture.")


def test_an_archive_is_scanned_though_the_scan_is_killed(server: Server, tmp_path: Path) -> None:
    """Five times on the way; in the end all is there, once."""
    archive, report = tmp_path / "archive", tmp_path / "unreadable.csv"
    _archive(archive)
    server.add_host("forum", "http://127.0.0.1:9")
    command = [str(STAYDOWN), "scan", str(archive), "--data", str(server.data), "--host", "forum"]
    command += ["--base-url", "http://127.0.0.1:9/old", "--json", "--report", str(report)]
    environment = {**os.environ, **server.environment}
    registered: set[str] = set()
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        for line in process.stdout:
            scanned = json.loads(line)
            if scanned["outcome"] == "registered":
                assert scanned["file"] not in registered, "what was told as done is done once"
                registered.add(scanned["file"])
                if len(registered) % 20 == 0:
                    break
        process.kill()
        process.stdout.close()
        process.wait()
    assert 0 < len(registered) < PICTURES

    last = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=environment
    )

    assert last.returncode == 1, last.stderr
    lines = [json.loads(line) for line in last.stdout.splitlines()]
    assert len(lines) == PICTURES + FILMS + 1
    unchanged = {line["file"] for line in lines if line["outcome"] == "unchanged"}
    assert registered <= unchanged
    ids = [row[0] for row in server.rows("SELECT host_item_id FROM catalogue_item")]
    assert len(ids) == len(set(ids)) == PICTURES + FILMS
    with report.open(newline="") as file:
        (why,) = [line["why"] for line in lines if line["outcome"] == "unreadable"]
        assert list(csv.reader(file))[1:] == [["notes.txt", why]]
    start = time.monotonic()
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 1
    assert time.monotonic() - start < 30, "what is unchanged is not read"
    assert server.audit_is_whole()


def test_a_source_that_is_none_is_refused_with_what_to_do(server: Server, tmp_path: Path) -> None:
    """Exit status 2, and one sentence."""
    server.add_host("forum", "http://127.0.0.1:9")
    (tmp_path / "pictures.zip").write_bytes(b"PK")
    (tmp_path / "no.csv").write_text("a,b\n")
    base = ["--base-url", "http://127.0.0.1:9/old"]
    for source, more, words in (
        (tmp_path / "nowhere", base, "neither a folder nor a file"),
        (tmp_path / "pictures.zip", [], ".csv and .txt"),
        (tmp_path / "no.csv", [], "columns id and url"),
        (tmp_path, [], "--base-url"),
        (tmp_path, ["--base-url", "http://elsewhere.example/"], "not on an address of forum"),
        (tmp_path, [*base, "--per-second", "0"], "above 0"),
    ):
        done = server.command_line("scan", str(source), "--host", "forum", *more)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_scans_share_an_archive_and_one_takes_over_what_a_dead_one_had(
    server: Server, tmp_path: Path
) -> None:
    """Two at once: no file is read by both, and all are there although one is killed."""
    archive = tmp_path / "archive"
    _archive(archive)
    server.add_host("forum", "http://127.0.0.1:9")
    command = [str(STAYDOWN), "scan", str(archive), "--data", str(server.data), "--host", "forum"]
    command += ["--base-url", "http://127.0.0.1:9/old", "--json", "--width", "1"]
    environment = {**os.environ, **server.environment}
    dying, other = (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    )
    claims = "SELECT count(*) FROM catalogue_archiveclaim"
    wait_for(lambda: server.rows(claims) == [(2,)], why="each has a part")
    dying.kill()
    before, _ = dying.communicate()

    told, _ = other.communicate(timeout=120)

    lines = [json.loads(line) for line in told.splitlines()]
    assert len(lines) == len({line["file"] for line in lines}) == PICTURES + FILMS + 1
    read = {line["file"] for line in lines if line["outcome"] == "registered"}
    assert not read & {json.loads(line)["file"] for line in before.splitlines()}
    assert len(read) > PICTURES / 2
    ids = [row[0] for row in server.rows("SELECT host_item_id FROM catalogue_item")]
    assert len(ids) == len(set(ids)) == PICTURES + FILMS
    assert server.rows(claims) == [(0,)], "what the dead one had was taken over, and done"
