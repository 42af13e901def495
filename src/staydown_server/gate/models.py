"""What is kept down, and what the gate stopped."""

import uuid

from django.db import models
from django.db.models import Q

from staydown_server.accounts.models import Host
from staydown_server.cases.models import CaseItem, Decision


class KeepDown(models.Model):
    """A fingerprint that no upload may match, by a decision."""

    case_item = models.ForeignKey(CaseItem, on_delete=models.PROTECT)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="keep_downs")
    fingerprint = models.TextField()
    since = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        Decision, null=True, on_delete=models.PROTECT, related_name="lifted_keep_downs"
    )

    class Meta:
        constraints = [
            # A thing in a case is kept down at most once at a time.
            models.UniqueConstraint(
                fields=["case_item"], name="one_live_keep_down", condition=Q(lifted_at=None)
            ),
            # What is lifted was lifted by a decision.
            models.CheckConstraint(
                condition=Q(lifted_at=None) | ~Q(lifted_by=None), name="lifted_by_a_decision"
            ),
        ]

    def __str__(self) -> str:
        return f"keep-down:{self.pk}"


class Check(models.Model):
    """An upload that the gate held or blocked. What was let through leaves no trace."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    host = models.ForeignKey(Host, on_delete=models.PROTECT)
    keep_down = models.ForeignKey(KeepDown, on_delete=models.PROTECT)
    verdict = models.CharField(max_length=10)
    match_kind = models.CharField(max_length=20)
    match_distance = models.PositiveSmallIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)
