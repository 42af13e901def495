"""Notices, as they came, and what was written about them since."""

from django.db import models
from django.db.models import Q

from staydown_server.accounts.models import User
from staydown_server.vault.fields import SealedJSONField


class Notice(models.Model):
    """What a person told us, unaltered, with the time it arrived.

    Its content is sealed: without the installation's key the table tells no one who wrote.
    """

    received_at = models.DateTimeField()
    language = models.CharField(max_length=10)
    content = SealedJSONField(purpose="notice")
    # The receipt code itself is known to the person only.
    receipt_digest = models.BinaryField(max_length=32, unique=True)
    # A form sent twice (a second click, a lost answer) is one notice.
    submission_digest = models.BinaryField(max_length=32, unique=True)
    content_digest = models.BinaryField(max_length=32)
    withdrawn_at = models.DateTimeField(null=True)
    # What the person told us was erased: nobody has to know it any longer.
    purged_at = models.DateTimeField(null=True)


class Letter(models.Model):
    """What the person or a moderator wrote about a notice after it came. Never altered."""

    class Kind(models.TextChoices):
        WORDS = "words"
        # More addresses, which joined the case.
        PLACES = "places"

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.WORDS)
    # A moderator; nobody where the person wrote, who has no account.
    written_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    written_at = models.DateTimeField(auto_now_add=True)
    # {"text": ...}, sealed.
    content = SealedJSONField(purpose="letter")
    # A form sent twice is one letter.
    submission_digest = models.BinaryField(max_length=32, unique=True)
    # When a moderator said that they had read it.
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # Moderators write words; the addresses of a case come from the person.
            models.CheckConstraint(
                condition=Q(kind="words") | Q(written_by=None), name="places_come_from_the_person"
            ),
        ]
        ordering = ["pk"]


class Subscription(models.Model):
    """Where to write when the status page has news. The row goes when the person stops it."""

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT)
    # The address alone, sealed.
    address = SealedJSONField(purpose="mail address")
    # The newest news that no mail has announced; nothing where there is none.
    news_at = models.DateTimeField(null=True)
    # When the last mail was handed over, or is being: claims the hour before it is sent.
    sent_at = models.DateTimeField(null=True)
    # The address takes no mail: the person is asked for another.
    refused_at = models.DateTimeField(null=True)
