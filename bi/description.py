"""What Superset shows, as bi/datasets and bi/dashboards say it: datasets, charts and dashboards with their labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from warehouse.errors import Problem
from warehouse.plain_yaml import read_yaml

FOLDER = Path(__file__).resolve().parent

Kind = Literal["number", "line", "area", "bar", "scatter", "heatmap", "table", "rows"]
FilterName = Literal["day", "account_manager", "segment", "region", "industry"]


class BadDashboardError(Problem):
    """A description of datasets or dashboards that cannot be followed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Strict):
    """A name in both languages."""

    en: str
    zh: str

    @property
    def both(self) -> str:
        return self.en if self.en == self.zh else f"{self.en} {self.zh}"


def _label(value: Any) -> Any:
    """Take `[en, zh]` for a label: a chart's title is read more often than its keys."""
    return {"en": value[0], "zh": value[1]} if isinstance(value, list) and len(value) == 2 else value  # noqa: PLR2004


Named = Annotated[Label, BeforeValidator(_label)]


class Computed(_Strict):
    """A column that no contract has: SQL over the tables of the dataset."""

    name: str
    sql: str
    type: str
    en: str
    zh: str


class Dataset(_Strict):
    """A query of the views of bi. With `customers` or `managers`, the column that says whose a row is.

    `day` is the column that the filter by day looks at; `is_for_managers` a dataset without customers that may be
    seen by account managers all the same.
    """

    name: str
    label: Label
    table: str
    joins: str = ""
    where: str = ""
    customers: str | None = None
    managers: str | None = None
    day: str | None = None
    is_for_managers: bool = False
    columns: tuple[str, ...] = ()
    computed: tuple[Computed, ...] = ()

    @property
    def is_by_manager(self) -> bool:
        """Whether each row is of one account manager."""
        return self.customers is not None or self.managers is not None


class Metric(_Strict):
    """A figure: an aggregate in SQL, its name, and d3's format of it."""

    sql: str
    name: Named
    format: str = "SMART_NUMBER"


class Chart(_Strict):
    """One chart. Which of the fields count depends on its kind; width is of 12 columns, height in units of 8 px."""

    title: Named
    kind: Kind
    dataset: str
    metrics: tuple[Metric, ...] = ()
    x: str | None = None
    grain: Literal["week", "month", "quarter"] | None = None
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    where: str = ""
    order: str | None = None
    is_ascending: bool = False
    is_stacked: bool = False
    is_horizontal: bool = False
    is_aslant: bool = False
    format: str = "SMART_NUMBER"
    limit: int = Field(1000, ge=1, le=50_000)
    width: int = Field(4, ge=1, le=12)
    height: int = Field(40, ge=8, le=120)
    note: Named | None = None


class Dashboard(_Strict):
    """A page of charts in rows, with the filters above them."""

    slug: str
    title: Named
    about: Named
    filters: tuple[FilterName, ...]
    rows: tuple[tuple[Chart, ...], ...]

    @property
    def charts(self) -> Iterator[Chart]:
        for row in self.rows:
            yield from row


class Description(_Strict):
    """All datasets and dashboards."""

    datasets: tuple[Dataset, ...]
    dashboards: tuple[Dashboard, ...]

    @cached_property
    def by_name(self) -> dict[str, Dataset]:
        return {dataset.name: dataset for dataset in self.datasets}

    def is_for_managers(self, dashboard: Dashboard) -> bool:
        """Say whether account managers may open a dashboard: none of its charts adds up customers of others."""
        used = [self.by_name[chart.dataset] for chart in dashboard.charts]
        return all(each.is_by_manager or each.is_for_managers for each in used)


def read_description(folder: Path = FOLDER) -> Description:
    """Read and check everything. Raises BadDashboardError that names the file or the chart."""
    datasets: list[Dataset] = []
    for file in sorted((folder / "datasets").glob("*.yml")):
        datasets.extend(_read(TypeAdapter(tuple[Dataset, ...]), file))
    dashboards = [_read(TypeAdapter(Dashboard), file) for file in sorted((folder / "dashboards").glob("*.yml"))]
    description = Description(datasets=tuple(datasets), dashboards=tuple(dashboards))
    for dashboard in dashboards:
        for chart in dashboard.charts:
            if chart.dataset not in description.by_name:
                raise BadDashboardError(
                    f"chart {chart.title.en} of dashboard {dashboard.slug}",
                    seen=f"dataset {chart.dataset}",
                    expected="one of: " + ", ".join(sorted(description.by_name)),
                    next_step="name one of these, or describe the dataset in bi/datasets",
                )
    return description


def _read(adapter: TypeAdapter[Any], file: Path) -> Any:
    try:
        return adapter.validate_python(read_yaml(file))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadDashboardError(
            f"bi/{file.parent.name}/{file.name}",
            seen=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
            expected="datasets and dashboards as bi/description.py describes them",
            next_step="correct this entry; a title is [English, 中文]",
        ) from None
