"""Statements for the DSA Transparency Database: by its rules, and without anybody's data."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from server.pictures import recompressed, with_region_replaced
from server.story import ALICE, ALICES_ADDRESS, alice_reports, bob_decides, case_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload
from staydown_server.records import transparency
from staydown_server.records.statement_rules import faults
from staydown_server.records.transparency import NotValid, requests, statements
from staydown_server.review.upload import decide_upload
from staydown_server.review.withdraw import withdraw

LONG_AGO, NEXT_WEEK = datetime(2020, 1, 1, tzinfo=UTC), timezone.now() + timedelta(days=7)


def valid(**changes: Any) -> dict[str, Any]:
    """A statement that the Database takes, but for *changes*; None takes a field out."""
    statement = {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
        "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
        "illegal_content_legal_ground": "A law",
        "illegal_content_explanation": "It breaks it.",
        "content_type": ["CONTENT_TYPE_IMAGE"],
        "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
        "category_specification": ["KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE"],
        "territorial_scope": ["DE", "FR"],
        "content_date": "2026-05-01",
        "application_date": "2026-05-02",
        "decision_facts": "Somebody told us.",
        "source_type": "SOURCE_ARTICLE_16",
        "automated_detection": "No",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": "staydown-decision_1",
    }
    statement.update(changes)
    return {name: value for name, value in statement.items() if value is not None}


def test_a_valid_statement_breaks_no_rule() -> None:
    """At its limits neither."""
    assert faults(valid()) == ()
    assert faults(valid(decision_facts="x" * 5000, puid="a" * 500)) == ()
    assert faults(valid(content_date="2000-01-01", application_date="2020-01-01")) == ()
    assert (
        faults(valid(decision_visibility=None, decision_account="DECISION_ACCOUNT_SUSPENDED")) == ()
    )


@pytest.mark.parametrize(
    "name",
    [
        *("category", "decision_ground", "content_type", "content_date", "application_date"),
        *("decision_facts", "source_type", "automated_detection", "automated_decision", "puid"),
    ],
)
@pytest.mark.parametrize("empty", [None, "", " "])
def test_what_is_required_must_be_there(name: str, empty: str | None) -> None:
    assert f"{name} is required" in faults(valid(**{name: empty}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"decision_visibility": None}, "one of decision_visibility"),
        ({"decision_visibility": []}, "one of decision_visibility"),
        ({"illegal_content_legal_ground": None}, "illegal_content_legal_ground is required"),
        ({"illegal_content_explanation": ""}, "illegal_content_explanation is required"),
        (
            {"decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT"},
            "incompatible_content_ground is required",
        ),
        ({"decision_visibility": ["DECISION_VISIBILITY_OTHER"]}, "decision_visibility_other is"),
        ({"decision_monetary": "DECISION_MONETARY_OTHER"}, "decision_monetary_other is required"),
        ({"content_type": ["CONTENT_TYPE_OTHER"]}, "content_type_other is required"),
        ({"decision_facts": "x" * 5001}, "longer than 5000"),
        ({"illegal_content_legal_ground": "x" * 501}, "longer than 500"),
        ({"illegal_content_explanation": "x" * 2001}, "longer than 2000"),
        ({"incompatible_content_explanation": "x" * 2001}, "longer than 2000"),
        ({"source_identity": "x" * 501}, "longer than 500"),
        ({"puid": "a" * 501}, "longer than 500"),
        ({"puid": "a b"}, "puid has letters"),
        ({"puid": "é"}, "puid has letters"),
        ({"puid": "a\n"}, "puid has letters"),
        ({"decision_facts": ["x"]}, "decision_facts is a text"),
        ({"decision_visibility": "DECISION_VISIBILITY_CONTENT_REMOVED"}, "is a list"),
        ({"content_type": "CONTENT_TYPE_IMAGE"}, "content_type is a list"),
        ({"category": ["STATEMENT_CATEGORY_CYBER_VIOLENCE"]}, "category is one value"),
        ({"decision_visibility": ["REMOVED"]}, "decision_visibility has a value"),
        ({"decision_account": "GONE"}, "decision_account has a value"),
        ({"category": "CYBER_VIOLENCE"}, "category has a value"),
        ({"category_specification": ["KEYWORD_X"]}, "category_specification has a value"),
        ({"territorial_scope": ["US"]}, "territorial_scope has a value"),
        ({"content_language": "en"}, "content_language has a value"),
        ({"source_type": "SOURCE_OTHER"}, "source_type has a value"),
        ({"automated_detection": "yes"}, "automated_detection has a value"),
        ({"automated_detection": True}, "automated_detection has a value"),
        ({"automated_decision": "No"}, "automated_decision has a value"),
        ({"content_date": "1999-12-31"}, "content_date is too early"),
        ({"application_date": "2019-12-31"}, "application_date is too early"),
        ({"content_date": "2038-01-02"}, "content_date is after"),
        ({"application_date": "2026-5-2"}, "application_date is a date"),
        ({"application_date": "2026-02-30"}, "application_date is a date"),
        ({"content_date": "2026-05-01T00:00:00"}, "content_date is a date"),
        ({"end_date_visibility_restriction": "2026-05-01"}, "is too early"),
        ({"end_date_account_restriction": "soon"}, "is a date"),
        ({"url": "https://plaza.example/1"}, "there is no field url"),
    ],
)
def test_each_rule_is_known(changes: dict[str, Any], sentence: str) -> None:
    """One broken rule, one sentence that names it."""
    assert any(sentence in fault for fault in faults(valid(**changes)))


def the_statements() -> list[dict[str, Any]]:
    return list(statements(LONG_AGO, NEXT_WEEK))


def test_a_removal_makes_a_statement(removed_case: Case) -> None:
    """What was reported came by a notice; a person decided; nothing was automatic."""
    (statement,) = the_statements()

    assert faults(statement) == ()
    assert statement["source_type"] == "SOURCE_ARTICLE_16"
    assert statement["automated_detection"] == "No"
    assert statement["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED"
    assert statement["category"] == "STATEMENT_CATEGORY_CYBER_VIOLENCE"
    assert statement["category_specification"] == ["KEYWORD_NON_CONSENSUAL_IMAGE_SHARING"]
    assert statement["content_type"] == ["CONTENT_TYPE_IMAGE"]
    assert statement["puid"] == f"staydown-decision-{Decision.objects.get().pk}"
    assert "end_date_visibility_restriction" not in statement


def test_a_copy_that_we_found_says_so(
    show: Any, picture: bytes, alices_item: Any, bob: User
) -> None:
    show("copy", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)

    _, copy = the_statements()

    assert (copy["source_type"], copy["automated_detection"]) == ("SOURCE_VOLUNTARY", "Yes")
    assert "same picture" in copy["decision_facts"]


def test_a_refused_upload_makes_one(
    drawn_case: Case, drawing: bytes, host: Host, bob: User, fingerprinted: Callable[..., Any]
) -> None:
    check(
        fingerprinted(with_region_replaced(drawing)), host=host, upload=Upload(uploader="mallory")
    )
    decide_upload(
        HeldUpload.objects.get(), outcome=HeldUpload.Outcome.REFUSED, reason="A fake.", by=bob
    )

    refused = the_statements()[-1]

    assert faults(refused) == ()
    assert refused["automated_detection"] == "Yes"
    assert "held back" in refused["decision_facts"]


@pytest.fixture
def fingerprinted() -> Callable[..., Any]:
    from server.pictures import fingerprint

    return fingerprint


def test_nothing_that_anybody_typed_is_in_one(
    show: Any, picture: bytes, bob: User, alices_item: Any
) -> None:
    """Reasons may name people, addresses and names do: none of it leaves."""
    receipt = alice_reports(alices_item.url, explanation="Zebedee did it.")
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    Decision.objects.update(reason="It shows Alice Ferreira-Okafor.")

    out = json.dumps(list(requests(LONG_AGO, NEXT_WEEK)))

    assert "puid" in out
    for secret in (ALICE, ALICES_ADDRESS, "Zebedee", "Ferreira", "mallory", "plaza", "http"):
        assert secret not in out


def test_a_picture_of_a_minor_has_a_category_of_its_own(alices_item: Any, bob: User) -> None:
    receipt = alice_reports(alices_item.url, about_minor=True)
    run_jobs()
    bob_decides(case_of(receipt), bob)

    (statement,) = the_statements()

    assert faults(statement) == ()
    assert statement["category"] == "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"
    assert statement["category_specification"] == ["KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"]


def test_what_was_undone_ends(removed_case: Case) -> None:
    """The removal happened: its statement says until when it stood."""
    withdraw(removed_case.notice)

    (statement,) = the_statements()

    assert faults(statement) == ()
    assert statement["end_date_visibility_restriction"] == timezone.now().date().isoformat()


def test_what_stays_online_and_what_is_nowhere_makes_none(case: Case, bob: User) -> None:
    """There is no uploader whom it would restrict."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    CaseItem.objects.update(item=None)
    row = CaseItem.objects.get()
    Decision.objects.update(superseded_at=timezone.now() + timedelta(seconds=1))
    Decision.objects.create(case_item=row, outcome="remove", reason="x", decided_by=bob)

    assert the_statements() == []


