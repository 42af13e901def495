"""A transaction waits for the one before it, as on SQLite with ``BEGIN IMMEDIATE``.

The audit log is a chain: its lines, and so the transactions that write them, follow one
another on every database. A writer that takes its turn when it begins also can neither act on
what another one is about to change, nor wait in a circle; and what is numbered by a sequence
is committed in the order of its numbers, so that whoever follows the numbers misses nothing.

Single statements outside a transaction (claims and leases of jobs, reads) do not wait.
"""

from django.db import DatabaseError
from django.db.backends.postgresql import base

#: Names the lock among the advisory locks of the database: any number, the same everywhere.
WRITER = 0x57A7D0


class DatabaseWrapper(base.DatabaseWrapper):
    """What Django calls a connection."""

    def set_autocommit(
        self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False
    ) -> None:
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        if not autocommit:
            try:
                with self.cursor() as cursor:
                    # PostgreSQL gives it back, once all can see what the transaction did.
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITER])
            except DatabaseError:
                # A transaction that never began must not be found open by the next one.
                self.close()
                raise
