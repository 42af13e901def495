"""How much one file may cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file. The defaults take every phone's camera and stop bombs.

    `megabytes` (of a film: `film_megabytes`) and `megapixels` are checked before
    decoding, from the file's own header; `frames` is how many frames of an animation
    are looked at, spread over its length. `seconds` is wall-clock time, `cpu_seconds`
    processor time, for one request (a long film takes several), and `memory_megabytes`
    the address space of the process that decodes.
    """

    megabytes: int = 200
    film_megabytes: int = 16_000
    megapixels: int = 130
    frames: int = 8
    seconds: float = 30.0
    cpu_seconds: int = 20
    memory_megabytes: int = 2048

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, float]) -> Self:
        return cls(
            megabytes=int(values["megabytes"]),
            film_megabytes=int(values["film_megabytes"]),
            megapixels=int(values["megapixels"]),
            frames=int(values["frames"]),
            seconds=float(values["seconds"]),
            cpu_seconds=int(values["cpu_seconds"]),
            memory_megabytes=int(values["memory_megabytes"]),
        )


DEFAULT_LIMITS = Limits()
