"""An installation as a released version made it, as SQL: what later versions must open.

python tests/story/released/make.py    writes 0001.sql. Until something is released, whoever
                                       rewrites a first migration makes it anew; never after.
"""

import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parents[1])]

from test_machines import decide, register  # noqa: E402
from world import Server, Visitor, wait_for  # noqa: E402

DUMP = HERE / "0001.sql"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "staydown")
        try:
            server.start()
            api_key = server.add_host("plaza", "http://127.0.0.1:1")["api_key"]
            receipt = Visitor(server).report(register(server, api_key, "first"))
            wait_for(server.all_jobs_done, why="swept")
            decide(server, "remove")
            Visitor(server).report("http://127.0.0.1:1/never-registered")
            wait_for(lambda: server.rows("SELECT count(*) FROM cases_case") == [(2,)], why="open")
        finally:
            server.stop()
        key = (server.data / "keys" / "installation.key").read_bytes().hex()
        with closing(sqlite3.connect(server.data / "staydown.sqlite3")) as database:
            database.execute("DELETE FROM django_session")
            lines = [f"-- key: {key}", f"-- receipt: {receipt}", f"-- api key: {api_key}"]
            lines += database.iterdump()
    DUMP.write_text("\n".join(lines) + "\n")


def told(dump: str) -> dict[str, str]:
    """What the head of a dump says: its key, a receipt, an API key."""
    return dict(re.findall(r"^-- (.+): (.+)$", dump, re.MULTILINE))


if __name__ == "__main__":
    main()
