"""The evidence of one case: all of it, nothing of others, and no byte altered unseen."""

import html
import io
import json
import random
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from server.host_double import HostDouble
from server.pictures import recompressed
from server.story import (
    ALICE,
    ALICES_ADDRESS,
    REASON,
    alice_reports,
    bob_decides,
    case_of,
    run_jobs,
)
from staydown.exchange.hash_list import SigningKey
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.anchor import Anchor
from staydown_server.audit.models import Entry
from staydown_server.audit.signature import public_key
from staydown_server.cases.models import Case
from staydown_server.notices import letters
from staydown_server.records.evidence import Audience
from staydown_server.records.package import export, make
from staydown_server.records.package_format import NotWhole, check, pack
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import appeal
from staydown_server.sharing import audiences


def files_in(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def for_the_police(case: Case, language: str = "en") -> bytes:
    return make(case, audience=Audience.POLICE, language=language)


def for_alice(case: Case, language: str = "en") -> bytes:
    return make(case, audience=Audience.PERSON, language=language)


@pytest.fixture
def told_case(show: Any, alices_item: Any, picture: bytes, bob: User) -> Case:
    """A case with a copy, a letter and an appeal of Mallory's."""
    audiences.begin("forum.example", root=SigningKey.new())
    show("copy", recompressed(picture), uploader="mallory")
    receipt = alice_reports(alices_item.url)
    run_jobs()
    case = case_of(receipt)
    letters.write(case.notice, "It is me & him.", submission="s")
    bob_decides(case, bob)
    run_jobs()
    appeal(Removal.objects.order_by("pk")[0], text="I am Mortimer.")
    return case


def test_it_holds_what_happened(told_case: Case) -> None:
    """The notice, what was searched and found, the decision with its reason, the proof."""
    files = files_in(for_the_police(told_case))

    notice, case = json.loads(files["notice.json"]), json.loads(files["case.json"])
    assert notice["content"]["signature"] == ALICE
    assert notice["content"]["contact"] == ALICES_ADDRESS
    assert [letter["content"]["text"] for letter in notice["letters"]] == ["It is me & him."]
    reported, copy = case["items"]
    assert reported["match"] is None
    assert (copy["match"]["copy_of"], copy["match"]["kind"]) == (reported["id"], "same")
    assert reported["sweeps"][0]["searched"] == 2
    assert [each["decisions"][0]["reason"] for each in case["items"]] == [REASON, REASON]
    assert all(each["removals"][0]["verified_at"] for each in case["items"])
    assert all(len(each["fingerprint"]["sha256"]) == 64 for each in case["items"])
    actions = [line["action"] for line in json.loads(files["audit.json"])]
    assert actions[:2] == ["notice.received", "case.opened"]
    expected = {"item.located", "sweep.finished", "copy.found", "decision.taken"}
    expected |= {"keep_down.started", "removal.ordered", "removal.verified", "letter.written"}
    assert expected | {"appeal.received", "hash_list.published"} <= set(actions)


def test_the_person_gets_nothing_about_the_uploader(told_case: Case) -> None:
    """Neither who it was, nor what they said against it; the police get both."""
    for_person = b"".join(files_in(for_alice(told_case)).values())
    for_others = b"".join(files_in(for_the_police(told_case)).values())

    for theirs in (b"mallory", b"Mortimer"):
        assert theirs in for_others
        assert theirs not in for_person


def test_no_local_layer_and_no_receipt_leaves(told_case: Case) -> None:
    """What is compared only here stays here."""
    out = b"".join(files_in(for_the_police(told_case)).values())

    assert b'"local"' not in out
    assert b"receipt_digest" not in out


def test_the_same_case_makes_the_same_bytes(told_case: Case, tmp_path: Path) -> None:
    """Whenever it is exported, and however often."""
    first = for_alice(told_case)
    export(told_case, tmp_path / "a", audience=Audience.PERSON, language="en", by="operator")

    assert for_alice(told_case) == first == (tmp_path / "a").read_bytes()


def test_an_export_is_on_record(told_case: Case, tmp_path: Path) -> None:
    """With the digest of what left, by whom, for whom; its file is for its owner only."""
    out = tmp_path / "case.zip"
    exported = export(told_case, out, audience=Audience.POLICE, language="fr", by="operator")

    line = Entry.objects.order_by("sequence").last()
    assert line is not None
    assert (line.action, line.subject, line.actor) == (
        "case.packaged",
        f"case:{told_case.pk}",
        "operator",
    )
    assert line.facts["sha256"] == exported.sha256 == sha256(out.read_bytes()).hexdigest()
    assert line.facts["audience"] == "police"
    assert out.stat().st_mode & 0o777 == 0o600
    assert audit.verify().is_whole


def test_what_cannot_be_written_is_not_on_record(told_case: Case, tmp_path: Path) -> None:
    before = Entry.objects.count()

    with pytest.raises(OSError, match="nowhere"):
        export(
            told_case,
            tmp_path / "nowhere" / "case.zip",
            audience=Audience.PERSON,
            language="en",
            by="operator",
        )

    assert Entry.objects.count() == before


def test_pictures_come_only_if_asked_for_and_blurred(
    told_case: Case, tmp_path: Path, plaza: HostDouble
) -> None:
    """What a host does not show is named instead."""
    plaza.removed.discard("copy")
    out = tmp_path / "case.zip"
    options: dict[str, Any] = {"audience": Audience.PERSON, "language": "en", "by": "operator"}
    exported = export(told_case, out, with_pictures=True, **options)
    files = files_in(out.read_bytes())

    pictures = {name: content for name, content in files.items() if name.endswith(".jpg")}
    assert exported.pictures == len(pictures) > 0
    assert exported.pictures + exported.pictures_missing == 2
    assert json.loads(files["manifest.json"])["pictures"] == "grey and blurred"
    assert check(out.read_bytes())
    for content in pictures.values():
        assert Image.open(io.BytesIO(content)).mode == "L"
    export(told_case, out, **options)
    assert not any(name.endswith(".jpg") for name in files_in(out.read_bytes()))


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "We looked ourselves: it is gone."), ("fr", "Nous avons vérifié nous-mêmes")],
)
def test_the_summary_is_readable_and_inert(told_case: Case, language: str, words: str) -> None:
    """In the person's language, without scripts, and what people typed stays text."""
    page = files_in(for_alice(told_case, language))[f"summary.{language}.html"].decode()

    assert words in html.unescape(page)
    assert f'lang="{language}"' in page
    assert REASON in html.unescape(page)
    for active in ("<script", "<img", "<a ", "<form", "javascript:", 'http-equiv="refresh"'):
        assert active not in page


