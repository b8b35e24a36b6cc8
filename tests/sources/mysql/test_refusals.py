"""What stops an extract from a MariaDB: each is told with what to do, and without its password."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pymysql
import pytest

from sources.errors import MissingTableError, RetypedColumnError, SourceUnreachableError
from sources.tables import BadFileError, MissingColumnError, RenamedColumnError
from tests.servers.certificate import write_certificate
from tests.servers.mariadb import MariadbServer, running_mariadb
from tests.sources.conftest import mariadbd
from tests.sources.mysql.shop import SOURCE, database_of
from tests.sources.workshop import Workshop
from warehouse.embedded import free_port
from warehouse.errors import Problem

pytestmark = pytest.mark.xdist_group("mariadb")


def test_a_server_that_is_not_there(workshop: Workshop, erp: str) -> None:
    del erp
    text = _refusal(workshop, f"mysql://reader:s3cret@127.0.0.1:{free_port()}/erp", SourceUnreachableError)
    assert "127.0.0.1:" in text
    assert "nothing listens there" in text


def test_wrong_ways_in(workshop: Workshop, erp: str, mariadb: MariadbServer) -> None:
    wrong = mariadb.url("x", password="s3cret")
    assert "the password was refused" in _refusal(workshop, wrong, SourceUnreachableError)
    assert "no such database" in _refusal(workshop, mariadb.url("nowhere"), SourceUnreachableError)
    assert "ssl-mode=NONE" in _refusal(workshop, erp + "?ssl-mode=none", SourceUnreachableError)
    assert "option sslmode" in _refusal(workshop, erp + "?sslmode=require", SourceUnreachableError)
    assert "no TLS there" in _refusal(workshop, erp + "?ssl-mode=REQUIRED", SourceUnreachableError)
    assert "is not there" in _refusal(workshop, erp + "?ssl-ca=/nowhere/ca.pem", SourceUnreachableError)


def test_tls_as_the_url_says(workshop: Workshop, tmp_path: Path) -> None:
    workshop.source = copy.deepcopy(SOURCE)
    certificate, key = write_certificate(tmp_path)
    with running_mariadb(mariadbd(), tls=(certificate, key)) as server:
        server.execute("create database erp")
        url = server.url("erp").replace("127.0.0.1", "localhost")
        for host, options, told in (
            ("localhost", "", "with TLS"),
            ("localhost", "?ssl-mode=DISABLED", "without TLS"),
            ("localhost", "?ssl-mode=REQUIRED", "with TLS"),
            ("localhost", f"?ssl-mode=VERIFY_IDENTITY&ssl-ca={certificate}", "with TLS"),
            ("127.0.0.1", f"?ssl-mode=VERIFY_CA&ssl-ca={certificate}", "with TLS"),
            ("127.0.0.1", f"?ssl-mode=VERIFY_IDENTITY&ssl-ca={certificate}", "its certificate is of another host"),
            ("localhost", "?ssl-mode=VERIFY_CA", "its certificate is not trusted"),
        ):
            first = next(iter(database_of(workshop, url.replace("localhost", host) + options).test()))
            assert told in first.told


def test_a_missing_table(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"]["table"] = "orders"
    assert "no table orders" in _refusal(workshop, erp, MissingTableError)


def test_a_table_we_may_not_read(workshop: Workshop, erp: str, mariadb: MariadbServer) -> None:
    mariadb.execute(
        "create user blind@'127.0.0.1' identified by 's3cret'", "grant create on `größe 1`.* to blind@'127.0.0.1'"
    )
    url = mariadb.url(erp.rsplit("/", 1)[1], user="blind", password="s3cret")
    try:
        assert "no right to read it" in _refusal(workshop, url, MissingTableError)
    finally:
        mariadb.execute("drop user blind@'127.0.0.1'")


def test_columns_that_changed(workshop: Workshop, erp: str, sql: Any) -> None:
    sql("alter table sales change amount amount_net double")
    assert "amount (now amount_net?)" in _refusal(workshop, erp, RenamedColumnError)
    sql("alter table sales drop amount_net")
    assert "no column amount" in _refusal(workshop, erp, MissingColumnError)
    sql("alter table sales add amount date")
    text = _refusal(workshop, erp, RetypedColumnError)
    assert "column amount" in text
    assert "a date or time (date)" in text


@pytest.mark.parametrize(
    ("query", "kind", "told"),
    [
        ("select 's3cret' frm sales", Problem, "it cannot be read"),
        ("select nothing from sales where buyer = 's3cret'", MissingColumnError, "unknown column nothing"),
        ("select 1 as a, 's3cret' as a", Problem, "two columns have the same name"),
        ("select regexp_replace(no, '(', 's3cret') as no from sales", Problem, "error "),
    ],
)
def test_queries_that_fail(workshop: Workshop, erp: str, query: str, kind: type[Problem], told: str) -> None:
    workshop.source["datasets"]["sales"] = {"query": query, "columns": ["no"]}
    workshop.source["entities"] = {"accounts": {"from": "sales", "fields": {"account_id": "no"}}}
    assert told in _refusal(workshop, erp, kind)


def test_a_nul_in_a_text(workshop: Workshop, erp: str, sql: Any) -> None:
    sql("update sales set buyer = 0x6100 where no = '2'")
    assert "a NUL byte in column buyer" in _refusal(workshop, erp, BadFileError)


@pytest.mark.usefixtures("erp")
def test_the_password_is_in_no_representation(workshop: Workshop) -> None:
    database = database_of(workshop, "mysql://a:s3cret@127.0.0.1/x")
    assert "s3cret" not in repr(database) + database.thing


def test_a_connection_that_breaks_in_the_middle(workshop: Workshop, erp: str, sql: Any, mariadb: MariadbServer) -> None:
    sql("create table t as select seq as v, repeat('x', 1000) as w from seq_1_to_100000")
    workshop.source["datasets"] = {"t": {"table": "t"}}
    workshop.source["entities"] = {"accounts": {"from": "t", "fields": {"account_id": "v", "account_name": "w"}}}
    database = database_of(workshop, erp)
    with database.inspected() as inspection:
        shape = {each.name: inspection.columns_of(each) for each in database.mapping.datasets}
    with database.snapshot(shape, progress=lambda _: None, warnings=[]) as snapshot:
        batches = snapshot.feeds({})[0].batches
        next(batches)
        with mariadb.connect() as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("show processlist")
            reading = [row["Id"] for row in cursor.fetchall() if "concat(" in (row["Info"] or "")]
            cursor.execute(f"kill {reading[0]}")
        with pytest.raises(SourceUnreachableError, match="reading broke off after"):
            list(batches)


def _refusal(workshop: Workshop, url: str, kind: type[Exception]) -> str:
    with pytest.raises(Problem) as caught:
        workshop.extract("2026-01-05", erp_url=url)
    text = str(caught.value)
    assert type(caught.value) is kind, text
    assert "s3cret" not in text
    assert workshop.query("select distinct state from ops.extracts") == [("failed",)]
    return text
