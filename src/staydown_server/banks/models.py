"""Banks, and what was imported into them."""

from django.db import models
from django.db.models import Q

from staydown_server.accounts.models import Host
from staydown_server.cases.models import CaseItem
from staydown_server.vault.fields import SealedJSONField


class Bank(models.Model):
    """A named collection of fingerprints that one host keeps."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT)
    name = models.CharField(max_length=255, unique=True)
    # What the host wrote. Anything above 0 means that its contents are kept down.
    enabled_ratio = models.FloatField(default=1.0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # A ratio is one.
            models.CheckConstraint(
                condition=Q(enabled_ratio__gte=0) & Q(enabled_ratio__lte=1),
                name="ratios_are_shares",
            )
        ]

    def __str__(self) -> str:
        return f"bank:{self.pk}"


class Content(models.Model):
    """One imported fingerprint: a case of its own, which what matches it joins."""

    case_item = models.OneToOneField(CaseItem, primary_key=True, on_delete=models.PROTECT)
    bank = models.ForeignKey(Bank, on_delete=models.CASCADE)
    # The host's own notes, sealed: they may say more than they should.
    metadata = SealedJSONField(purpose="bank content", default=dict)
    # Switched off by the host: for good, or until then.
    is_off = models.BooleanField(default=False)
    off_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # What is on has no time at which it comes on.
            models.CheckConstraint(
                condition=Q(is_off=True) | Q(off_until=None), name="only_what_is_off_waits"
            )
        ]

    def __str__(self) -> str:
        return f"content:{self.pk}"
