"""Every role against every published table and view: what tells of persons is read by those alone who need it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from sources.mapping.contract import load_contracts, person_columns
from warehouse.database import Role, Warehouse
from warehouse.published_tables import OPEN, RESTRICTED, declared_marts

MARTS = {mart.name: mart for mart in declared_marts()}
LEDGER_VIEWS = {
    "check_results", "data_version", "fct_churn_score_history", "fct_data_quality_checks", "fct_entity_freshness",
    "fct_quarantine_counts",
    "fct_source_freshness", "mart_checksums", "source_loads",
}  # fmt: skip
READERS_OF_MARTS = {Role.READER, Role.CONTACT_READER, Role.CHECKER, Role.SCORER, Role.MAILER}

# Open marts of records that a person had a part in; the key says nothing without bi_restricted.dim_contacts.
WITH_A_KEY = {"fct_feedback", "fct_interactions", "fct_opportunities", "fct_referrals", "fct_tickets"}

CONTRACTS = {contract.entity: contract for contract in load_contracts()}
IDENTITY = {name for name, part in person_columns(CONTRACTS["contacts"]).items() if part == "identity"}
WORDS = {name for each in CONTRACTS.values() for name, part in person_columns(each).items() if part == "words"}


def _readers(warehouse: Warehouse) -> dict[tuple[str, str], set[Role]]:
    """Who may read a table or view of bi, bi_restricted and pub: all of it or a column of it."""
    with warehouse.connect_admin() as connection:
        cells = connection.execute(
            "select n.nspname, c.relname, r.role from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " cross join unnest(%s::text[]) as r(role) where n.nspname in ('bi', 'bi_restricted', 'pub')"
            " and c.relkind in ('r', 'v', 'm', 'p', 'f') and has_schema_privilege(r.role, n.oid, 'usage')"
            " and (has_table_privilege(r.role, c.oid, 'select') or has_any_column_privilege(r.role, c.oid, 'select'))",
            ([role.value for role in Role],),
        ).fetchall()
    readers: dict[tuple[str, str], set[Role]] = defaultdict(set)
    for schema, name, role in cells:
        readers[schema, name].add(Role(role))
    return readers


def test_each_mart_has_one_view_and_its_readers_alone(warehouse: Warehouse) -> None:
    readers = _readers(warehouse)
    stated = {(OPEN, name): {*READERS_OF_MARTS, Role.PUBLISHER} for name in LEDGER_VIEWS}
    for name, mart in MARTS.items():
        if mart.view_schema == RESTRICTED:
            stated[RESTRICTED, name] = {Role.CONTACT_READER}
        else:
            stated[OPEN, name] = READERS_OF_MARTS
            stated["pub", name] = {Role.MAILER}
    assert readers == stated
    assert {"dim_contacts", "fct_contact_segments"} <= {name for schema, name in stated if schema == RESTRICTED}
    assert len(stated) > 100


def test_no_open_view_says_who_a_person_is_or_what_one_said(warehouse: Warehouse) -> None:
    with warehouse.connect_admin() as connection:
        columns = connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'bi'"
        ).fetchall()
    assert {"contact_name", "job_title", "email", "phone"} == IDENTITY
    assert {"subject", "note", "comment", "description", "actions", "review_note", "feedback_note"} == WORDS
    telling = {(table, column) for table, column in columns if column in (IDENTITY | WORDS) - {"description"}}
    assert telling == set()
    assert {table for table, column in columns if column == "contact_id"} == set()
    assert {table for table, column in columns if column.endswith("contact_key")} == WITH_A_KEY


@pytest.mark.parametrize("name", sorted(name for name, mart in MARTS.items() if mart.view_schema == RESTRICTED))
def test_what_is_of_persons_names_them_by_a_key_that_an_erasure_finds(name: str) -> None:
    """The erasure knows persons by the names of columns; a restricted mart without one would keep them."""
    assert {"contact_key", "contact_id"} & {column for column, _ in MARTS[name].columns}
