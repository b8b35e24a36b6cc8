"""The simulated company's own tables, put into test servers of the systems that could have held them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.servers.fxiaoke_store import Store
from tests.servers.odoo_models import MODELS, FieldSpec
from tests.servers.odoo_store import OdooStore
from tests.servers.zoho_store import ZohoStore

Row = dict[str, Any]

TEXT, MOMENT, MONEY = FieldSpec("char", "Text"), FieldSpec("datetime", "Moment"), FieldSpec("monetary", "Amount")
DAY = FieldSpec("date", "Day")
_LOG = {name: MODELS["res.partner"][name] for name in ("id", "create_date", "write_date")}

# ERP table: (Odoo model, {column of the ERP: (field of Odoo, what it is)})
ODOO_MODELS: Mapping[str, tuple[str, Mapping[str, tuple[str, FieldSpec]]]] = {
    "customer": (
        "res.partner",
        {
            "customer_no": ("ref", TEXT),
            "name": ("name", TEXT),
            "country": ("x_country", TEXT),
            "created_at": ("x_created_at", MOMENT),
        },
    ),
    "product": (
        "product.product",
        {
            "sku": ("default_code", TEXT),
            "title": ("name", TEXT),
            "category": ("x_category", TEXT),
            "unit_cost": ("standard_price", MONEY),
        },
    ),
    "sales_order": (
        "sale.order",
        {
            "order_no": ("name", TEXT),
            "customer_no": ("x_customer_no", TEXT),
            "placed_at": ("date_order", MOMENT),
            "state": ("state", TEXT),
            "currency": ("currency_id", FieldSpec("many2one", "Currency", "res.currency")),
            "promised_on": ("commitment_date", DAY),
            "sent_on": ("x_sent_on", DAY),
        },
    ),
    "sales_order_line": (
        "sale.order.line",
        {
            "line_id": ("x_line_no", TEXT),
            "order_no": ("order_id", FieldSpec("many2one", "Order", "sale.order")),
            "sku": ("x_sku", TEXT),
            "kind": ("x_kind", TEXT),
            "qty": ("product_uom_qty", FieldSpec("float", "Quantity")),
            "amount": ("price_subtotal", MONEY),
            "cost": ("x_cost", MONEY),
        },
    ),
    "invoice": (
        "account.move",
        {
            "invoice_no": ("name", TEXT),
            "customer_no": ("x_customer_no", TEXT),
            "order_no": ("invoice_origin", TEXT),
            "corrects": ("x_corrects", TEXT),
            "kind": ("move_type", TEXT),
            "invoiced_at": ("x_invoiced_at", MOMENT),
            "due_date": ("invoice_date_due", DAY),
            "amount": ("amount_untaxed_signed", MONEY),
        },
    ),
    "payment": (
        "account.payment",
        {
            "payment_no": ("name", TEXT),
            "invoice_no": ("x_invoice_no", TEXT),
            "paid_at": ("x_paid_at", MOMENT),
            "amount": ("amount", MONEY),
        },
    ),
}
_KINDS = {"invoice": "out_invoice", "credit_note": "out_refund"}


@dataclass(frozen=True, slots=True)
class Books:
    """What the simulator has written by some evening: the ERP's tables, and the CRM's two files."""

    erp: Mapping[str, list[Row]]
    accounts: list[Row]
    users: list[Row]


def read_books(erp_url: str, crm_folder: Path) -> Books:
    """Return what the simulator wrote, as it stands."""
    with psycopg.connect(erp_url, row_factory=dict_row) as connection:
        connection.execute("set timezone = 'UTC'")
        erp = {
            table: connection.execute(
                sql.SQL("select * from erp.{} order by create_date, 1").format(sql.Identifier(table))
            ).fetchall()
            for table in ODOO_MODELS
        }
    with (crm_folder / "accounts.csv").open(encoding="utf-8", newline="") as stream:
        accounts: list[Row] = list(csv.DictReader(stream))
    sheet = openpyxl.load_workbook(crm_folder / "users.xlsx").active
    header, *rows = sheet.iter_rows(values_only=True)
    return Books(erp, accounts, [dict(zip(header, row, strict=True)) for row in rows])


def fill_odoo(store: OdooStore, books: Books, *, evening: datetime) -> None:
    """Put the ERP's rows into an Odoo; rows keep their ids from one evening to the next."""
    store.seconds = (evening - store.now).total_seconds() + store.seconds
    store.models["res.currency"] = {**_LOG, "name": TEXT}
    store.rows.setdefault("res.currency", {})[1] = {"id": 1, "name": "CNY", "create_date": False, "write_date": False}
    ids: dict[tuple[str, str], int] = {("res.currency", "CNY"): 1}
    for table, (model, columns) in ODOO_MODELS.items():
        store.models[model] = {**_LOG, **dict(columns.values())}
        rows = {}
        for number, row in enumerate(books.erp[table], start=1):
            record: Row = {
                "id": number,
                "create_date": _stamp(row["create_date"]),
                "write_date": _stamp(row["write_date"]),
            }
            for column, (name, spec) in columns.items():
                record[name] = _odoo_value(row[column], spec, ids)
            if model == "account.move":
                record["move_type"] = _KINDS[record["move_type"]]
            ids.setdefault((model, str(record.get("name"))), number)
            rows[number] = record
        store.rows[model] = rows


