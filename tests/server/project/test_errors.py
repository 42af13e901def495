"""Errors end at the edge: calm outside, silent about people inside."""

import logging

import pytest
from django.test import Client

from server.project.urls_that_break import SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.urls("server.project.urls_that_break")]

IN_THE_PATH = "alice-ferreira"


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_fault_of_ours_is_a_calm_page(browser: Client, language: str) -> None:
    """In the person's language, with nothing of the inside."""
    answer = browser.get(f"/broken/{IN_THE_PATH}/", headers={"Accept-Language": language})

    page = answer.content.decode()
    assert answer.status_code == 500
    assert f'<html lang="{language}">' in page
    for inside in (SECRET, "RuntimeError", "Traceback", "urls_that_break", ".py"):
        assert inside not in page
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_fault_of_ours_is_a_problem_document(browser: Client) -> None:
    """For programs."""
    answer = browser.get(f"/api/v1/broken/{IN_THE_PATH}/")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "our-fault"
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("path", ["/full", "/api/v1/full"])
def test_a_database_that_fails_is_no_different(browser: Client, path: str) -> None:
    """The page needs no database."""
    answer = browser.get(path)

    assert answer.status_code == 500
    assert SECRET not in answer.content.decode()


def test_the_log_says_where_and_never_what(
    browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The class, functions and lines: not the message, no value, not the address."""
    with caplog.at_level(logging.DEBUG, logger="staydown_server"):
        browser.get(f"/broken/{IN_THE_PATH}/")
        browser.get(f"/api/v1/broken/{IN_THE_PATH}/")

    ours = [record for record in caplog.records if record.name.startswith("staydown_server")]
    assert len(ours) == 2
    for record in ours:
        assert "RuntimeError at " in record.getMessage()
        assert "view:" in record.getMessage()
        assert SECRET not in record.getMessage()
        assert IN_THE_PATH not in record.getMessage()
        assert record.exc_info is None


def test_djangos_own_log_of_requests_goes_nowhere(
    browser: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """It holds addresses, and an address can be a secret link."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    for path in (f"/broken/{IN_THE_PATH}/", f"/nothing/{IN_THE_PATH}/", "/suspicious", "/denied"):
        browser.get(path)

    written = "".join(capfd.readouterr())
    assert IN_THE_PATH not in written
    assert SECRET not in written
    assert not logging.getLogger("django.request").propagate
    assert not logging.getLogger("django.security.SuspiciousOperation").propagate or (
        not logging.getLogger("django.security").propagate
    )


@pytest.mark.parametrize(
    ("path", "status"), [("/denied", 403), ("/suspicious", 400), ("/nothing", 404)]
)
def test_refusals_are_calm_pages(browser: Client, path: str, status: int) -> None:
    """Without the reason that is for us."""
    answer = browser.get(path)

    assert answer.status_code == status
    assert "<h1>" in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_an_unknown_host_name_is_refused(browser: Client) -> None:
    """Nobody makes us build links to elsewhere."""
    answer = browser.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()
