"""A model field whose value is sealed in the database."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from staydown_server import vault

if TYPE_CHECKING:
    BinaryField = models.BinaryField[Any, Any]
else:
    BinaryField = models.BinaryField


class SealedJSONField(BinaryField):
    """JSON sealed with the key of its *purpose*; plain in Python, unreadable in the table."""

    def __init__(self, *, purpose: str, **options: Any) -> None:
        self.purpose = purpose
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, {**options, "purpose": self.purpose}

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
