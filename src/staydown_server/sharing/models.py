"""The hash list that partner platforms follow."""

import uuid

from django.db import models

from staydown_server.gate.models import KeepDown


class Line(models.Model):
    """One line of the list: an addition, or the retraction of one. Never altered."""

    sequence = models.BigAutoField(primary_key=True)
    # Random: the entry's name outside says nothing about the case.
    entry = models.UUIDField(default=uuid.uuid4)
    keep_down = models.ForeignKey(KeepDown, on_delete=models.PROTECT)
    is_retraction = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # A keep-down is published once, and retracted once.
            models.UniqueConstraint(
                fields=["keep_down", "is_retraction"], name="published_once_retracted_once"
            )
        ]
