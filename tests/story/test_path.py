"""One notice, from the form to stay-down, with real processes over HTTP."""

import io
import re

import requests
from PIL import Image, ImageOps
from world import Plaza, Server, Visitor, wait_for


def test_a_reported_picture_goes_down_with_its_copies_and_stays_down(
    server: Server, plaza: Plaza, alice: Visitor, bob: Visitor
) -> None:
    """The main job: nine steps, two processes, no step skipped."""
    # Plaza registers what it shows; two people have posted copies of one picture.
    wait_for(lambda: len(_catalogue(server)) >= 24, why="Plaza's pictures are registered")
    reported = server.an_item_shown(times=3)
    media_url = server.rows("SELECT media_url FROM catalogue_item WHERE url = ?", reported)[0][0]
    picture = requests.get(media_url, timeout=30).content

    # Alice reports it, and can follow the notice at once.
    code = alice.report(reported)
    wait_for(server.all_jobs_done, why="located and swept")
    assert "Found. A moderator will decide about it." in alice.get("/status/").text

    # Bob sees the case with its copies, blurred, and decides about all of them.
    queue = bob.get("/desk/").text
    case_path = _first(r'href="(/desk/cases/\d+/)"', queue)
    case = bob.get(case_path).text
    rows = re.findall(r'data-row="(\d+)"', case)
    assert len(rows) >= 3
    assert "of 256 bits differ" in case
    veiled = bob.get(f"/desk/rows/{rows[0]}/picture/")
    assert veiled.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(veiled.content)).mode == "L"
    decided = bob.send(
        case_path,
        form=f"{case_path}decide/",
        row=rows,
        reason="Reported as published without consent.",
        outcome="remove",
    )
    assert "Decided." in decided.text

    # Plaza carries it out, Staydown looks for itself, Alice reads that it is gone.
    wait_for(server.all_jobs_done, why="removed and verified")
    shown = alice.get("/status/").text
    assert shown.count("Removed. We checked that it is no longer shown.") == len(rows)
    assert "Everything in this notice has been dealt with." in shown
    for url in (reported, media_url):
        assert requests.get(url, timeout=30).status_code == 410

    # Nobody brings it back: not the file, not a mirror image, not another compression.
    assert plaza.upload(picture).status_code == 403
    assert plaza.upload(_edited(picture, mirrored=True)).status_code == 403
    assert plaza.upload(_edited(picture, quality=25)).status_code == 403
    assert plaza.upload(_another_picture()).status_code == 201
    assert "3 attempts to upload it again" in alice.get("/status/").text

    # Her code opens the page from any device, and the log of it all is whole.
    elsewhere = Visitor(server)
    page = elsewhere.send("/status/", form="/status/", code=code.lower().replace("-", " "))
    assert "Everything in this notice has been dealt with." in page.text
    done = server.command_line("audit", "verify")
    assert done.returncode == 0, done.stdout
    assert "The audit log is whole" in done.stdout


def test_a_file_that_never_was_at_an_address_finds_its_copies(
    server: Server, plaza: Plaza, alice: Visitor, bob: Visitor
) -> None:
    """Alice has only the file, as somebody sent it to her: recompressed."""
    wait_for(lambda: len(_catalogue(server)) >= 24, why="Plaza's pictures are registered")
    url, media_url = server.rows("SELECT url, media_url FROM catalogue_item ORDER BY id")[0]
    picture = _edited(requests.get(media_url, timeout=30).content, quality=40)

    fields = {"good_faith": "yes", "contact": "alice@example.org", "signature": "Alice"}
    files = [("files", ("from-the-chat.jpg", picture))]
    answer = alice.send("/report/", files=files, **fields)

    assert "Keep this code" in answer.text
    wait_for(server.all_jobs_done, why="swept")
    assert url in bob.get(_first(r'href="(/desk/cases/\d+/)"', bob.get("/desk/").text)).text


def test_a_removal_can_be_appealed_and_undone(
    server: Server, plaza: Plaza, alice: Visitor, bob: Visitor, charlie: Visitor
) -> None:
    """The uploader reads why, appeals, and gets the picture back; the gate lets it pass."""
    wait_for(lambda: len(_catalogue(server)) >= 24, why="Plaza's pictures are registered")
    url = server.an_item_shown(times=1)
    media_url, uploader = server.rows(
        "SELECT media_url, uploader FROM catalogue_item WHERE url = ?", url
    )[0]
    picture = requests.get(media_url, timeout=30).content
    alice.report(url)
    wait_for(server.all_jobs_done, why="swept")
    case_path = _first(r'href="(/desk/cases/\d+/)"', bob.get("/desk/").text)
    rows = re.findall(r'data-row="(\d+)"', bob.get(case_path).text)
    bob.send(
        case_path, form=f"{case_path}decide/", row=rows, reason="As reported.", outcome="remove"
    )
    wait_for(server.all_jobs_done, why="removed")
    assert plaza.upload(_edited(picture, quality=60)).status_code == 403

    # Plaza shows its uploader the statement of reasons with the secret link.
    mine = requests.get(f"{plaza.url}/me/{uploader}", timeout=30).text
    reasons_path = _first(r"(/reasons/[A-Z2-7]+/)", mine)
    assert "As reported." in charlie.get(reasons_path).text
    appealed = charlie.send(reasons_path, text="This is a drawing of mine.")
    assert "A person will read it and answer here." in appealed.text

    appeal_path = _first(r'action="(/desk/appeals/\d+/)"', bob.get(case_path).text)
    bob.send(case_path, form=appeal_path, reason="It is a drawing.", outcome="granted")
    wait_for(server.all_jobs_done, why="restored")
    assert requests.get(url, timeout=30).status_code == 200
    assert "Granted" in charlie.get(reasons_path).text
    assert plaza.upload(_edited(picture, quality=60)).status_code == 201
    assert server.audit_is_whole()


def _catalogue(server: Server) -> list[tuple[str, ...]]:
    return server.rows("SELECT url FROM catalogue_item")


def _edited(picture: bytes, *, mirrored: bool = False, quality: int = 90) -> bytes:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    if mirrored:
        image = ImageOps.mirror(image)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _another_picture() -> bytes:
    image = Image.effect_mandelbrot((640, 480), (-2.0, -1.2, 1.0, 1.2), 90)
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG")
    return out.getvalue()


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in the page"
    return found.group(1)
