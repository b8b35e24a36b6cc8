"""Tables that are written into a build schema beside those of dbt, with the columns their contract declares."""

from __future__ import annotations

import psycopg
from psycopg import sql

from warehouse.published_tables import declared_marts


def create_table(connection: psycopg.Connection, schema: str, name: str, *, key: str) -> None:
    """Make a published table anew and empty, with `key` as its primary key."""
    contract = next(mart for mart in declared_marts() if mart.name == name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in contract.columns
    )
    table = sql.Identifier(schema, name)
    connection.execute(sql.SQL("drop table if exists {}").format(table))
    connection.execute(sql.SQL("create table {} ({}, primary key ({}))").format(table, columns, sql.Identifier(key)))
