"""The OpenAPI of each endpoint: what ninja cannot read off a signature.

Status codes are numbers here, as ninja writes its own: as text they would stand twice.
"""

from typing import Any

from staydown_server.api.bodies import MOST_FINGERPRINTS
from staydown_server.api.bulk import MOST_ITEMS

Shape = dict[str, Any]


def _object(properties: Shape, *required: str, **more: Any) -> Shape:
    return {"type": "object", "properties": properties, "required": list(required), **more}


def _list(items: Shape, **more: Any) -> Shape:
    return {"type": "array", "items": items, **more}


def _text(most: int | None = None, **more: Any) -> Shape:
    limit = {} if most is None else {"maxLength": most}
    return {"type": "string", **limit, **more}


def _maybe(shape: Shape) -> Shape:
    return {"anyOf": [shape, {"type": "null"}]}


def _hex(size: int) -> Shape:
    return _text(pattern=f"^[0-9a-f]{{{2 * size}}}$")


def _answer(description: str, shape: Shape, kind: str = "application/json") -> Shape:
    return {"description": description, "content": {kind: {"schema": shape}}}


def _problems(*statuses: int) -> dict[int, Shape]:
    return {
        status: _answer(_WHY[status], _PROBLEM, "application/problem+json")
        for status in sorted({401, *statuses})
    }


def _idempotency_key(description: str) -> Shape:
    return {
        "in": "header",
        "name": "Idempotency-Key",
        "description": description,
        "required": False,
        "schema": _text(200, pattern="^[!-~]+$"),
    }


_NUMBER: Shape = {"type": "integer"}
_FLAG: Shape = {"type": "boolean"}
_TIME = _text(format="date-time")
_FILE = _text(format="binary")
_PROBLEM = _object(
    {
        "type": _text(),
        "title": _text(),
        "status": _NUMBER,
        "detail": _text(description="A sentence for people."),
        "code": _text(description="Stable, and for programs."),
        "field": _text(),
        "missing": _list(_text()),
        "retry_after": _NUMBER,
    },
    *("type", "title", "status", "detail", "code"),
)
_WHY = {
    400: "The body or the address is not well-formed",
    401: "No valid key, or not for this",
    404: "There is none, or none of yours",
    409: "The Idempotency-Key was used for something else",
    411: "The length of the body is not said",
    413: "Larger than the limit",
    415: "The file is no picture and no film that can be read",
    422: "A field or the file cannot be used; the detail says why",
    429: "Too much at once; ask again after the seconds in Retry-After",
    503: "What reads this kind of file is not installed",
}
_BODY = (400, 411, 413, 422)

