"""What an extract did, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sources.loading.quarantine import Refused


@dataclass(frozen=True, slots=True)
class EntityReport:
    """Counts of one entity: extracted = new + changed + unchanged + quarantined.

    Held-back rows, and records that are gone (`deleted`), are none of these.
    """

    entity: str
    dataset: str
    is_full: bool
    extracted: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    deleted: int = 0
    held_back: int = 0
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """Counts of one source, what to warn of, and the seconds it took."""

    source: str
    entities: tuple[EntityReport, ...]
    warnings: tuple[str, ...]
    seconds: float

    def lines(self) -> list[str]:
        """Return the report as lines to print."""
        lines = [f"{self.source}: extracted in {self.seconds:.1f} s"]
        for each in self.entities:
            line = (
                f"  {each.entity}: {each.extracted:,} extracted, {each.new:,} new, {each.changed:,} changed,"
                f" {each.unchanged:,} unchanged, {each.quarantined:,} quarantined"
            ) + (f", {each.deleted:,} deleted" if each.deleted else "")
            lines.append(line + (f"; {each.held_back:,} rows wait for their day" if each.held_back else ""))
            lines += [f"    {refused.rule}: {refused.count:,}" for refused in each.refused]
        return lines + [f"  warning: {warning}" for warning in self.warnings]
