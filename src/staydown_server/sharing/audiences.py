"""The lists that we publish: beginning one, signing its head, changing its keys."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from staydown.exchange.hash_list import Change as ListChange
from staydown.exchange.hash_list import (
    Entry,
    Head,
    Keys,
    PublicKey,
    SigningKey,
    Tally,
    open_keys,
    read_line,
    written_lines,
)
from staydown.exchange.hash_list.entry import check_name
from staydown.exchange.hash_list.publisher import KEYS_LAST
from staydown_server import audit, jobs
from staydown_server.gate.models import KeepDown
from staydown_server.sharing.models import Audience, KeysDocument, Line
from staydown_server.sharing.rules import OWN_HOWS


class AudienceError(Exception):
    """A list cannot be made or changed as asked; the sentence says why."""


def begin(name: str, *, root: SigningKey, hows: tuple[str, ...] = OWN_HOWS) -> Audience:
    """Begin a list called *name*, as of a domain, for one audience, and fill it.

    *root* signs who may sign it, and is not kept. Raises :class:`AudienceError` and `BadForm`.
    """
    check_name(name, "name")
    if unknown := set(hows) - set(OWN_HOWS):
        raise AudienceError(f"{unknown.pop()!r} is none of {', '.join(OWN_HOWS)}")
    signer, now = SigningKey.new(), timezone.now()
    with transaction.atomic():
        if Audience.objects.filter(name=name).exists():
            raise AudienceError(f"there is a list {name!r} already")
        head = Tally().head(name, number=1, keys=1, now=now)
        made = Audience.objects.create(
            name=name,
            hows=list(hows),
            signing_key=signer.to_text(),
            head=head.sign(signer).decode(),
            number=1,
            signed_at=now,
            page_lines=head.page_lines,
        )
        keys = Keys(name, 1, 1, root.public, (signer.public,), now, now + KEYS_LAST)
        KeysDocument.objects.create(audience=made, number=1, document=keys.sign([root]).decode())
        audit.record("audience.begun", made, by="operator")
        jobs.defer("sharing.fill", audience_id=made.pk)
    return made


def rotate(
    name: str, *, root: SigningKey, new_root: SigningKey | None = None, begin_anew: bool = False
) -> Audience:
    """Have a new key sign the list from now on, in *root*'s name.

    *begin_anew* after a key was stolen: what we stand behind is written again as a new history,
    and followers drop what a thief signed. Raises :class:`AudienceError`.
    """
    signer, now = SigningKey.new(), timezone.now()
    with transaction.atomic():
        audience = Audience.objects.select_for_update().filter(name=name).first()
        if audience is None:
            raise AudienceError(f"there is no list {name!r}")
        last = audience.keysdocument_set.get(number=audience.keys_number)
        known, _ = open_keys(last.document.encode())
        if root.public != known.root:
            raise AudienceError("this is not the root key of the list")
        heir = new_root or root
        keys = replace(
            known,
            number=known.number + 1,
            generation=known.generation + begin_anew,
            root=heir.public,
            signers=(signer.public,),
            signed_at=now,
            expires_at=now + KEYS_LAST,
        )
        roots = [root] if new_root is None else [root, new_root]
        KeysDocument.objects.create(
            audience=audience, number=keys.number, document=keys.sign(roots).decode()
        )
        audience.keys_number, audience.generation = keys.number, keys.generation
        audience.signing_key = signer.to_text()
        again = []
        if begin_anew:
            audience.tally = Tally(page_lines=audience.page_lines)
            again = [(ListChange("add", id, entry), keep) for id, keep, entry in _stands(audience)]
        _write(audience, again, now)
        audit.record("audience.keys_changed", audience, by="operator", generation=keys.generation)
    return audience


def write(audience_id: int, changes: list[tuple[ListChange, KeepDown]]) -> None:
    """Put *changes* on the list, each with its keep-down, inside the caller's transaction."""
    _write(Audience.objects.select_for_update().get(pk=audience_id), changes, timezone.now())


def _write(audience: Audience, changes: list[tuple[ListChange, KeepDown]], now: datetime) -> None:
    now = now.replace(microsecond=0)
    written = list(
        written_lines((change for change, _ in changes), after=audience.sequence, now=now)
    )
    for line, (_, keep) in zip(written, changes, strict=True):
        if line.op != "add":
            _black_out(audience, line.id)
        row = Line.objects.create(
            audience=audience,
            generation=audience.generation,
            sequence=line.sequence,
            op=line.op,
            entry=line.id,
            keep_down=keep,
            reason=line.reason or "",
            at=now,
            expires_at=line.entry.expires_at if line.entry else None,
            stands=line.op != "retract",
            text=line.to_text(),
        )
        audit.record(f"hash_list.{_WORDS[line.op]}", row, by="system", keep_down=keep.pk)
    audience.tally = audience.tally.after(written)
    _sign(audience, now)


_WORDS = {"add": "published", "change": "changed", "retract": "retracted"}


def _black_out(audience: Audience, entry: str) -> None:
    """What the list said of an entry no longer stands: a late follower must not learn it."""
    for row in Line.objects.filter(audience=audience, entry=entry, stands=True):
        row.text = read_line(row.text.encode())[0].black_out().to_text()
        row.stands = False
        row.save(update_fields=["text", "stands"])


def _sign(audience: Audience, now: datetime) -> None:
    audience.number += 1
    head: Head = audience.tally.head(
        audience.name,
        number=audience.number,
        keys=audience.keys_number,
        generation=audience.generation,
        now=now,
    )
    audience.head, audience.signed_at = head.sign(audience.signer).decode(), now
    audience.save()


def standing(audience: Audience, keep: KeepDown) -> Line | None:
    """What *audience*'s list says of *keep* now."""
    return Line.objects.filter(
        audience=audience, generation=audience.generation, keep_down=keep, stands=True
    ).first()


def entry_of(line: Line) -> Entry | None:
    """What a line says of the picture, if it still shows it."""
    return read_line(line.text.encode())[0].entry


def _stands(audience: Audience) -> list[tuple[str, KeepDown, Entry]]:
    """What the history before this one said at its end."""
    before = Line.objects.filter(audience=audience).order_by("generation").last()
    if before is None:
        return []
    rows = Line.objects.filter(
        audience=audience, generation=before.generation, stands=True
    ).select_related("keep_down")
    found = [(row.entry, row.keep_down, entry_of(row)) for row in rows.order_by("sequence")]
    return [(id, keep, entry) for id, keep, entry in found if entry is not None]


def root_of(audience: Audience) -> PublicKey:
    """The key that followers are given by another way than the list: the first one."""
    first = audience.keysdocument_set.get(number=1)
    return open_keys(first.document.encode())[0].root
