"""One question, one answer: a host that asks again under the same name is told the same."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from staydown_server import vault
from staydown_server.accounts.models import Host
from staydown_server.cases.retention import retention_here
from staydown_server.gate.models import GivenAnswer


class AskedSomethingElse(Exception):
    """The name was used for another question."""


def once(
    host: Host, name: str, question: str, answer: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What *host* was told when it first asked *question* under *name*, or *answer* now.

    Answers are kept for `retention.toml`'s ``answer``; an error of *answer* is not one. Raises
    :class:`AskedSomethingElse`. If power fails before the answer is kept, the host asks anew.
    """
    key = vault.digest(f"{host.pk} {name}", purpose="idempotency key")
    asked = vault.digest(question, purpose="idempotent question")
    now = timezone.now()
    given = GivenAnswer.objects.filter(key=key, at__gt=now - retention_here().answer).first()
    if given is None:
        told = answer()
        with transaction.atomic():
            GivenAnswer.objects.filter(key=key, at__lte=now - retention_here().answer).delete()
            # Of two that asked at the same moment, both are told what the first one was.
            given, _ = GivenAnswer.objects.get_or_create(
                key=key, defaults={"question": asked, "answer": told, "at": now}
            )
    if bytes(given.question) != asked:
        raise AskedSomethingElse
    kept: dict[str, Any] = given.answer
    return kept
