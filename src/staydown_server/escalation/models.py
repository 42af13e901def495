"""Escalation files: the sites that do not act, who serves them, and what was written to whom."""

from datetime import datetime
from hashlib import sha256

from django.db import models
from django.db.models import Q

from staydown import Fingerprint
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.vault.fields import SealedJSONField, SealedTextField


class EscalationFile(models.Model):
    """What is done about a case at sites that are not plugged in."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT)
    # Keys of `stages.toml`: the laws that letters name and clocks follow.
    laws = models.JSONField(default=list)
    # Of the letters, unless somebody chooses another for one.
    language = models.CharField(max_length=20)
    # Where the person lives (ISO 3166-1 alpha-2), if they say so: to whom one complains.
    country = models.CharField(max_length=2, blank=True)
    # Letters name the person. Otherwise whoever helps them signs.
    names_person = models.BooleanField(default=False)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT)
    opened_at = models.DateTimeField()
    # Every address is gone, or somebody said that nothing more is done.
    closed_at = models.DateTimeField(null=True)
    # What is personal in it is gone, with the notice's.
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"escalation file:{self.pk}"


class EscalatedSite(models.Model):
    """One host out there, and who serves it."""

    file = models.ForeignKey(EscalationFile, on_delete=models.PROTECT)
    # Sealed: a name can be a person's.
    host = SealedTextField(purpose="escalated host")
    domain = SealedTextField(purpose="escalated host")
    # What was found out about it last (`find.snapshot`), and when.
    found = SealedJSONField(purpose="escalated site", null=True)
    found_at = models.DateTimeField(null=True)
    # Somebody wants to know who serves it.
    wanted_at = models.DateTimeField(null=True)
    # The place of its stage in `stages.toml`.
    stage = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            # A file names a host once.
            models.UniqueConstraint(fields=["file", "host"], name="one_place_per_host")
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"escalated site:{self.pk}"


class EscalatedAddress(models.Model):
    """One reported address, and whether the content is still there."""

    class State(models.TextChoices):
        # Nobody looked yet.
        NEW = "new"
        # The content that was seen first, by its fingerprint.
        SERVED = "served"
        # Something answers whose content has no fingerprint, such as a page.
        ANSWERS = "answers"
        # Another picture than at first: a person has to look.
        CHANGED = "changed"
        # Nobody answered, or refused us.
        UNSEEN = "unseen"
        GONE = "gone"

    site = models.ForeignKey(EscalatedSite, on_delete=models.PROTECT)
    url = SealedTextField(purpose="escalated address")
    # Of what was seen there first: layers that may be told to others.
    fingerprint = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    # When it is looked at again; nothing once it is gone.
    look_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A file names an address once.
            models.UniqueConstraint(fields=["site", "url"], name="one_place_per_address"),
            # What is gone went at a time.
            models.CheckConstraint(
                condition=(Q(state="gone") & ~Q(gone_at=None))
                | (~Q(state="gone") & Q(gone_at=None)),
                name="gone_at_a_time",
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"escalated address:{self.pk}"

    def load_fingerprint(self) -> Fingerprint | None:
        return Fingerprint.from_json(self.fingerprint) if self.fingerprint else None


class AddressSighting(models.Model):
    """What one look at an address saw: proof, with its time. Never altered."""

    address = models.ForeignKey(EscalatedAddress, on_delete=models.PROTECT)
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=EscalatedAddress.State.choices)
    # The addresses on the way, status, headers, certificate, digests, troubles
    # (`recheck.content_of`).
    content = SealedJSONField(purpose="sighting")

    class Meta:
        ordering = ["pk"]


class Addressee(models.Model):
    """Somebody who can do something about a site, and the clock that runs for them."""

    class Role(models.TextChoices):
        HOST = "host"
        HOSTING = "hosting"
        CDN = "cdn"
        REGISTRAR = "registrar"
        REGISTRY = "registry"
        PAYMENT = "payment"
        SEARCH = "search"
        REGULATOR = "regulator"

    class Standing(models.TextChoices):
        """How they stand, as of a moment."""

        # Nobody wrote to them.
        UNASKED = "unasked"
        ON_TIME = "on_time"
        LATE = "late"
        # They said that they will not.
        REFUSED = "refused"
        # Every address of the site is gone.
        DONE = "done"

    site = models.ForeignKey(EscalatedSite, on_delete=models.PROTECT)
    role = models.CharField(max_length=20, choices=Role.choices)
    # What tells one from another: a digest of the name.
    key = models.CharField(max_length=64)
    name = SealedTextField(purpose="addressee")
    # ISO 3166-1 alpha-2; empty where nobody says.
    country = models.CharField(max_length=2, blank=True)
    # {"channel", "value", "purpose", "source", "seen_at"} of each way to reach them, best first.
    contacts = SealedJSONField(purpose="addressee contacts")
    # The law under which a regulator is complained to; empty for others.
    law = models.CharField(max_length=20, blank=True)
    asked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A site has each of them once.
            models.UniqueConstraint(fields=["site", "role", "key"], name="one_addressee_each"),
            # Whoever was asked has a clock.
            models.CheckConstraint(
                condition=(Q(asked_at=None) & Q(due_at=None))
                | (~Q(asked_at=None) & ~Q(due_at=None)),
                name="asked_with_a_clock",
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"addressee:{self.pk}"

    def standing(self, now: datetime, *, is_gone: bool) -> "Addressee.Standing":
        """How they stand at *now*, where *is_gone* says that nothing of the site is left."""
        if is_gone:
            return Addressee.Standing.DONE
        if self.refused_at is not None:
            return Addressee.Standing.REFUSED
        if self.due_at is None:
            return Addressee.Standing.UNASKED
        return Addressee.Standing.ON_TIME if now < self.due_at else Addressee.Standing.LATE


class OutgoingLetter(models.Model):
    """A letter to an addressee: drafted by a template, sent or approved by a person."""

    class State(models.TextChoices):
        DRAFT = "draft"
        # A person said so; the mail waits for its job.
        APPROVED = "approved"
        # Handed to the mail server this very moment; or power failed then, and nobody knows.
        SENDING = "sending"
        SENT = "sent"
        # Somebody confirmed that it arrived.
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        # Nobody sends it any more.
        DISCARDED = "discarded"

    addressee = models.ForeignKey(Addressee, on_delete=models.PROTECT)
    template = models.CharField(max_length=40)
    language = models.CharField(max_length=20)
    # "email", "form" or "post", and the address there.
    channel = models.CharField(max_length=10, blank=True)
    recipient = SealedTextField(purpose="addressee")
    subject = SealedTextField(purpose="outgoing letter")
    text = SealedTextField(purpose="outgoing letter")
    # A person changed the text: it is not drafted anew.
    is_edited = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    drafted_at = models.DateTimeField()
    # Who approved it, or sent it by hand.
    sent_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    approved_at = models.DateTimeField(null=True)
    is_by_hand = models.BooleanField(default=False)
    # The name of the mail, by which its answers and bounces are known.
    message_id = SealedTextField(purpose="message id")
    sent_at = models.DateTimeField(null=True)
    # When somebody noted that it arrived, or that it came back.
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # An addressee has one draft at a time.
            models.UniqueConstraint(
                fields=["addressee"],
                name="one_letter_in_the_making",
                condition=Q(state__in=["draft", "approved", "sending"]),
            ),
            # Nothing leaves without somebody who said so.
            models.CheckConstraint(
                condition=Q(state__in=["draft", "discarded"])
                | (~Q(sent_by=None) & ~Q(approved_at=None)),
                name="a_person_sends",
            ),
            # What left did so at a time.
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "delivered"]) | ~Q(sent_at=None),
                name="sent_at_a_time",
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"outgoing letter:{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether its text can still be changed."""
        return self.state == self.State.DRAFT

    @property
    def version(self) -> str:
        """What tells whether it is still what somebody read."""
        read = "\n".join((self.channel, self.recipient, self.subject, self.text))
        return sha256(read.encode()).hexdigest()[:32]


class Reply(models.Model):
    """What an addressee answered, as somebody noted it."""

    class Kind(models.TextChoices):
        REMOVED = "removed"
        REFUSED = "refused"
        ASKS = "asks"
        AUTOMATIC = "automatic"
        OTHER = "other"

    addressee = models.ForeignKey(Addressee, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = SealedTextField(purpose="reply")
    noted_by = models.ForeignKey(User, on_delete=models.PROTECT)
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
