"""The plots of an evaluation, each as SVG text that a page holds without asking another machine for anything."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ml.compare import MODEL
from ml.grades.curves import Curve, Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ml.grades.evaluation import Evaluation, Group
    from ml.grades.grading import Grading

_SIZE = (5.2, 3.9)
_OURS, _OTHER, _CHANCE = "#0b6e4f", "#c1666b", "#999999"
_MOST_BARS = 12
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # words stay words: the reader's own fonts, Chinese ones too
    "svg.hashsalt": "guanxi",  # the same plot is the same text
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
}


def plots_of(evaluation: Evaluation, names: Mapping[str, str]) -> dict[str, str]:
    """Return the plots by name; none when nothing was graded. `names` are those of the features, for people."""
    if evaluation.grading is None or evaluation.reliability is None:
        return {}
    curves = evaluation.curves
    drawn = {
        "days": lambda axes: _days(axes, evaluation.grading, evaluation.best_rung),
        "roc": lambda axes: _lines(axes, curves["roc"], "kept 未流失", "churned 已流失", chance=[(0, 0), (1, 1)]),
        "precision_recall": lambda axes: _lines(
            axes, curves["precision_recall"], "found of the churned 召回率", "churned of the found 精确率"
        ),
        "calibration": lambda axes: _calibration(axes, evaluation.reliability),
        "gain": lambda axes: _lines(
            axes, curves["gain"], "riskiest share of accounts 客户占比", "share of the churned 流失客户占比",
            chance=[(0, 0), (1, 1)],
        ),
        "gain_of_revenue": lambda axes: _lines(
            axes, curves["gain_of_revenue"], "share of accounts, by expected loss 客户占比",
            "share of revenue lost 流失收入占比", chance=[(0, 0), (1, 1)],
        ),
        "lift": lambda axes: _lines(
            axes, curves["lift"], "riskiest share of accounts 客户占比", "lift 提升度", chance=[(0, 1), (1, 1)]
        ),
        "reasons": lambda axes: _reasons(axes, {names.get(code, code): n for code, n in evaluation.reasons.items()}),
        "groups": lambda axes: _groups(axes, evaluation.groups),
    }  # fmt: skip
    return {name: _svg(draw) for name, draw in drawn.items()}


def _svg(draw: Callable[[Axes], None]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # words are left to the reader's fonts
        figure = Figure(figsize=_SIZE, layout="constrained")
        draw(figure.subplots())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]  # the page is no XML document of its own


def _lines(
    axes: Axes, curves: dict[str, Curve], x: str, y: str, *, chance: list[tuple[float, float]] | None = None
) -> None:
    if chance:
        axes.plot(*zip(*chance, strict=True), color=_CHANCE, linestyle=":", label="chance 随机")
    for method, curve in curves.items():
        axes.plot(curve.x, curve.y, color=_OURS if method == MODEL else _OTHER, label=method)
    _labelled(axes, x, y)


def _days(axes: Axes, grading: Grading | None, best: str | None) -> None:
    if grading is None:
        return
    for method, colour in ((MODEL, _OURS), (best or MODEL, _OTHER)):
        values = [day.qualities[method].average_precision for day in grading.days]
        axes.plot([str(day.snapshot_date) for day in grading.days], values, color=colour, marker="o", label=method)
    rates: list[Any] = [day.qualities[MODEL].base_rate for day in grading.days]
    axes.plot(
        [str(day.snapshot_date) for day in grading.days], rates, color=_CHANCE, linestyle=":", label="chance 随机"
    )
    axes.tick_params(axis="x", rotation=60)
    _labelled(axes, "", "average precision 平均精确率")


def _calibration(axes: Axes, found: Reliability | None) -> None:
    if found is None:
        return
    axes.plot([0, 1], [0, 1], color=_CHANCE, linestyle=":", label="as said 完全校准")
    below = [rate - low for rate, low in zip(found.happened, found.low, strict=True)]
    above = [high - rate for rate, high in zip(found.happened, found.high, strict=True)]
    axes.errorbar(found.said, found.happened, yerr=[below, above], color=_OURS, marker="o", capsize=3, label=MODEL)
    _labelled(axes, "said 预测流失率", "happened 实际流失率")


def _reasons(axes: Axes, reasons: dict[str, int]) -> None:
    shown = list(reasons.items())[:_MOST_BARS][::-1]
    axes.barh([code for code, _ in shown], [count for _, count in shown], color=_OURS)
    axes.set_xlabel("accounts with this as first reason 以此为首要原因的客户数")


def _groups(axes: Axes, groups: tuple[Group, ...]) -> None:
    shown = [group for group in groups if group.kind == "tenure"] or list(groups[:_MOST_BARS])
    names = [group.name for group in shown]
    errors = [[g.churn_rate - g.low for g in shown], [g.high - g.churn_rate for g in shown]]
    axes.errorbar(names, [group.churn_rate for group in shown], yerr=errors, fmt="o", color=_OURS, capsize=3,
                  label="happened 实际")  # fmt: skip
    axes.plot(names, [group.mean_probability for group in shown], "x", color=_OTHER, label="said 预测")
    axes.tick_params(axis="x", rotation=30)
    _labelled(axes, "tenure 合作时长", "churn rate 流失率")


def _labelled(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
