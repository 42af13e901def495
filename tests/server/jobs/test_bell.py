"""Bells wake those who wait, and nobody waits for ever without one."""

import threading
import time

import pytest
from django.db import connection, transaction

from server.mallory import postgresql_only
from server.story import power_fails_at_the_end
from staydown_server.jobs import bell
from staydown_server.jobs.bell import Bell

pytestmark = pytest.mark.django_db(transaction=True)


def waited(one: Bell) -> float:
    begun = time.monotonic()
    one.wait(threading.Event())
    return time.monotonic() - begun


@pytest.fixture
def listening() -> Bell:
    one = Bell("tests")
    one.wait(threading.Event())
    return one


def test_without_a_ring_it_is_time_for_a_look_soon(listening: Bell) -> None:
    """Work comes due by itself, and a ring may be lost."""
    assert 0.1 < waited(listening) < 1.5


def test_nobody_waits_who_should_stop(listening: Bell) -> None:
    stopping = threading.Event()
    stopping.set()
    begun = time.monotonic()
    listening.wait(stopping)

    assert time.monotonic() - begun < 0.5


@postgresql_only
def test_it_rings_once_the_transaction_is_committed(listening: Bell) -> None:
    """Not before: what it rings for could not be seen. And not for what was undone."""

    def ringing() -> None:
        try:
            with transaction.atomic():
                bell.ring("tests")
                time.sleep(0.3)
        finally:
            connection.close()

    thread = threading.Thread(target=ringing)
    thread.start()
    assert 0.2 < waited(listening) < 0.9
    thread.join()

    with power_fails_at_the_end():
        bell.ring("tests")
    assert waited(listening) > 0.8


@postgresql_only
def test_what_rang_meanwhile_is_heard(listening: Bell) -> None:
    """Whoever is busy finds it when they wait next."""
    bell.ring("tests")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

    assert waited(listening) < 0.6


@postgresql_only
def test_a_lost_connection_is_made_again(listening: Bell) -> None:
    """And it may have rung while there was none, so there is a look first."""
    connection.close()

    assert waited(listening) < 0.6
    assert waited(listening) > 0.8
