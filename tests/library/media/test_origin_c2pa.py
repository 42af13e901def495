"""C2PA manifests: whose, whether whole, and what they say; with nothing fetched."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import c2pa
import pytest

from library.media.origin_files import EDITED, MIME, Signer, made_by_model, picture
from library.pictures import damaged
from staydown import DecoderPool, Mark, marks_of_origin, marks_of_origin_bytes
from staydown.media import NotMedia, UnsupportedMedia, isolate
from staydown.media.origin import AnchorsError, credentials, new_pool, read_anchors

HEIC = Path(__file__).parent / "files" / "phone.heic"


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = new_pool(size=1)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def mark_of(content: bytes, pool: DecoderPool, anchors: str = "") -> Mark:
    (mark,) = (
        mark
        for mark in marks_of_origin_bytes(content, pool, anchors=anchors)
        if mark.kind == "c2pa"
    )
    return mark


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in content
    return content.replace(old, new)


# States


@pytest.mark.parametrize("form", MIME)
def test_signer_whom_nobody_trusts_is_said_to_be_so(
    form: str, signer: Signer, pool: DecoderPool
) -> None:
    """The default: no list of trusted roots is shipped. What is signed is still told."""
    assert marks_of_origin_bytes(signer.sign(picture(form), form), pool) == (
        Mark(
            kind="c2pa",
            state="untrusted",
            source_types=("trainedAlgorithmicMedia",),
            generators=("Example Paint", "Example Model"),
            issuer="Example Camera Ltd",
            actions=("c2pa.created",),
        ),
    )


@pytest.mark.parametrize("form", MIME)
def test_signer_under_an_operators_root_is_trusted(
    form: str, signer: Signer, pool: DecoderPool
) -> None:
    """And under another root is not."""
    content = signer.sign(picture(form), form)

    assert mark_of(content, pool, anchors=signer.root).state == "trusted"
    assert mark_of(content, pool, anchors=Signer().root).state == "untrusted"


@pytest.mark.parametrize("form", MIME)
def test_changed_picture_is_tampered_with(form: str, signer: Signer, pool: DecoderPool) -> None:
    """One bit, far from the manifest; trust in the signer does not help."""
    content = bytearray(signer.sign(picture(form), form))
    at = {"TIFF": 1000, "MP4": content.index(b"mdat") + 1000 if form == "MP4" else 0}.get(form)
    content[at or len(content) - 40] ^= 1

    assert mark_of(bytes(content), pool, anchors=signer.root).state == "tampered"


def test_photo_of_a_phone_can_be_signed_too(signer: Signer, pool: DecoderPool) -> None:
    """HEIC, which we cannot write ourselves."""
    content = signer.sign(HEIC.read_bytes(), "image/heic")

    assert mark_of(content, pool, anchors=signer.root).state == "trusted"


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"Example Paint", b"Example Saint"), (b"trainedAlgorithmic", b"brainedAlgorithmic")],
)
def test_changed_manifest_is_tampered_with(
    old: bytes, new: bytes, signer: Signer, pool: DecoderPool
) -> None:
    """The claim itself, and an assertion that it lists."""
    content = changed(signer.sign(picture()), old, new)

    assert mark_of(content, pool, anchors=signer.root).state == "tampered"


def test_manifest_of_another_picture_is_tampered_with(signer: Signer, pool: DecoderPool) -> None:
    """Signed by whom you like, it is not about this one."""
    signed, plain = signer.sign(picture()), picture("JPEG", quality=40)
    start = signed.index(b"\xff\xeb")
    moved = plain[:2] + signed[start : start + 2 + int.from_bytes(signed[start + 2 : start + 4])]

    assert mark_of(moved + plain[2:], pool, anchors=signer.root).state == "tampered"


def test_expired_certificate_is_invalid_not_tampered(pool: DecoderPool) -> None:
    """Nobody changed anything: the moderator must not read that somebody did."""
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    old = Signer(until=end)
    content = old.sign(picture())
    time.sleep((end - datetime.now(UTC)).total_seconds() + 1.1)

    assert mark_of(content, pool, anchors=old.root).state == "invalid"


def test_manifest_that_is_cut_off_is_unreadable(signer: Signer, pool: DecoderPool) -> None:
    """There was one, and that is all there is to say."""
    signed = signer.sign(picture())
    start = signed.index(b"\xff\xeb")
    length = int.from_bytes(signed[start + 2 : start + 4])
    kept = signed[start + 4 : start + 150]
    cut = signed[:start] + b"\xff\xeb" + (2 + len(kept)).to_bytes(2) + kept

    mark = mark_of(cut + signed[start + 2 + length :], pool)

    assert mark == Mark("c2pa", "unreadable")


def test_manifest_elsewhere_is_not_fetched(signer: Signer, pool: DecoderPool) -> None:
    """The file only says where."""
    content = signer.sign(picture(), remote="http://127.0.0.1:9/manifest.c2pa")

    assert marks_of_origin_bytes(content, pool) == (Mark("c2pa", "remote"),)


def test_file_too_long_to_check_says_so(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film of many gigabytes would use up the time that a file is given."""
    monkeypatch.setattr(credentials, "_CHECKED_BYTES", 1000)
    (tmp_path / "film.mp4").write_bytes(signer.sign(picture("MP4"), "MP4"))

    with (tmp_path / "film.mp4").open("rb") as file:
        assert credentials.read(file.fileno(), "") == Mark("c2pa", "too-long")


