"""The local layer is in our tables, and nowhere else: not for partners, hosts, pages or logs."""

import base64
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

import staydown
from server.api.client import Api
from server.host_double import HostDouble
from server.pictures import captioned, cropped, drawn, fingerprint, with_region_replaced
from server.story import ALICE, ALICES_ADDRESS, REASON, rows_of, run_jobs
from staydown import Fingerprint
from staydown.exchange.hash_list import SigningKey
from staydown.fingerprint.local import OPEN_KEY, LocalFingerprint
from staydown_server import vault
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, CaseItem
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.read import stored_form
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.notices.models import Notice
from staydown_server.sharing import audiences, partners

pytestmark = pytest.mark.django_db

_LONG_ENOUGH = 24
"""So many characters in a row do not come together by chance."""


def layers() -> Iterator[bytes]:
    """Every local layer in the tables."""
    tables: tuple[Any, ...] = (Item, CaseItem, KeepDown, HeldUpload)
    for table in tables:
        for text in table.objects.exclude(fingerprint="").values_list("fingerprint", flat=True):
            if layer := Fingerprint.from_json(text).local:
                yield layer


def traces(layer: bytes) -> Iterator[bytes]:
    """How a piece of *layer* would look like, wherever it began: as bytes, hex, base64."""
    for start in range(0, len(layer) - 60, 48):
        piece = layer[start : start + 45]
        yield piece
        yield piece.hex().encode()
        for shift in range(3):
            yield base64.b64encode(piece[shift:])[:_LONG_ENOUGH]


def test_the_layer_never_leaves(
    host: Host,
    show: Any,
    plaza: HostDouble,
    drawing: bytes,
    bob: User,
    bobs_browser: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A whole story with crops and replaced regions; then a search in all that went out."""
    caplog.set_level(logging.DEBUG)
    said: list[bytes] = []
    api = Api(plaza.api_key)

    def keep(answer: Any) -> Any:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        said.append(body + str(answer.headers).encode())
        return answer

    audiences.begin("forum.example", root=SigningKey.new())
    show("alices", drawing)
    show("crop", cropped(drawing))
    alice = Client()
    form = {
        "places": plaza.page("alices"),
        "signature": ALICE,
        "contact": ALICES_ADDRESS,
        "good_faith": "yes",
        "submission": "one",
    }
    for signature in ("", ALICE):
        file = SimpleUploadedFile("mine.jpg", drawn(7))
        keep(alice.post("/report/", {**form, "signature": signature, "files": file}))
    run_jobs()
    case = Case.objects.get()
    keep(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    rows = [row.pk for row in rows_of(case)]
    decided = {"row": rows, "outcome": "remove", "reason": REASON}
    keep(bobs_browser.post(f"/desk/cases/{case.pk}/decide/", decided))
    run_jobs()
    assert len(rows) == 3
    for number, content in enumerate(
        (drawing, cropped(drawing), captioned(drawing), with_region_replaced(drawing), drawn(8))
    ):
        keep(api.form("/check", content, reference=f"up-{number}", uploader="charlie"))
        address = plaza.page(str(number))
        keep(api.form("/items", content, id=str(number), url=address))
    for held in HeldUpload.objects.all():
        keep(bobs_browser.get(f"/desk/uploads/{held.pk}/"))
        told = {"outcome": "refused", "reason": REASON, "keeps_down": "yes"}
        keep(bobs_browser.post(f"/desk/uploads/{held.pk}/decide/", told))
    run_jobs()
    assert plaza.uploads
    for path in ("/cases", f"/cases/{case.pk}", "/openapi.json"):
        keep(api.get(path))
    reader = Api(partners.let_read("friends.example", "forum.example"))
    keep(reader.get("/hash-lists/forum.example/pages/1.jsonl"))
    for path in ("/desk/", f"/desk/cases/{case.pk}/"):
        keep(bobs_browser.get(path))
    keep(alice.get("/status/"))

    known = set(layers())
    assert len(known) >= 5
    out = b"\n".join(said)
    out += json.dumps(plaza.events).encode() + caplog.text.encode()
    out += json.dumps(list(Entry.objects.values("subject", "actor", "facts"))).encode()
    assert b"region-replaced" in out
    assert b'"pdq"' in out, "the hash list was read"
    assert b'"local"' not in out
    assert b"U0RsAQ" not in out, "the first bytes of any layer"
    for layer in known:
        for trace in traces(layer):
            assert trace not in out


def test_the_search_would_find_one(show: Any, drawing: bytes) -> None:
    """Or the test above could not fail."""
    show("alices", drawing)
    (layer,) = layers()
    for leak in (layer, layer.hex().encode(), base64.b64encode(b"x" + layer)):
        assert any(trace in leak for trace in traces(layer))


def test_what_the_server_reads_itself_has_our_layer(
    host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """In the catalogue, from a file; it can be opened with this installation's key only."""
    Api(plaza.api_key).form("/items", drawing, id="1", url=plaza.page("1"))

    (layer,) = layers()
    assert LocalFingerprint.from_bytes(layer, vault.local_key()).width > 0
    with pytest.raises(ValueError, match="another key"):
        LocalFingerprint.from_bytes(layer, OPEN_KEY)


def test_nobody_brings_a_layer_of_their_own(host: Host, plaza: HostDouble, drawing: bytes) -> None:
    """Not even one of this very key: as an item, as a question, or in a notice."""
    api = Api(plaza.api_key)
    forged = fingerprint(drawing).to_dict(with_local=True)
    assert "local" in forged

    answer = api.json("/items", {"id": "1", "url": plaza.page("1"), "fingerprint": forged})
    assert answer.status_code == 201
    api.json("/check", {"fingerprints": [forged]})
    api.json(
        "/notices",
        {"signature": ALICE, "contact": "a", "good_faith": True, "fingerprints": [forged]},
    )
    run_jobs()

    assert list(layers()) == []
    assert "local" not in Notice.objects.get().content["fingerprints"][0]


def test_a_layer_of_another_key_is_not_stored(db: None, drawing: bytes) -> None:
    """Its owner could read it; we could not even compare it."""
    foreign = staydown.fingerprint_bytes(drawing)
    assert foreign.local_layer()

    assert Fingerprint.from_json(stored_form(foreign)) == foreign
    assert "local" not in stored_form(foreign)


def test_the_key_is_not_in_the_database(show: Any, drawing: bytes) -> None:
    """It is derived from the installation's, the same each time."""
    show("alices", drawing)
    assert vault.local_key() == vault.local_key()
    assert vault.local_key() != OPEN_KEY

    dump = b"\n".join(repr(row).encode() for row in _all_rows())
    secret = vault.local_key().secret
    for form in (secret, secret.hex().encode(), base64.b64encode(secret), repr(secret).encode()):
        assert form not in dump


def _all_rows() -> Iterator[Any]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  a name of ours
            yield from cursor.fetchall()