def test_only_the_days_that_were_asked_for(removed_case: Case) -> None:
    """From the first on, before the last."""
    at = Decision.objects.get().decided_at
    moment = timedelta(microseconds=1)

    assert len(list(statements(at, at + moment))) == 1
    assert list(statements(at + moment, NEXT_WEEK)) == []
    assert list(statements(LONG_AGO, at)) == []


def test_a_hundred_go_together(removed_case: Case, bob: User) -> None:
    """As many as the Database takes in one request."""
    row = CaseItem.objects.get()
    Decision.objects.bulk_create(
        Decision(
            case_item=row,
            outcome="remove",
            reason="x",
            decided_by=bob,
            superseded_at=NEXT_WEEK,
        )
        for _ in range(200)
    )

    sizes = [len(body["statements"]) for body in requests(LONG_AGO, NEXT_WEEK)]

    assert sizes == [100, 100, 1]


def test_what_the_database_would_refuse_never_leaves(
    removed_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody wrote too much into transparency.toml: it is said, before the Commission does."""
    said = {**transparency._said(), "illegal_content_explanation": "x" * 2001}
    monkeypatch.setattr(transparency, "_said", lambda: said)

    with pytest.raises(NotValid, match="illegal_content_explanation is longer than 2000"):
        the_statements()
