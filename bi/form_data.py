"""A chart as Superset's own form data: what its page for charts would have saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bi.dataset_sql import Column, columns_of
from bi.description import Chart, Dataset, Kind, Metric

FormData = dict[str, Any]

VIZ_TYPES: dict[Kind, str] = {
    "number": "big_number_total",
    "line": "echarts_timeseries_line",
    "area": "echarts_area",
    "bar": "echarts_timeseries_bar",
    "scatter": "echarts_timeseries_scatter",
    "heatmap": "heatmap_v2",
    "table": "table",
    "rows": "table",
}

_GRAINS = {"week": "P1W", "month": "P1M", "quarter": "P3M"}
_NARROW = 4
_DATE = "%Y-%m-%d"
_MONTH = "%Y-%m"
_AMOUNT = ",.0f"
_RATE = ".0%"
_AMOUNTS = ("amount", "revenue", "revenue_before", "margin", "mrr", "clv", "margin_at_risk", "expected_loss")
_RATES = ("rate", "risk", "probability", "share_so_far")


def form_data(chart: Chart, dataset: Dataset) -> FormData:
    """Return a chart's form data; the data source is filled in by the import."""
    return {
        "viz_type": VIZ_TYPES[chart.kind],
        "adhoc_filters": _filters(chart, dataset),
        "extra_form_data": {},
        "color_scheme": "supersetColors",
        "row_limit": chart.limit,
        **_OF_KIND[chart.kind](chart, dataset),
    }


def metric(each: Metric) -> FormData:
    """Return a figure as an aggregate of its own, which needs no metric of the dataset."""
    return {
        "expressionType": "SQL",
        "sqlExpression": each.sql,
        "label": each.name.both,
        "hasCustomLabel": True,
        "optionName": f"metric_{each.name.en.lower().replace(' ', '_')}",
    }


def _filters(chart: Chart, dataset: Dataset) -> list[FormData]:
    found: list[FormData] = []
    if dataset.day is not None:
        found.append(
            {
                "expressionType": "SIMPLE",
                "clause": "WHERE",
                "subject": dataset.day,
                "operator": "TEMPORAL_RANGE",
                "comparator": "No filter",
            }
        )
    if chart.where:
        found.append({"expressionType": "SQL", "clause": "WHERE", "sqlExpression": chart.where})
    return found


def _number(chart: Chart, _: Dataset) -> FormData:
    (figure,) = chart.metrics
    is_date = figure.format.startswith("%")
    return {
        "metric": metric(figure),
        "header_font_size": 0.5,
        "subheader": chart.note.both if chart.note else "",
        "subheader_font_size": 0.125,
        "y_axis_format": "SMART_NUMBER" if is_date else figure.format,
        "time_format": figure.format if is_date else "smart_date",
        "force_timestamp_formatting": is_date,
    }


def _over_an_axis(chart: Chart, dataset: Dataset) -> FormData:
    first = chart.metrics[0]
    found: FormData = {
        "x_axis": chart.x,
        "metrics": [metric(each) for each in chart.metrics],
        "groupby": list(chart.by),
        "y_axis_format": first.format,
        "rich_tooltip": True,
        "show_legend": bool(chart.by) or len(chart.metrics) > 1,
        "legendOrientation": "top",
        "legendType": "scroll",
        "truncateXAxis": True,
        "x_axis_time_format": _DATE if _is_of_a_night(chart) else _MONTH,
        "tooltipTimeFormat": _DATE,
        "markerEnabled": chart.kind == "line" and _is_date(chart.x, dataset),
        "markerSize": 5,
        "orientation": "horizontal" if chart.is_horizontal else "vertical",
        "stack": "Stack" if chart.is_stacked else None,
        "order_desc": True,
        "sort_series_type": "sum",
        "sort_series_ascending": False,
        # beside one another names need room; below one another each has its line
        "xAxisLabelInterval": "0" if chart.is_horizontal else "auto",
        "xAxisLabelRotation": 45 if chart.width <= _NARROW and _is_date(chart.x, dataset) else 0,
        "x_axis_title_margin": 15,
        "y_axis_title_margin": 15,
        "truncate_metric": True,
        "show_empty_columns": True,
    }
    if _is_date(chart.x, dataset):
        found["time_grain_sqla"] = _GRAINS.get(chart.grain or "")
    else:
        found["x_axis_sort"] = first.name.both if chart.order is None else chart.order
        found["x_axis_sort_asc"] = chart.is_ascending
        found["xAxisForceCategorical"] = chart.kind != "line"
    return found


