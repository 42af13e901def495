"""Records each state change, in the transaction that makes it, in a hash-chained log."""

from staydown_server.audit.chain import Report, record, verify

__all__ = ["Report", "record", "verify"]
