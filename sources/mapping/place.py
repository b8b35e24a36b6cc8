"""Where a source's words stand in its company.yml, as a person finds them: file and line, source, entity, field."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.lines import Lines

Path = tuple[str | int, ...]
"""Keys and list numbers, one below the other."""

_ONE_OF = {"entities": "entity", "datasets": "dataset", "fields": "field", "extra": "extra field"}


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """One source's entry. `number` is its place in the list of sources; without `lines` no line is told."""

    source: str
    file: str = "company.yml"
    lines: Lines | None = None
    number: int = 0

    def at(self, *path: str | int, line: int | None = None) -> str:
        """Return the words for a place below the entry: `company.yml:42, source erp, entity orders, field status`.

        What is not there is told with the line of the nearest part that is. `line` replaces the place's own.
        """
        line = line or self.line_of(*path)
        return ", ".join((self.file + (f":{line}" if line else ""), f"source {self.source}", *_words(path)))

    def line_of(self, *path: str | int) -> int | None:
        """Return the line of a place below the entry, where it is known."""
        return None if self.lines is None else self.lines.line_of(("sources", self.number, *path))


def _words(path: Path) -> list[str]:
    words: list[str] = []
    kind: str | None = None
    for part in (each for each in path if isinstance(each, str)):
        if kind is not None:
            words[-1] = f"{kind} {part}"
            kind = None
        else:
            words.append(part)
            kind = _ONE_OF.get(part)
    return words
