"""A stubborn site that shows Alice's picture, and Bob, who helps her."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.escalation.helping import CHOICES, Clock, Stubborn
from server.mail_double import MailServer
from server.providers.conftest import internet, whole_internet
from server.providers.fakes import Internet
from server.story import alice_reports, case_of, run_jobs
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.escalation.models import EscalationFile
from staydown_server.escalation.open import open_file

__all__ = ["internet", "whole_internet"]


@pytest.fixture
def stubborn(internet: Internet, picture: bytes) -> Stubborn:
    """www.stubborn.example, which shows the picture at two addresses."""
    origin = internet.site("www.stubborn.example")
    site = Stubborn(internet, origin)
    site.shows("/p/1.jpg", picture)
    site.shows("/p/2.jpg", picture)
    return site


@pytest.fixture
def alices_case(stubborn: Stubborn) -> Case:
    """Her notice, about addresses on no platform of ours."""
    receipt = alice_reports(f"{stubborn.origin}/p/1.jpg\n{stubborn.origin}/p/2.jpg")
    run_jobs()
    return case_of(receipt)


@pytest.fixture
def file(alices_case: Case, stubborn: Stubborn, bob: User) -> EscalationFile:
    """Its escalation file, with all that follows by itself."""
    places = alices_case.notice.content["places"]
    opened = open_file(alices_case, places, CHOICES, by=bob)
    run_jobs()
    return opened.file


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that a test moves."""
    return Clock(monkeypatch)


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """Takes mail over SMTP."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.ESCALATION_SENDER = "Help Line <help@help.example>"
    yield server
    server.close()
