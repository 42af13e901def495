"""A list's files as its audience fetches them: docs/hash-list.md says which there are."""

import hmac

from django.utils import timezone

from staydown_server import vault
from staydown_server.sharing.models import Audience, Line, Partner, ReaderKey

KEY_PREFIX = "sp_"


def reader_of_key(key: str) -> Partner | None:
    """The partner whose live key this is."""
    found = ReaderKey.objects.filter(digest=digest_of(key), revoked_at=None)
    row = found.select_related("partner__audience").first()
    if row is None or row.partner.audience is None:
        return None
    # Once a minute at most: followers ask every few seconds.
    now = timezone.now()
    if row.used_at is None or (now - row.used_at).total_seconds() > 60:
        ReaderKey.objects.filter(pk=row.pk).update(used_at=now)
    return row.partner


def digest_of(key: str) -> bytes:
    return vault.digest(key, purpose="partner key")


def etag_of(audience: Audience) -> str:
    """Changes with each head."""
    return f'"{audience.generation}.{audience.number}"'


def is_known(etag: str, audience: Audience) -> bool:
    """Whether somebody who sends *etag* has the newest head."""
    known = [each.strip().removeprefix("W/") for each in etag.split(",")]
    return any(hmac.compare_digest(each.encode(), etag_of(audience).encode()) for each in known)


def keys_document(audience: Audience, number: int) -> str | None:
    found = audience.keysdocument_set.filter(number=number)
    return found.values_list("document", flat=True).first()


def page(audience: Audience, number: int, *, after: int) -> str | None:
    """The lines of page *number* after the line *after*; None where there is no such page."""
    first, last = (number - 1) * audience.page_lines + 1, number * audience.page_lines
    if not 1 <= first <= audience.sequence:
        return None
    lines = Line.objects.filter(
        audience=audience,
        generation=audience.generation,
        sequence__gte=max(first, after + 1),
        sequence__lte=last,
    )
    texts = lines.order_by("sequence").values_list("text", flat=True)
    return "".join(f"{text}\n" for text in texts)
