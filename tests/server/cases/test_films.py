"""Films from the notice to the gate: looked at closely, found whole and in part, with times."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from library.films import filmed, scene
from server.host_double import HostDouble
from server.pictures import fingerprint
from server.story import alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown import Fingerprint, fingerprint_bytes
from staydown.fingerprint.local import LocalKey
from staydown_server.accounts.models import Host, User
from staydown_server.catalogue.read import from_outside, stored_form
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.web.evidence import evidence_of_row

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def film() -> bytes:
    return filmed(scene(1, 8.0))


@pytest.fixture(scope="module")
def excerpt() -> bytes:
    """Four seconds of it after three of another, recompressed."""
    return filmed([*scene(2, 3.0), *scene(1, 8.0)[40:120]], crf="32", key_every=37)


def test_copies_and_excerpts_join_the_case_with_their_times(
    film: bytes, excerpt: bytes, show: Any, bobs_browser: Client
) -> None:
    """In words, for the moderator."""
    reported = show("reported", film)
    show("copy", filmed(scene(1, 8.0), crf="34"))
    show("excerpt", excerpt)
    show("other", filmed(scene(3, 4.0)))
    receipt = alice_reports(reported.url)

    run_jobs()

    rows = {row.item.host_item_id: row for row in rows_of(case_of(receipt)) if row.item}
    assert set(rows) == {"reported", "copy", "excerpt"}
    assert rows["copy"].match_kind == "same"
    assert rows["excerpt"].match_kind == "part"
    (span,) = rows["excerpt"].match_spans
    assert span["suspect"] == pytest.approx([3.0, 7.0], abs=0.3)
    assert span["reported"] == pytest.approx([2.0, 6.0], abs=0.3)
    words = evidence_of_row(rows["excerpt"]).sentence
    assert "it shows the reported film from 0:0" in words
    assert evidence_of_row(rows["copy"]).sentence.startswith("The same film. From 0:00 to 0:0")
    shown = bobs_browser.get(reverse("web:picture", args=[rows["excerpt"].pk]))
    assert shown.headers["Content-Type"] == "image/jpeg"
    case = bobs_browser.get(reverse("web:case", args=[case_of(receipt).pk])).content.decode()
    assert words in html.unescape(case)


def test_a_reported_film_is_looked_at_closely(film: bytes, show: Any, plaza: HostDouble) -> None:
    """The catalogue has what an upload is worth; the case, and the gate, have every frame."""
    item = show("reported", film)
    receipt = alice_reports(item.url)
    run_jobs()

    (row,) = rows_of(case_of(receipt))

    kept, hosted = row.load_fingerprint(), item.load_fingerprint()
    assert kept is not None
    assert kept.film is not None
    assert hosted.film is not None
    assert kept.sha256 == hosted.sha256
    assert kept.film.moments is not None
    assert hosted.film.moments is None
    assert len(kept.film) >= len(hosted.film)
    assert len(kept.film.stills) > len(hosted.film.stills) > 0
    assert all(still.local for still in kept.film.stills)


def test_a_film_whose_host_is_down_is_judged_by_what_was_registered(
    film: bytes, show: Any, plaza: HostDouble
) -> None:
    """Nothing waits for a closer look; and a copy that nobody could look at needs a person."""
    item = show("reported", film)
    show("copy", filmed(scene(1, 8.0), crf="34"))
    plaza.is_down = True
    receipt = alice_reports(item.url)

    run_jobs()

    row, copy = rows_of(case_of(receipt))
    assert row.fingerprint == item.fingerprint
    assert (copy.match_kind, copy.needs_a_look) == ("part", True)


def test_the_gate_knows_a_film_again(
    film: bytes, excerpt: bytes, show: Any, host: Host, bob: User
) -> None:
    """Whole it is blocked; a part of it waits for a person, with its times."""
    item = show("reported", film)
    receipt = alice_reports(item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    assert KeepDown.objects.get().load_fingerprint().film is not None

    again = check(fingerprint(filmed(scene(1, 8.0), crf="30")), host=host)
    part = check(fingerprint(excerpt), host=host, upload=Upload(reference="u1"))

    assert again.answer == "block"
    assert part.answer == "hold"
    held = HeldUpload.objects.get()
    assert held.preview is None, "the host sent no file"
    (match,) = held.heldmatch_set.all()
    assert match.spans[0]["suspect"] == pytest.approx([3.0, 7.0], abs=0.3)
    assert check(fingerprint(filmed(scene(4, 3.0))), host=host).answer == "allow"


def test_a_films_local_layers_come_from_nobody_else(film: bytes) -> None:
    """Those made with another key are not stored, and what was sent to us has none."""
    ours = fingerprint(film)
    theirs = fingerprint_bytes(film, key=LocalKey(bytes(32)))

    assert ours.film is not None
    bare = from_outside(ours).film
    assert bare is not None
    assert bare.stills == ()
    assert (bare.moments, bare.sketches) == (None, None)
    kept = Fingerprint.from_json(stored_form(ours)).film
    assert kept is not None
    assert len(kept.stills) == len(ours.film.stills) > 0
    assert Fingerprint.from_json(stored_form(theirs)).film == theirs.film
    refused = Fingerprint.from_json(stored_form(theirs)).film
    assert refused is not None
    assert refused.stills == ()


def test_a_frame_of_a_reported_film_is_held(film: bytes, show: Any, host: Host, bob: User) -> None:
    """Posted as a photo: it shows a moment of the film."""
    import io

    from PIL import Image

    item = show("reported", film)
    receipt = alice_reports(item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    photo = io.BytesIO()
    Image.fromarray(scene(1, 8.0)[90]).save(photo, "JPEG", quality=85)

    verdict = check(fingerprint(photo.getvalue()), host=host)

    assert verdict.answer == "hold"
    assert verdict.matches[0].kind == "part"
    assert verdict.matches[0].spans[0].reported[0] == pytest.approx(4.5, abs=0.5)
