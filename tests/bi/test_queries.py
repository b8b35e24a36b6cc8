"""Every dataset and every chart as the database answers it: columns, types, and SQL that runs as the BI reader."""

from __future__ import annotations

import re

import psycopg

from bi.dataset_sql import columns_of, query_of
from bi.description import Chart, Dataset, read_description
from warehouse.database import Role, Warehouse

DESCRIPTION = read_description()


def _plain(kind: str) -> str:
    return re.sub(r"\(.*\)", "", kind)


def _type_names(connection: psycopg.Connection, query: str) -> dict[str, str]:
    cursor = connection.execute(query.encode())
    assert cursor.description is not None
    return {column.name: connection.adapters.types[column.type_code].regtype for column in cursor.description}


def _chart_query(chart: Chart, dataset: Dataset) -> str:
    """Ask as Superset does: the dataset's query in brackets, figures and groups around it."""
    groups = [each for each in (chart.x, *chart.by) if each]
    shown = [*groups, *chart.columns, *(f"{each.sql} as figure_{n}" for n, each in enumerate(chart.metrics))]
    query = f"select {', '.join(shown)} from ({query_of(dataset)}) as virtual_table"
    query += f" where ({chart.where})" if chart.where else ""
    return query + (f" group by {', '.join(groups)}" if groups and chart.metrics else "")


def test_every_dataset_gives_the_columns_it_declares_with_their_types(warehouse: Warehouse) -> None:
    with warehouse.connect(Role.READER) as connection:
        for dataset in DESCRIPTION.datasets:
            found = _type_names(connection, query_of(dataset))
            declared = {column.name: _plain(column.type) for column in columns_of(dataset)}
            assert found == declared, dataset.name


def test_every_chart_can_be_asked(warehouse: Warehouse) -> None:
    asked = 0
    with warehouse.connect(Role.READER) as connection:
        for dashboard in DESCRIPTION.dashboards:
            for chart in dashboard.charts:
                try:
                    connection.execute(_chart_query(chart, DESCRIPTION.by_name[chart.dataset]).encode())
                except psycopg.Error as error:
                    raise AssertionError(f"{dashboard.slug}, {chart.title.en}: {error}") from error
                asked += 1
    assert asked > 60