def _heatmap(chart: Chart, _: Dataset) -> FormData:
    (figure,) = chart.metrics
    (row,) = chart.by
    return {
        "x_axis": chart.x,
        "groupby": row,
        "metric": metric(figure),
        "normalize_across": "heatmap",
        "linear_color_scheme": "greens",
        "legend_type": "continuous",
        "show_legend": False,
        "show_values": True,
        "show_percentage": False,
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_asc",
        "y_axis_format": figure.format,
        "xscale_interval": 1,
        "yscale_interval": 1,
        "xAxisLabelRotation": 45 if chart.is_aslant else 0,
        "left_margin": "auto",
        "bottom_margin": "auto",
        "value_bounds": [None, None],
    }


def _table(chart: Chart, _: Dataset) -> FormData:
    order = next((each for each in chart.metrics if each.name.en == chart.order), chart.metrics[0])
    return {
        **_as_table(chart),
        "query_mode": "aggregate",
        "groupby": list(chart.by),
        "metrics": [metric(each) for each in chart.metrics],
        "timeseries_limit_metric": metric(order),
        "order_desc": not chart.is_ascending,
        "column_config": {each.name.both: {"d3NumberFormat": each.format} for each in chart.metrics},
    }


def _rows(chart: Chart, dataset: Dataset) -> FormData:
    formats = {column.name: _format_of(column) for column in columns_of(dataset) if column.name in chart.columns}
    order = [] if chart.order is None else [json.dumps([chart.order, chart.is_ascending])]
    return {
        **_as_table(chart),
        "query_mode": "raw",
        "all_columns": list(chart.columns),
        "order_by_cols": order,
        "column_config": {name: {"d3NumberFormat": each} for name, each in formats.items() if each is not None},
    }


def _as_table(chart: Chart) -> FormData:
    return {
        "server_page_length": 10,
        "page_length": 0 if chart.height >= 40 else 10,  # noqa: PLR2004 - a tall table scrolls, a low one has pages
        "include_search": False,
        "show_cell_bars": True,
        "color_pn": False,
        "table_timestamp_format": _DATE,
        "allow_rearrange_columns": False,
    }


def _format_of(column: Column) -> str | None:
    if column.type.startswith(("numeric", "double", "integer", "bigint")):
        if column.name in _RATES or column.name.endswith(tuple(f"_{each}" for each in _RATES)):
            return _RATE
        if column.name in _AMOUNTS or column.name.endswith("_amount"):
            return _AMOUNT
        return ",.1f" if column.type.startswith(("numeric", "double")) else ",d"
    return None


def _is_of_a_night(chart: Chart) -> bool:
    """Whether the axis has nights, whose very day counts; months and month ends are told as months."""
    return chart.grain is None and chart.x in {"as_of_date", "scored_date"}


def _is_date(name: str | None, dataset: Dataset) -> bool:
    return any(column.name == name and column.type.startswith(("date", "timestamp")) for column in columns_of(dataset))


_OF_KIND: dict[Kind, Callable[[Chart, Dataset], FormData]] = {
    "number": _number,
    "line": _over_an_axis,
    "area": _over_an_axis,
    "bar": _over_an_axis,
    "scatter": _over_an_axis,
    "heatmap": _heatmap,
    "table": _table,
    "rows": _rows,
}
