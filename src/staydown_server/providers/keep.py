"""Ask once: an answer is kept, and serves until it is too old."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from staydown_server.providers.models import Answer


def asked(
    step: str,
    question: str,
    *,
    fresh: timedelta,
    ask: Callable[[], tuple[Mapping[str, Any], str]],
) -> Answer:
    """The answer to *question*: one of ours that is younger than *fresh*, or what *ask* returns
    now, with its source. Of what *ask* raises nothing is kept.
    """
    now = timezone.now()
    known = Answer.objects.filter(step=step, asked=question, at__gt=now - fresh, at__lte=now)
    if (latest := known.order_by("-at", "-pk").first()) is not None:
        return latest
    answer, source = ask()
    return Answer.objects.create(
        step=step, asked=question, answer=answer, source=source, at=timezone.now()
    )
