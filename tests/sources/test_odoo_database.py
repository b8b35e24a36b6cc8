"""A real Odoo 17 arrives whole from its database: every entity's rows, compared with what its tables say."""

from __future__ import annotations

import gzip
import subprocess
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from sources.extract import extract_source
from sources.outside import Outside
from tests.sources.workshop import Workshop
from warehouse import ledger
from warehouse.company import load_company
from warehouse.embedded import binaries

ROOT = Path(__file__).resolve().parents[2]
DUMP = ROOT.parent / "shared" / "data" / "odoo17" / "odoo17.business.sql.gz"
DAY = "2026-11-22"

# What the dump leaves out of an Odoo 17, with a few rows: invoice 1 bills order 7, invoice 2 bills orders 4 and 6;
# a bank line pays invoice 2, a refund is set off against invoice 1; three stages change, one of them a mere lead's.
LEFT_OUT = """
    create table sale_order_line_invoice_rel (invoice_line_id integer not null, order_line_id integer not null);
    insert into sale_order_line_invoice_rel values (5, 14), (6, 15), (7, 8), (8, 13);
    insert into account_partial_reconcile (debit_move_id, credit_move_id, amount, max_date, create_date)
    select i.id, b.id, 750, date '2026-11-20', timestamp '2026-11-21 18:40:00'
    from account_move_line as i, account_move_line as b
    where i.move_id = 2 and i.display_type = 'payment_term' and b.move_id = 23 and b.balance < 0;
    insert into account_partial_reconcile (debit_move_id, credit_move_id, amount, max_date, create_date)
    select i.id, r.id, 13512.50, date '2026-11-20', timestamp '2026-11-21 18:40:00'
    from account_move_line as i, account_move_line as r
    where i.move_id = 1 and i.display_type = 'payment_term' and r.move_id = 8 and r.display_type = 'payment_term';
    create table ir_model_fields (id integer, name varchar, model varchar, ttype varchar);
    insert into ir_model_fields values
        (1, 'stage_id', 'crm.lead', 'many2one'), (2, 'expected_revenue', 'crm.lead', 'monetary');
    create table mail_tracking_value (
        id integer, field_id integer, mail_message_id integer, old_value_integer integer, new_value_integer integer,
        old_value_char varchar, new_value_char varchar, old_value_float float, new_value_float float
    );
    insert into mail_message (id, model, res_id, message_type, author_id, date) values
        (9001, 'crm.lead', 20, 'notification', 7, '2026-11-20 09:00:00'),
        (9002, 'crm.lead', 20, 'notification', 3, '2026-11-21 10:30:00'),
        (9003, 'crm.lead', 1, 'notification', 3, '2026-11-21 10:30:00');
    insert into mail_tracking_value values
        (1, 1, 9001, 1, 3, 'New', 'Proposition', null, null), (2, 1, 9002, 3, 4, 'Proposition', 'Won', null, null),
        (3, 2, 9002, null, null, null, null, 1000, 19800), (4, 1, 9003, 1, 2, 'New', 'Qualified', null, null);
"""


@dataclass
class OdooTables:
    """The tables as they are, by id, to be joined in Python: other words than the mapping's."""

    url: str
    _known: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)

    def __getattr__(self, table: str) -> dict[int, dict[str, Any]]:
        if table not in self._known:
            with psycopg.connect(self.url, row_factory=dict_row) as connection:
                rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table))).fetchall()
            self._known[table] = {row.get("id", number): row for number, row in enumerate(rows)}
        return self._known[table]

    def company_of(self, partner: int) -> str:
        return str(self.res_partner[partner]["commercial_partner_id"])

    def real_orders(self) -> list[dict[str, Any]]:
        return [row for row in self.sale_order.values() if row["state"] not in ("draft", "sent")]

    def customer_invoices(self) -> list[dict[str, Any]]:
        moves = self.account_move.values()
        return [row for row in moves if row["move_type"].startswith("out_") and row["state"] == "posted"]


@pytest.fixture
def odoo(scratch_database: str) -> OdooTables:
    """The dump in a database of its own."""
    if not DUMP.exists():
        pytest.skip("the dump of a real Odoo 17 is not here")
    options = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", scratch_database]
    dump = gzip.decompress(DUMP.read_bytes())
    subprocess.run([str(binaries() / "psql"), *options], input=dump, check=True, stdout=subprocess.DEVNULL)
    with psycopg.connect(scratch_database) as connection:
        connection.execute(LEFT_OUT)
    return OdooTables(scratch_database)


def _accounts(odoo: OdooTables) -> set[tuple[Any, ...]]:
    buyers = {odoo.company_of(row["partner_id"]) for row in [*odoo.real_orders(), *odoo.customer_invoices()]}
    buyers |= {odoo.company_of(row["partner_id"]) for row in odoo.sale_order.values()}
    ours = {row["partner_id"] for row in odoo.res_company.values()}
    return {
        (str(key), row["name"], odoo.res_country[row["country_id"]]["name"]["en_US"], key in ours, row["vat"],
         str(not row["active"]).lower())
        for key, row in odoo.res_partner.items()
        if row["commercial_partner_id"] == key and (row["is_company"] or str(key) in buyers)
    }  # fmt: skip


