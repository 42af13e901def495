"""Model fields that are sealed in the database: plain in Python, unreadable in the table."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from staydown_server import vault

if TYPE_CHECKING:
    BinaryField = models.BinaryField[Any, Any]
else:
    BinaryField = models.BinaryField


class SealedField(BinaryField):
    """What is sealed with the key of its *purpose*, in a form that the subclasses say."""

    def __init__(self, *, purpose: str, **options: Any) -> None:
        self.purpose = purpose
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, {**options, "purpose": self.purpose}


class SealedJSONField(SealedField):
    """JSON, sealed differently each time: two rows with one value do not look alike."""

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return (
            None if value is None else json.loads(vault.unseal(bytes(value), purpose=self.purpose))
        )

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        sealed = vault.seal(plain, purpose=self.purpose)
        return super().get_db_prep_value(sealed, connection, prepared)


class SealedTextField(SealedField):
    """Text, sealed the same each time: rows with one value are found by it, and a row that is
    saved again stays as the audit log knows it.

    Whoever reads the table learns which rows say the same, and which say nothing.
    """

    def __init__(self, *, purpose: str, **options: Any) -> None:
        super().__init__(purpose=purpose, **{"default": str, **options})

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> str | None:
        if not value:
            return None if value is None else ""
        return vault.unseal(bytes(value), purpose=self.purpose).decode()

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, str):
            value = vault.seal_alike(value.encode(), purpose=self.purpose) if value else b""
        return super().get_db_prep_value(value, connection, prepared)
