"""Removals: what was ordered from a host, and how far it got."""

from django.db import models
from django.db.models import Q

from staydown_server.cases.models import Decision
from staydown_server.catalogue.models import Item


class Removal(models.Model):
    """An order to take one item down, which can be undone until the appeal time is over."""

    class State(models.TextChoices):
        ORDERED = "ordered"
        CARRIED_OUT = "carried_out"
        VERIFIED = "verified"
        RESTORE_ORDERED = "restore_ordered"
        RESTORED = "restored"

    item = models.ForeignKey(Item, on_delete=models.PROTECT)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="removals")
    restore_decision = models.ForeignKey(
        Decision, null=True, on_delete=models.PROTECT, related_name="restorations"
    )
    state = models.CharField(max_length=20, choices=State.choices, default=State.ORDERED)
    # Counts the turns of the order, and names its events: the host obeys each number once.
    turn = models.PositiveIntegerField(default=1)
    ordered_at = models.DateTimeField(auto_now_add=True)
    carried_out_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    # How often the host was looked at after it said "done" and still served the item.
    still_served = models.PositiveIntegerField(default=0)
    # The uploader's secret link to the statement of reasons; the link itself is derived.
    reasons_digest = models.BinaryField(max_length=32, unique=True, null=True)

    class Meta:
        constraints = [
            # An item has at most one removal that is not undone.
            models.UniqueConstraint(
                fields=["item"], name="one_open_removal", condition=~Q(state="restored")
            ),
            # What is restored was restored by a decision.
            models.CheckConstraint(
                condition=~Q(state__in=["restore_ordered", "restored"]) | ~Q(restore_decision=None),
                name="restored_by_a_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"removal:{self.pk}"

    @property
    def is_undone(self) -> bool:
        """It was restored, or will be."""
        return self.state in (self.State.RESTORE_ORDERED, self.State.RESTORED)