def _account_managers(odoo: OdooTables) -> set[tuple[Any, ...]]:
    people = [row for row in odoo.res_users.values() if row["login"] in ("admin", "demo")]
    names = [odoo.res_partner[row["partner_id"]] for row in people]
    return {
        (str(user["id"]), person["name"], person["email"], True) for user, person in zip(people, names, strict=True)
    }


def _products(odoo: OdooTables) -> set[tuple[Any, ...]]:
    found = set()
    for key, row in odoo.product_product.items():
        template = odoo.product_template[row["product_tmpl_id"]]
        code = f"[{row['default_code']}] " if row["default_code"] else ""
        category = odoo.product_category[template["categ_id"]]["complete_name"]
        found.add((str(key), code + template["name"]["en_US"], category))
    return found


def _orders(odoo: OdooTables) -> set[tuple[Any, ...]]:
    return {
        (str(row["id"]), odoo.company_of(row["partner_id"]), row["date_order"], "open", "USD")
        for row in odoo.real_orders()
    }


def _order_lines(odoo: OdooTables) -> set[tuple[Any, ...]]:
    orders = {row["id"]: row["currency_rate"] for row in odoo.real_orders()}
    found = set()
    for key, row in odoo.sale_order_line.items():
        if row["order_id"] in orders and row["display_type"] is None:
            template = odoo.product_template[odoo.product_product[row["product_id"]]["product_tmpl_id"]]
            kind = "service" if template["detailed_type"] == "service" else "product"
            net = row["price_subtotal"] / orders[row["order_id"]]
            found.add((str(key), str(row["order_id"]), str(row["product_id"]), kind, row["product_uom_qty"], net))
    return found


def _invoices(odoo: OdooTables) -> set[tuple[Any, ...]]:
    orders = defaultdict(set)
    for link in odoo.sale_order_line_invoice_rel.values():
        move = odoo.account_move_line[link["invoice_line_id"]]["move_id"]
        orders[move].add(str(odoo.sale_order_line[link["order_line_id"]]["order_id"]))
    found = set()
    for row in odoo.customer_invoices():
        kind, sign = ("credit_note", -1) if row["move_type"] == "out_refund" else ("invoice", 1)
        billed = orders[row["id"]]
        found.add((
            str(row["id"]), odoo.company_of(row["partner_id"]), min(billed) if len(billed) == 1 else None, kind,
            str(row["invoice_date"]), row["invoice_date_due"], sign * row["amount_untaxed"],
        ))  # fmt: skip
    return found


def _payments(odoo: OdooTables) -> set[tuple[Any, ...]]:
    share = odoo.account_move[2]["amount_untaxed"] / odoo.account_move[2]["amount_total"]
    return {("2", "2026-11-20", round(750 * share, 2))}


def _contacts(odoo: OdooTables) -> set[tuple[Any, ...]]:
    people = [row for row in odoo.res_partner.values() if row["parent_id"] is not None]
    return {
        (str(row["id"]), str(row["parent_id"]), row["name"], row["function"], row["email"],
         row["mobile"] or row["phone"])
        for row in people
    }  # fmt: skip


def _opportunities(odoo: OdooTables) -> set[tuple[Any, ...]]:
    found = set()
    for key, row in odoo.crm_lead.items():
        if row["type"] == "opportunity":
            stage = odoo.crm_stage[row["stage_id"]]["name"]["en_US"]
            status = "won" if stage == "Won" else "open" if row["active"] else "lost"
            account = odoo.company_of(row["partner_id"]) if row["partner_id"] else None
            closed = row["date_closed"]
            found.add((str(key), account, stage, status, row["expected_revenue"], row["date_deadline"], closed))
    return found


def _opportunity_stages(_: OdooTables) -> set[tuple[Any, ...]]:
    return {
        ("1", "20", "New", "Proposition", "6", datetime(2026, 11, 20, 9, 0)),  # noqa: DTZ001
        ("2", "20", "Proposition", "Won", "2", datetime(2026, 11, 21, 10, 30)),  # noqa: DTZ001
    }


def _interactions(odoo: OdooTables) -> set[tuple[Any, ...]]:
    ours = {row["partner_id"] for row in odoo.res_users.values() if not row["share"]}
    found: set[tuple[Any, ...]] = set()
    for row in odoo.calendar_attendee.values():
        event, partner = odoo.calendar_event[row["event_id"]], row["partner_id"]
        if partner not in ours:
            meeting = f"meeting-{event['id']}-{partner}"
            found.add((meeting, odoo.company_of(partner), None, "meeting", "mutual", event["start"]))
    for key, row in odoo.mail_message.items():
        if row["message_type"] == "email" and row["model"] in ("crm.lead", "res.partner"):
            lead = row["model"] == "crm.lead"
            author = row["author_id"]
            about = odoo.crm_lead[row["res_id"]]["partner_id"] if lead else row["res_id"]
            customer = about if author is None or author in ours else author
            is_deal = lead and str(row["res_id"])
            direction = "outbound" if author in ours else "inbound"
            account = odoo.company_of(customer) if customer else None
            found.add((f"mail-{key}", account, is_deal or None, "mail", direction, row["date"]))
    return found


