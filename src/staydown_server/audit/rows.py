"""What a line says of its subject's row: two keyed digests of it, as the change left it.

One is of the columns that never change; the other of those that change only together with a
line about that very row. The first must be the same in all lines of a row, so that an altered
column is not made good by the next change.
"""

import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import models
from django.db.models.functions import Cast

from staydown_server import vault
from staydown_server.vault.fields import SealedField

#: The fact that holds the digests. Another set of columns would be another fact.
FACT = "row"
_LETTERS = 32
"""Of SHA-256 in hexadecimal: 128 bits are beyond guessing, and lines are many."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table its lines speak for. A path leads to the evidence that a row
    rests on, where that has no line of its own."""

    fixed: tuple[str, ...]
    changing: tuple[str, ...] = ()


_MATCH = ("match_kind", "match_orientation", "match_distance", "match_region", "match_spans")

#: By the name of the model, as a line's subject has it.
COLUMNS = {
    "user": Columns(("email", "created_at"), ("role", "is_active", "password")),
    "authenticator": Columns(("user_id", "kind", "content", "credential_id", "added_at")),
    "notice": Columns(
        (
            *("received_at", "language", "content"),
            *("receipt_digest", "submission_digest", "content_digest"),
        ),
        ("withdrawn_at", "purged_at"),
    ),
    "letter": Columns(
        ("notice_id", "kind", "written_by_id", "written_at", "content", "submission_digest")
    ),
    "item": Columns(
        ("host_id", "host_item_id", "registered_at"),
        ("url", "media_url", "uploader", "fingerprint", "sha256", "md5", "gone_at"),
    ),
    "case": Columns(
        ("notice_id", "jurisdiction", "received_at", "about_minor"),
        (
            *("deadline", "closed_at", "legal_hold", "claimed_by_id", "claimed_at"),
            *("escalated_at", "escalation"),
        ),
    ),
    "caseitem": Columns(
        ("case_id", "origin", "reported_url", "copy_of_id", *_MATCH, "created_at"),
        ("item_id", "fingerprint"),
    ),
    "sweep": Columns(("case_item_id", "at", "searched", "through_change", "found")),
    "decision": Columns(
        (
            *("case_item_id", "outcome", "reason", "manner"),
            *("decided_by_id", "importer_id", "decided_at"),
            *(f"case_item__{name}" for name in ("case_id", "origin", "copy_of_id", *_MATCH)),
        )
    ),
    "proposal": Columns(
        (
            *("case_id", "rows", "outcome", "manner", "is_alike", "reason"),
            *("proposed_by_id", "proposed_at"),
        ),
        ("settled_by_id", "settled_at", "is_confirmed"),
    ),
    "deposit": Columns(
        ("notice_id", "place", "fingerprint", "sha256", "md5", "deposited_at", "expires_at"),
        ("ended_at", "swept_at", "searched", "case_item_id"),
    ),
    "keepdown": Columns(
        ("case_item_id", "decision_id", "fingerprint", "sha256", "md5", "since"),
        ("lifted_at", "lifted_by_id"),
    ),
    "check": Columns(
        (
            *("host_id", "keep_down_id", "deposit_id", "listed_id"),
            *("verdict", "match_kind", "match_distance", "at"),
        ),
    ),
    "heldupload": Columns(
        (
            *("gate_check_id", "host_id", "reference", "uploader", "file_digest"),
            *("gate_check__host_id", "gate_check__keep_down_id", "gate_check__deposit_id"),
            "gate_check__listed_id",
            *("gate_check__verdict", "gate_check__at"),
            *("gate_check__match_kind", "gate_check__match_distance"),
        ),
        (
            *("fingerprint", "preview", "marks", "outcome", "closed_at"),
            *("case_item_id", "reasons_digest"),
        ),
    ),
    "removal": Columns(
        ("item_id", "ordered_at", "reasons_digest"),
        (
            *("decision_id", "restore_decision_id", "state", "turn"),
            *("carried_out_at", "verified_at", "restored_at"),
        ),
    ),
    "appeal": Columns(
        ("removal_id", "upload_id", "refusal_id", "content", "received_at"),
        ("outcome", "answer", "decided_by_id", "decided_at"),
    ),
    "escalationfile": Columns(
        (
            *("case_id", "laws", "language", "country", "names_person"),
            *("opened_by_id", "opened_at"),
        ),
        ("closed_at", "erased_at"),
    ),
    "escalatedsite": Columns(
        ("file_id", "host", "domain"), ("found", "found_at", "wanted_at", "stage")
    ),
    "escalatedaddress": Columns(("site_id", "url"), ("fingerprint", "state", "gone_at")),
    "addresssighting": Columns(("address_id", "at", "state", "content")),
    "addressee": Columns(
        ("site_id", "role", "key", "name", "country", "law"),
        ("contacts", "asked_at", "due_at", "refused_at"),
    ),
    "outgoingletter": Columns(
        ("addressee_id", "template", "drafted_at"),
        (
            *("language", "channel", "recipient", "subject", "text", "is_edited", "state"),
            *("sent_by_id", "approved_at", "is_by_hand", "message_id", "sent_at", "settled_at"),
        ),
    ),
    "reply": Columns(("addressee_id", "kind", "text", "noted_by_id", "noted_at")),
    "line": Columns(
        ("audience_id", "generation", "sequence", "op", "entry", "keep_down_id", "reason", "at")
    ),
}


def digests(model: type[models.Model], keys: Collection[Any]) -> dict[Any, str]:
    """By its key, the two digests of each of these rows, as they stand in the table.

    Sealed columns count as they are stored: nothing is opened here.
    """
    columns = COLUMNS[name_of(model)]
    paths = ["pk", *columns.fixed, *columns.changing]
    values = [_as_stored(model, path) for path in paths]
    rows = model._base_manager.filter(pk__in=keys).order_by().values_list(*values)
    split = 1 + len(columns.fixed)
    return {row[0]: _digests(model, row[0], row[1:split], row[split:]) for row in rows}


def subject_of(model: type[models.Model], key: Any) -> str:
    """What a line calls the row."""
    return f"{name_of(model)}:{key}"


def is_audited(model: type[models.Model]) -> bool:
    return name_of(model) in COLUMNS


def name_of(model: type[models.Model]) -> str:
    """As lines name it."""
    return model._meta.model_name or ""


def _as_stored(model: type[models.Model], path: str) -> str | Cast:
    sealed = any(
        isinstance(field, SealedField) and field.name == path for field in model._meta.fields
    )
    return Cast(path, models.BinaryField()) if sealed else path


def _digests(
    model: type[models.Model], key: Any, fixed: tuple[Any, ...], changing: tuple[Any, ...]
) -> str:
    subject = subject_of(model, key)
    return ".".join(_digest(subject, part, values) for part, values in enumerate((fixed, changing)))


def _digest(subject: str, part: int, values: tuple[Any, ...]) -> str:
    text = json.dumps([subject, part, *values], sort_keys=True, default=_plain)
    return hmac.digest(vault.subkey("audit row"), text.encode(), sha256).hex()[:_LETTERS]


def _plain(value: object) -> str:
    """What JSON has no form for, the same on every database."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)
