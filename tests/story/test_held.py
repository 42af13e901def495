"""What may be somebody else's picture: held at the gate, decided by a person, obeyed by Plaza."""

import io
import re

import requests
from changed_copies import captioned, cropped, shown_as, with_region_replaced
from PIL import Image
from world import Plaza, Server, Visitor, wait_for


def test_changed_copies_wait_for_a_person_who_sees_what_differs(
    server: Server, plaza: Plaza, alice: Visitor, bob: Visitor, charlie: Visitor
) -> None:
    """A crop, a meme and a replaced region: one is let through, one refused, one waits."""
    wait_for(plaza.has_registered_everything, why="Plaza's pictures are registered")
    address, picture = shown_as(plaza, "The sailor")
    _, other = shown_as(plaza, "Grandmother")
    alice.report(address)
    wait_for(server.all_jobs_done, why="located and swept")
    case_path = _first(r'href="(/desk/cases/\d+/)"', bob.get("/desk/").text)
    rows = re.findall(r'data-row="(\d+)"', bob.get(case_path).text)
    decision = {"row": rows, "reason": "As reported.", "outcome": "remove"}
    assert "Decided." in bob.send(case_path, form=f"{case_path}decide/", **decision).text
    wait_for(server.all_jobs_done, why="removed and verified")
    assert requests.get(address, timeout=30).status_code == 410

    # Mallory changes it until PDQ no longer knows it, or no longer should.
    versions = {
        "crop": cropped(picture),
        "meme": captioned(picture),
        "region": with_region_replaced(picture, other),
    }
    held = {}
    for name, version in versions.items():
        answer = plaza.upload(version, title=name)
        assert answer.status_code == 202, f"{name} is held: {answer.text}"
        held[name] = answer.json()
        assert requests.get(held[name]["url"], timeout=30).status_code == 404
    assert plaza.upload(picture).status_code == 403

    # Bob finds the three at his desk, and sees what differs in one of them, and where.
    queue = bob.get("/desk/").text
    paths = re.findall(r'href="(/desk/uploads/\d+/)"', queue)
    assert len(paths) == 3
    assert server.rows("SELECT count(*) FROM gate_check WHERE verdict = 'hold'") == [(3,)]
    by_name = {
        reference: f"/desk/uploads/{held_id}/"
        for held_id, reference in server.rows("SELECT id, reference FROM gate_heldupload")
    }
    path = by_name[held["region"]["id"]]
    page = bob.get(path).text
    share = int(_first(r"a region covering (\d+)% of it differs", page))
    assert 3 <= share <= 12
    assert "lies in the middle of the reported picture" in page
    assert page.count('class="differs"') == 2
    assert "A region" not in bob.get(by_name[held["crop"]["id"]]).text
    assert "It shows a part of the reported picture" in bob.get(by_name[held["crop"]["id"]]).text
    sources = re.findall(r'<img class="picture" src="([^"]+)"', page)
    assert len(sources) == 2
    for source in sources:
        # The reported one comes out of Plaza's quarantine, for Bob alone.
        veiled = bob.get(source)
        assert veiled.headers["Content-Type"] == "image/jpeg"
        assert Image.open(io.BytesIO(veiled.content)).mode == "L"
        assert "/sign-in/" in charlie.get(source).url

    # He decides about two of them, and Plaza obeys.
    bob.send(path, form=f"{path}decide/", reason="Somebody else is in it.", outcome="allowed")
    path = by_name[held["crop"]["id"]]
    refusal = {"reason": "A part of what was reported.", "outcome": "refused", "keeps_down": "yes"}
    bob.send(path, form=f"{path}decide/", **refusal)
    wait_for(server.all_jobs_done, why="Plaza was told")

    assert requests.get(held["region"]["url"], timeout=30).ok
    assert requests.get(held["region"]["media_url"], timeout=30).content == versions["region"]
    assert requests.get(held["crop"]["url"], timeout=30).status_code == 404
    assert requests.get(held["meme"]["url"], timeout=30).status_code == 404, "it still waits"
    mine = requests.get(f"{plaza.url}/me/charlie", timeout=30).text
    assert "A part of what was reported." in mine
    reasons_path = _first(r"(/reasons/[A-Z2-7]+/)", mine)
    assert "Why your picture was not published" in charlie.get(reasons_path).text
    left = server.rows("SELECT preview IS NULL, fingerprint = '' FROM gate_heldupload ORDER BY id")
    assert left == [(1, 1), (0, 0), (1, 1)], "nothing is kept of what is decided"

    # What was let through is let through; what was kept down is stopped without a person.
    assert plaza.upload(versions["region"], title="once more").status_code == 201
    assert plaza.upload(versions["crop"], title="once more").status_code == 403
    wait_for(
        lambda: server.rows("SELECT 1 FROM catalogue_item WHERE host_item_id = ?", _id(held)),
        why="what went public is registered",
    )
    # In the case stand Alice's item, and the one that Bob let through: it is asked about once.
    origins = server.rows("SELECT origin FROM cases_caseitem WHERE item_id IS NOT NULL ORDER BY id")
    assert origins == [("reported_url",), ("held",)]
    assert server.rows("SELECT count(*) FROM cases_case WHERE closed_at IS NULL") == [(0,)]
    assert server.audit_is_whole()


def _id(held: dict[str, dict[str, str]]) -> str:
    return held["region"]["id"]


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in the page"
    return found.group(1)
