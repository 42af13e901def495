"""An archive in an S3-compatible bucket; needs the extra ``s3`` (obstore)."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from staydown import Fingerprint
from staydown_server.catalogue.read import fingerprint_file
from staydown_server.gate.archive.entry import Entry, Unusable
from staydown_server.gate.archive.folder import address

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

_AT_A_TIME = 1000


def opened(location: str, *, endpoint: str = "") -> "ObjectStore":
    """The bucket at *location*, ``s3://bucket/prefix``.

    Keys and region come from the environment, as S3 tools read them (``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``); *endpoint* is that of a store which is not
    Amazon's.
    """
    from obstore.store import S3Store

    parts = urlsplit(location)
    if endpoint:
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            endpoint=endpoint,
            virtual_hosted_style_request=False,
            client_options={"allow_http": endpoint.startswith("http://")},
        )
    return S3Store(parts.netloc, prefix=parts.path.strip("/") or None)


def entries(store: "ObjectStore", base_url: str) -> Iterator[Entry]:
    """Every object; its id is its key, its address *base_url* followed by that key.

    Raises `Unusable` where the bucket cannot be listed.
    """
    for page in _pages(store):
        for found in page:
            key = found["path"]
            yield Entry(
                id=key,
                url=address(base_url, key),
                media_url=address(base_url, key),
                fingerprint=partial(_downloaded, store, key),
                marker=f"{found['size']} {found['e_tag'] or found['last_modified'].isoformat()}",
            )


def _pages(store: "ObjectStore") -> Iterator["Sequence[ObjectMeta]"]:
    from obstore.exceptions import BaseError

    try:
        yield from store.list(chunk_size=_AT_A_TIME)
    except BaseError as error:
        # Its message can hold the request, and so a key.
        kind = type(error).__name__
        raise Unusable(
            f"The bucket cannot be listed ({kind}): check its name, your keys and --endpoint."
        ) from None


def _downloaded(store: "ObjectStore", key: str) -> Fingerprint:
    from obstore.exceptions import BaseError

    folder: Path = settings.FILE_UPLOAD_TEMP_DIR
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        try:
            for chunk in store.get(key).stream():
                file.write(chunk)
        except BaseError as error:
            raise Unusable(f"The store did not give it ({type(error).__name__}).") from None
        file.flush()
        return fingerprint_file(file.name)
