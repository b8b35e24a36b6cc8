"""The page of an evaluation: one static file that asks no other machine for anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ml.compare import MODEL
from ml.grades.plots import plots_of

if TYPE_CHECKING:
    from ml.grades.evaluation import Evaluation
    from warehouse.company import Company

TITLES = {
    "days": ("Each tested day", "各检验日"),
    "roc": ("ROC", "ROC 曲线"),
    "precision_recall": ("Precision and recall", "精确率与召回率"),
    "calibration": ("Calibration: what was said, what happened", "校准：预测与实际"),
    "gain": ("Gain: how many of those who left are found", "增益：找到的流失客户"),
    "gain_of_revenue": ("Gain: how much of what was lost is found", "增益：找到的流失收入"),
    "lift": ("Lift", "提升度"),
    "reasons": ("First reasons on the newest tested day", "最新检验日的首要原因"),
    "groups": ("By tenure: said and happened", "按合作时长：预测与实际"),
}
METRICS = (
    ("auc", "AUC", "AUC"),
    ("average_precision", "Average precision", "平均精确率"),
    ("top_decile_lift", "Lift of the top tenth", "前十分之一提升度"),
    ("precision_at_capacity", "Right on a day's calls", "当日联系名单精确率"),
    ("brier", "Brier", "Brier 分数"),
    ("calibration_slope", "Calibration slope", "校准斜率"),
    ("calibration_error", "Calibration error", "校准误差"),
)


def write_page(evaluation: Evaluation, file: Path, *, company: Company, as_of: date, names: Mapping[str, str]) -> None:
    """Write the page, its folder too when missing. `names` are those of the features, in both languages."""
    views = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("views")), autoescape=True, undefined=StrictUndefined
    )
    grading = evaluation.grading
    ladder = [] if grading is None else [
        (method, [grading.mean(method, metric) for metric, *_ in METRICS]) for method in grading.methods
    ]  # fmt: skip
    text = views.get_template("evaluation.html.j2").render(
        company_en=company.name.en,
        company_zh=company.name.zh,
        as_of=as_of.isoformat(),
        verdict=evaluation.verdict(),
        findings=evaluation.sufficiency.findings,
        leaks=[
            (names.get(code, code), auc) for code, auc in sorted(evaluation.leaks.items(), key=lambda e: -e[1])[:10]
        ],
        metrics=METRICS,
        model=MODEL,
        ladder=ladder,
        days=[] if grading is None else grading.days,
        unseen=None if evaluation.unseen is None else evaluation.unseen.line(),
        plots=[(TITLES[name], svg) for name, svg in plots_of(evaluation, names).items()],
        groups=evaluation.groups,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
