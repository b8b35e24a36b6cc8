"""The gate's page: one static file that asks no other machine for anything.

Great Expectations' own pages load their styles and scripts from eight hosts and stay blank without them. So its
renderer is given our page template, and its sections stand below our table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from expectations.outcome import Outcome
from expectations.suite import Skipped, Stage
from warehouse.company import Company
from warehouse.night import Night

TITLES = {
    "raw": ("What arrived", "到达的数据"),
    "marts": ("What leaves: marts", "输出：数据集市"),
    "scores": ("What leaves: scores and lists", "输出：评分与清单"),
}


def write_page(
    folder: Path,
    *,
    stage: Stage,
    night: Night,
    company: Company,
    outcomes: Sequence[Outcome],
    skipped: Sequence[Skipped],
    results: Sequence[Any],
) -> Path:
    """Write index.html into `folder` (made when missing) and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    title_en, title_zh = TITLES[stage]
    views = str(Path(__file__).with_name("views"))
    view = DefaultJinjaPageView(custom_styles_directory=views, custom_views_directory=views)
    renderer = ValidationResultsPageRenderer()
    sections = [section for result in results for section in renderer.render(result).to_json_dict()["sections"]]
    broken = [outcome for outcome in outcomes if not outcome.is_success]
    page = view._get_template("gate_page.j2").render(
        title_en=title_en,
        title_zh=title_zh,
        company_en=company.name.en,
        company_zh=company.name.zh,
        as_of=night.as_of.isoformat(),
        run_id=night.run_id,
        broken=sum(outcome.severity == "critical" for outcome in broken),
        told=sorted(broken, key=lambda outcome: outcome.severity),
        warned=sum(outcome.severity == "warning" for outcome in broken),
        suites=[(name, list(group)) for name, group in groupby(outcomes, key=lambda outcome: outcome.suite)],
        skipped_suites=skipped,
        sections=sections,
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path
