"""What raw says, and what Tryton's own tables say in SQL that shares nothing with the connector: column by column."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.servers.tryton.server import TrytonServer
from tests.sources.workshop import Workshop

# by entity: the columns of raw, and the same of Tryton's tables; its many-valued fields and caches are not used
SOUGHT: dict[str, tuple[str, str]] = {
    "accounts": (
        "account_id, account_name, created_at, extra ->> 'is_active'",
        "select id::text, name, create_date at time zone 'UTC', active::text from party_party",
    ),
    "account_managers": (
        "account_manager_id, account_manager_name, is_active",
        "select e.id::text, p.name, e.end_date is null from company_employee as e"
        " join party_party as p on p.id = e.party",
    ),
    "products": (
        "product_id, product_name, list_price, unit_cost",
        "select p.id::text, t.name, coalesce(own.list_price, shared.list_price), cost.cost_price"
        " from product_product as p join product_template as t on t.id = p.template"
        " left join product_list_price as own on own.product = p.id and own.template is null"
        " left join product_list_price as shared on shared.template = t.id and shared.product is null"
        " left join product_cost_price as cost on cost.product = p.id",
    ),
    "orders": (
        "order_id, account_id, opportunity_id, account_manager_id, ordered_at at time zone 'Europe/Berlin', status,"
        " currency_code",
        "select s.id::text, s.party::text, substring(s.origin from '^sale.opportunity,(.*)'), s.quoted_by::text,"
        " s.sale_date::timestamp, case s.state when 'done' then 'done' when 'cancelled' then 'cancelled' else 'open'"
        " end, c.code from sale_sale as s join currency_currency as c on c.id = s.currency"
        " where s.state not in ('draft', 'quotation')",
    ),
    "order_lines": (
        "order_line_id, order_id, product_id, line_kind, quantity, net_amount",
        "select l.id::text, l.sale::text, l.product::text, case t.type when 'service' then 'service' else 'product'"
        " end, l.quantity::numeric, round(l.quantity::numeric * l.unit_price, 2) from sale_line as l"
        " join sale_sale as s on s.id = l.sale join product_product as p on p.id = l.product"
        " join product_template as t on t.id = p.template"
        " where l.type = 'line' and s.state not in ('draft', 'quotation')",
    ),
    "invoices": (
        "invoice_id, account_id, kind, (invoiced_at at time zone 'Europe/Berlin')::date, amount,"
        " extra ->> 'invoice_number'",
        "select i.id::text, i.party::text, case when sum(amount) < 0 then 'credit_note' else 'invoice' end,"
        " i.invoice_date, sum(amount), i.number from account_invoice as i"
        " join lateral (select round(quantity::numeric * unit_price, 2) as amount from account_invoice_line"
        " where invoice = i.id and type = 'line') as lines on true"
        " where i.type = 'out' and i.state in ('posted', 'paid') group by i.id",
    ),
    "payments": (
        "payment_id, account_id, amount, payment_method",
        "select p.id::text, p.party::text, p.amount, j.name from account_payment as p"
        " join account_payment_journal as j on j.id = p.journal"
        " where p.kind = 'receivable' and p.state = 'succeeded'",
    ),
    "opportunities": (
        "opportunity_id, account_id, account_manager_id, stage, amount, loss_reason",
        "select id::text, party::text, employee::text, state, amount, lost_reason from sale_opportunity",
    ),
    "tickets": (
        "ticket_id, account_id, category, status",
        "select c.id::text, c.customer::text, t.name, case c.state when 'draft' then 'open' when 'waiting' then"
        " 'waiting' else c.state end from sale_complaint as c join sale_complaint_type as t on t.id = c.type",
    ),
}


def held(tryton: TrytonServer, entity: str) -> list[tuple[Any, ...]]:
    """Return what Tryton's tables hold of an entity, in the order of keys."""
    with psycopg.connect(tryton.database_url) as connection:
        return sorted(connection.execute(SOUGHT[entity][1]).fetchall(), key=lambda row: str(row[0]))


def raw(workshop: Workshop, entity: str) -> list[tuple[Any, ...]]:
    """Return what raw holds of an entity now, in the order of keys."""
    columns = SOUGHT[entity][0]
    newest = f"select distinct on (record_id) * from raw.{entity} order by record_id, known_at desc"
    rows = workshop.query(f"select {columns} from ({newest}) as newest where not is_deleted")
    return sorted(rows, key=lambda row: str(row[0]))