def _campaigns(odoo: OdooTables) -> set[tuple[Any, ...]]:
    return {(str(key), row["title"]["en_US"], str(row["user_id"])) for key, row in odoo.utm_campaign.items()}


EXPECTED: dict[str, tuple[str, Callable[[OdooTables], set[tuple[Any, ...]]]]] = {
    "accounts": (
        "account_id, account_name, country, is_internal, extra ->> 'tax_number', extra ->> 'is_archived'",
        _accounts,
    ),
    "account_managers": ("account_manager_id, account_manager_name, email, is_active", _account_managers),
    "products": ("product_id, product_name, category", _products),
    "orders": ("order_id, account_id, ordered_at at time zone 'UTC', status, currency_code", _orders),
    "order_lines": ("order_line_id, order_id, product_id, line_kind, quantity, net_amount", _order_lines),
    "invoices": (
        "invoice_id, account_id, order_id, kind, (invoiced_at at time zone 'America/New_York')::date::text,"
        " due_date, amount",
        _invoices,
    ),
    "contacts": ("contact_id, account_id, contact_name, job_title, email, phone", _contacts),
    "opportunities": (
        "opportunity_id, account_id, stage, status, amount, expected_close_date, closed_at at time zone 'UTC'",
        _opportunities,
    ),
    "opportunity_stages": (
        "opportunity_stage_id, opportunity_id, previous_stage, stage, changed_by_id, changed_at at time zone 'UTC'",
        _opportunity_stages,
    ),
    "interactions": (
        "interaction_id, account_id, opportunity_id, kind, direction, happened_at at time zone 'UTC'",
        _interactions,
    ),
    "campaigns": ("campaign_id, campaign_name, account_manager_id", _campaigns),
    "payments": ("invoice_id, (paid_at at time zone 'America/New_York')::date::text, amount", _payments),
}


def _extract(workshop: Workshop, url: str, day: str) -> dict[str, tuple[int, int, int, int, int]]:
    company = load_company(str(ROOT / "examples" / "odoo_database"))
    with ledger.stage(workshop.warehouse, workshop.open(day), "extract", "odoo") as claim:
        outside = Outside(workshop.folder / "tokens", erp_url=url)
        report = extract_source(company, "odoo", claim=claim, warehouse=workshop.warehouse, outside=outside)
    return {
        each.entity: (each.extracted, each.new, each.changed, each.deleted, each.quarantined)
        for each in report.entities
    }


def test_every_entity_is_what_odoos_tables_say(workshop: Workshop, odoo: OdooTables) -> None:
    counts = _extract(workshop, odoo.url, DAY)
    assert set(counts) == set(EXPECTED)
    for entity, (columns, expected) in EXPECTED.items():
        rows = workshop.query(f"select {columns} from raw.{entity}")
        wanted = expected(odoo)
        assert len(rows) == len(wanted) > 0, entity
        assert set(rows) == wanted, entity
        assert counts[entity] == (len(rows), len(rows), 0, 0, 0), entity


def test_amounts_add_up_to_what_odoo_shows(workshop: Workshop, odoo: OdooTables) -> None:
    _extract(workshop, odoo.url, DAY)
    orders = sum(row["amount_untaxed"] for row in odoo.real_orders())
    assert workshop.query("select sum(net_amount) from raw.order_lines") == [(orders,)]
    invoiced = sum((row["amount_untaxed_signed"] for row in odoo.customer_invoices()), Decimal(0))
    assert workshop.query("select sum(amount) from raw.invoices") == [(invoiced,)]
    assert workshop.query(
        "select count(*) from raw.orders as o left join raw.accounts as a using (account_id) where a.account_id is null"
    ) == [(0,)]


def test_a_night_with_news_brings_the_news_alone(workshop: Workshop, odoo: OdooTables) -> None:
    _extract(workshop, odoo.url, DAY)
    assert {counts[1:] for counts in _extract(workshop, odoo.url, "2026-11-23").values()} == {(0, 0, 0, 0)}
    with psycopg.connect(odoo.url) as connection:
        connection.execute("update sale_order set state = 'cancel' where id = 4")  # open before
        connection.execute(
            "update sale_order set state = 'sale', create_date = '2026-11-24' where id = 1"
        )  # a quotation
        connection.execute("update res_partner set active = false where id = 15")  # archived, not gone
        connection.execute("delete from sale_order_line where order_id = 20")
    news = {entity: counts[1:] for entity, counts in _extract(workshop, odoo.url, "2026-11-24").items()}
    assert {entity: counts for entity, counts in news.items() if any(counts)} == {
        "accounts": (0, 1, 0, 0), "orders": (1, 1, 0, 0), "order_lines": (3, 0, 2, 0),
    }  # fmt: skip