def test_what_mallory_typed_is_no_markup(show: Any, alices_item: Any, bob: User) -> None:
    receipt = alice_reports(alices_item.url, explanation="<script>alert(1)</script>")
    run_jobs()

    page = files_in(for_alice(case_of(receipt)))["summary.en.html"]

    assert b"<script" not in page
    assert b"&lt;script&gt;" in page


def test_an_untouched_package_is_whole(told_case: Case) -> None:
    """And says what it is about, and whose key signed it."""
    checked = check(for_alice(told_case))

    assert (checked.case, checked.key) == (told_case.number, public_key())
    assert checked.lines > 10


def test_any_altered_byte_is_found(told_case: Case) -> None:
    """Wherever it is: in a file, in the manifest, or in the archive around them."""
    package = for_alice(told_case)
    draw = random.Random(8)
    ends = [0, 1, len(package) - 1, len(package) - 2]
    for place in [*ends, *draw.sample(range(len(package)), 400)]:
        altered = bytearray(package)
        altered[place] ^= draw.randrange(1, 256)
        with pytest.raises(NotWhole):
            check(bytes(altered))


@pytest.mark.parametrize("damage", [b"", b"PK", b"no zip at all"])
def test_what_is_no_package_is_said_to_be_none(damage: bytes) -> None:
    with pytest.raises(NotWhole):
        check(damage)


def test_a_truncated_or_longer_package_is_found(told_case: Case) -> None:
    package = for_alice(told_case)
    for wrong in (package[:-1], package[: len(package) // 2], package + b"\0", b"\0" + package):
        with pytest.raises(NotWhole):
            check(wrong)


def test_files_that_somebody_adds_or_takes_are_found(told_case: Case) -> None:
    """Even where the archive is made as ours is."""
    from staydown_server.records.package_format import _zipped

    files = files_in(for_alice(told_case))
    added = {**files, "more.json": b"{}"}
    without = {name: content for name, content in files.items() if name != "notice.json"}
    other = {**files, "notice.json": b"{}"}

    for wrong, said in ((added, "added"), (without, "missing"), (other, "notice.json")):
        with pytest.raises(NotWhole, match=said):
            check(_zipped(wrong))


def test_audit_lines_that_do_not_follow_are_found(told_case: Case) -> None:
    """Even signed: a package whose lines lack one, or do not reach the anchor, is none."""
    files = files_in(for_alice(told_case))
    inner = {n: c for n, c in files.items() if n not in ("manifest.json", "signature.txt")}
    lines = json.loads(inner["audit.json"])
    about = {"case": told_case.number}
    assert check(pack(inner, about))

    lines[0]["hash"] = "0" * 64
    with pytest.raises(NotWhole, match="follow"):
        check(pack({**inner, "audit.json": json.dumps(lines).encode()}, about))
    with pytest.raises(NotWhole, match="anchor"):
        check(pack({**inner, "audit.json": json.dumps(lines[2:-1]).encode()}, about))


def test_a_compressed_archive_is_not_even_opened() -> None:
    """It could swell when it is read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 1_000_000)

    with pytest.raises(NotWhole, match="compressed"):
        check(packed.getvalue())


def test_its_anchor_is_one_that_the_log_holds(told_case: Case) -> None:
    """Whoever has the database can hold the package against it."""
    anchor = Anchor.from_json(files_in(for_alice(told_case))["anchor.json"], key=public_key())

    assert audit.verify([anchor]).is_whole
    assert anchor.at <= timezone.now().isoformat()
