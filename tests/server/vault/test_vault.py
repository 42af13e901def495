"""What is sealed stays sealed, and the key is never lost to a second start."""

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from staydown_server import vault


@pytest.fixture
def another_key(tmp_path: Path) -> Path:
    path = tmp_path / "another.key"
    vault.make_key(path)
    return path


def test_a_sealed_value_opens_again() -> None:
    """Bytes come back as they went in, the empty ones too."""
    for plain in (b"", b"Alice", os.urandom(5000)):
        assert vault.unseal(vault.seal(plain, purpose="test"), purpose="test") == plain


def test_two_seals_of_one_value_differ() -> None:
    """Nobody can tell from the table that two people wrote the same."""
    assert vault.seal(b"Alice", purpose="test") != vault.seal(b"Alice", purpose="test")


def test_another_purpose_opens_nothing() -> None:
    """A value sealed for one purpose is noise for another."""
    sealed = vault.seal(b"Alice", purpose="notice")

    with pytest.raises(vault.Unreadable):
        vault.unseal(sealed, purpose="appeal")


def test_another_key_opens_nothing(another_key: Path, settings: Any) -> None:
    """A stolen database without its key tells nothing."""
    sealed = vault.seal(b"Alice", purpose="test")
    settings.KEY_FILE = another_key

    with pytest.raises(vault.Unreadable):
        vault.unseal(sealed, purpose="test")


@pytest.mark.parametrize("place", [0, 1, 5, 12, 13, 20, -1])
def test_an_altered_value_does_not_open(place: int) -> None:
    """One changed bit anywhere is noticed."""
    altered = bytearray(vault.seal(b"Alice lives here", purpose="test"))
    altered[place] ^= 1

    with pytest.raises(vault.Unreadable):
        vault.unseal(bytes(altered), purpose="test")


@pytest.mark.parametrize("length", [0, 1, 5, 12, 13, 28])
def test_a_shortened_value_does_not_open(length: int) -> None:
    """The beginning of a sealed value is no sealed value."""
    with pytest.raises(vault.Unreadable):
        vault.unseal(vault.seal(b"Alice", purpose="test")[:length], purpose="test")


def test_errors_quote_neither_the_value_nor_the_key() -> None:
    """The error names the purpose, nothing else."""
    with pytest.raises(vault.Unreadable) as caught:
        vault.unseal(b"\x01Alice Alice Alice Alice Alice Alice", purpose="test")

    assert "Alice" not in str(caught.value)


def test_digests_of_other_purposes_cannot_be_compared() -> None:
    """The digest of a receipt is not that of the same letters as a key."""
    assert vault.digest("ABCD", purpose="one") == vault.digest("ABCD", purpose="one")
    assert vault.digest("ABCD", purpose="one") != vault.digest("ABCD", purpose="two")


def test_a_new_key_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 0600, 32 bytes, in a folder of mode 0700, with no draft left beside it."""
    path = tmp_path / "keys" / "installation.key"

    vault.make_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.read_bytes()) == 32
    assert list(path.parent.iterdir()) == [path]


def test_make_key_never_replaces_a_key(tmp_path: Path) -> None:
    """With the key, everything sealed with it would be lost."""
    path = tmp_path / "installation.key"
    vault.make_key(path)
    first = path.read_bytes()

    vault.make_key(path)

    assert path.read_bytes() == first


def test_a_draft_left_by_a_killed_start_does_no_harm(tmp_path: Path) -> None:
    """Killed between its two steps, make_key leaves a second name of the key: not to be emptied.

    In a container every start has the same process id.
    """
    path = tmp_path / "installation.key"
    vault.make_key(path)
    first = path.read_bytes()
    os.link(path, path.with_suffix(f".{os.getpid()}"))

    vault.make_key(path)

    assert path.read_bytes() == first


def test_of_many_starts_at_once_one_makes_the_key(tmp_path: Path) -> None:
    """Everybody ends up with the same whole key."""
    path = tmp_path / "installation.key"
    seen = []

    def start() -> None:
        vault.make_key(path)
        seen.append(path.read_bytes())

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    assert len(seen) == 16


def test_a_missing_key_says_where_it_should_be(tmp_path: Path, settings: Any) -> None:
    """Whoever runs the installation reads what to restore."""
    settings.KEY_FILE = tmp_path / "gone.key"

    with pytest.raises(vault.KeyMissing, match=r"gone\.key.*backup"):
        vault.subkey("test")


def test_half_a_key_is_no_key(tmp_path: Path, settings: Any) -> None:
    """A truncated key file is refused instead of silently sealing with it."""
    settings.KEY_FILE = tmp_path / "half.key"
    settings.KEY_FILE.write_bytes(os.urandom(16))

    with pytest.raises(vault.KeyMissing):
        vault.seal(b"Alice", purpose="test")
