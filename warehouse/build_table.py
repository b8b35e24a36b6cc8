"""Tables that rooms write into a build schema beside those of dbt, with the columns their contract declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.frames import write_frame
from warehouse.published_tables import declared_marts

if TYPE_CHECKING:
    import pandas as pd


def columns_of(name: str) -> list[tuple[str, str]]:
    """Return the columns of a published table with their types, in order."""
    return list(next(mart for mart in declared_marts() if mart.name == name).columns)


def create_table(connection: psycopg.Connection, schema: str, name: str, *, key: str) -> None:
    """Make a published table anew and empty, with `key` as its primary key."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))  # from our own yml
        for column, kind in columns_of(name)
    )
    table = sql.Identifier(schema, name)
    connection.execute(sql.SQL("drop table if exists {}").format(table))
    connection.execute(sql.SQL("create table {} ({}, primary key ({}))").format(table, columns, sql.Identifier(key)))


def write_table(connection: psycopg.Connection, schema: str, name: str, frame: pd.DataFrame, *, key: str) -> None:
    """Make a published table anew with the rows of `frame`, whose other columns are left out."""
    create_table(connection, schema, name, key=key)
    write_frame(connection, schema, name, frame[[column for column, _ in columns_of(name)]])
