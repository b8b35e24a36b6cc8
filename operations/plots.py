"""The two plots of a night's page, as SVG text: how long each stage took beside the usual, and what came of scores."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from operations.night_facts import OutcomeFact, StageFact

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_MONTHS = 2
_OURS, _OTHER = "#0b6e4f", "#9aa4b2"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # words stay words: the reader's own fonts, Chinese ones too
    "svg.hashsalt": "guanxi",  # the same plot is the same text
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
}


def stages_plot(stages: Sequence[StageFact]) -> str | None:
    """Draw the seconds of each stage beside those of former nights; None when there are no former nights."""
    shown = [each for each in stages if each.seconds is not None]
    if not any(each.usual_seconds is not None for each in shown):
        return None

    def draw(axes: Axes) -> None:
        places = [float(-number) for number in range(len(shown))]
        axes.barh(places, [each.seconds or 0.0 for each in shown], height=0.6, color=_OURS, label="tonight 今晚")
        usual = [(place, each.usual_seconds) for place, each in zip(places, shown, strict=True) if each.usual_seconds]
        axes.plot([seconds for _, seconds in usual], [place for place, _ in usual], "D", color="black", markersize=4,
                  label="usual: median of former nights 平时（中位数）")  # fmt: skip
        axes.set_yticks(places, [each.name for each in shown])
        axes.set_xlabel("seconds 秒")
        axes.legend(frameon=False, fontsize=8)

    return _svg(draw, height=1.2 + 0.26 * len(shown))


def outcomes_plot(outcomes: Sequence[OutcomeFact]) -> str | None:
    """Draw what was said and what came of it by month, with limits of confidence; None below two months."""
    shown = [each for each in outcomes if each.realised is not None and each.predicted is not None]
    if len({each.month for each in shown}) < LEAST_MONTHS:
        return None

    def draw(axes: Axes) -> None:
        months = [f"{each.month:%Y-%m}" for each in shown]
        realised = [each.realised or 0.0 for each in shown]
        below = [max(0.0, rate - (each.low or rate)) for rate, each in zip(realised, shown, strict=True)]
        above = [max(0.0, (each.high or rate) - rate) for rate, each in zip(realised, shown, strict=True)]
        axes.errorbar(months, realised, yerr=[below, above], fmt="o", color=_OURS, capsize=3, label="happened 实际")
        axes.plot(months, [each.predicted or 0.0 for each in shown], "x", color="black", label="said 预测")
        right = [
            (month, each.precision) for month, each in zip(months, shown, strict=True) if each.precision is not None
        ]
        axes.plot([month for month, _ in right], [rate for _, rate in right], color=_OTHER, marker="s",
                  label="right at capacity 容量内命中率")  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.set_ylabel("share of accounts 客户占比")
        axes.tick_params(axis="x", rotation=45)
        axes.legend(frameon=False, fontsize=8)

    return _svg(draw, height=3.2)


def _svg(draw: Callable[[Axes], None], *, height: float) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # words are left to the reader's fonts
        figure = Figure(figsize=(6.4, height), layout="constrained")
        draw(figure.subplots())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]  # the page is no XML document of its own
