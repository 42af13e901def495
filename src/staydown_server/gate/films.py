"""Where films wait that are checked later: the machine's folder, or a bucket that several share."""

import logging
import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from staydown_server.gate.archive import bucket
from staydown_server.jobs import RetryLater
from staydown_server.vault.streams import seal_stream, unseal_stream

log = logging.getLogger(__name__)

_PURPOSE = "film to be checked later"
#: A new one may be on record in a moment.
_ORPHAN_SECONDS = 3600.0


class Films(ABC):
    """Files by name, each written once."""

    @abstractmethod
    def keep(self, name: str, content: Iterable[bytes]) -> None:
        """Store it: once this returns it outlives us."""

    @abstractmethod
    def opened(self, name: str) -> AbstractContextManager[Path]:
        """Its file, as long as the context lasts; raises `RetryLater` where it is out of reach."""

    @abstractmethod
    def discard(self, name: str) -> None:
        """Let go of it, if it is there."""

    @abstractmethod
    def discard_all_but(self, known: Collection[str]) -> None:
        """Let go of those that are not *known*, and have been there for a while."""


def films() -> Films:
    """The place that the settings name."""
    return _Bucket() if settings.FILM_STORE else _Folder()


class _Folder(Films):
    """Readable by us alone, on one machine: the check is made there, too."""

    def __init__(self) -> None:
        self._folder = Path(settings.DATA) / "later"

    def keep(self, name: str, content: Iterable[bytes]) -> None:
        place = self._folder / name
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.touch(mode=0o600, exist_ok=False)
        with place.open("wb") as copy:
            copy.writelines(content)
            copy.flush()
            os.fsync(copy.fileno())

    @contextmanager
    def opened(self, name: str) -> Iterator[Path]:
        yield self._folder / name

    def discard(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def discard_all_but(self, known: Collection[str]) -> None:
        with suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                is_old = path.stat().st_mtime < time.time() - _ORPHAN_SECONDS
                if is_old and path.name not in known:
                    path.unlink()


class _Bucket(Films):
    """Sealed on the way there: whoever looks after the bucket sees no film."""

    def __init__(self) -> None:
        self._store = bucket.opened(settings.FILM_STORE, endpoint=settings.FILM_STORE_ENDPOINT)

    def keep(self, name: str, content: Iterable[bytes]) -> None:
        # An upload that ends before its last part leaves no object.
        self._store.put(name, seal_stream(content, purpose=_PURPOSE))

    @contextmanager
    def opened(self, name: str) -> Iterator[Path]:
        from obstore.exceptions import BaseError

        with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
            try:
                sealed = map(bytes, self._store.get(name).stream())
                file.writelines(unseal_stream(sealed, purpose=_PURPOSE))
            except (BaseError, FileNotFoundError) as error:
                # Its message can hold the request, and so a key.
                kind = type(error).__name__
                raise RetryLater(f"the store did not give the film ({kind})") from None
            file.flush()
            yield Path(file.name)

    def discard(self, name: str) -> None:
        # A bucket that has no such object says the same.
        self._store.delete(name)

    def discard_all_but(self, known: Collection[str]) -> None:
        from obstore.exceptions import BaseError

        before = timezone.now() - timedelta(seconds=_ORPHAN_SECONDS)
        try:
            for page in self._store.list():
                for found in page:
                    if found["last_modified"] < before and found["path"] not in known:
                        self.discard(found["path"])
        except BaseError as error:
            # No reason for a worker not to start: the next one looks again.
            log.warning("the store of films was not looked through: %s", type(error).__name__)
