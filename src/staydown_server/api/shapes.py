"""The JSON shapes of answers, and of what ninja cannot read off a signature."""

from typing import Any

from staydown_server.cases.models import Case, CaseItem
from staydown_server.gate.check import Verdict
from staydown_server.review.status import Status


def verdict(given: Verdict) -> dict[str, Any]:
    """A verdict; each match names the keep-down it met."""
    matches = []
    for match in given.matches:
        shape = match.to_dict()
        shape["keep_down"] = int(shape.pop("id"))
        matches.append(shape)
    return {"id": str(given.id), "verdict": given.answer.value, "matches": matches}


def case(one: Case) -> dict[str, Any]:
    return {
        "id": one.pk,
        "number": one.number,
        "received_at": one.received_at.isoformat(),
        "deadline": one.deadline.isoformat(),
        "closed_at": one.closed_at.isoformat() if one.closed_at else None,
    }


def case_item(row: CaseItem) -> dict[str, Any]:
    decision = row.decision
    return {
        "item": row.item.host_item_id if row.item else None,
        "state": row.state,
        "decision": decision.outcome if decision else None,
    }


def status(of: Status) -> dict[str, Any]:
    return {
        "received_at": of.received_at.isoformat(),
        "deadline": of.deadline.isoformat() if of.deadline else None,
        "withdrawn": of.is_withdrawn,
        "searched": of.searched,
        "attempts_stopped": of.attempts_stopped,
        "pictures": [
            {"url": row.url, "state": row.state.value, "reason": row.reason} for row in of.rows
        ],
    }


_FINGERPRINT = {
    "type": "object",
    "description": "As `staydown fingerprint FILE --json` prints it.",
    "properties": {
        "version": {"type": "integer"},
        "kind": {"type": "string"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "md5": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "pdq": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "quality": {"type": "integer", "minimum": 0, "maximum": 100},
        "dihedral": {"type": "array", "items": {"type": "string"}},
    },
}
_FILE = {"type": "string", "format": "binary"}
_TEXT = {"type": "string"}
_ITEM = {"id": _TEXT, "url": _TEXT, "media_url": _TEXT, "uploader": _TEXT}
_UPLOAD = {
    "reference": {
        **_TEXT,
        "description": "Your own name for the upload: `upload.allowed` and `upload.refused` "
        "bring it back, and asking again under it is asking about the same upload.",
    },
    "uploader": _TEXT,
}
_VERDICT = {
    "type": "object",
    "required": ["id", "verdict", "matches"],
    "properties": {
        "id": _TEXT,
        "verdict": {"type": "string", "enum": ["allow", "hold", "block"]},
        "matches": {"type": "array", "items": {"type": "object"}},
    },
}


def _content(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


_PROBLEMS = {
    str(status): {
        "description": text,
        **_content({"type": "object"}, "application/problem+json"),
    }
    for status, text in (
        (400, "The body is not well-formed"),
        (401, "No valid key"),
        (413, "Larger than the limit"),
        (422, "A field or the file cannot be used; the detail says why"),
    )
}
CHECK = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _object({"file": _FILE, **_UPLOAD}, "file")},
            "application/json": {
                "schema": _object(
                    {"fingerprints": {"type": "array", "items": _FINGERPRINT}, **_UPLOAD},
                    "fingerprints",
                )
            },
            "application/octet-stream": {"schema": _FILE},
        },
    },
    "responses": {"200": {"description": "The verdict", **_content(_VERDICT)}, **_PROBLEMS},
}
REGISTER = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _object({**_ITEM, "file": _FILE}, "id", "url", "file")
            },
            "application/json": {
                "schema": _object(
                    {**_ITEM, "fingerprint": _FINGERPRINT}, "id", "url", "fingerprint"
                )
            },
        },
    },
    "responses": {
        "200": {"description": "Known already; brought up to date", **_content(_VERDICT)},
        "201": {
            "description": "Registered; the verdict says what the gate thinks",
            **_content(_VERDICT),
        },
        **_PROBLEMS,
    },
}
NOTICE = {
    "requestBody": {
        "required": True,
        **_content(
            _object(
                {
                    "signature": _TEXT,
                    "urls": {"type": "array", "items": _TEXT},
                    "fingerprints": {"type": "array", "items": _FINGERPRINT},
                    "good_faith": {"type": "boolean"},
                    "contact": _TEXT,
                    "explanation": _TEXT,
                    "on_behalf_of": _TEXT,
                    "kind": {
                        "enum": ["notice", "deposit"],
                        "description": "deposit: nothing is online yet; watch for the fingerprints",
                    },
                    "about_minor": {
                        "type": "boolean",
                        "description": "It shows somebody under 18",
                    },
                    "statement": {**_TEXT, "description": "What the person signed, as shown"},
                },
                "signature",
                "good_faith",
                "contact",
            )
        ),
    },
    "responses": {
        "201": {
            "description": "Received; the receipt opens the status page",
            **_content(_object({"receipt": _TEXT, "received_at": _TEXT}, "receipt", "received_at")),
        },
        **_PROBLEMS,
    },
}
