"""Datasets, charts and dashboards in the form that Superset imports: a file each, by names that never change."""

from __future__ import annotations

import uuid
from typing import Any

import yaml

from bi.dataset_sql import columns_of, query_of
from bi.description import Chart, Dashboard, Dataset, Description, FilterName
from bi.form_data import VIZ_TYPES, form_data

_VERSION = "1.0.0"
_OURS = uuid.UUID("5f8d6a52-3f0e-4d52-9a5e-6b0f0b8f6c11")
DATABASE_FILE = "databases/guanxi.yaml"

_FILTERS: dict[FilterName, str] = {
    "day": "Day 日期",
    "account_manager": "Account manager 客户经理",
    "segment": "Segment 客户分群",
    "region": "Region 地区",
    "industry": "Industry 行业",
}


def stable_id(kind: str, name: str) -> str:
    """Return the id of a thing of ours: the same for the same name, so that an import changes it and adds none."""
    return str(uuid.uuid5(_OURS, f"{kind}/{name}"))


def chart_id(dashboard: Dashboard, chart: Chart) -> str:
    return stable_id("chart", f"{dashboard.slug}/{chart.title.en}")


def asset_files(description: Description, *, database_url: str) -> dict[str, str]:
    """Return every file of the bundle by its path. `database_url` has no password: that is given to the import."""
    files: dict[str, Any] = {
        "metadata.yaml": {"version": _VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        DATABASE_FILE: _database(database_url),
    }
    for dataset in description.datasets:
        files[f"datasets/guanxi/{dataset.name}.yaml"] = _dataset(dataset)
    for dashboard in description.dashboards:
        for chart in dashboard.charts:
            files[f"charts/{chart_id(dashboard, chart)}.yaml"] = _chart(dashboard, chart, description)
        files[f"dashboards/{dashboard.slug}.yaml"] = _dashboard(dashboard, description)
    return {path: yaml.safe_dump(content, allow_unicode=True, sort_keys=False) for path, content in files.items()}


def _database(url: str) -> dict[str, Any]:
    return {
        "database_name": "Guanxi 关系",
        "sqlalchemy_uri": url,
        "uuid": stable_id("database", "guanxi"),
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "impersonate_user": False,
        "extra": {"allows_virtual_table_explore": True, "engine_params": {"pool_pre_ping": True}},
        "is_managed_externally": True,
        "version": _VERSION,
    }


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "table_name": dataset.name,
        "description": dataset.label.both,
        "schema": "bi",
        "sql": query_of(dataset),
        "main_dttm_col": dataset.day,
        "filter_select_enabled": True,
        "uuid": stable_id("dataset", dataset.name),
        "database_uuid": stable_id("database", "guanxi"),
        "columns": [
            {
                "column_name": column.name,
                "verbose_name": column.label,
                "description": column.meaning or None,
                "type": column.type.upper(),
                "is_dttm": column.type.startswith(("date", "timestamp")),
                "is_active": True,
                "groupby": True,
                "filterable": True,
            }
            for column in columns_of(dataset)
        ],
        "metrics": [{"metric_name": "count", "verbose_name": "Rows 行数", "expression": "count(*)"}],
        "is_managed_externally": True,
        "version": _VERSION,
    }


def _chart(dashboard: Dashboard, chart: Chart, description: Description) -> dict[str, Any]:
    dataset = description.by_name[chart.dataset]
    return {
        "slice_name": chart.title.both,
        "description": chart.note.both if chart.note else None,
        "viz_type": VIZ_TYPES[chart.kind],
        "params": form_data(chart, dataset),
        "uuid": chart_id(dashboard, chart),
        "dataset_uuid": stable_id("dataset", chart.dataset),
        "is_managed_externally": True,
        "version": _VERSION,
    }


def _dashboard(dashboard: Dashboard, description: Description) -> dict[str, Any]:
    return {
        "dashboard_title": dashboard.title.both,
        "description": dashboard.about.both,
        "slug": dashboard.slug,
        "uuid": stable_id("dashboard", dashboard.slug),
        "published": True,
        "position": _position(dashboard),
        "metadata": {
            "native_filter_configuration": [
                _filter(name, dashboard, description)
                for name in dashboard.filters
                if name == "day" or _values_of(name, dashboard, description)
            ],
            "cross_filters_enabled": True,
            "color_scheme": "supersetColors",
            "refresh_frequency": 0,
            "expanded_slices": {},
            "label_colors": {},
            "timed_refresh_immune_slices": [],
        },
        "is_managed_externally": True,
        "version": _VERSION,
    }


def _position(dashboard: Dashboard) -> dict[str, Any]:
    """Lay the charts out in their rows; Superset's grid has 12 columns."""
    rows = [f"ROW-{number}" for number in range(len(dashboard.rows))]
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title.both}},
    }
    number = 0
    for row, charts in zip(rows, dashboard.rows, strict=True):
        children = []
        for chart in charts:
            number += 1
            key = f"CHART-{number}"
            children.append(key)
            found[key] = {
                "type": "CHART",
                "id": key,
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row],
                "meta": {
                    "chartId": number,  # the import puts the real one in its place, by the uuid
                    "uuid": chart_id(dashboard, chart),
                    "sliceName": chart.title.both,
                    "width": chart.width,
                    "height": chart.height,
                },
            }
        found[row] = {
            "type": "ROW",
            "id": row,
            "children": children,
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
    return found


def _values_of(name: FilterName, dashboard: Dashboard, description: Description) -> str | None:
    """Return the dataset that a filter takes its values from: the first on the page that has the column."""
    used = [description.by_name[chart.dataset] for chart in dashboard.charts]
    return next((each.name for each in used if name in {column.name for column in columns_of(each)}), None)


def _filter(name: FilterName, dashboard: Dashboard, description: Description) -> dict[str, Any]:
    is_day = name == "day"
    target: dict[str, Any] = {}
    if not is_day:
        dataset = _values_of(name, dashboard, description)
        target = {"column": {"name": name}, "datasetUuid": stable_id("dataset", str(dataset))}
    return {
        "id": f"NATIVE_FILTER-{name}",
        "type": "NATIVE_FILTER",
        "name": _FILTERS[name],
        "filterType": "filter_time" if is_day else "filter_select",
        "targets": [target],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "controlValues": {"enableEmptyFilter": False}
        if is_day
        else {"multiSelect": True, "enableEmptyFilter": False, "searchAllOptions": False, "inverseSelection": False},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "description": "",
    }
