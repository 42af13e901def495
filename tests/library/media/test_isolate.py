"""Whatever a file does to its decoder, the caller gets one clear answer, and goes on."""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from library.media import probes
from staydown import DecoderPool, Limits, MediaError
from staydown.media import (
    DamagedMedia,
    DecoderDied,
    DecoderUnavailable,
    DecodeTimeout,
    TooLarge,
    UnreadableFile,
)

LIMITS = Limits(seconds=20, memory_megabytes=512)


class Prober:
    """A pool whose decoders run `probes`, asked about one small file."""

    def __init__(self, path: Path, **options: Any) -> None:
        path.write_bytes(b"a stranger's file")
        self.path = path
        self.pool = DecoderPool((probes.MODULE,), **{"limits": LIMITS, "size": 1, **options})

    def ask(self, probe: str, **options: Any) -> Any:
        with self.path.open("rb") as file:
            return self.pool.run(f"{probes.MODULE}:{probe}", file.fileno(), options)


@pytest.fixture(scope="module")
def prober(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prober]:
    prober = Prober(tmp_path_factory.mktemp("probe") / "file")
    yield prober
    prober.pool.close()


@pytest.fixture
def prober_with(tmp_path: Path) -> Iterator[Any]:
    """Makes a prober with other options."""
    made: list[Prober] = []

    def make(**options: Any) -> Prober:
        made.append(Prober(tmp_path / "file", **options))
        return made[-1]

    yield make
    for each in made:
        each.pool.close()


def gone(pid: int, within: float = 10) -> bool:
    """Whether the process ended (a zombie has; nobody here may be its parent)."""
    stat = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if stat.read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_decoder_is_kept_for_the_next_file(prober: Prober) -> None:
    """A process per file would cost more than decoding does."""
    first, second = prober.ask("size"), prober.ask("size")

    assert first == second
    assert first["size"] == 17
    assert prober.pool.process_ids() == [first["pid"]]


@pytest.mark.parametrize("end", ["leave", "abort", "crash"])
def test_decoder_that_dies_costs_one_error(prober: Prober, end: str) -> None:
    """And the next call works, in a new process."""
    before = prober.ask("size")["pid"]

    with pytest.raises(DecoderDied):
        prober.ask(end)

    assert prober.ask("size")["pid"] != before


def test_decoder_killed_from_outside_in_the_middle_costs_one_error(prober: Prober) -> None:
    """The kernel's memory killer, or an operator."""
    (pid,) = [prober.ask("size")["pid"]]
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killer.start()

    with pytest.raises(DecoderDied):
        prober.ask("nap", seconds=10)

    killer.join()
    assert prober.ask("size")["size"] == 17


def test_decoder_killed_while_idle_costs_nothing(prober: Prober) -> None:
    """The next call notices and starts another one."""
    pid = prober.ask("size")["pid"]
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)

    assert prober.ask("size")["pid"] != pid


def test_decoder_that_takes_too_long_is_stopped(prober_with: Any) -> None:
    """By the wall clock, even when it uses no processor."""
    prober = prober_with(limits=replace(LIMITS, seconds=0.4))
    prober.ask("size")
    start = time.monotonic()

    with pytest.raises(DecodeTimeout):
        prober.ask("nap", seconds=60)

    assert time.monotonic() - start < 2
    assert prober.ask("size")["size"] == 17


def test_answer_that_drips_is_stopped_too(prober_with: Any) -> None:
    """Each byte in time is not an answer in time."""
    prober = prober_with(limits=replace(LIMITS, seconds=0.4))
    start = time.monotonic()

    with pytest.raises(DecodeTimeout):
        prober.ask("drip")

    assert time.monotonic() - start < 5


def test_decoder_that_burns_the_processor_is_stopped(prober_with: Any) -> None:
    """Long before the wall clock of a busy machine would."""
    prober = prober_with(limits=replace(LIMITS, cpu_seconds=0, seconds=30))
    start = time.monotonic()

    with pytest.raises(DecodeTimeout):
        prober.ask("spin")

    assert time.monotonic() - start < 10


def test_each_file_has_its_own_share_of_processor_time(prober_with: Any) -> None:
    """What earlier files used up does not count against the next."""
    prober = prober_with(limits=replace(LIMITS, cpu_seconds=1))

    assert {prober.ask("size")["pid"] for _ in range(50)} == set(prober.pool.process_ids())


def test_decoder_that_wants_too_much_memory_is_refused_it(prober: Prober) -> None:
    """A named error; the process need not even end."""
    with pytest.raises(TooLarge, match="more memory"):
        prober.ask("hoard")

    assert prober.ask("size")["size"] == 17


def test_endless_recursion_is_a_damaged_file(prober: Prober) -> None:
    """Readers of nested formats do that."""
    with pytest.raises(DamagedMedia):
        prober.ask("recurse")


