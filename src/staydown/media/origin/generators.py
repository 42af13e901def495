"""Marks that generators leave in their own ways, as ``generators.toml`` knows them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from staydown.media.origin.marks import AT_MOST, Mark

Texts = Mapping[str, Sequence[str]]
"""Texts by place, such as ``png:parameters`` or ``exif:Software``."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A tool, and the ways to know it: in one of `ways` every place must show its pattern."""

    name: str
    has_prompt: bool
    ways: tuple[Mapping[str, re.Pattern[str]], ...]
    source: str
    seen: str

    def is_in(self, texts: Texts) -> bool:
        return any(
            all(
                any(pattern.search(text) for text in texts.get(place, ()))
                for place, pattern in way.items()
            )
            for way in self.ways
        )


def _load() -> tuple[Generator, ...]:
    text = resources.files(__package__).joinpath("generators.toml").read_text("utf-8")
    return tuple(
        Generator(
            name=entry["name"],
            has_prompt=entry["prompt"],
            ways=tuple(
                {place: re.compile(pattern) for place, pattern in way.items()}
                for way in entry["ways"]
            ),
            source=entry["source"],
            seen=entry["seen"].isoformat(),
        )
        for entry in tomllib.loads(text)["generator"]
    )


# Read now: in the limited process no file can be opened later.
GENERATORS = _load()
"""All that the data file knows."""


def marks(texts: Texts) -> Iterator[Mark]:
    """One mark for each generator whose signs are among *texts*."""
    found: dict[str, bool] = {}
    for generator in GENERATORS:
        if generator.is_in(texts):
            found[generator.name] = found.get(generator.name, False) or generator.has_prompt
    for name, has_prompt in list(found.items())[:AT_MOST]:
        yield Mark("generator", generators=(name,), has_prompt=has_prompt)
