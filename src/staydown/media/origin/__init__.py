"""Marks of origin: what a file itself says about how it was made.

Context for the person who decides, never a condition: see ``docs/origin.md``.
"""

from staydown.media.origin.files import (
    AnchorsError,
    marks_of_origin,
    marks_of_origin_bytes,
    new_pool,
    read_anchors,
)
from staydown.media.origin.marks import AI_SOURCE_TYPES, SOURCE_TYPES, Kind, Mark, MarkError, State

__all__ = [
    "AI_SOURCE_TYPES",
    "SOURCE_TYPES",
    "AnchorsError",
    "Kind",
    "Mark",
    "MarkError",
    "State",
    "marks_of_origin",
    "marks_of_origin_bytes",
    "new_pool",
    "read_anchors",
]