def test_no_door_is_open_inside(prober: Prober, tmp_path: Path) -> None:
    """Files, sockets, processes, made-up code: nothing is to be had."""
    if not prober.pool.locked():
        pytest.skip("this kernel or machine has no seccomp")
    outside = tmp_path / "escaped"
    outcomes = prober.ask("escape", outside=str(outside))

    assert [name for name, outcome in outcomes.items() if outcome == "done"] == []
    assert outcomes["open an internet socket"] == "PermissionError"
    assert outcomes["read a file"] == "PermissionError"
    assert not outside.exists()


def test_filter_is_installed_wherever_ci_runs(prober: Prober) -> None:
    """A filter that is silently missing would leave the tests above skipped."""
    if os.environ.get("CI") != "true":
        pytest.skip("outside CI the kernel may lack it")
    assert prober.pool.locked()


def test_probes_would_get_out_without_the_filter(prober_with: Any) -> None:
    """That the doors above are closed is the filter's doing, not the probes' mistake."""
    prober = prober_with(seccomp=False)

    assert prober.pool.locked() is False
    outcomes = prober.ask("threads")
    assert outcomes == {"threads": 4}
    with prober.path.open("rb") as file:
        assert os.fstat(file.fileno()).st_size == 17


def test_threads_are_allowed_inside(prober: Prober) -> None:
    """Some decoders want them."""
    assert prober.ask("threads") == {"threads": 4}


def test_decoder_knows_nothing_of_its_service(
    prober_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret of the environment, no open file but its own."""
    monkeypatch.setenv("STAYDOWN_KEY_FILE", "/secret")
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")

    inside = prober_with().ask("environment")

    assert not [name for name in inside["names"] if "KEY" in name or "PASSWORD" in name]
    assert inside["open"] == [0, 1, 2, 3, 4]


def test_words_of_a_file_never_leave_the_decoder(prober: Prober) -> None:
    """An error of any kind comes out as one of ours."""
    with pytest.raises(DamagedMedia) as caught:
        prober.ask("fail", kind="secret")
    assert "stranger" not in str(caught.value)

    with pytest.raises(UnreadableFile) as unreadable:
        prober.ask("fail", kind="system")
    assert "secret" not in str(unreadable.value)


def test_named_errors_come_out_as_they_are(prober: Prober) -> None:
    """With their numbers."""
    with pytest.raises(TooLarge) as caught:
        prober.ask("fail", kind="named")

    assert caught.value.facts == {"megabytes": 5}


@pytest.mark.parametrize(
    "words",
    [
        "00" * 64,  # no such letter
        "4a" + "ff" * 8,  # an answer of 16 exabytes
        "4a" + "00" * 7 + "04" + "6e756c6c",  # null
        "4a" + "00" * 7 + "02" + "5b5d",  # a list
        "45" + "00" * 7 + "02" + "5b5d",  # an error that is a list
        "4a" + "00" * 7 + "03" + "ffffff",  # not text
        b"J".hex() + (100_000).to_bytes(8).hex() + (b"[" * 100_000).hex(),  # nested for ever
    ],
)
def test_answers_of_no_known_form_are_an_error(prober: Prober, words: str) -> None:
    """A decoder that was taken over can say what it likes; it is one error."""
    with pytest.raises(MediaError):
        prober.ask("talk", words=words)

    assert prober.ask("size")["size"] == 17


def test_error_of_an_unknown_name_is_a_damaged_file(prober: Prober) -> None:
    """Names are looked up, never made."""
    body = b'{"error":"SystemExit","facts":{"a":"text","b":1}}'
    words = (b"E" + len(body).to_bytes(8) + body).hex()

    with pytest.raises(DamagedMedia) as caught:
        prober.ask("talk", words=words)

    assert caught.value.facts == {"b": 1}


def test_words_left_over_are_not_taken_for_the_next_files_answer(prober: Prober) -> None:
    """Two answers to one question: the second must not be believed for another file."""
    body = b'{"size":999}'
    words = (b"J" + len(body).to_bytes(8) + body).hex()
    prober.ask("talk", words=words)
    time.sleep(0.5)  # the second answer is on its way

    # Where it comes later still, it is taken for what it is: words out of turn.
    with suppress(MediaError):
        assert prober.ask("size")["size"] == 17
    assert prober.ask("size")["size"] == 17


def test_bytes_and_objects_can_be_answered(prober: Prober) -> None:
    """Previews are bytes, fingerprints objects; nothing else has a form."""
    assert prober.ask("answer", kind="bytes") == b"bytes"
    for kind in ("list", "text", "not json"):
        with pytest.raises(MediaError):
            prober.ask("answer", kind=kind)
    assert prober.ask("size")["size"] == 17


def test_decoders_are_recycled(prober_with: Any) -> None:
    """What a file left behind in memory does not stay for ever."""
    prober = prober_with(files_per_decoder=3)

    pids = [prober.ask("size")["pid"] for _ in range(7)]

    assert len(set(pids)) == 3
    assert pids[0] == pids[1] == pids[2] != pids[3]


def test_only_the_pools_own_modules_can_be_called(prober: Prober) -> None:
    """An entry is no way to import something else."""
    with prober.path.open("rb") as file, pytest.raises(ValueError, match="not in a module"):
        prober.pool.run("os:system", file.fileno())


def test_decoder_that_cannot_start_is_our_fault_and_says_so(prober_with: Any) -> None:
    """Not the file's: the sentence differs, and so may what a caller does next."""
    prober = prober_with()
    prober.pool.modules = (probes.MODULE, "no.such.module")

    with pytest.raises(DecoderUnavailable):
        prober.ask("size")


def test_many_threads_share_a_few_decoders(prober_with: Any) -> None:
    """Each gets the answer to its own question."""
    prober = prober_with(size=2)

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: prober.ask("size"), range(64)))
        mixed = list(
            threads.map(lambda n: outcome(prober, "leave" if n % 5 == 0 else "size"), range(25))
        )

    assert {answer["size"] for answer in answers} == {17}
    assert len({answer["pid"] for answer in answers}) <= 2
    assert mixed.count("DecoderDied") == 5
    assert mixed.count("dict") == 20


