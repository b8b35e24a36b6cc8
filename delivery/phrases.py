"""The catalogue of sentences a letter is written with, one kind of letter and one language at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from delivery.letter import StaleSource
from delivery.managers import Language
from warehouse.plain_yaml import read_yaml

_CATALOGUES = Path(__file__).parent / "sentences"
_EVERY_LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's sentences. A placeholder's value is put in as it is: escape it where it is shown."""

    language: Language
    sentences: Mapping[str, str]
    columns: Mapping[str, str]
    methods: Mapping[str, str]

    def say(self, name: str, /, **values: object) -> str:
        """Return a sentence. Raises KeyError for a sentence or a value that does not exist."""
        return self.sentences[name].format_map(values)

    def count(self, name: str, count: int, /, **values: object) -> str:
        """Return a sentence about a number of things: its own `_one` or `_none` form where the catalogue has one."""
        special = name + {1: "_one", 0: "_none"}.get(count, "")
        return self.say(special if special in self.sentences else name, count=f"{count:,}", **values)

    def days(self, name: str, days: int) -> str:
        """Return a sentence about days: its own `_today` or `_one` form where the catalogue has one."""
        special = name + {0: "_today", 1: "_one"}.get(days, "")
        return self.say(special if special in self.sentences else name, days=f"{days:,}")

    def stale_source(self, source: StaleSource) -> str:
        """Return as of when a source's data are."""
        name = "stale_source" if source.delivered_through else "stale_source_never"
        return self.say(name, source=source.source, day=source.delivered_through)

    def method(self, method_code: str) -> str:
        """Return who made the list, and why."""
        return self.methods.get(method_code) or self.methods["other"].format_map({"method": method_code})


@cache
def phrases_in(language: Language, kind: str) -> Phrases:
    """Read the sentences of one kind of letter in one language, with those that every letter has."""
    entry = _read(_EVERY_LETTER)[language] | _read(kind)[language]
    return Phrases(
        language=language,
        sentences={key: value for key, value in entry.items() if isinstance(value, str)},
        columns=dict(entry.get("columns", {})),
        methods=dict(entry.get("methods", {})),
    )


@cache
def _read(name: str) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = read_yaml(_CATALOGUES / f"{name}.yml")
    return content
