"""Notices, as they came."""

from django.db import models

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
