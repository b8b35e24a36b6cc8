"""What the contracts say of tables and columns is in the database, where BI tools look for it."""

from __future__ import annotations

from warehouse.database import Role, Warehouse
from warehouse.view_comments import declared_texts, ensure_comments


def test_every_column_that_a_reader_sees_says_what_it_means(warehouse: Warehouse) -> None:
    with warehouse.connect(Role.CONTACT_READER) as connection:
        rows = connection.execute(
            "select c.relname, a.attname, col_description(c.oid, a.attnum), obj_description(c.oid)"
            " from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            " where c.relnamespace in ('bi'::regnamespace, 'bi_restricted'::regnamespace) and c.relkind = 'v'"
        ).fetchall()
    texts = declared_texts()
    declared = [row for row in rows if (row[0], None) in texts]
    assert len(declared) > 1000
    silent = [f"{view}.{column}" for view, column, said, of_view in declared if not said or not of_view]
    assert silent == []
    wrong = [f"{view}.{column}" for view, column, said, _ in declared if said != texts[view, column]]
    assert wrong == []
    assert texts["fct_account_value", "clv_amount"].startswith("Customer lifetime value 客户生命周期价值: ")


def test_a_comment_is_written_once_and_again_when_it_changed(warehouse: Warehouse) -> None:
    with warehouse.connect_admin() as connection:
        assert ensure_comments(connection, declared_texts()) == 0
    with warehouse.connect_admin() as connection:
        connection.execute("comment on column bi.dim_accounts.region is 'somebody''s own words'")
        assert ensure_comments(connection, declared_texts()) == 1
        row = connection.execute(
            "select col_description('bi.dim_accounts'::regclass, attnum) from pg_attribute"
            " where attrelid = 'bi.dim_accounts'::regclass and attname = 'region'"
        ).fetchone()
    assert row == (declared_texts()["dim_accounts", "region"],)
