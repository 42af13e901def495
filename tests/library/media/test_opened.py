"""A file, or bytes, as a decoder is given them; and the decoders that all callers share."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from staydown.media import DecoderPool
from staydown.media.opened import SharedPool, opened_bytes, opened_file


def test_file_is_open_for_as_long_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"pixels")

    with opened_file(tmp_path / "picture") as fd:
        assert os.pread(fd, 10, 0) == b"pixels"

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_bytes_of_any_kind_are_a_file() -> None:
    """A grid of them too, which cannot be cut as it is."""
    content = os.urandom(4096)
    for kind in (content, bytearray(content), memoryview(content).cast("B", (64, 64))):
        with opened_bytes(kind) as fd:
            assert os.pread(fd, 5000, 0) == content


def test_all_threads_share_one_pool() -> None:
    """Those that come first at the same time, too."""
    made: list[DecoderPool] = []
    all_are_here = threading.Barrier(8, timeout=10)

    def new_pool() -> DecoderPool:
        time.sleep(0.05)
        made.append(DecoderPool(("library.media.probes",), size=1))
        return made[-1]

    shared = SharedPool(new_pool)

    def ask(_: int) -> DecoderPool:
        all_are_here.wait()
        return shared()

    with ThreadPoolExecutor(8) as threads:
        pools = set(threads.map(ask, range(8)))

    assert pools == set(made)
    assert len(made) == 1


def test_decoders_end_with_the_process() -> None:
    """None is left behind, and nothing is warned about."""
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-c"),
            "from staydown.fingerprint.files import default_pool\n"
            "default_pool().locked()\n"
            "print(*default_pool().process_ids())",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )

    (pid,) = map(int, done.stdout.split())
    assert done.stderr == ""
    assert not Path(f"/proc/{pid}").exists()
