"""Durable jobs. ``@job`` names a function, ``.defer(...)`` queues it in your transaction.

A job may run more than once (its worker was killed just before the end), so a job's function
must do no harm when repeated. Its arguments are ids.
"""

from staydown_server.jobs.queue import JobFunction, RetryLater, defer, job, keep_waiting

__all__ = ["JobFunction", "RetryLater", "defer", "job", "keep_waiting"]
