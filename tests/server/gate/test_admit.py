"""What a host registers meets the gate: no copy slips between the sweep and the keep-down."""

from typing import Any

import pytest

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, recompressed, scene
from server.story import bob_decides, rows_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case, CaseItem
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import NotOnThisHost
from staydown_server.gate.admit import Wanted, admit
from staydown_server.gate.models import Check
from staydown_server.gate.policy import Answer
from staydown_server.review.status import status_of
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(host: Host, plaza: HostDouble) -> Any:
    """Register a file as Plaza would: ``register("id", content)``."""

    def registered(item_id: str, content: bytes) -> Any:
        return admit(host, Wanted(item_id, plaza.page(item_id), fingerprint(content)))

    return registered


def test_an_unrelated_item_is_only_registered(removed_case: Case, register: Any) -> None:
    """And stands in nobody's case."""
    item, is_new, verdict = register("other", jpeg(scene(2)))

    assert (is_new, verdict.answer) == (True, Answer.ALLOW)
    assert not CaseItem.objects.filter(item=item).exists()


def test_what_slipped_past_joins_the_case(
    removed_case: Case, register: Any, picture: bytes
) -> None:
    """With its evidence; the case opens again, with a clock of its own."""
    first_deadline = removed_case.deadline

    item, _, verdict = register("slipped", recompressed(picture))

    assert verdict.blocks
    row = rows_of(removed_case)[-1]
    assert (row.item, row.origin) == (item, CaseItem.Origin.REGISTERED)
    assert row.copy_of == rows_of(removed_case)[0]
    removed_case.refresh_from_db()
    assert removed_case.closed_at is None
    assert removed_case.deadline > first_deadline


def test_nobody_is_told_that_it_was_stopped(
    removed_case: Case, register: Any, picture: bytes
) -> None:
    """It is on show already: Alice must not read otherwise."""
    register("slipped", picture)

    assert not Check.objects.exists()
    assert status_of(removed_case.notice).attempts_stopped == 0


def test_registering_again_adds_nothing(
    removed_case: Case, register: Any, picture: bytes, alices_item: Item
) -> None:
    """Neither what slipped past, nor the reported item itself."""
    for _ in range(2):
        register("slipped", picture)
    _, is_new, _ = register("alices", picture)

    assert not is_new
    assert len(rows_of(removed_case)) == 2


def test_a_copy_that_came_between_is_found_by_one_of_the_two(
    case: Case, bob: User, register: Any, picture: bytes
) -> None:
    """Registered before the keep-down: by its sweep. After it: by the gate."""
    register("before", recompressed(picture))
    bob_decides(case, bob)
    register("after", recompressed(picture))
    run_jobs()

    found = {row.item.host_item_id for row in rows_of(case) if row.item}
    assert found == {"alices", "before", "after"}


def test_nothing_joins_a_case_that_was_taken_back(
    removed_case: Case, register: Any, picture: bytes
) -> None:
    """Nothing is kept down any more."""
    withdraw(removed_case.notice)

    _, _, verdict = register("later", picture)

    assert verdict.answer == Answer.ALLOW
    assert len(rows_of(removed_case)) == 1


def test_an_address_elsewhere_is_refused(host: Host, picture: bytes) -> None:
    """A host speaks for its own."""
    with pytest.raises(NotOnThisHost):
        admit(host, Wanted("1", "https://elsewhere.example/1", fingerprint(picture)))
    assert not Item.objects.exists()