_FINGERPRINT = _object(
    {
        "version": {"const": 1},
        "kind": {"enum": ["picture", "video"]},
        "sha256": _maybe(_hex(32)),
        "md5": _maybe(_hex(16)),
        "pdq": _maybe(_hex(32)),
        "quality": _maybe({"type": "integer", "minimum": 0, "maximum": 100}),
        "dihedral": _maybe(_list(_hex(32), minItems=8, maxItems=8)),
    },
    description="As `staydown fingerprint FILE --json` prints it; films have further fields. "
    "`sha256` or `pdq` must be there. `pdq` and `quality` come together. `dihedral` is the "
    "picture turned and mirrored, and its first is `pdq`.",
    anyOf=[{"required": ["sha256"]}, {"required": ["pdq"]}],
)
_ADDRESS = _text(2000, minLength=1, description="On an address registered for the host.")
_ITEM = {
    "id": _text(200, minLength=1, description="Your own name for it."),
    "url": _ADDRESS,
    "media_url": _text(2000, description="Where the file itself is; as `url`, or empty."),
    "uploader": _text(200),
}
_UPLOAD = {
    "reference": _text(
        200,
        description="Your own name for the upload: `upload.allowed` and `upload.refused` "
        "bring it back, and asking again under it is asking about the same upload.",
    ),
    "uploader": _text(200),
}
_MATCH = _object(
    {
        "kind": {"enum": ["identical", "same", "part", "region-replaced"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "distance": _maybe(_NUMBER),
        "orientation": _text(),
        "region": _maybe({"type": "object"}),
        "spans": _list({"type": "object"}),
        "keep_down": _NUMBER,
    },
    *("kind", "score", "keep_down"),
)
_VERDICT = _object(
    {
        "id": _text(),
        "verdict": {"enum": ["allow", "hold", "block"]},
        "matches": _list(_MATCH),
    },
    *("id", "verdict", "matches"),
)
_LATER = _object(
    {
        "id": _text(),
        "state": {"enum": ["waiting", "done", "failed"]},
        "answer": _VERDICT,
        "problem": _object({"code": _text(), "detail": _text()}, "code", "detail"),
    },
    *("id", "state"),
)
_WITH_FINGERPRINT = _object({**_ITEM, "fingerprint": _FINGERPRINT}, "id", "url", "fingerprint")
_ANY_ITEM = {"description": "As one item alone. What is wrong with it is in its answer."}
_REGISTERED = _object(
    {**_VERDICT["properties"], "id": {}, "is_new": _FLAG, "problem": _PROBLEM}, "id"
)
_CASE = {
    "id": _NUMBER,
    "number": _text(),
    "received_at": _TIME,
    "deadline": _TIME,
    "closed_at": _maybe(_TIME),
}
_CASE_ITEM = _object(
    {"item": _maybe(_text()), "state": _text(), "decision": _maybe(_text())},
    *("item", "state", "decision"),
)
_STATUS = _object(
    {
        "received_at": _TIME,
        "deadline": _maybe(_TIME),
        "withdrawn": _FLAG,
        "searched": _NUMBER,
        "attempts_stopped": _NUMBER,
        "pictures": _list(
            _object({"url": _text(), "state": _text(), "reason": _text()}, "url", "state", "reason")
        ),
    },
    *("received_at", "deadline", "withdrawn", "searched", "attempts_stopped", "pictures"),
)
_RECEIPT = _object({"receipt": _text(), "received_at": _TIME}, "receipt", "received_at")

_JWS = _object(
    {
        "payload": _text(),
        "signatures": _list(_object({"protected": _text(), "signature": _text()})),
    },
    *("payload", "signatures"),
)

CHECK = {
    "parameters": [
        _idempotency_key("Asked again with the same key, the same question has the same answer."),
        {
            "in": "header",
            "name": "Prefer",
            "description": "`respond-async`: a film, or the file at `url`, is checked later. The "
            "event `check.done` tells of it, and `GET /later/{name}`.",
            "required": False,
            "schema": _text(),
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _object({"file": _FILE, **_UPLOAD}, "file")},
            "application/json": {
                "schema": _object(
                    {
                        "url": _text(
                            2000,
                            description="Where the file is, on an address registered for the "
                            "host. Redirects are not followed.",
                        ),
                        "fingerprints": _list(_FINGERPRINT, minItems=1, maxItems=MOST_FINGERPRINTS),
                        **_UPLOAD,
                    },
                    oneOf=[{"required": ["fingerprints"]}, {"required": ["url"]}],
                )
            },
            "application/octet-stream": {"schema": _FILE},
        },
    },
    "responses": {
        200: _answer("The verdict", _VERDICT),
        202: _answer("It is checked later", _LATER),
        **_problems(*_BODY, 409, 415, 429, 503),
    },
}
LATER_CHECK = {
    "responses": {
        200: _answer("Whether it still waits, and what came of it", _LATER),
        **_problems(404, 422),
    }
}
REGISTER = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _object({**_ITEM, "file": _FILE}, "id", "url", "file")
            },
            "application/json": {
                "schema": {
                    "oneOf": [
                        _WITH_FINGERPRINT,
                        _object(
                            {"items": _list(_ANY_ITEM, minItems=1, maxItems=MOST_ITEMS)},
                            "items",
                        ),
                    ]
                }
            },
        },
    },
    "responses": {
        200: _answer(
            "Known already, and brought up to date; or, of many, each with its verdict, or with "
            "the problem for which it is not registered",
            {"anyOf": [_VERDICT, _object({"items": _list(_REGISTERED)}, "items")]},
        ),
        201: _answer("Registered; the verdict says what the gate thinks", _VERDICT),
        **_problems(*_BODY, 415, 503),
    },
}
STRIKE_OUT_MANY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _object({"ids": _list(_text(), minItems=1, maxItems=MOST_ITEMS)}, "ids")
            }
        },
    },
    "responses": {
        200: _answer(
            "Which of them were struck out, and which were not known",
            _object(
                {"struck_out": _list(_text()), "unknown": _list(_text())}, "struck_out", "unknown"
            ),
        ),
        **_problems(*_BODY),
    },
}
STRIKE_OUT = {"responses": {204: {"description": "Struck out"}, **_problems(400, 404)}}
NOTICE = {
    "parameters": [
        _idempotency_key("Sent again with the same key, the same notice is one notice.")
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _object(
                    {
                        "signature": _text(500),
                        "urls": _list(_text(2000)),
                        "fingerprints": _list(_FINGERPRINT, maxItems=MOST_FINGERPRINTS),
                        "good_faith": _FLAG,
                        "contact": _text(500),
                        "explanation": _text(20_000),
                        "on_behalf_of": _text(500),
                        "kind": {
                            "enum": ["notice", "deposit"],
                            "description": "deposit: nothing is online yet; watch for the "
                            "fingerprints",
                        },
                        "about_minor": {**_FLAG, "description": "It shows somebody under 18"},
                        "statement": _text(20_000, description="What the person signed, as shown"),
                    },
                    *("signature", "good_faith", "contact"),
                )
            }
        },
    },
    "responses": {
        200: _answer("Received before, with this Idempotency-Key", _RECEIPT),
        201: _answer("Received; the receipt opens the status page", _RECEIPT),
        **_problems(*_BODY, 409),
    },
}
NOTICE_STATUS = {
    "responses": {200: _answer("Where it stands", _STATUS), **_problems(400, 404, 422, 429)}
}
CASES = {
    "responses": {
        200: _answer(
            "At most 100; ask again `after` the last `id` until there are none",
            _object({"cases": _list(_object(_CASE, *_CASE))}, "cases"),
        ),
        **_problems(422),
    }
}
CASE = {
    "responses": {
        200: _answer("The case", _object({**_CASE, "items": _list(_CASE_ITEM)}, *_CASE, "items")),
        **_problems(404, 422),
    }
}
LIST_HEAD = {
    "parameters": [
        {"in": "header", "name": "If-None-Match", "required": False, "schema": _text(200)}
    ],
    "responses": {
        200: _answer("The signed head, with an ETag: docs/hash-list.md", _JWS),
        304: {"description": "You have it"},
        **_problems(404),
    },
}
LIST_KEYS = {"responses": {200: _answer("The signed keys document", _JWS), **_problems(404, 422)}}
LIST_FEEDBACK = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _object(
                    {
                        "feedback": _list(
                            _object(
                                {
                                    "id": _text(32, description="The entry's name on the list."),
                                    "verdict": {"enum": ["seen", "blocked", "disputed", "wrong"]},
                                },
                                *("id", "verdict"),
                            ),
                            maxItems=1000,
                        )
                    },
                    "feedback",
                )
            }
        },
    },
    "responses": {
        200: _answer(
            "How many were taken",
            _object({"taken": _NUMBER, "passed_over": _NUMBER}, "taken", "passed_over"),
        ),
        **_problems(*_BODY, 404),
    },
}
LIST_PAGE = {
    "responses": {
        200: _answer("JSON Lines, each as docs/hash-list.md says", _text(), "application/jsonl"),
        **_problems(404, 422),
    }
}