def outcome(prober: Prober, probe: str) -> str:
    try:
        return type(prober.ask(probe)).__name__
    except MediaError as error:
        return type(error).__name__


def test_who_comes_first_is_served_first(prober: Prober) -> None:
    """One who asks again and again, as for a long film, does not push others back."""
    order: list[str] = []
    between: list[int] = []
    stop = threading.Event()

    def ask_on_and_on() -> None:
        while not stop.is_set():
            prober.ask("size")
            order.append("film")

    greedy = threading.Thread(target=ask_on_and_on)
    greedy.start()
    try:
        for _ in range(25):
            before = len(order)
            prober.ask("size")
            order.append("picture")
            between.append(len(order) - before - 1)
    finally:
        stop.set()
        greedy.join()
    # One that was at work, one that had asked before, and one that ended beside us; on a busy
    # machine some more, now and then, before we have asked at all.
    assert statistics.median(between) <= 3, between


def test_closed_pool_ends_its_decoders_and_starts_again(prober_with: Any) -> None:
    """Closing is for tidiness, not a trap."""
    prober = prober_with()
    pid = prober.ask("size")["pid"]

    prober.pool.close()

    assert gone(pid)
    assert prober.ask("size")["pid"] != pid


def script(text: str, *arguments: str) -> subprocess.Popen[str]:
    """Another Python, with the same modules, that runs *text*."""
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


START = """
import os, sys, threading, time
from staydown import DecoderPool
pool = DecoderPool(("library.media.probes",), size=2)
fd = os.open(sys.argv[1], os.O_RDONLY)
ask = lambda probe, **options: pool.run("library.media.probes:" + probe, fd, options)
"""


@pytest.mark.parametrize("busy", ["", "spin", "nap"])
def test_no_decoder_outlives_its_service(tmp_path: Path, busy: str) -> None:
    """kill -9 runs no clean-up; idle, decoding or stuck, the decoder notices."""
    (tmp_path / "file").write_bytes(b"x")
    service = script(
        START
        + f"""
print(ask("size")["pid"], flush=True)
if {busy!r}:
    options = {{"seconds": 600}} if {busy!r} == "nap" else {{}}
    threading.Thread(target=ask, args=({busy!r},), kwargs=options, daemon=True).start()
    time.sleep(0.3)
print("ready", flush=True)
time.sleep(600)
""",
        str(tmp_path / "file"),
    )
    assert service.stdout is not None
    pid = int(service.stdout.readline())
    assert service.stdout.readline() == "ready\n"
    assert Path(f"/proc/{pid}").exists()

    service.kill()
    service.wait()
    service.stdout.close()

    assert gone(pid)


def test_pool_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """Web servers fork: the child starts its own decoders and leaves the parent's alone."""
    (tmp_path / "file").write_bytes(b"x")
    forker = script(
        START
        + """
first = ask("size")["pid"]
child = os.fork()
if child == 0:
    own = ask("size")["pid"]
    pool.close()
    os._exit(0 if own != first else 9)
assert os.waitpid(child, 0)[1] == 0
assert ask("size")["pid"] == first
print("both work")
""",
        str(tmp_path / "file"),
    )
    out, _ = forker.communicate(timeout=30)

    assert out == "both work\n"
    assert forker.returncode == 0


def test_interrupting_the_caller_returns_its_place(prober_with: Any) -> None:
    """Ctrl-C in the middle must not leave a pool that waits for ever."""
    prober = prober_with()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with prober.path.open("rb") as file, pytest.raises(KeyboardInterrupt):
        prober.pool.run(f"{probes.MODULE}:size", file.fileno(), meanwhile=interrupt)

    with contextlib.closing(prober.pool):
        assert prober.ask("size")["size"] == 17
