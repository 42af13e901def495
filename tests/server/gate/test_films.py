"""Films that wait in a bucket: any machine can check them, and the bucket shows nothing."""

from pathlib import Path
from typing import Any

import obstore
import pytest
from django.core.files.base import ContentFile

from library.films import drawn_film
from server.host_double import HostDouble
from server.story import pauses_pass, run_jobs
from staydown_server.accounts.models import Host
from staydown_server.gate import films, later
from staydown_server.gate.archive import bucket
from staydown_server.gate.models import LaterCheck
from staydown_server.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(endpoint: str, settings: Any, tmp_path: Path) -> Any:
    settings.FILM_STORE, settings.FILM_STORE_ENDPOINT = "s3://uploads/films", endpoint
    settings.DATA = tmp_path / "one machine"
    return bucket.opened("s3://uploads/films", endpoint=endpoint)


def names(store: Any) -> list[str]:
    return [found["path"] for page in store.list() for found in page]


def test_another_machine_checks_what_one_has_taken(
    host: Host, plaza: HostDouble, store: Any, settings: Any, tmp_path: Path
) -> None:
    """Sealed in the bucket, in nobody's folder, and gone when it is checked."""
    film = drawn_film(7)
    asked = later.ask_later(host, reference="f", uploader="", file=ContentFile(film))
    assert names(store) == [str(asked.name)]
    assert film[:64] not in bytes(store.get(str(asked.name)).bytes())
    assert not settings.DATA.exists()

    settings.DATA = tmp_path / "another"
    run_jobs()

    asked.refresh_from_db()
    assert (asked.state, asked.answer["verdict"]) == (LaterCheck.State.DONE, "allow")
    assert names(store) == []
    assert [event["event"] for event in plaza.events] == ["check.done"]


def test_a_bucket_that_is_away_costs_time_alone(host: Host, store: Any, settings: Any) -> None:
    """The check waits for it, and workers start."""
    asked = later.ask_later(host, reference="", uploader="", file=ContentFile(drawn_film(7)))
    endpoint = settings.FILM_STORE_ENDPOINT
    settings.FILM_STORE = "s3://away/films"
    later.discard_orphans()
    run_jobs()
    assert Job.objects.get(name="gate.check_later").last_error == "RetryLater"

    settings.FILM_STORE, settings.FILM_STORE_ENDPOINT = "s3://uploads/films", endpoint
    pauses_pass()
    run_jobs()
    asked.refresh_from_db()
    assert asked.state == LaterCheck.State.DONE


def test_films_of_nobody_are_discarded(
    host: Host, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they are old; those that wait are left."""
    asked = later.ask_later(host, reference="", uploader="", file=ContentFile(b"film"))
    obstore.put(store, "orphan", b"x")
    later.discard_orphans()
    assert sorted(names(store)) == sorted([str(asked.name), "orphan"])

    monkeypatch.setattr(films, "_ORPHAN_SECONDS", -60.0)
    later.discard_orphans()

    assert names(store) == [str(asked.name)]
