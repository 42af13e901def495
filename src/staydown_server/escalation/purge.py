"""What is personal in a file goes with its notice (docs/retention.md)."""

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.escalation.models import (
    Addressee,
    AddressSighting,
    EscalatedAddress,
    EscalatedSite,
    EscalationFile,
    OutgoingLetter,
    Reply,
)

_Row = EscalatedSite | EscalatedAddress | Addressee | OutgoingLetter | Reply | AddressSighting


def erase(file: EscalationFile) -> None:
    """Addresses, letters, answers and what was seen, once: rows and their lines stay."""
    with transaction.atomic():
        if not EscalationFile.objects.filter(pk=file.pk, erased_at=None).update(
            erased_at=timezone.now()
        ):
            return
        audit.record("escalationfile.purged", file, by="system")
        for site in EscalatedSite.objects.filter(file=file):
            # Still told from one another.
            _erased(site, host=f"site {site.pk}", domain="", found=None)
        for address in EscalatedAddress.objects.filter(site__file=file):
            _erased(address, url=f"address {address.pk}", fingerprint="")
        for addressee in Addressee.objects.filter(site__file=file, role=Addressee.Role.HOST):
            _erased(addressee, name="", key=str(addressee.pk), contacts=[])
        for letter in OutgoingLetter.objects.filter(addressee__site__file=file):
            _erased(letter, recipient="", subject="", text="", message_id="")
        for reply in Reply.objects.filter(addressee__site__file=file):
            _erased(reply, text="")
        for sighting in AddressSighting.objects.filter(address__site__file=file):
            _erased(sighting, content={})


def _erased(row: _Row, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    audit.record(f"{row._meta.model_name}.purged", row, by="system")
