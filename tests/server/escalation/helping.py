"""What Bob, the clock and a stubborn site do in many tests of escalation files."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from server.providers.fakes import Internet, Reply
from server.story import pauses_pass, run_jobs
from staydown_server.escalation.models import (
    Addressee,
    EscalatedSite,
    EscalationFile,
    OutgoingLetter,
)
from staydown_server.escalation.open import Choices
from staydown_server.escalation.watch import watch

CHOICES = Choices(laws=("us", "eu"), language="en", country="FR")


@dataclass
class Stubborn:
    """A site out there."""

    internet: Internet
    origin: str

    def shows(self, path: str, picture: bytes) -> None:
        self.internet.host.show(path, picture)

    def removes(self, *paths: str) -> None:
        for path in paths:
            self.internet.host.replies[path] = Reply(410)

    @property
    def was_asked(self) -> list[str]:
        return self.internet.host.requests


class Clock:
    """Moves the time of the whole process; jobs that are due then run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._by, self._now = timedelta(0), timezone.now
        monkeypatch.setattr(timezone, "now", self.now)

    def now(self) -> datetime:
        return self._now() + self._by

    def passes(self, **hours: float) -> None:
        """So much time; then whoever watches the clocks does."""
        self._by += timedelta(**hours)
        watch()
        run_jobs()


def site_of(file: EscalationFile) -> EscalatedSite:
    return EscalatedSite.objects.select_related("file__case__notice").get(file=file)


def addressee(file: EscalationFile, role: str) -> Addressee:
    """The first of that role."""
    found = Addressee.objects.filter(site__file=file, role=role).order_by("pk")
    return found.select_related("site__file__case__notice")[0]


def letter_to(file: EscalationFile, role: str) -> OutgoingLetter:
    """The newest letter to the first of that role."""
    letters = OutgoingLetter.objects.filter(addressee=addressee(file, role)).order_by("-pk")
    return letters.select_related("addressee__site__file__case__notice")[0]


def drafts(file: EscalationFile) -> list[str]:
    """To whom drafts wait, by role."""
    waiting = OutgoingLetter.objects.filter(addressee__site__file=file, state="draft")
    return sorted(each.addressee.role for each in waiting.select_related("addressee"))


def everything_due_runs() -> None:
    pauses_pass()
    run_jobs()
