"""Removals: what was ordered from a host, and how far it got."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

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

    class Trouble(models.TextChoices):
        """Why the host does not obey: somebody has to do something about it."""

        TOKEN = "token", _("the host does not accept our token")
        FORBIDDEN = "forbidden", _("our token may not do this at the host")
        SETTINGS = "settings", _("the connection to the host is set up wrongly")
        UNKNOWN_ID = "unknown_id", _("the host cannot tell from its id which item is meant")
        REJECTED = "rejected", _("the host did not accept the order")
        TOO_OLD = "too_old", _("too old for us to delete: its administrators have to do it")
        OCCUPIED = "occupied", _("something else is in its old place now")
        CANNOT_RESTORE = "cannot_restore", _("this host cannot put it back")

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
    # When we first saw that it is gone.
    verified_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    # How often the host was looked at after it said "done" and still served the item.
    still_served = models.PositiveIntegerField(default=0)
    # How often a later look found an item again that was gone.
    came_back = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=20, choices=Trouble.choices, blank=True)
    # What the connector needs to put it back and to look for it: ids and places at the host.
    receipt = models.JSONField(default=dict)
    # The uploader's secret link to the statement of reasons; the link itself is derived.
    reasons_digest = models.BinaryField(max_length=32, unique=True, null=True)

    class Meta:
        indexes = [models.Index(fields=["verified_at"], name="removals_by_time")]
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
