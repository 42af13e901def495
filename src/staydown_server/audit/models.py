"""The audit log: a chain in which each line holds the hash of the line before it."""

from django.db import models


class Entry(models.Model):
    """One state change. Holds ids and numbers, never a name, a text or a fingerprint."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.CharField(max_length=32)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80, db_index=True)
    actor = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)


class Head(models.Model):
    """The last line's number and hash: one row, locked by whoever adds a line."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)
    # Keyed, so that no earlier line can be made the last.
    seal = models.CharField(max_length=64)