def _odoo_value(value: Any, spec: FieldSpec, ids: Mapping[tuple[str, str], int]) -> Any:
    if value is None:
        return False
    if spec.type == "many2one":
        return ids[spec.relation, value]
    if spec.type == "datetime":
        return _stamp(value)
    if spec.type == "date":
        return value.isoformat()
    return float(value) if spec.type in ("monetary", "float") else value


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def fill_fxiaoke(store: Store, books: Books, *, evening: datetime) -> None:
    """Put the CRM's accounts and users into a 纷享销客; only what has changed is stamped anew."""
    store.clock = evening
    industries = sorted({row["行业"] for row in books.accounts})
    if "AccountObj" not in store.records:
        text, day = {"type": "text"}, {"type": "date"}
        store.define("AccountObj", "客户", {
            "account_no": text, "size__c": text, "area__c": text, "country__c": text, "manager_no__c": text,
            "is_internal__c": {"type": "true_or_false"}, "created_on__c": day,
            "industry": {"type": "select_one", "options": [
                {"value": _code(each), "label": each} for each in industries]},
        })  # fmt: skip
        store.define("PersonnelObj", "人员", {
            "employee_number": text, "full_name": text, "email": text, "language__c": text, "entry_date": day,
            "is_active__c": {"type": "true_or_false"}, "list_capacity__c": {"type": "number"},
        })  # fmt: skip
    _keep(store, "AccountObj", "account_no", (
        {
            "account_no": row["客户编号"], "name": row["客户名称"], "industry": _code(row["行业"]),
            "size__c": row["规模"] or None, "area__c": row["区域"], "country__c": row["国家"],
            "manager_no__c": row["负责人"] or None, "is_internal__c": row["内部客户"] == "是",
            "created_on__c": _midnight(row["创建日期"]),
        }
        for row in books.accounts
    ))  # fmt: skip
    _keep(store, "PersonnelObj", "employee_number", (
        {
            "employee_number": row["工号"], "name": row["姓名"], "full_name": row["姓名"], "email": row["邮箱"],
            "language__c": row["语言"], "is_active__c": row["在职"] == "是", "list_capacity__c": row["名单容量"],
            "entry_date": _midnight(row["入职日期"]),
        }
        for row in books.users
    ))  # fmt: skip


def fill_zoho(store: ZohoStore, books: Books, *, evening: datetime) -> None:
    """Put the CRM's accounts and users into a Zoho CRM, the users as a module of its own; only changes are stamped."""
    store.now = evening
    if "Sales_People" not in store.modules:
        store.modules["Accounts"].kinds |= {
            "Size": "picklist", "Area": "picklist", "Manager_Number": "text", "Is_Internal": "boolean",
            "Known_Since": "date",
        }  # fmt: skip
        store.add_module(
            "Sales_People",
            "Number:text Name:text Email:email Language:picklist Is_Active:boolean List_Capacity:integer Hired_On:date",
        )
    _keep_in_zoho(store, "Accounts", "Account_Number", (
        {
            "Account_Number": row["客户编号"], "Account_Name": row["客户名称"], "Industry": row["行业"],
            "Size": row["规模"] or None, "Area": row["区域"], "Billing_Country": row["国家"],
            "Manager_Number": row["负责人"] or None, "Is_Internal": row["内部客户"] == "是",
            "Known_Since": row["创建日期"],
        }
        for row in books.accounts
    ))  # fmt: skip
    _keep_in_zoho(store, "Sales_People", "Number", (
        {
            "Number": row["工号"], "Name": row["姓名"], "Email": row["邮箱"], "Language": row["语言"],
            "Is_Active": row["在职"] == "是", "List_Capacity": row["名单容量"], "Hired_On": row["入职日期"],
        }
        for row in books.users
    ))  # fmt: skip


def _keep_in_zoho(store: ZohoStore, module: str, key_field: str, rows: Iterable[Row]) -> None:
    known = {record[key_field]: record for record in store.modules[module].rows.values()}
    for row in rows:
        record = known.get(row[key_field])
        if record is None:
            store.insert(module, **row)
        elif any(record.get(field) != value for field, value in row.items()):
            store.update(module, record["id"], **row)


def _keep(store: Store, name: str, key_field: str, rows: Iterable[Row]) -> None:
    known = {record[key_field]: key for key, record in store.records[name].items()}
    for row in rows:
        key = known.get(row[key_field])
        if key is None:
            store.insert(name, **row)
        elif any(store.records[name][key].get(field) != value for field, value in row.items()):
            store.update(name, key, **row)


def _code(label: str) -> str:
    """A select's code says nothing to a person."""
    return hashlib.md5(label.encode()).hexdigest()[:9]


def _midnight(day: str) -> int:
    """A date field holds the first millisecond of the day in the tenant's zone."""
    return int(datetime.fromisoformat(f"{day}T00:00:00+08:00").timestamp() * 1000)
