"""The dashboards as they are described: every name there is one, in both languages, and nothing of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bi.assets import asset_files, stable_id
from bi.dataset_sql import columns_of, query_of
from bi.description import BadDashboardError, Chart, Dashboard, Dataset, Label, read_description
from bi.form_data import VIZ_TYPES, form_data
from warehouse.published_tables import RESTRICTED, declared_marts

DESCRIPTION = read_description()
URL = "postgresql+psycopg2://guanxi_reader:XXXXXXXXXX@localhost:5432/guanxi"
FILES = asset_files(DESCRIPTION, database_url=URL)
CHARTS = [(board, chart) for board in DESCRIPTION.dashboards for chart in board.charts]
CHINESE = re.compile(r"[一-鿿]")


def _id(value: object) -> str:
    return value.title.en if isinstance(value, Chart) else value.slug if isinstance(value, Dashboard) else str(value)


def test_every_subject_has_its_dashboard() -> None:
    assert [board.slug.removeprefix("guanxi-") for board in DESCRIPTION.dashboards] == [
        "overview", "value", "lifecycle", "relationship", "churn", "satisfaction", "quality", "my-customers",
    ]  # fmt: skip
    assert len(CHARTS) > 60


def test_titles_labels_and_figures_are_in_both_languages() -> None:
    labels: list[Label] = [dataset.label for dataset in DESCRIPTION.datasets]
    for board, chart in CHARTS:
        labels += [board.title, board.about, chart.title, *(each.name for each in chart.metrics)]
        labels += [chart.note] if chart.note else []
    silent = [label.en for label in labels if not CHINESE.search(label.zh) and not label.zh.isupper()]
    assert silent == []
    columns = [column for dataset in DESCRIPTION.datasets for column in columns_of(dataset)]
    assert [column.name for column in columns if not CHINESE.search(column.label)] == []


@pytest.mark.parametrize("chart", [chart for _, chart in CHARTS], ids=_id)
def test_a_chart_names_columns_of_its_dataset(chart: Chart) -> None:
    dataset = DESCRIPTION.by_name[chart.dataset]
    there = {column.name for column in columns_of(dataset)}
    named = {*chart.by, *chart.columns, *([chart.x] if chart.x else [])}
    assert named - there == set()
    assert bool(chart.metrics) != (chart.kind == "rows"), "figures, or rows as they are"
    assert (chart.x is not None) == (chart.kind in {"line", "area", "bar", "scatter", "heatmap"})
    assert "select" not in chart.where.lower(), "Superset refuses a query within a filter; compute a column"
    form = form_data(chart, dataset)
    assert form["viz_type"] == VIZ_TYPES[chart.kind]
    times = [each["subject"] for each in form["adhoc_filters"] if each.get("operator") == "TEMPORAL_RANGE"]
    assert times == ([dataset.day] if dataset.day else [])


@pytest.mark.parametrize("dashboard", DESCRIPTION.dashboards, ids=_id)
def test_rows_fit_the_grid_and_every_filter_has_values(dashboard: Dashboard) -> None:
    for row in dashboard.rows:
        assert sum(chart.width for chart in row) <= 12
        assert len({chart.height for chart in row}) == 1, "side by side, as tall as one another"
    written = yaml.safe_load(FILES[f"dashboards/{dashboard.slug}.yaml"])
    filters = {
        each["id"].removeprefix("NATIVE_FILTER-"): each for each in written["metadata"]["native_filter_configuration"]
    }
    assert set(filters) == set(dashboard.filters)
    ids = {stable_id("dataset", dataset.name): dataset for dataset in DESCRIPTION.datasets}
    for name, each in filters.items():
        if name != "day":
            dataset = ids[each["targets"][0]["datasetUuid"]]
            assert name in {column.name for column in columns_of(dataset)}
    if "day" in filters:
        assert any(DESCRIPTION.by_name[chart.dataset].day for chart in dashboard.charts)


def test_no_two_charts_of_a_dashboard_have_one_title() -> None:
    for board in DESCRIPTION.dashboards:
        titles = [chart.title.en for chart in board.charts]
        assert sorted(set(titles)) == sorted(titles), f"{board.slug}: a chart's id is made of its title"


def test_ids_are_one_a_thing_and_the_same_each_time() -> None:
    again = asset_files(read_description(), database_url=URL)
    assert again == FILES
    ids = [yaml.safe_load(text)["uuid"] for path, text in FILES.items() if path != "metadata.yaml"]
    assert len(set(ids)) == len(ids) == 1 + len(DESCRIPTION.datasets) + len(DESCRIPTION.dashboards) + len(CHARTS)
    assert stable_id("dashboard", "guanxi-value") == "8b014042-eef0-5164-862a-5b0e1cbf1636", (
        "an id that changes adds a second dashboard"
    )


def test_no_file_holds_a_password_or_reads_what_is_restricted() -> None:
    restricted = {mart.name for mart in declared_marts() if mart.view_schema == RESTRICTED}
    for path, text in FILES.items():
        assert not re.search(r"://[^\s:]+:(?!X{10}@)[^\s@]+@", text), path
        assert "bi_restricted" not in text
    for dataset in DESCRIPTION.datasets:
        tables = re.findall(r"\b(?:from|join)\s+(\w+\.\w+)", query_of(dataset))
        assert tables
        assert {table.split(".")[0] for table in tables} == {"bi"}
        assert {table.split(".")[1] for table in tables} & restricted == set()


def test_account_managers_are_shown_dashboards_of_their_own_customers_alone() -> None:
    theirs = {board.slug for board in DESCRIPTION.dashboards if DESCRIPTION.is_for_managers(board)}
    assert theirs == {"guanxi-value", "guanxi-relationship", "guanxi-my-customers"}
    for dataset in DESCRIPTION.datasets:
        has_manager = "account_manager_id" in {column.name for column in columns_of(dataset)}
        assert dataset.is_by_manager == has_manager, "their rule is on this column"


def test_a_slip_in_a_description_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "datasets" / "few.yml").write_text("- {name: x, label: {en: X}, table: dim_accounts}\n")
    with pytest.raises(BadDashboardError, match=r"bi/datasets/few.yml\n.*0.label.zh: Field required"):
        read_description(tmp_path)
    with pytest.raises(BadDashboardError, match="column colour"):
        columns_of(Dataset(name="x", label=Label(en="X", zh="某"), table="dim_accounts", columns=("colour",)))


def test_exposures_name_the_tables_that_each_dashboard_reads() -> None:
    root = Path(__file__).resolve().parents[2]
    models = {file.stem for file in (root / "dbt_project" / "models").rglob("*.sql")}
    written = yaml.safe_load((root / "dbt_project" / "models" / "exposures.yml").read_text(encoding="utf-8"))
    exposures = {each["name"]: each for each in written["exposures"]}
    for board in DESCRIPTION.dashboards:
        read: set[str] = set()
        for chart in board.charts:
            read |= set(re.findall(r"\bbi\.(\w+)", query_of(DESCRIPTION.by_name[chart.dataset])))
        exposure = exposures[board.slug.replace("-", "_")]
        assert exposure["label"] == board.title.both
        assert {each.split("'")[1] for each in exposure["depends_on"]} == read & models, board.slug
    assert len(exposures) == len(DESCRIPTION.dashboards)
