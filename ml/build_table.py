"""The tables that learning writes into a build schema beside those of dbt, as their contracts declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from warehouse.frames import write_frame
from warehouse.published_tables import declared_marts

if TYPE_CHECKING:
    import pandas as pd
    import psycopg


def write_table(connection: psycopg.Connection, schema: str, name: str, frame: pd.DataFrame, *, key: str) -> None:
    """Make a published table anew with the rows of `frame`, whose other columns are left out."""
    contract = next(mart for mart in declared_marts() if mart.name == name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))  # from our own yml
        for column, kind in contract.columns
    )
    table = sql.Identifier(schema, name)
    connection.execute(sql.SQL("drop table if exists {}").format(table))
    connection.execute(sql.SQL("create table {} ({}, primary key ({}))").format(table, columns, sql.Identifier(key)))
    write_frame(connection, schema, name, frame[[column for column, _ in contract.columns]])
