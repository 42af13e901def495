"""The form of an evidence package: a zip file that is the same, byte by byte, for the same case.

Checking one needs neither a database nor the installation: the manifest names the SHA-256 of
each file and is signed, and the audit lines name each other.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

from staydown_server.audit import signature
from staydown_server.audit.anchor import Anchor, AnchorError

FORMAT = "staydown evidence package 1"
MANIFEST, SIGNATURE, ANCHOR, AUDIT = "manifest.json", "signature.txt", "anchor.json", "audit.json"
_PURPOSE = "evidence package"
_LARGEST = 512_000_000
"""Of a package, in bytes: more than any case fills, and what a machine holds in memory."""


class NotWhole(Exception):
    """It is no evidence package, or not as it was made."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a package that is whole says of itself."""

    case: str
    key: str
    files: int
    lines: int


def pack(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """The package of *files*, with a manifest that says what it is *about*, signed."""
    listed = {
        name: {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    }
    manifest = to_json({"format": FORMAT, **about, "key": signature.public_key(), "files": listed})
    signed = signature.sign(manifest, purpose=_PURPOSE).encode() + b"\n"
    return _zipped({**files, MANIFEST: manifest, SIGNATURE: signed})


def check(package: bytes) -> Checked:
    """Whether each byte of *package* is as it was made; raises :class:`NotWhole`.

    Whose key signed it is for the caller to compare with one that they know.
    """
    files = _unzipped(package)
    manifest = _manifest(files)
    signed = files.pop(SIGNATURE, b"").decode("ascii", "replace").strip()
    key = str(manifest.get("key"))
    if not signature.is_signed(files.pop(MANIFEST), signed, key=key, purpose=_PURPOSE):
        raise NotWhole("the manifest was altered since it was signed")
    listed = manifest["files"]
    if set(listed) != set(files):
        raise NotWhole("files are missing, or were added")
    for name, content in files.items():
        if sha256(content).hexdigest() != listed[name]["sha256"]:
            raise NotWhole(f"{name} was altered")
    return Checked(str(manifest["case"]), key, len(files), _check_lines(files, key))


def to_json(value: Any) -> bytes:
    """As all files of a package are written: sorted, indented, UTF-8."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(files[MANIFEST])
        if manifest["format"] != FORMAT:
            raise NotWhole("this is a package of another format")
    except (KeyError, ValueError, TypeError) as error:
        raise NotWhole("this is no evidence package: it has no manifest") from error
    return manifest


def _check_lines(files: Mapping[str, bytes], key: str) -> int:
    """The audit lines follow each other, and the last one is the anchor's."""
    lines = json.loads(files[AUDIT])
    for before, after in pairwise(lines):
        is_next = before["sequence"] + 1 == after["sequence"]
        if before["sequence"] >= after["sequence"] or (
            is_next and before["hash"] != after["previous"]
        ):
            raise NotWhole("the audit lines do not follow each other")
    try:
        anchor = Anchor.from_json(files[ANCHOR], key=key)
    except AnchorError as error:
        raise NotWhole(f"{ANCHOR}: {error}") from error
    if not lines or (lines[-1]["sequence"], lines[-1]["hash"]) != (anchor.sequence, anchor.hash):
        raise NotWhole("the audit lines do not end at the anchor")
    return len(lines)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Stored, not compressed: no version of a compressor changes a byte."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def _unzipped(package: bytes) -> dict[str, bytes]:
    if len(package) > _LARGEST:
        raise NotWhole("this is larger than any evidence package")
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entries = archive.infolist()
            # What is stored is no larger than its package: nothing swells when it is read.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or (
                sum(entry.file_size for entry in entries) > len(package)
            ):
                raise NotWhole("this is no evidence package: it is compressed")
            files = {entry.filename: archive.read(entry) for entry in entries}
    # What the standard library raises about damaged archives is not one kind of error.
    except (
        zipfile.BadZipFile,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise NotWhole("this is no zip file, or a damaged one") from error
    # Dates, names and all else in the archive are as we write them, or somebody else wrote it.
    if _zipped(files) != package:
        raise NotWhole("the archive is not as it was made")
    return files
