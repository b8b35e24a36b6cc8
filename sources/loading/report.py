"""What an extract did, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sources.errors import UndeliveredError
from sources.loading.quarantine import Refused


@dataclass(frozen=True, slots=True)
class EntityReport:
    """Counts of one entity: extracted = new + changed + unchanged + quarantined.

    Held-back rows, and records that are gone (`deleted`), are none of these. `newest_event` is the day of the newest
    event among what was extracted; None when the entity's contract names no event, or nothing tells its day. `erased`
    rows are of persons who were erased, or name them; they are among the others.
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
    newest_event: date | None = None
    refused: tuple[Refused, ...] = ()
    erased: int = 0


@dataclass(frozen=True, slots=True)
class Carried:
    """A source that gave nothing tonight and stands as it was at the end of `delivered_through`."""

    delivered_through: date
    stale_days: int
    problem: UndeliveredError


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """Counts of one source, what to warn of, and the seconds it took. A carried source has no counts."""

    source: str
    entities: tuple[EntityReport, ...]
    warnings: tuple[str, ...]
    seconds: float
    carried: Carried | None = None

    def lines(self) -> list[str]:
        """Return the report as lines to print."""
        if self.carried is not None:
            return self._carried_lines(self.carried)
        lines = [f"{self.source}: extracted in {self.seconds:.1f} s"]
        for each in self.entities:
            line = (
                f"  {each.entity}: {each.extracted:,} extracted, {each.new:,} new, {each.changed:,} changed,"
                f" {each.unchanged:,} unchanged, {each.quarantined:,} quarantined"
            ) + (f", {each.deleted:,} deleted" if each.deleted else "")
            line += f"; {each.erased:,} rows of or about erased persons" if each.erased else ""
            lines.append(line + (f"; {each.held_back:,} rows wait for their day" if each.held_back else ""))
            lines += [f"    {refused.rule}: {refused.count:,}" for refused in each.refused]
        return lines + [f"  warning: {warning}" for warning in self.warnings]

    def _carried_lines(self, carried: Carried) -> list[str]:
        entities = ", ".join(each.entity for each in self.entities)
        if carried.stale_days:
            stale = f"as of {carried.delivered_through}, {carried.stale_days} day{'s' * (carried.stale_days > 1)} stale"
            lines = [
                f"{self.source}: it gave nothing; {entities} are carried forward {stale}",
                "  the night goes on without it; the first night in which it delivers takes in all that came since",
            ]
        else:
            lines = [f"{self.source}: it gave nothing now, but has been read for {carried.delivered_through} before"]
        return [*lines, *(f"  {line}" for line in str(carried.problem).splitlines())]
