"""Django's PostgreSQL, with one writer at a time: `docs/decisions/0010-postgresql.md`."""