def test_without_the_extra_a_manifest_is_seen_and_not_checked(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other marks do not need it."""
    (tmp_path / "c2pa.py").write_text("raise ImportError('not installed')")
    environment = isolate._environment()
    first = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    monkeypatch.setattr(isolate, "_environment", lambda: {**environment, "PYTHONPATH": first})
    pool = new_pool(size=1)

    marks = marks_of_origin_bytes(signer.sign(picture()), pool)
    pool.close()

    assert marks == (Mark("c2pa", "unchecked"),)


def test_picture_without_a_manifest_has_no_mark(pool: DecoderPool) -> None:
    for form in MIME:
        assert marks_of_origin_bytes(picture(form), pool) == ()


def test_works_behind_the_filter(signer: Signer, pool: DecoderPool) -> None:
    """c2pa's library calls back into Python, for which the filter leaves no room later."""
    if not pool.locked():
        pytest.skip("this kernel or machine has no seccomp")
    content = signer.sign(picture())

    # More files than one page has room for calls, in one decoder.
    assert {mark_of(content, pool).state for _ in range(100)} == {"untrusted"}
    assert len(pool.process_ids()) == 1


# Nothing is fetched


class Asked:
    def __init__(self) -> None:
        self.paths: list[str] = []
        self.url = ""


@contextmanager
def server() -> Iterator[Asked]:
    """A server on this machine that notes who asks."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.paths.append(self.path)
            self.send_error(404)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        asked.url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield asked
        finally:
            http.shutdown()
            thread.join()


def read_here(content: bytes, settings: dict[str, Any]) -> None:
    """The library itself, with these settings, whatever our own look at the file said."""
    with suppress(c2pa.C2paError):
        c2pa.Reader(None, io.BytesIO(content), context=c2pa.Context.from_dict(settings))


ONLINE = {"verify": {"remote_manifest_fetch": True, "ocsp_fetch": True}}


@pytest.mark.parametrize("what", ["manifest", "certificate"])
def test_nothing_is_fetched_even_where_a_network_is(what: str) -> None:
    """By the settings alone: this decoder has no filter. (In production it has one too.)"""
    pool = new_pool(size=1, seccomp=False)
    with server() as asked:
        if what == "manifest":
            content = Signer().sign(picture(), remote=f"{asked.url}/manifest.c2pa")
        else:
            content = Signer(ocsp=f"{asked.url}/ocsp").sign(picture())

        mark_of(content, pool)
        assert asked.paths == []

        # Either half of the settings is enough.
        read_here(content, {"verify": credentials.OFFLINE["verify"]})
        read_here(content, {**ONLINE, "core": credentials.OFFLINE["core"]})
        assert asked.paths == []

        read_here(content, ONLINE)
        assert asked.paths != []  # the file does name this server, and would be followed
    pool.close()


# What a manifest says


def test_edited_picture_remembers_that_a_model_made_its_parent(
    signer: Signer, pool: DecoderPool
) -> None:
    """The newest manifest speaks of an edit only; the one before it tells the rest."""
    parent = signer.sign(picture())
    child = signer.sign(picture("JPEG", quality=60), actions=[EDITED], parent=parent)

    mark = mark_of(child, pool)

    assert mark.state == "untrusted"
    assert mark.actions == ("c2pa.created",)
    assert mark.source_types == ("trainedAlgorithmicMedia",)
    assert mark.says_ai


def test_photo_signed_in_a_camera_does_not_say_ai(signer: Signer, pool: DecoderPool) -> None:
    capture = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    acts = [{"action": "c2pa.created", "digitalSourceType": capture}]

    mark = mark_of(signer.sign(picture(), actions=acts), pool)

    assert mark.source_types == ("digitalCapture",)
    assert mark.actions == ()
    assert not mark.says_ai


@pytest.mark.parametrize(
    "sentence",
    [
        "Look: this is Alice, of 12 Harbour Lane",
        "alice@example.org",
        "two\nlines",
        "long " * 40,
        "<script>alert(1)</script>",
    ],
)
def test_sentence_in_place_of_a_name_is_left_out(
    sentence: str, signer: Signer, pool: DecoderPool
) -> None:
    """Anybody can sign a manifest; what it says may be about the person in the picture."""
    content = signer.sign(picture(), actions=[made_by_model(sentence)], generator=sentence)

    mark = mark_of(content, pool)

    assert mark.generators in ((), ("two lines",))
    assert mark.says_ai


def test_name_of_a_signer_that_is_a_sentence_is_left_out(pool: DecoderPool) -> None:
    liar = Signer("Write to Alice: alice@example.org")

    assert mark_of(liar.sign(picture()), pool).issuer is None


STORE: dict[str, Any] = {
    "active_manifest": "a",
    "manifests": {
        "a": {
            "claim_generator": "Example_Paint/2.1 c2pa-rs/0.1",
            "signature_info": {"issuer": "Example", "time": "2026-03-01T12:30:00.5+01:00"},
            "assertions": [{"label": "c2pa.ai-disclosure", "data": {}}],
        }
    },
    "validation_state": "Valid",
}


def test_time_stamp_and_older_forms_are_understood() -> None:
    """A time stamp needs an authority on the net: this is a store as the library tells it."""
    mark = credentials.mark(STORE)

    assert mark.signed_at == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert mark.generators == ("Example Paint",)
    assert mark.actions == ("c2pa.ai-disclosure",)
    assert mark.state == "untrusted"


@pytest.mark.parametrize(
    ("part", "code", "state"),
    [
        ("activeManifest", "assertion.dataHash.mismatch", "tampered"),
        ("activeManifest", "claimSignature.mismatch", "tampered"),
        ("activeManifest", "signingCredential.expired", "invalid"),
        ("activeManifest", "signingCredential.ocsp.revoked", "invalid"),
        ("ingredientDeltas", "ingredient.manifest.mismatch", "tampered"),
        ("ingredientDeltas", "assertion.action.malformed", "invalid"),
    ],
)
def test_state_follows_from_what_failed(part: str, code: str, state: str) -> None:
    """As the library reports it: of the newest manifest, and of those before it."""
    failed: Any = {"failure": [{"code": code}]}
    if part == "ingredientDeltas":
        failed = [{"ingredientAssertionURI": "x", "validationDeltas": failed}]

    assert (
        credentials.state({"validation_results": {part: failed}, "validation_state": "Invalid"})
        == state
    )


@pytest.mark.parametrize(
    "store",
    [None, [], {}, {"manifests": []}, {"active_manifest": "a", "manifests": {"a": []}}],
)
def test_store_of_no_known_form_is_unreadable(store: Any) -> None:
    assert credentials.mark(store) == Mark("c2pa", "unreadable")


def test_store_with_everything_of_the_wrong_type_is_a_mark_still() -> None:
    """A manifest's author chooses the types; the library does not mind."""
    for wrong in (None, 1, "text", [], {}, [[]], [{}], {"name": {}}):
        store = {"active_manifest": "a", "manifests": {"a": dict.fromkeys(STORE_KEYS, wrong)}}
        mark = credentials.mark({**store, "validation_results": wrong})
        assert Mark.from_dict(json.loads(json.dumps(mark.to_dict()))) == mark


STORE_KEYS = ("claim_generator", "claim_generator_info", "signature_info", "assertions")


# Damage


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "MP4"])
def test_damaged_copies_are_marks_or_a_named_error(
    form: str, signer: Signer, pool: DecoderPool
) -> None:
    """And no decoder dies of it."""
    original = signer.sign(picture(form), form)
    mark_of(original, pool)
    pids = pool.process_ids()
    for content in damaged(original, seed=len(form), count=40):
        with suppress(NotMedia, UnsupportedMedia):
            assert len(marks_of_origin_bytes(content, pool)) <= 2

    assert pool.process_ids() == pids


