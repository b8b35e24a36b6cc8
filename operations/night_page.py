"""The page of a night: one static file that asks no other machine for anything."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from operations.next_steps import RUNBOOK, next_steps
from operations.night_facts import NightFacts
from operations.plots import outcomes_plot, stages_plot
from operations.runbook_page import write_runbook

FILE = "report.html"
VERDICTS = {
    "published": ("Published", "已发布"),
    "failed": ("Not published", "未发布"),
    "at_work": ("At work", "执行中"),
}


def views() -> Environment:
    """Return the templates of this room, escaped."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("views")), autoescape=True, undefined=StrictUndefined
    )


def write_night_page(night: NightFacts, folder: Path) -> Path:
    """Write report.html into the run's folder, and the runbook it links to beside the runs; return the page.

    The same facts write the same page. The folder is made when missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_runbook(RUNBOOK, folder.parent / "runbooks")
    page = folder / FILE
    page.write_text(
        views()
        .get_template("night.html.j2")
        .render(
            night=night,
            began=night.started_at.astimezone(ZoneInfo(night.timezone)).strftime("%Y-%m-%d %H:%M %Z"),
            verdict=VERDICTS[night.verdict],
            steps=next_steps(night),
            runbook=RUNBOOK,
            reports={gate.stage: _report(folder, night.attempt, gate.stage) for gate in night.gates},
            stages_plot=stages_plot(night.stages),
            outcomes_plot=outcomes_plot(night.outcomes),
            figure=figure,
            rate=rate,
        ),
        encoding="utf-8",
    )
    return page


def _report(folder: Path, attempt: int, stage: str) -> str | None:
    """Return the link to a gate's own page, None when it wrote none."""
    file = f"attempt-{attempt}/checks-{stage}/index.html"
    return file if (folder / file).exists() else None


def figure(seconds: float | None) -> str:
    """Return seconds for people, an empty text for none."""
    return "" if seconds is None else f"{seconds:,.1f}"


def rate(share: float | None) -> str:
    """Return a share as per cent, a dash for none."""
    return "–" if share is None else f"{share:.0%}"
