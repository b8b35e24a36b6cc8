"""The gate: hold the night's promises to what is there, and stop the night when a critical one is broken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from expectations.light_start import load_great_expectations
from expectations.outcome import Outcome
from expectations.suite import Skipped, Stage
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.errors import GateClosedError
from warehouse.night import Claim, Night


@dataclass(frozen=True, slots=True)
class GateReport:
    """What a gate found. `page` is the static page that shows it."""

    stage: Stage
    outcomes: tuple[Outcome, ...]
    skipped: tuple[Skipped, ...]
    page: Path
    seconds: float

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """The critical promises that are broken."""
        return tuple(each for each in self.outcomes if not each.is_success and each.severity == "critical")

    @property
    def warnings(self) -> tuple[Outcome, ...]:
        return tuple(each for each in self.outcomes if not each.is_success and each.severity == "warning")

    def lines(self) -> list[str]:
        """Return what to tell: the count, each broken warning, what was not checked, and the page."""
        kept = sum(each.is_success for each in self.outcomes)
        return [
            f"check {self.stage}: {kept} of {len(self.outcomes)} promises kept",
            *(f"warning: {_told(each)}" for each in self.warnings),
            *(f"{each.name} is not checked: {each.because}" for each in self.skipped),
            f"page: {self.page}",
        ]


def check(
    stage: Stage,
    *,
    night: Night,
    claim: Claim,
    warehouse: Warehouse,
    company: Company,
    docs_folder: Path,
    progress: Callable[[str], None],
) -> GateReport:
    """Check everything that a stage promises, keep the results and write the page.

    Results are stored and the page is written before GateClosedError is raised for broken critical promises;
    broken warnings are told in the report. Great Expectations' own verdict is not used: it
    counts a warning as a failure. Raises FencedError when a later attempt owns the stage.
    """
    started = time.monotonic()
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the first import
    progress("loading Great Expectations")
    load_great_expectations()
    from expectations import catalogue, engine, page, results, scope

    with warehouse.connect(Role.CHECKER, application_name=f"guanxi check {stage}") as connection:
        known = scope.read_scope(connection, stage=stage, night=night, company=company)
        has_temporary_tables = scope.may_make_temporary_tables(connection)
        connection.rollback()  # no transaction stays open while Great Expectations reads through its own connection
        suites, skipped = catalogue.suites(stage, known)
        progress(f"checking {len(suites)} tables")
        url = warehouse.url(
            Role.CHECKER, driver="postgresql+psycopg2", application_name=f"guanxi check {stage} of {night.run_id}"
        )
        validated = engine.validate(suites, url=url, name=f"check {stage}", has_temporary_tables=has_temporary_tables)
        results.store(connection, claim=claim, stage=stage, outcomes=validated.outcomes, scope=known)
    file = page.write_page(
        docs_folder,
        stage=stage,
        night=night,
        company=company,
        outcomes=validated.outcomes,
        skipped=skipped,
        results=validated.results,
    )
    report = GateReport(
        stage=stage,
        outcomes=validated.outcomes,
        skipped=tuple(skipped),
        page=file,
        seconds=time.monotonic() - started,
    )
    if report.broken:
        raise _closed(report, live_stays=known.live_as_of is not None)
    return report


def _closed(report: GateReport, *, live_stays: bool) -> GateClosedError:
    count = len(report.broken)
    warned = f"\n    and {len(report.warnings)} broken as a warning" if report.warnings else ""
    return GateClosedError(
        f"check {report.stage}: {count} {'promise' if count == 1 else 'promises'} broken",
        seen=_lines(report.broken) + warned,
        expected="every critical promise kept" + ("; the last good night stays live" if live_stays else ""),
        next_step=(
            f"read {report.page}; correct the source or the mapping, then run the night again"
            " as docs/runbooks/nightly.md says"
        ),
    )


def _lines(outcomes: Sequence[Outcome]) -> str:
    return "".join(f"\n    - {_told(each)}" for each in outcomes)


def _told(outcome: Outcome) -> str:
    return f"{outcome.suite}: {outcome.description_en} Seen {outcome.observed}, promised {outcome.expected}."
