"""What each role may do: the statement of it, and the database compared with it, cell by cell."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from sources.mapping.contract import load_contracts, raw_table_ddl
from tests.conftest import ROLE_SECRET
from tests.warehouse.nights import MARTS, one
from warehouse.database import OWNER, Role, Warehouse
from warehouse.house import with_database
from warehouse.migrate import create_database, migrate
from warehouse.published_tables import RESTRICTED, Mart, ensure_published_tables

pytestmark = pytest.mark.xdist_group("roles")

# One letter a role.
LETTERS = {
    "l": Role.LOADER,
    "t": Role.TRANSFORMER,
    "c": Role.CHECKER,
    "s": Role.SCORER,
    "p": Role.PUBLISHER,
    "m": Role.MAILER,
    "r": Role.READER,
    "a": Role.MATCHER,
    "k": Role.CONTACT_READER,
    "e": Role.ERASER,
}
CONTACTS = Mart("dim_contacts", (("contact_id", "text"), ("email", "text")), frozenset(), RESTRICTED)
PRIVILEGES = ("select", "insert", "update", "delete", "truncate")

# Account managers' own views, schema bi_own, are for their logins alone: tests/warehouse/test_manager_logins.py.
# Schema: who may use it. Nobody may create in any of them: what is built gets a schema of its own.
SCHEMAS = {
    "ops": "ltcspmae",
    "raw": "ltca",
    "quarantine": "lc",
    "pub": "m",
    "bi": "cspmrk",
    "bi_own": "",
    "bi_restricted": "k",
}

# Table or view: who may select, insert, update, delete. Nobody may truncate; what is not named is nobody's.
# An update may be of some columns only. `raw.*`, `pub.*` and `bi.<mart>` stand for all of the kind.
TABLES = {
    "ops.account_keys": ("tca", "a", "", "a"),
    "ops.alerts": ("p", "p", "p", ""),
    "ops.audit": ("cp", "", "", ""),
    "ops.audit_pieces": ("", "", "", ""),
    "ops.check_results": ("tcpm", "c", "", "c"),
    "ops.claims": ("", "", "", ""),
    "ops.company": ("", "", "", ""),
    "ops.cursors": ("lc", "l", "l", "l"),
    "ops.erased_texts": ("", "", "", ""),
    "ops.erasures": ("e", "", "", ""),
    "ops.extracts": ("ltcpm", "l", "l", "l"),
    "ops.feedback": ("m", "m", "", ""),
    "ops.feedback_documents": ("pm", "m", "m", ""),
    "ops.files": ("lc", "l", "l", "l"),
    "ops.generation_pieces": ("", "", "", ""),
    "ops.list_feedback": ("sm", "", "", ""),
    "ops.list_rows": ("m", "", "", ""),
    "ops.loads": ("cp", "", "", ""),
    "ops.mailed_accounts": ("", "", "", ""),
    "ops.manager_logins": ("", "", "", ""),
    "ops.marts": ("cp", "", "", ""),
    "ops.migrations": ("", "", "", ""),
    "ops.models": ("csp", "s", "s", ""),
    "ops.outbox": ("pm", "", "m", ""),
    "ops.own_views": ("", "", "", ""),
    "ops.person_columns": ("", "", "", ""),
    "ops.pieces": ("", "", "", ""),
    "ops.programme_assignments": ("tc", "", "", ""),
    "ops.published": ("ltcspma", "", "", ""),
    "ops.read_names": ("a", "a", "", ""),
    "ops.read_texts": ("a", "a", "", "a"),
    "ops.runs": ("ltcspma", "", "", ""),
    "ops.score_ledger": ("", "", "", ""),
    "ops.score_publications": ("s", "", "", ""),
    "ops.source_columns": ("ltcp", "l", "", "l"),
    "ops.source_nights": ("cp", "", "", ""),
    "ops.sources": ("ltca", "", "", ""),
    "ops.stage_runs": ("ltcspma", "", "", ""),
    "ops.text_names": ("tca", "a", "", ""),
    "ops.text_themes": ("tca", "a", "", "a"),
    "ops.walks": ("lc", "l", "l", "l"),
    "raw.accounts": ("ltca", "l", "", "l"),
    "raw.churn_reasons": ("ltca", "l", "", "l"),
    "raw.interactions": ("ltca", "l", "", "l"),
    "raw.products": ("ltca", "l", "", "l"),
    "raw.survey_responses": ("ltca", "l", "", "l"),
    "raw.tickets": ("ltca", "l", "", "l"),
    "raw.*": ("ltc", "l", "", "l"),
    "quarantine.rows": ("lc", "lc", "", "lc"),
    "pub.*": ("m", "", "", ""),
    "pub.dim_contacts": ("", "", "", ""),
    "bi.check_results": ("cspmrk", "", "", ""),
    "bi.data_version": ("cspmrk", "", "", ""),
    "bi.fct_churn_score_history": ("cspmrk", "", "", ""),
    "bi.fct_data_quality_checks": ("cspmrk", "", "", ""),
    "bi.fct_entity_freshness": ("cspmrk", "", "", ""),
    "bi.fct_quarantine_counts": ("cspmrk", "", "", ""),
    "bi.fct_source_freshness": ("cspmrk", "", "", ""),
    "bi.mart_checksums": ("cspmrk", "", "", ""),
    "bi.source_loads": ("cspmrk", "", "", ""),
    "bi.<mart>": ("csmrk", "", "", ""),
    "bi_restricted.dim_contacts": ("k", "", "", ""),
}

# Function of schema ops: who may call it. The rest are called by other functions only.
FUNCTIONS = {
    "assert_claim": "ltcspma",
    "assigned_before": "s",
    "at_risk_before": "s",
    "audit_build": "c",
    "audit_pieces_of": "",
    "begin_build": "t",
    "built_person_tables": "",
    "claim_stage": "ltcspma",
    "compare_build": "p",
    "content_hash_sql": "",
    "copy_build": "",
    "copy_pieces": "",
    "drift_of": "p",
    "drop_orphan_pieces": "",
    "end_backfill": "p",
    "enqueue_mails": "",
    "enqueue_reviews": "m",
    "enqueue_summaries": "",
    "erase_built": "",
    "erase_contact": "e",
    "erase_notes": "",
    "erase_raw": "",
    "erased_on": "e",
    "erased_text": "l",
    "expire_mails": "",
    "feedback_before": "s",
    "finish_stage": "ltcspma",
    "holds_person": "",
    "is_of_generation": "",
    "is_valid": "lc",
    "keep_assignments": "",
    "keep_in_pieces": "",
    "keep_list_rows": "",
    "keyed_digest": "l",
    "last_list": "s",
    "mailed_before": "s",
    "mart_columns": "",
    "measure": "",
    "measure_again": "",
    "measure_pieces_again": "",
    "month_of": "",
    "my_account_ids": "",
    "my_manager_id": "",
    "names_any": "",
    "night_at_work": "e",
    "note_mailed": "",
    "open_backfill": "p",
    "open_run": "p",
    "outcomes_of": "p",
    "person_digest": "",
    "person_values": "e",
    "pieces_by": "",
    "prune": "p",
    "pseudonym_of": "l",
    "publish": "p",
    "plays_of": "",
    "quarantine_samples": "p",
    "record_scores": "",
    "refuse_to_change": "",
    "reject_run": "ltcspma",
    "replacement_of": "l",
    "rollback_to": "p",
    "row_code": "sm",
    "shape_of": "",
    "sources_of_contact": "e",
    "texts_with_copies": "",
    "use_erasures": "l",
    "why_churn_lists_are_held": "",
    "why_mails_are_held": "",
    "without": "",
}


@pytest.fixture(scope="module")
def prepared(server_url: str) -> Iterator[Warehouse]:
    """A warehouse with every table of the core and of schema raw; no test of this file changes it."""
    name = f"roles_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name)
    warehouse = Warehouse(with_database(server_url, name), ROLE_SECRET)
    raw = [(f"raw.{contract.entity}", raw_table_ddl(contract)) for contract in load_contracts()]
    migrate(warehouse, company_id="tiny", extra_ddl=raw)
    with warehouse.connect_admin() as connection:
        ensure_published_tables(connection, (*MARTS, CONTACTS))
    yield warehouse
    with psycopg.connect(server_url, autocommit=True) as administrator:
        administrator.execute(f"drop database {name} with (force)".encode())


def _kind_of(schema: str, table: str) -> str:
    if schema in ("raw", "pub") and f"{schema}.{table}" not in TABLES:
        return f"{schema}.*"
    return "bi.<mart>" if schema == "bi" and table in {mart.name for mart in MARTS} else f"{schema}.{table}"


def _letters(roles: set[str]) -> str:
    return "".join(letter for letter, role in LETTERS.items() if role.value in roles)


def test_every_role_has_on_every_table_exactly_the_rights_of_the_statement(prepared: Warehouse) -> None:
    with prepared.connect_admin() as connection:
        cells = connection.execute(
            "select n.nspname, c.relname, p.privilege, r.role, has_schema_privilege(r.role, n.oid, 'usage') and"
            " case when p.privilege in ('delete', 'truncate') then has_table_privilege(r.role, c.oid, p.privilege)"
            " else has_any_column_privilege(r.role, c.oid, p.privilege) end"
            " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " cross join unnest(%s::text[]) as p(privilege) cross join unnest(%s::text[]) as r(role)"
            " where n.nspname = any(%s) and c.relkind in ('r', 'v', 'm', 'p', 'f')",
            (list(PRIVILEGES), [role.value for role in Role], list(SCHEMAS)),
        ).fetchall()
    found: dict[tuple[str, str, str], set[str]] = {}
    for schema, table, privilege, role, may in cells:
        who = found.setdefault((schema, table, privilege), set())
        if may:
            who.add(role)
    deviations = []
    for (schema, table, privilege), roles in sorted(found.items()):
        said = (*TABLES.get(_kind_of(schema, table), ("", "", "", "")), "")[PRIVILEGES.index(privilege)]
        if _letters(roles) != said:
            deviations.append(f"{privilege} on {schema}.{table}: stated '{said}', found '{_letters(roles)}'")
    assert deviations == []
    assert {_kind_of(schema, table) for schema, table, _ in found} >= TABLES.keys(), "a stated table is not there"
    assert len(cells) == len(found) * len(Role)
    assert len(cells) > 900


def test_every_role_may_call_exactly_the_functions_of_the_statement(prepared: Warehouse) -> None:
    with prepared.connect_admin() as connection:
        cells = connection.execute(
            "select f.proname, r.role, has_function_privilege(r.role, f.oid, 'execute'), f.prosecdef,"
            " coalesce('search_path=pg_catalog' = any(f.proconfig), false)"
            " from pg_proc f cross join unnest(%s::text[]) as r(role) where f.pronamespace = 'ops'::regnamespace",
            ([role.value for role in Role],),
        ).fetchall()
        foreign = connection.execute(
            "select n.nspname, f.proname from pg_proc f join pg_namespace n on n.oid = f.pronamespace"
            " where n.nspname = any(%s)",
            ([schema for schema in SCHEMAS if schema != "ops"],),
        ).fetchall()
    found: dict[str, set[str]] = {}
    for name, role, may, _, _ in cells:
        who = found.setdefault(name, set())
        if may:
            who.add(role)
    assert {name: _letters(roles) for name, roles in found.items()} == FUNCTIONS
    assert [name for name, _, _, definer, fixed_path in cells if definer and not fixed_path] == []
    assert foreign == []


def test_schemas_are_used_as_stated_and_nobody_creates_in_them(prepared: Warehouse) -> None:
    with prepared.connect_admin() as connection:
        cells = connection.execute(
            "select n.nspname, r.role, has_schema_privilege(r.role, n.oid, 'usage'),"
            " has_schema_privilege(r.role, n.oid, 'create')"
            " from pg_namespace n cross join unnest(%s::text[]) as r(role) where n.nspname = any(%s)",
            ([role.value for role in Role], [*SCHEMAS, "public"]),
        ).fetchall()
        builders = connection.execute(
            "select r.role from unnest(%s::text[]) as r(role)"
            " where has_database_privilege(r.role, current_database(), 'create')",
            ([role.value for role in Role],),
        ).fetchall()
    for schema, who in SCHEMAS.items():
        assert _letters({role for name, role, may, _ in cells if name == schema and may}) == who
    assert [(schema, role) for schema, role, _, create in cells if create] == []
    assert _letters({role for (role,) in builders}) == "lt"


def test_no_role_is_a_member_of_another_or_more_than_a_login(prepared: Warehouse) -> None:
    names = [role.value for role in Role]
    with prepared.connect_admin() as connection:
        members = connection.execute(
            "select m.rolname, r.rolname from pg_auth_members a join pg_roles r on r.oid = a.roleid"
            " join pg_roles m on m.oid = a.member where m.rolname = any(%s)",
            ([*names, OWNER],),
        ).fetchall()
        mighty = connection.execute(
            "select rolname from pg_roles where rolname = any(%s)"
            " and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)",
            ([*names, OWNER],),
        ).fetchall()
        owner = connection.execute("select rolcanlogin from pg_roles where rolname = %s", (OWNER,)).fetchone()
        owners = connection.execute(
            "select distinct pg_get_userbyid(relowner) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = any(%s)",
            (list(SCHEMAS),),
        ).fetchall()
    assert (members, mighty) == ([], [])
    assert one(owner) == (False,)
    assert owners == [(OWNER,)], "who owns a table can give its rights away"


@pytest.mark.parametrize(
    "query",
    [
        "select * from pub.dim_accounts",
        "select * from bi_restricted.dim_contacts",
        "select * from raw.accounts",
        "select * from ops.runs",
        "select * from ops.outbox",
        "select * from quarantine.rows",
        "select ops.rollback_to(1)",
        "select ops.measure('pub', 'dim_accounts')",
        "set role guanxi_owner",
        "set role guanxi_mailer",
        "create table bi.mine (a int)",
        "create table public.mine (a int)",
        "create schema mine",
        "create temporary table mine (a int)",
        "create or replace view bi.dim_accounts as select 1",
        "insert into bi.dim_accounts (account_id) values ('x')",
        "delete from bi.dim_accounts",
        "comment on view bi.dim_accounts is 'mine'",
        "copy bi.dim_accounts to program 'true'",
        "select pg_read_file('postgresql.conf')",
    ],
)
def test_a_reader_reads_the_views_and_nothing_else(prepared: Warehouse, query: str) -> None:
    with prepared.connect(Role.READER) as reader:
        reader.execute("set default_transaction_read_only = off")  # a hint of ours that anybody can take back
        reader.commit()
        assert reader.execute("select count(*) from bi.dim_accounts").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(query.encode())


@pytest.mark.parametrize(
    "query", ["select * from pub.dim_contacts", "select * from raw.contacts", "create table bi_restricted.mine (a int)"]
)
def test_a_reader_of_contacts_reads_their_view_besides_and_nothing_else(prepared: Warehouse, query: str) -> None:
    with prepared.connect(Role.CONTACT_READER) as reader:
        reader.execute("set default_transaction_read_only = off")
        reader.commit()
        assert reader.execute("select count(email) from bi_restricted.dim_contacts").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(query.encode())


@pytest.mark.parametrize("role", list(Role))
def test_every_role_can_enter_with_its_own_password_only(prepared: Warehouse, role: Role) -> None:
    with prepared.connect(role) as connection:
        assert connection.execute("select current_user, current_setting('timezone')").fetchone() == (role.value, "UTC")
    others = {prepared.password(other.value) for other in Role if other is not role}
    assert prepared.password(role.value) not in others


def test_a_stranger_cannot_even_connect(prepared: Warehouse) -> None:
    with prepared.connect_admin() as connection:
        row = connection.execute(
            "select bool_or(a.grantee = 0) from pg_database d cross join aclexplode(d.datacl) a"
            " where d.datname = current_database()"
        ).fetchone()
    assert one(row) == (False,)