# Trust anchors


def test_anchors_come_from_a_file_or_a_folder(
    tmp_path: Path, signer: Signer, pool: DecoderPool
) -> None:
    (tmp_path / "one.pem").write_text(signer.root)
    (tmp_path / "two.pem").write_text(Signer().root)
    (tmp_path / "picture").write_bytes(signer.sign(picture()))

    for place in (tmp_path, tmp_path / "one.pem"):
        (mark,) = marks_of_origin(tmp_path / "picture", pool, anchors=read_anchors(place))
        assert mark.state == "trusted"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No such file"),
        (b"", "not PEM"),
        (b"no certificate", "no certificates"),
        (b"\xff\xfe", "not PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificates"),
    ],
)
def test_anchors_that_are_none_are_refused(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """At once, and not as a signer whom nobody trusts."""
    if content is not None:
        (tmp_path / "roots").write_bytes(content)

    with pytest.raises(AnchorsError, match=sentence):
        read_anchors(tmp_path / "roots")


def test_folder_without_anchors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnchorsError, match=r"holds no \.pem file"):
        read_anchors(tmp_path)


def test_service_itself_never_loads_the_library() -> None:
    """Strangers' files are read in the limited process only."""
    done = subprocess.run(
        [sys.executable, "-c", "import staydown, sys; print('c2pa' in sys.modules)"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )

    assert done.stdout == "False\n", done.stderr
