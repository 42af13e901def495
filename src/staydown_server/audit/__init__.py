"""Records each state change, in the transaction that makes it, in a hash-chained log."""

from staydown_server.audit.chain import Report, is_ours, record, verify

__all__ = ["Report", "is_ours", "record", "verify"]
