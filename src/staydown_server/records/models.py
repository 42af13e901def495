"""Numbers that take long to count, kept for the desk."""

from django.db import models


class Counted(models.Model):
    """How the last *days* went (`now.Course`), as it was counted a while ago."""

    days = models.PositiveSmallIntegerField(primary_key=True)
    at = models.DateTimeField()
    course = models.JSONField()

    def __str__(self) -> str:
        return f"counted:{self.days}"
