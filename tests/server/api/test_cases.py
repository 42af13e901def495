"""What a host may read: its own cases."""

from typing import Any

import pytest

from server.api.client import Api, problem
from server.story import alice_reports, run_jobs
from staydown_server.cases.models import Case

pytestmark = pytest.mark.django_db

HUGE = str(10**30)


def test_a_host_sees_its_cases(api: Api, removed_case: Case) -> None:
    """Numbers, times and states; nothing of the notice."""
    listed = api.get("/cases").json()["cases"]
    assert [one["id"] for one in listed] == [removed_case.pk]
    assert set(listed[0]) == {"id", "number", "received_at", "deadline", "closed_at"}

    one = api.get(f"/cases/{removed_case.pk}").json()
    assert one["number"] == removed_case.number
    assert one["items"] == [{"item": "alices", "state": "ready", "decision": "remove"}]


def test_a_host_sees_nothing_of_alice(api: Api, removed_case: Case) -> None:
    """Neither name nor words, in a list or in a case."""
    told = api.get("/cases").content + api.get(f"/cases/{removed_case.pk}").content

    for secret in (b"Alice", b"alice.ferreira", b"used to know"):
        assert secret not in told


def test_another_host_sees_nothing(other_api: Api, removed_case: Case) -> None:
    """Not even that the case exists."""
    assert other_api.get("/cases").json() == {"cases": []}
    theirs = other_api.get(f"/cases/{removed_case.pk}")
    unknown = other_api.get("/cases/999999")
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.content == unknown.content


def test_cases_come_in_portions(api: Api, removed_case: Case, alices_item: Any) -> None:
    """After a number."""
    alice_reports(alices_item.url)
    run_jobs()

    first, second = api.get("/cases").json()["cases"]
    assert api.get(f"/cases?after={first['id']}").json()["cases"] == [second]
    assert api.get(f"/cases?after={second['id']}").json()["cases"] == []


@pytest.mark.parametrize("path", ["/cases"])
@pytest.mark.parametrize("after", ["x", "", "1.5", "1e400", "NaN", "9" * 5000, "0x10", "%00"])
def test_a_number_that_is_none_is_a_problem(api: Api, path: str, after: str) -> None:
    """It names the field."""
    answer = api.get(f"{path}?after={after}")

    assert (answer.status_code, problem(answer)["code"]) == (422, "bad-field")
    assert "after" in problem(answer)["detail"]


@pytest.mark.parametrize("after", [HUGE, str(2**63), "-1", "-" + HUGE])
def test_a_number_out_of_range_is_only_a_number(api: Api, removed_case: Case, after: str) -> None:
    """Beyond the end there is nothing; before the beginning there is everything."""
    cases = api.get(f"/cases?after={after}")

    assert cases.status_code == 200
    expected = 1 if after.startswith("-") else 0
    assert len(cases.json()["cases"]) == expected


@pytest.mark.parametrize("case_id", [HUGE, "0", "-1"])
def test_a_case_out_of_range_is_not_found(api: Api, removed_case: Case, case_id: str) -> None:
    """Like every other unknown one."""
    answer = api.get(f"/cases/{case_id}")

    assert answer.status_code == 404
    problem(answer)


def test_a_case_number_that_is_none_is_a_problem(api: Api) -> None:
    """Not a traceback."""
    assert problem(api.get("/cases/abc"))["status"] in (404, 422)
