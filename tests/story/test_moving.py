"""From SQLite to PostgreSQL by one command, with real processes before and after."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_machines import decide, register, verdict
from world import Server, Visitor, wait_for

from postgres import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()


def counts(server: Server) -> list[int]:
    tables = ("audit_entry", "notices_notice", "catalogue_change", "cases_caseitem", "jobs_job")
    return [server.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables]  # noqa: S608


def test_an_installation_moves_with_all_it_has(
    server: Server, alice: Visitor, cluster: Cluster
) -> None:
    """Receipts open, the gate blocks, the log is whole and goes on; the old file is out of use."""
    key = server.add_host("plaza", "http://127.0.0.1:1")["api_key"]
    code = alice.report(register(server, key, "first"))
    wait_for(server.all_jobs_done, why="swept")
    decide(server, "remove")
    server.stop()
    before = counts(server)

    to = {"STAYDOWN_DATABASE_URL": cluster.create("moved")}
    server.environment.update(to)
    moved = server.command_line("move")
    assert (moved.returncode, moved.stderr) == (0, "")
    assert "Every sealed value can be read" in moved.stdout
    assert counts(server) == before

    assert server.audit_is_whole()
    server.start()
    assert "Your notice" in alice.get("/status/").text, "she is still where she was"
    page = Visitor(server).send("/status/", form="/status/", code=code).text
    assert "Your notice" in page
    assert verdict(server, key) == "block"
    again = Visitor(server).report(register(server, key, "second"))
    assert again != code
    cases = "SELECT count(*) FROM cases_case"
    wait_for(lambda: server.rows(cases) == [(2,)], why="numbers go on after those that came")
    assert server.audit_is_whole()
    looked_at = server.command_line("doctor", "--skip", "hosts", "--skip", "clock")
    assert (looked_at.returncode, looked_at.stderr) == (0, "")
    assert "pg_dump" in looked_at.stdout
    assert "pg_dump" in server.command_line("backup", str(server.data / "backup")).stderr
    server.stop()

    del server.environment["STAYDOWN_DATABASE_URL"]
    refused = server.command_line("moderator", "link", "bob@desk.example")
    assert (refused.returncode, "was moved to PostgreSQL" in refused.stderr) == (1, True)


def test_nothing_is_moved_where_something_is_wrong(
    tmp_path: Path, cluster: Cluster, server: Server
) -> None:
    """A sentence says what; both databases are as they were."""
    without = server.command_line("move")
    assert (without.returncode, "is not set" in without.stderr) == (2, True)
    server.environment["STAYDOWN_DATABASE_URL"] = cluster.create("wrong")
    served = server.command_line("move")
    assert (served.returncode, "another server is running" in served.stderr) == (1, True)
    server.stop()

    with sqlite3.connect(server.data / "staydown.sqlite3") as database:
        database.execute("UPDATE audit_head SET seal = 'forged'")
    database.close()
    forged = server.command_line("move")
    assert (forged.returncode, "audit log does not agree" in forged.stderr) == (1, True)

    assert counts(server) == [0, 0, 0, 0, 0]
    assert (server.data / "staydown.sqlite3").exists()
    key = str(server.data / "keys" / "installation.key")
    other = Server(tmp_path / "other", **server.environment, STAYDOWN_KEY_FILE=key)
    other.add_host("plaza", "http://127.0.0.1:1")
    full = server.command_line("move")
    assert (full.returncode, "not empty" in full.stderr) == (1, True)


def test_there_must_be_something_to_move(tmp_path: Path, cluster: Cluster) -> None:
    nothing = Server(tmp_path / "nothing", STAYDOWN_DATABASE_URL=cluster.url())

    moved = nothing.command_line("move")

    assert (moved.returncode, "there is no" in moved.stderr) == (1, True)
    assert not nothing.data.exists()
