"""A whole case, and then a search for Alice in everything it left behind."""

import logging
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from server.host_double import HostDouble
from server.mallory import is_sqlite
from server.pictures import jpeg, recompressed, scene
from server.story import ALICE, ALICES_ADDRESS, REASON, pauses_pass, run_jobs
from staydown_server.accounts.hosts import add_host
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case
from staydown_server.catalogue.register import register
from staydown_server.notices.models import Letter, Notice, Subscription
from staydown_server.removal.models import Removal
from staydown_server.removal.reasons import token_of


@pytest.mark.django_db(transaction=True)
def test_alice_is_nowhere_in_the_database_nor_in_the_log(
    host: Host,
    show: Any,
    plaza: HostDouble,
    picture: bytes,
    bob: User,
    bobs_browser: Client,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
) -> None:
    """Name, e-mail, words, receipt, appeal, keys: sealed or digested, in every file."""
    caplog.set_level(logging.INFO)
    show("alices", picture)
    show("copy", recompressed(picture))
    alice = Client()
    answer = alice.post(
        "/report/",
        {
            "places": f"The place where we met, {plaza.page('alices')}",
            "explanation": "Zebedee published it after the party.",
            "on_behalf_of": "my sister Philippa",
            "signature": ALICE,
            "contact": ALICES_ADDRESS,
            "good_faith": "yes",
            "files": SimpleUploadedFile("alice-at-home.jpg", jpeg(scene(5))),
            "submission": "a-submission-of-alices",
        },
        follow=True,
    )
    code = answer.content.decode().partition("data-receipt>")[2][:19]
    run_jobs()
    case = Case.objects.get()
    settings.EMAIL_HOST = "127.0.0.1"
    alice.post("/status/mail/", {"address": "a.f.o@post.example"})
    bobs_browser.post(f"/desk/cases/{case.pk}/ask/", {"letter": "Was it Wolfgang?"})
    alice.post("/status/write/", {"letter": "No, it was Ottokar."})
    alice.post("/status/add/", {"places": f"{plaza.page('copy')} by Leopoldine"})
    run_jobs()
    plaza.is_down = True
    rows = [row.pk for row in case.caseitem_set.all()]
    bobs_browser.post(
        f"/desk/cases/{case.pk}/decide/", {"row": rows, "outcome": "remove", "reason": REASON}
    )
    bobs_browser.get(f"/desk/cases/{case.pk}/")
    bobs_browser.post(f"/desk/rows/{rows[0]}/reveal/")
    run_jobs()
    plaza.is_down = False
    pauses_pass()
    run_jobs()
    token = token_of(Removal.objects.order_by("pk")[0])
    Client().post(f"/reasons/{token}/", {"text": "I am Mortimer, and it is mine."})
    alice.get("/status/")
    alice.post("/status/withdraw/", {"sure": "yes"})
    run_jobs()
    assert Notice.objects.get().withdrawn_at is not None
    assert Notice.objects.get().content["signature"] == ALICE
    assert Letter.objects.count() == 3
    assert len(django_mail.outbox) == 1
    Subscription.objects.get()

    stored = whole_database()
    stored += b"".join(path.read_bytes() for path in settings.DATA.rglob("*") if path.is_file())
    assert b"decision.taken" in stored
    logged = caplog.text
    secrets = {
        "name": ALICE,
        "first name": "Ferreira",
        "e-mail": ALICES_ADDRESS,
        "words": "Zebedee",
        "behalf": "Philippa",
        "noise": "The place where we met",
        "file name": "alice-at-home",
        "receipt": code,
        "receipt, bare": code.replace("-", ""),
        "submission": "a-submission-of-alices",
        "appeal": "Mortimer",
        "question": "Wolfgang",
        "answer": "Ottokar",
        "more addresses": "Leopoldine",
        "mail address": "a.f.o@post",
        "reasons link": token,
        "api key": plaza.api_key,
        "webhook secret": plaza.secret,
    }
    for what, secret in secrets.items():
        assert len(secret) > 6, what
        assert secret.encode() not in stored, what
        assert secret not in logged, what


def whole_database() -> bytes:
    """Each byte of it, or of its tables."""
    with connection.cursor() as cursor:
        if is_sqlite:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            database = Path(connection.settings_dict["NAME"])
            return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
        rows = []
        for table in connection.introspection.table_names(cursor):
            # Binary: as it is stored, and not in hexadecimal digits.
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copied:
                rows += [bytes(part) for part in copied]
        return b"".join(rows)


@pytest.mark.django_db
def test_no_error_of_the_core_quotes_what_it_was_given() -> None:
    """An address that a host registers wrongly stays out of the message."""
    from server.pictures import fingerprint
    from staydown_server.catalogue.register import NotOnThisHost

    add_host("plaza", origins=["https://p.example"], webhook_url="https://p.example/hook")
    with pytest.raises(NotOnThisHost) as caught:
        register(
            Host.objects.get(),
            host_item_id="1",
            url="https://elsewhere.example/alice",
            fingerprint=fingerprint(jpeg(scene(1))),
        )

    assert "alice" not in str(caught.value)
