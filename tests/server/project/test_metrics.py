"""Numbers for whoever watches over the installation, and logs that a program reads."""

import json
import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.story import ALICE, alice_reports
from staydown_server.audit.models import Head
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.project.health import indexes
from staydown_server.project.logs import JSONLine

TOKEN = "a-token-that-nobody-guesses"
LINE = re.compile(r'[a-z_]+(\{[a-z_]+="[a-z_.]+"\})? -?[0-9.e+-]+')


@pytest.fixture
def numbers(charlie: Client, settings: Any) -> Any:
    """What Prometheus reads, by name and label."""
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[str, float]:
        answer = charlie.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        lines = [line for line in answer.content.decode().splitlines() if line[0] != "#"]
        assert all(LINE.fullmatch(line) for line in lines), lines
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    return read


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("told", [None, "Bearer ", "Bearer guessed", TOKEN, "Bearer é"])
def test_without_the_token_there_is_nothing(
    charlie: Client, settings: Any, token: str, told: str | None
) -> None:
    """Not even where no token is set."""
    settings.METRICS_TOKEN = token
    headers = {} if told is None else {"Authorization": told}

    assert charlie.get("/metrics", headers=headers).status_code == 404


def test_it_says_what_waits_and_for_how_long(numbers: Any, removed_case: Case) -> None:
    """By kind of job, and by the clock of the law."""
    alice_reports(Item.objects.get().url)
    Case.objects.update(closed_at=None, deadline=timezone.now() - timedelta(hours=1))
    for index in indexes():
        index.follow()

    found = numbers()

    assert found['staydown_jobs_waiting{job="cases.open"}'] == 1
    assert 0 <= found["staydown_job_oldest_seconds"] < 60
    assert (found["staydown_cases_open"], found["staydown_cases_overdue"]) == (1, 1)
    assert -3700 < found["staydown_cases_next_deadline_seconds"] <= -3600
    assert (found["staydown_keep_downs"], found["staydown_notices_total"]) == (1, 2)
    assert found["staydown_audit_lines_total"] == Head.objects.get().sequence
    assert found['staydown_index_entries_behind{shelf="catalogue"}'] == 0


@pytest.mark.django_db
def test_nothing_of_a_new_installation_is_no_error(numbers: Any) -> None:
    assert numbers()["staydown_cases_open"] == 0


def test_a_log_line_is_an_object_without_a_traceback() -> None:
    try:
        raise ValueError(ALICE)
    except ValueError:
        record = logging.getLogger("staydown_server.jobs").makeRecord(
            "staydown_server.jobs", logging.WARNING, "f", 1, "job %s: later", (7,), True
        )

    line = JSONLine().format(record)

    said = json.loads(line)
    assert (said["level"], said["message"]) == ("warning", "job 7: later")
    assert ALICE not in line
    assert "\n" not in line
