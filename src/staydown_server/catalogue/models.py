"""What the hosts show, as they registered it, and the sequence that indexes follow."""

from typing import Any

from django.db import models, transaction

from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.jobs import bell

#: What rings when a shelf changed.
CHANGES = "changes"


class Fingerprinted(models.Model):
    """What has the fingerprint of a file, and is found by the file's digests."""

    fingerprint = models.TextField()
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    md5 = models.CharField(max_length=32, blank=True, db_index=True)

    class Meta:
        abstract = True

    @staticmethod
    def digests(fingerprint: Fingerprint) -> dict[str, str]:
        """The values of the two columns."""
        return {"sha256": fingerprint.sha256 or "", "md5": fingerprint.md5 or ""}

    def load_fingerprint(self) -> Fingerprint:
        return Fingerprint.from_json(self.fingerprint)


class Item(Fingerprinted):
    """One picture or film that a host shows."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT)
    host_item_id = models.CharField(max_length=200)
    url = models.CharField(max_length=2000)
    media_url = models.CharField(max_length=2000, blank=True)
    # The two addresses as locate.py compares them.
    url_key = models.CharField(max_length=2000, db_index=True)
    media_url_key = models.CharField(max_length=2000, db_index=True, blank=True)
    uploader = models.CharField(max_length=200, blank=True)
    registered_at = models.DateTimeField(auto_now_add=True)
    # The host says that it no longer has it.
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A host's id names one item.
            models.UniqueConstraint(fields=["host", "host_item_id"], name="one_item_per_host_id")
        ]

    def __str__(self) -> str:
        return f"item:{self.pk}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that must stop serving the item once it is removed."""
        return tuple(dict.fromkeys(url for url in (self.url, self.media_url) if url))


class ArchiveFile(models.Model):
    """What an archive scan has done with one file, so that the next one need not read it."""

    class Outcome(models.TextChoices):
        REGISTERED = "registered"
        UNCHANGED = "unchanged"
        STOPPED = "stopped"
        UNREADABLE = "unreadable"

    host = models.ForeignKey(Host, on_delete=models.CASCADE)
    # The id of its item.
    key = models.CharField(max_length=200)
    # Size and time, or what else changes when the file does.
    marker = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    # A sentence, where it could not be read.
    why = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "key"], name="one_mark_per_archive_file")
        ]


class ArchiveClaim(models.Model):
    """Some files of an archive, and the scan that reads them now.

    It holds a lease and renews it; a lease that runs out (its holder was killed) is taken over.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE)
    # Digest of the id of the file that they begin with.
    name = models.CharField(max_length=64)
    lease = models.UUIDField()
    leased_until = models.DateTimeField()

    class Meta:
        constraints = [
            # The same files are read by one scan at a time.
            models.UniqueConstraint(fields=["host", "name"], name="one_claim_per_archive_part")
        ]


class Shelf(models.TextChoices):
    """The collections of fingerprints that are searched."""

    CATALOGUE = "catalogue"
    GATE = "gate"
    DEPOSIT = "deposit"
    LISTED = "listed"


class Change(models.Model):
    """One entry of a shelf came, changed or went: each process's index follows this sequence."""

    sequence = models.BigAutoField(primary_key=True)
    shelf = models.CharField(max_length=20, choices=Shelf.choices)
    entry_id = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["shelf", "sequence"], name="changes_of_a_shelf")]

    def save(self, **options: Any) -> None:
        """Add it inside the caller's transaction.

        Transactions take turns, so that numbers are committed in their order: indexes go on
        from the highest that they saw.
        """
        if not transaction.get_connection().in_atomic_block:
            raise RuntimeError("a change belongs in the transaction of what changes")
        super().save(**options)
        bell.ring(CHANGES)
