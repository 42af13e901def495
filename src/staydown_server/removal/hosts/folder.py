"""The connector for a folder on this machine: files are moved into a quarantine folder.

The item's id is the file's path inside the folder, as ``staydown scan`` registers it. Every step
of the path is opened without following links (openat(2), O_NOFOLLOW), so that no name and no
link leads outside. docs/hosts/folder.md says what the host's server must be able to do.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from staydown_server.removal.hosts.connector import Connector, Order, Refusal, Setting
from staydown_server.removal.models import Removal

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Folder(Connector):
    """Files below one folder."""

    kind = "folder"
    settings = (
        Setting("root", "the folder that the host serves, such as /srv/forum/uploads"),
        Setting(
            "quarantine",
            "a folder that nobody serves, on the same file system, outside the root",
        ),
    )

    def take_down(self, order: Order) -> bool:
        *folders, name = _steps(order)
        with self._quarantine() as quarantine, self._folder(folders) as folder:
            if folder is None or not _is_file(name, folder):
                held = order.receipt.get("held")
                return held is not None and _is_file(held, quarantine)
            # A new name each time: an earlier file that was held is never overwritten.
            held = f"{order.removal_id}-{order.turn}-{secrets.token_hex(4)}"
            order.remember(held=held)
            os.rename(name, held, src_dir_fd=folder, dst_dir_fd=quarantine)
            os.fsync(quarantine)
            os.fsync(folder)
        return True

    def restore(self, order: Order) -> bool:
        *folders, name = _steps(order)
        held = order.receipt.get("held")
        with self._quarantine() as quarantine:
            if held is None or not _is_file(held, quarantine):
                return False
            with self._folder(folders, make=True) as folder:
                if folder is None:
                    raise Refusal(Removal.Trouble.SETTINGS)
                _move_back(held, quarantine, name, folder)
        return True

    @contextmanager
    def _folder(self, folders: list[str], *, make: bool = False) -> Iterator[int | None]:
        """The folder of the file, reached step by step; None where it is not there."""
        with _errors_told():
            place = os.open(self.given["root"], os.O_RDONLY | os.O_DIRECTORY)
        try:
            for step in folders:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(step, dir_fd=place)
                try:
                    inner = os.open(step, _FOLDER, dir_fd=place)
                except FileNotFoundError:
                    yield None
                    return
                except NotADirectoryError:
                    # So answers a link, too.
                    raise Refusal(Removal.Trouble.UNKNOWN_ID) from None
                os.close(place)
                place = inner
            with _errors_told():
                yield place
        finally:
            os.close(place)

    @contextmanager
    def _quarantine(self) -> Iterator[int]:
        root, path = Path(self.given["root"]), Path(self.given["quarantine"])
        with _errors_told():
            path.mkdir(mode=0o700, exist_ok=True)
            place = os.open(path, _FOLDER)
        try:
            if path.resolve().is_relative_to(root.resolve()):
                raise Refusal(Removal.Trouble.SETTINGS)
            os.fchmod(place, 0o700)
            yield place
        finally:
            os.close(place)


def _steps(order: Order) -> tuple[str, ...]:
    """The file's path as names, none of which leads up or out."""
    path = PurePosixPath(order.item.host_item_id)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in str(path):
        raise Refusal(Removal.Trouble.UNKNOWN_ID)
    return path.parts


def _is_file(name: str, folder: int) -> bool:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise Refusal(Removal.Trouble.UNKNOWN_ID)
    return True


def _move_back(held: str, quarantine: int, name: str, folder: int) -> None:
    """Move the file to its old place, unless another one is there now."""
    try:
        # A link, not a rename, which would overwrite what is there.
        os.link(held, name, src_dir_fd=quarantine, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        if not _are_same(held, quarantine, name, folder):
            raise Refusal(Removal.Trouble.OCCUPIED) from None
    except PermissionError:
        # Some systems let only a file's owner link it (fs.protected_hardlinks).
        if _is_file(name, folder):
            raise Refusal(Removal.Trouble.OCCUPIED) from None
        os.rename(held, name, src_dir_fd=quarantine, dst_dir_fd=folder)
    os.fsync(folder)
    with suppress(FileNotFoundError):
        os.unlink(held, dir_fd=quarantine)


def _are_same(held: str, quarantine: int, name: str, folder: int) -> bool:
    one = os.stat(held, dir_fd=quarantine, follow_symlinks=False)
    other = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return os.path.samestat(one, other)


@contextmanager
def _errors_told() -> Iterator[None]:
    """No right, no such folder, another file system: for the operator, without the path."""
    try:
        yield
    except PermissionError:
        raise Refusal(Removal.Trouble.FORBIDDEN) from None
    except OSError:
        raise Refusal(Removal.Trouble.SETTINGS) from None
