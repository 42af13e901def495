"""What the oldest release wrote, today's version opens and goes on with; on PostgreSQL, too."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from released.make import DUMP, told
from test_machines import register, verdict
from world import Server, Visitor, wait_for

from postgres import Cluster


@pytest.fixture
def old(tmp_path: Path) -> Server:
    """An installation as it lay on the disk when the oldest version was stopped."""
    dump = DUMP.read_text()
    server = Server(tmp_path / "staydown")
    (server.data / "keys").mkdir(parents=True)
    key = bytes.fromhex(told(dump)["key"])
    (server.data / "keys" / "installation.key").write_bytes(key)
    with closing(sqlite3.connect(server.data / "staydown.sqlite3")) as database:
        database.executescript(dump)
    return server


def goes_on(server: Server) -> None:
    """Alice's receipt opens, her picture is blocked, and a new notice has its case."""
    known = told(DUMP.read_text())
    page = Visitor(server).send("/status/", form="/status/", code=known["receipt"]).text
    assert "Your notice" in page
    assert verdict(server, known["api key"]) == "block"
    count = server.rows("SELECT count(*) FROM cases_case")[0][0]
    Visitor(server).report(register(server, known["api key"], f"new-{count}"))
    more = [(count + 1,)]
    wait_for(lambda: server.rows("SELECT count(*) FROM cases_case") == more, why="a new case")
    assert server.audit_is_whole()


def test_the_oldest_installation_opens_and_moves(old: Server) -> None:
    """First as it is, then on PostgreSQL, with every sealed value read."""
    assert old.audit_is_whole(), (
        "the oldest tables do not become today's. Was a first migration rewritten? As long as "
        "nothing is released: python tests/story/released/make.py"
    )
    cluster = Cluster()
    try:
        old.start()
        goes_on(old)
        old.stop()

        cluster.start()
        old.environment["STAYDOWN_DATABASE_URL"] = cluster.create("staydown")
        moved = old.command_line("move")
        assert (moved.returncode, moved.stderr) == (0, "")
        old.start()
        goes_on(old)
    finally:
        old.end()
        cluster.end()
