"""Proposals, which a second person confirms; appeals: objections to what was decided."""

from django.db import models
from django.db.models import Q

from staydown_server.accounts.models import User
from staydown_server.cases.models import Case, Decision
from staydown_server.gate.models import HeldUpload
from staydown_server.removal.models import Removal
from staydown_server.vault.fields import SealedJSONField, SealedTextField


class Proposal(models.Model):
    """A decision that somebody wants and a senior has to confirm."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    # Ids of the case items.
    rows = models.JSONField()
    outcome = models.CharField(max_length=20)
    manner = models.CharField(max_length=20, blank=True)
    # The same in the other cases that show these items.
    is_alike = models.BooleanField(default=False)
    reason = SealedTextField(purpose="reason")
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="proposals")
    proposed_at = models.DateTimeField(auto_now_add=True)
    settled_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="settled_proposals"
    )
    settled_at = models.DateTimeField(null=True)
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # One at a time for each case.
            models.UniqueConstraint(
                fields=["case"], name="one_waiting_proposal", condition=Q(settled_at=None)
            ),
            # Nobody confirms their own.
            models.CheckConstraint(
                condition=Q(is_confirmed=False) | ~Q(settled_by=models.F("proposed_by")),
                name="two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"proposal:{self.pk}"


class Appeal(models.Model):
    """What somebody says against what was decided, and what came of it.

    The uploader appeals against a removal or the refusal of an upload; the person who sent the
    notice against a decision to leave something online.
    """

    class Outcome(models.TextChoices):
        GRANTED = "granted"
        REFUSED = "refused"

    # What it is against: one of the three.
    removal = models.ForeignKey(Removal, null=True, on_delete=models.PROTECT)
    upload = models.ForeignKey(HeldUpload, null=True, on_delete=models.PROTECT)
    refusal = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT)
    # {"text": ...}, sealed: people write their names.
    content = SealedJSONField(purpose="appeal")
    received_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    answer = SealedTextField(purpose="answer")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A removal has at most one appeal that waits for its answer.
            models.UniqueConstraint(
                fields=["removal"], name="one_waiting_appeal", condition=Q(outcome="")
            ),
            # So does the refusal of an upload.
            models.UniqueConstraint(
                fields=["upload"], name="one_waiting_appeal_per_upload", condition=Q(outcome="")
            ),
            # A refusal is contested once.
            models.UniqueConstraint(fields=["refusal"], name="one_contest_per_refusal"),
            # An appeal is against one thing.
            models.CheckConstraint(
                condition=(~Q(removal=None) & Q(upload=None) & Q(refusal=None))
                | (Q(removal=None) & ~Q(upload=None) & Q(refusal=None))
                | (Q(removal=None) & Q(upload=None) & ~Q(refusal=None)),
                name="appeals_are_against_one_thing",
            ),
            # An answered appeal has its reasons and somebody who gave them.
            models.CheckConstraint(
                condition=Q(outcome="") | (~Q(answer="") & ~Q(decided_by=None)),
                name="appeals_answered_with_reasons",
            ),
        ]

    @property
    def decision(self) -> Decision:
        """What it is against."""
        if self.refusal is not None:
            return self.refusal
        if self.removal is not None:
            return self.removal.decision
        if self.upload is None:
            raise AssertionError("the table has no appeal against nothing")
        return self.upload.refusal
