"""Content Credentials: what a C2PA manifest says, and whether it is whole and by whom.

The work is done by c2pa-python (the extra ``origin``), which is imported in the limited
process only. Nothing is fetched: no remote manifest, no certificate status, no list of
trusted signers. Without the package, or where the manifest is elsewhere, the answer is
a state that says so.
"""

from __future__ import annotations

import io
import json
import os
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from staydown.media.origin.marks import (
    AI_SOURCE_TYPES,
    Mark,
    State,
    action,
    listed,
    moment,
    short_name,
    source_type,
)

try:
    import c2pa
except (ImportError, OSError, RuntimeError):
    # Not installed; or installed for another machine: its library does not load.
    c2pa = None

OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
    "core": {
        # No host may be asked, whatever else would ask one.
        "allowed_network_hosts": [],
        # Identity assertions (CAWG) may name a document on the web.
        "decode_identity_assertions": False,
        "max_decompressed_manifest_size_in_mb": 8,
    },
}

_CHANGED = frozenset(
    (
        *("assertion.dataHash.mismatch", "assertion.bmffHash.mismatch"),
        *("assertion.boxesHash.mismatch", "assertion.collectionHash.mismatch"),
        *("assertion.hashedURI.mismatch", "assertion.missing"),
        *("claimSignature.mismatch", "claimSignature.missing"),
        *("ingredient.manifest.mismatch", "ingredient.claimSignature.mismatch"),
    )
)
"""The failures that say: not the bytes that were signed (C2PA 2.2, 15.2.2)."""

_AI_ASSERTIONS = frozenset(("c2pa.ai-disclosure", "c2pa.ai_generated_content"))
_NODES = 20_000
_CHECKED_BYTES = 2_000_000_000
"""Longer films are not hashed: it would take the time that a file is given."""


# The library calls back into Python to read the file, and such a call needs a page of
# memory that may be executed, which the filter refuses later. This one holds it open.
_HELD_OPEN = c2pa.Stream(io.BytesIO()) if c2pa else None


def read(fd: int, anchors: str) -> Mark:
    """What the manifest in the open file *fd* says; *anchors* are trusted roots, as PEM."""
    if c2pa is None:
        return Mark("c2pa", "unchecked")
    if os.fstat(fd).st_size > _CHECKED_BYTES:
        return Mark("c2pa", "too-long")
    context = _context(anchors)
    try:
        with (
            os.fdopen(os.dup(fd), "rb") as file,
            c2pa.Reader(None, file, context=context) as reader,
        ):
            store = json.loads(reader.json())
    except (c2pa.C2paError, ValueError):
        return Mark("c2pa", "unreadable")
    return mark(store)


def mark(store: Any) -> Mark:
    """The mark that a manifest store, as `c2pa.Reader.json` tells it, amounts to."""
    manifests = _dict(_dict(store).get("manifests"))
    active = _dict(manifests.get(str(_dict(store).get("active_manifest"))))
    if not active:
        return Mark("c2pa", "unreadable")
    signature = _dict(active.get("signature_info"))
    acts = list(_actions(manifests))
    return Mark(
        kind="c2pa",
        state=state(store),
        source_types=listed(
            source_type(value)
            for key, value in _strings(list(manifests.values()))
            if key.rpartition(":")[2].lower() == "digitalsourcetype"
        ),
        generators=listed((_claim_generator(active), *(agent for _, agent in acts))),
        issuer=short_name(signature.get("issuer")),
        signed_at=moment(signature.get("time")),
        actions=listed(code for code, _ in acts),
    )


def state(store: Any) -> State:
    """Which of the states a checked manifest is in."""
    results = _dict(_dict(store).get("validation_results"))
    deltas = [
        _dict(_dict(each).get("validationDeltas"))
        for each in _list(results.get("ingredientDeltas"))
    ]
    codes = {
        str(_dict(failure).get("code"))
        for part in (_dict(results.get("activeManifest")), *deltas)
        for failure in _list(part.get("failure"))
    }
    verdict = _dict(store).get("validation_state")
    if codes & _CHANGED:
        return "tampered"
    if verdict == "Trusted":
        return "trusted"
    return "untrusted" if verdict == "Valid" else "invalid"


@lru_cache(maxsize=2)
def _context(anchors: str) -> Any:
    trust = {"trust": {"trust_anchors": anchors}} if anchors else {}
    return c2pa.Context.from_dict({**OFFLINE, **trust})


if c2pa is not None:
    # Before the doors are closed, should making one want anything.
    _context("")


def _claim_generator(manifest: dict[str, Any]) -> str | None:
    info = _list(manifest.get("claim_generator_info"))
    if info:
        return short_name(_dict(info[0]).get("name"))
    # The older form is like a browser's: a name, a slash, a version, and more of them.
    words = str(manifest.get("claim_generator") or "").split("/", 1)[0]
    return short_name(words.replace("_", " "))


def _actions(manifests: dict[str, Any]) -> Iterator[tuple[str | None, str | None]]:
    """What says that AI was used, in any manifest: its code, and the program that did it."""
    for manifest in manifests.values():
        for assertion in _list(_dict(manifest).get("assertions")):
            label = str(_dict(assertion).get("label"))
            if label.partition("__")[0] in _AI_ASSERTIONS:
                yield action(label.partition("__")[0]), None
            if not label.startswith("c2pa.actions"):
                continue
            for act in map(_dict, _list(_dict(_dict(assertion).get("data")).get("actions"))):
                if source_type(act.get("digitalSourceType")) in AI_SOURCE_TYPES:
                    agent = act.get("softwareAgent")
                    agent = agent.get("name") if isinstance(agent, dict) else agent
                    yield action(act.get("action")), short_name(agent)


def _strings(root: Any) -> Iterator[tuple[str, str]]:
    """Every text below *root*, with its key; as far as `_NODES` things go."""
    waiting: deque[tuple[str, Any]] = deque([("", root)])
    for _ in range(_NODES):
        if not waiting:
            return
        key, value = waiting.popleft()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((key, each) for each in value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
