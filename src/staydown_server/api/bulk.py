"""``/items``, many at once: each is registered, or said to be wrong, whatever the others are."""

from typing import Any

from staydown_server.accounts.models import Host
from staydown_server.api import bodies
from staydown_server.api.problems import Problem, document
from staydown_server.catalogue import register
from staydown_server.catalogue.locate import on_host
from staydown_server.gate.admit import Wanted, admit_many

#: With their fingerprints: a body has two megabytes at most.
MOST_ITEMS = 500


def wanted(values: dict[str, Any], host: Host) -> dict[str, str]:
    """What an item says of itself beside its fingerprint, or a problem."""
    told = {
        "host_item_id": bodies.text(values, "id", limit=200, required=True),
        "url": bodies.text(values, "url", limit=2000, required=True),
        "media_url": bodies.text(values, "media_url", limit=2000),
        "uploader": bodies.text(values, "uploader", limit=200),
    }
    if not all(on_host(url, host) for url in (told["url"], told["media_url"]) if url):
        sentence = "'url' and 'media_url' must be on an address registered for this host."
        raise Problem(422, "not-your-address", sentence)
    return told


def register_items(host: Host, listed: Any) -> list[dict[str, Any]]:
    """Register each that can be; for each, in order, its verdict, or a problem."""
    answers: list[dict[str, Any]] = []
    good: dict[int, Wanted] = {}
    for place, values in enumerate(_list(listed, "items")):
        answers.append({"id": values.get("id")} if isinstance(values, dict) else {"id": None})
        try:
            if not isinstance(values, dict):
                raise Problem(422, "not-an-object", "An item must be a JSON object.")
            about = wanted(values, host)
            good[place] = Wanted(fingerprint=bodies.fingerprint(values.get("fingerprint")), **about)
        except Problem as problem:
            told = document(problem.status, problem.code, problem.detail, **problem.more)
            answers[-1]["problem"] = told
    for place, (_, is_new, verdict) in zip(good, admit_many(host, [*good.values()]), strict=True):
        answers[place] |= {**verdict.to_dict(), "id": answers[place]["id"], "is_new": is_new}
    return answers


def strike_out_items(host: Host, listed: Any) -> dict[str, list[str]]:
    """Strike each out; which they were, and which were not known."""
    ids = _list(listed, "ids")
    if not all(bodies.is_text(one) for one in ids):
        raise Problem(422, "bad-field", "The field 'ids' must be a list of ids.", field="ids")
    known = register.strike_out_many(host, ids)
    return {"struck_out": known, "unknown": [one for one in ids if one not in set(known)]}


def _list(listed: Any, name: str) -> list[Any]:
    if not isinstance(listed, list) or not listed:
        sentence = f"The field {name!r} must be a list with at least one entry."
        raise Problem(422, "bad-field", sentence, field=name)
    if len(listed) > MOST_ITEMS:
        sentence = f"At most {MOST_ITEMS} items can be sent at once."
        raise Problem(422, "too-many-items", sentence, field=name)
    return listed
