"""Each page of the desk, on an installation of 100,000 cases and 1,000,000 items.

``python -m benchmarks.desk [--cases N] [--items N]``

Rows are made in bulk (the audit log is left out: pages do not read it), spread over a year; one in
fifty is open. Pages are asked for in one process, as the web server's thread would, without the
pictures, which hosts send. On SQLite in a temporary folder; with STAYDOWN_DATABASE_URL in the
environment, on that PostgreSQL database, which must be empty. Results also go to
``artefacts/desk.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

ASKED_SECONDS = 0.2
ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
_TRIES = 20
_AT_ONCE = 2000
_OPEN_EACH = 50
_WIDE = (40, 400)
_PLAZA = "https://plaza.example"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="staydown-desk-") as folder:
        set_up(Path(folder))
        begun = time.perf_counter()
        wide = fill(options.cases, options.items)
        print(f"{options.cases} cases, {options.items} items: {time.perf_counter() - begun:.0f} s")
        settle()
        results = {name: measure(path) for name, path in pages(wide)}
    print(f"{'page':24}{'median ms':>10}{'p95 ms':>8}{'queries':>9}")
    for name, each in results.items():
        print(f"{name:24}{each['median'] * 1000:10.0f}{each['p95'] * 1000:8.0f}{each['queries']:9}")
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "desk.json").write_text(json.dumps(results, indent=1))
    slow = [name for name, each in results.items() if each["p95"] > ASKED_SECONDS]
    print(f"over {ASKED_SECONDS} s: {', '.join(slow) or 'none'}")
    return 1 if slow else 0


def set_up(folder: Path) -> None:
    (folder / "keys").mkdir()
    (folder / "incoming").mkdir()
    (folder / "keys" / "installation.key").write_bytes(os.urandom(32))
    os.environ["STAYDOWN_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "staydown_server.project.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def fill(cases: int, items: int) -> list[int]:
    """Make the rows; the ids of open cases with as many rows as `_WIDE` says, in its order."""
    from django.utils import timezone

    from staydown_server.accounts.hosts import add_host
    from staydown_server.accounts.models import Host, Role, User
    from staydown_server.cases.models import Case, CaseItem, Decision, Mark, Sweep
    from staydown_server.catalogue.models import Item
    from staydown_server.notices.models import Notice
    from staydown_server.removal.models import Removal

    dice, now = random.Random(1), timezone.now()
    add_host("plaza", origins=[_PLAZA], webhook_url=f"{_PLAZA}/hook")
    host = Host.objects.get()
    people = [
        User.objects.create(email=f"{n}@desk.example", role=role)
        for n, role in enumerate([Role.ADMINISTRATOR, Role.SENIOR] + [Role.MODERATOR] * 10)
    ]
    fingerprint = _fingerprint()

    def made(model: Any, rows: Iterator[Any]) -> list[int]:
        return [each.pk for each in model.objects.bulk_create(rows, batch_size=_AT_ONCE)]

    def item(n: int) -> Any:
        url = f"{_PLAZA}/p/{n}"
        return Item(
            host=host,
            host_item_id=str(n),
            url=url,
            url_key=url,
            uploader=f"user-{n % 50_000}",
            fingerprint=fingerprint,
            sha256=f"{n:064x}",
        )

    shown = made(Item, (item(n) for n in range(items)))
    content = {"signature": "Alice", "places": "", "fingerprints": [], "contact": "a@x.example"}
    at = [now - timedelta(hours=dice.uniform(0, 365 * 24)) for _ in range(cases)]
    # Open ones came lately.
    for n in range(0, cases, _OPEN_EACH):
        at[n] = now - timedelta(hours=dice.uniform(0, 60))
    notices = made(
        Notice,
        (
            Notice(
                received_at=at[n],
                language="en",
                content=content,
                receipt_digest=n.to_bytes(32),
                submission_digest=n.to_bytes(32),
                content_digest=bytes(32),
            )
            for n in range(cases)
        ),
    )
    took = [timedelta(hours=dice.uniform(0.5, 50)) for _ in range(cases)]
    case_ids = made(
        Case,
        (
            Case(
                notice_id=notices[n],
                jurisdiction="us",
                received_at=at[n],
                deadline=at[n] + timedelta(hours=48),
                closed_at=at[n] + took[n] if n % _OPEN_EACH else None,
                about_minor=n % 1000 == 0,
            )
            for n in range(cases)
        ),
    )
    most = {0: _WIDE[0] - 1, _OPEN_EACH: _WIDE[1] - 1}
    reported = made(
        CaseItem,
        (
            CaseItem(
                case_id=case_ids[n], origin="reported_url", state="ready",
                reported_url=f"{_PLAZA}/p/{n * 3}", item_id=shown[n * 3],
                fingerprint=fingerprint, created_at=at[n],
            )
            for n in range(cases)
        ),
    )  # fmt: skip
    copies = [(n, (n * 3 + 1 + k) % items) for n in range(cases) for k in range(most.get(n, 2))]
    copy_ids = made(
        CaseItem,
        (
            CaseItem(
                case_id=case_ids[n], origin="swept", state="ready", item_id=shown[which],
                fingerprint=fingerprint, copy_of_id=reported[n], match_kind="same",
                match_distance=4,
            )
            for n, which in copies
        ),
    )  # fmt: skip
    rows = [(n, reported[n], shown[n * 3]) for n in range(cases)]
    rows += [(n, row, shown[which]) for (n, which), row in zip(copies, copy_ids, strict=True)]
    decided = [each for each in rows if each[0] % _OPEN_EACH]
    decisions = made(
        Decision,
        (
            Decision(
                case_item_id=row, outcome="remove", reason="It is.",
                decided_by=people[n % len(people)], decided_at=at[n] + took[n],
            )
            for n, row, _item in decided
        ),
    )  # fmt: skip
    seen: set[int] = set()
    orders = []
    for (n, _row, which), decision in zip(decided, decisions, strict=True):
        if which not in seen:
            seen.add(which)
            orders.append(
                Removal(
                    item_id=which, decision_id=decision, state="verified",
                    carried_out_at=at[n] + took[n], verified_at=at[n] + took[n],
                )
            )  # fmt: skip
    made(Removal, iter(orders))
    made(
        Sweep,
        (Sweep(case_item_id=row, searched=items, through_change=1, found=2) for row in reported),
    )
    made(Mark, (Mark(case_id=case_ids[n], kind="old", count=1) for n in range(0, cases, 20)))
    return [case_ids[0], case_ids[_OPEN_EACH]]


def settle() -> None:
    """What happens by itself soon after: the worker counts, PostgreSQL looks at its tables."""
    from django.db import connection

    from staydown_server.records import counted

    counted.count()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _fingerprint() -> str:
    """Of some picture: pages show no more of it than its proportions."""
    from PIL import Image

    import staydown

    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        Image.effect_mandelbrot((320, 320), (-2, -1.5, 1, 1.5), 60).save(file)
        file.flush()
        return staydown.fingerprint_file(file.name).to_json()


def pages(wide: list[int]) -> Iterator[tuple[str, str]]:
    yield "queue", "/desk/"
    yield "queue, page 40", "/desk/?page=40"
    for name in ("free", "mine", "escalated", "late", "marked", "deposits"):
        yield f"queue, {name}", f"/desk/?show={name}"
    for rows, case_id in zip(_WIDE, wide, strict=True):
        yield f"case of {rows}", f"/desk/cases/{case_id}/"
    yield f"case of {_WIDE[1]}, page 5", f"/desk/cases/{wide[1]}/?page=5"
    yield "a case that is closed", f"/desk/cases/{wide[0] + 1}/"
    for days in (30, 365):
        yield f"numbers, {days} days", f"/desk/numbers/?days={days}"
    yield "people", "/desk/people/"
    yield "account", "/desk/account/"


def measure(path: str) -> dict[str, float]:
    from django.db import connection
    from django.test import Client

    from staydown_server.accounts.models import User

    asked = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*arguments)

    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.order_by("pk")[0])
    with connection.execute_wrapper(counted):
        assert browser.get(path).status_code == 200, path
    took = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        browser.get(path)
        took.append(time.perf_counter() - begun)
    return {
        "median": statistics.median(took),
        "p95": sorted(took)[int(0.95 * _TRIES) - 1],
        "queries": asked,
    }


if __name__ == "__main__":
    sys.exit(main())
