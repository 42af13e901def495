"""Work that outlives the request that asked for it."""

from django.db import models


class Job(models.Model):
    """One piece of work: a name and the ids it is about.

    Whoever works on it holds a lease and renews it; a lease that runs out (its holder was
    killed) is taken over by the next worker.
    """

    name = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    run_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["run_at", "id"],
                name="jobs_waiting",
                condition=models.Q(finished_at=None),
            )
        ]
