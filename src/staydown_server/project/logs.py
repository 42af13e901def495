"""Logs, a line each: for people, or as JSON for whatever collects them. Ids only, in both."""

import json
import logging
from datetime import UTC, datetime


class JSONLine(logging.Formatter):
    """One JSON object a line. No traceback: it could quote what must not be in a log."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "at": datetime.fromtimestamp(record.created, UTC).isoformat(
                    timespec="milliseconds"
                ),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
                "process": record.process,
            }
        )
