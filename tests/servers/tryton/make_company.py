"""Makes company.sql.gz anew: a small company, entered into a fresh Tryton through its own API, then dumped.

Run with the Python of the environment that requirements.lock describes, a PostgreSQL for it to work in, and that
PostgreSQL's programs in PATH: python make_company.py postgresql://user:password@127.0.0.1:5432/. It takes minutes,
which is why the tests restore what it wrote. Every person, company and password in it is made up.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

DATABASE = "tryton_company"
DUMP = Path(__file__).with_name("company.sql.gz")
MODULES = [
    "party", "party_relationship", "sale", "sale_opportunity", "sale_complaint", "account_invoice", "account_payment",
]  # fmt: skip
ADMIN_PASSWORD = "made-up-for-tests-admin"
READER, READER_PASSWORD = "guanxi", "made-up-for-tests-reader"
READER_GROUPS = ["Sales", "Sale Opportunity", "Accounting", "Payment"]

CUSTOMERS = ["Ahrens GmbH", "Brücke & Söhne", "Café Čapek", "Dupont S.A.", "长城贸易有限公司", "Eik A/S", "Faro Lda."]
PRODUCTS = [("Desk", "412.50", "goods"), ("Lamp", "39.90", "goods"), ("Assembly", "65", "service")]
SALES = [  # customer, day, (product, pieces) ..., how far it gets
    (0, date(2026, 1, 7), [(0, 2), (1, 3)], "processing"),
    (0, date(2026, 1, 21), [(1, 12)], "processing"),
    (1, date(2026, 1, 23), [(0, 1), (2, 1)], "processing"),
    (2, date(2026, 2, 3), [(2, 4)], "processing"),
    (3, date(2026, 2, 12), [(0, 10)], "cancelled"),
    (4, date(2026, 2, 27), [(0, 4), (1, 4), (2, 2)], "processing"),
    (5, date(2026, 3, 2), [(1, 1)], "quotation"),
    (4, date(2026, 3, 9), [(1, -1)], "processing"),
    (6, date(2026, 3, 10), [(0, 1)], "draft"),
]


def fill() -> None:
    """Enter the company."""
    from proteus import Model, config
    from trytond.modules.account.tests.tools import create_chart, create_fiscalyear
    from trytond.modules.account_invoice.tests.tools import create_payment_term, set_fiscalyear_invoice_sequences
    from trytond.modules.company.tests.tools import create_company

    session = config.set_trytond(os.environ["TRYTOND_DATABASE_URI"] + DATABASE)
    session.skip_warning = True
    party_of: Any = Model.get("party.party")
    own = party_of(name="Schreibtisch AG")
    own.save()
    create_company(party=own, currency="EUR")
    create_chart()
    user = _user(Model, session.user)
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(today=(date(2026, 1, 1), date(2026, 12, 31))))
    year.click("create_period")
    session._context = type(user).get_preferences(True, {})
    term = create_payment_term()
    term.save()
    customers = _customers(Model)
    products = _products(Model)
    for customer, day, lines, state in SALES:
        _sale(Model, customers[customer], day, [(products[each], pieces) for each, pieces in lines], state, term)
    _opportunities(Model, customers, term)
    _complaint(Model, customers[0])
    _payment(Model, customers[0])


def _user(model: Any, administrator: int) -> Any:
    """Two employees, one of whom the administrator acts as, and the user that only reads."""
    user = model.get("res.user")(administrator)
    for name in ("Ada Admin", "Bo Seller"):
        party = model.get("party.party")(name=name)
        party.save()
        employee = model.get("company.employee")(party=party)
        employee.save()
        user.employees.append(employee)
    user.employee = user.employees[0]
    user.save()
    company = model.get("company.company")(1)
    groups = model.get("res.group").find([("name", "in", READER_GROUPS)])
    assert len(groups) == len(READER_GROUPS), [each.name for each in groups]
    reader = model.get("res.user")(name="Reads only", login=READER, password=READER_PASSWORD)
    reader.groups.extend(groups)
    reader.companies.append(company)
    reader.company = company
    reader.save()
    return user


def _customers(model: Any) -> list[Any]:
    made = []
    for number, name in enumerate(CUSTOMERS):
        party = model.get("party.party")(name=name)
        party.contact_mechanisms.new(type="email", value=f"office{number}@example.com")
        party.save()
        made.append(party)
    made[5].active = False
    made[5].save()
    kind = model.get("party.relation.type")(name="Works for")
    kind.save()
    for number in (0, 1):
        person = model.get("party.party")(name=f"Person {number}")
        person.save()
        model.get("party.relation.all")(from_=made[number], to=person, type=kind).save()
    return made


def _products(model: Any) -> list[Any]:
    from trytond.modules.account.tests.tools import get_accounts

    accounts = get_accounts()
    category = model.get("product.category")(name="All", accounting=True)
    category.account_revenue, category.account_expense = accounts["revenue"], accounts["expense"]
    category.save()
    unit = model.get("product.uom").find([("name", "=", "Unit")])[0]
    made = []
    for name, price, kind in PRODUCTS:
        template = model.get("product.template")(name=name, type=kind)
        template.default_uom, template.account_category = unit, category
        template.salable, template.list_price = True, Decimal(price)
        template.save()
        (product,) = template.products
        product.cost_price = Decimal(price) / 2
        product.save()
        made.append(product)
    return made


def _sale(model: Any, customer: Any, day: date, lines: list[tuple[Any, int]], state: str, term: Any) -> None:
    sale = model.get("sale.sale")(party=customer, payment_term=term, invoice_method="order", sale_date=day)
    for product, pieces in lines:
        line = sale.lines.new(product=product)
        line.quantity = float(pieces)
    note = sale.lines.new()
    note.type, note.description = "comment", "Deliver in the morning"
    sale.save()
    if state == "draft":
        return
    sale.click("quote")
    if state == "cancelled":
        sale.click("cancel")
    elif state == "processing":
        sale.click("confirm")
        for invoice in sale.invoices:
            invoice.invoice_date = day
            invoice.click("post")


def _opportunities(model: Any, customers: list[Any], term: Any) -> None:
    employee = model.get("company.employee")(2)
    for number, state in enumerate(("lead", "opportunity", "converted", "lost")):
        deal = model.get("sale.opportunity")(description=f"Office {number}", party=customers[number])
        deal.employee, deal.amount, deal.payment_term = employee, Decimal(1000 * (number + 1)), term
        deal.start_date = date(2026, 2, 1 + number)
        deal.save()
        if state != "lead":
            deal.click("opportunity")
        if state == "converted":
            deal.click("convert")
        if state == "lost":
            deal.lost_reason = "Too dear"
            deal.click("lost")


def _complaint(model: Any, customer: Any) -> None:
    sale_model = model.get("ir.model").find([("name", "=", "sale.sale")])[0]
    kind = model.get("sale.complaint.type")(name="Late", origin=sale_model)
    kind.save()
    complaint = model.get("sale.complaint")(customer=customer, type=kind, date=date(2026, 2, 2))
    complaint.origin = model.get("sale.sale")(1)
    complaint.save()
    complaint.click("wait")


def _payment(model: Any, customer: Any) -> None:
    journal = model.get("account.payment.journal")(name="Bank", process_method="manual")
    journal.save()
    payment = model.get("account.payment")(journal=journal, kind="receivable", party=customer)
    payment.amount, payment.date = Decimal("900"), date(2026, 2, 10)
    payment.save()
    payment.click("submit")
    payment.click("process_wizard")
    payment.click("succeed")


def make(server: str) -> None:
    """Make the database, fill it and write the dump. `server` is a URL that ends with a slash."""
    password_file = Path(tempfile.mkdtemp()) / "password"
    password_file.write_text(ADMIN_PASSWORD, encoding="utf-8")
    environment = os.environ | {"TRYTOND_DATABASE_URI": server, "TRYTONPASSFILE": str(password_file)}
    os.environ["TRYTOND_DATABASE_URI"] = server
    admin = [str(Path(sys.executable).with_name("trytond-admin")), "-d", DATABASE]
    subprocess.run(["createdb", f"--maintenance-db={server}postgres", DATABASE], check=True)
    subprocess.run([*admin, "--all", "--email", "admin@example.com"], env=environment, check=True)
    subprocess.run([*admin, "-u", *MODULES, "--activate-dependencies"], env=environment, check=True)
    fill()
    dump(server)


def dump(server: str) -> None:
    """Write the dump, without what is not needed to read the company: texts in other languages, sessions, caches."""
    emptied = "truncate ir_translation, ir_session, res_user_login_attempt, ir_cache, ir_model_log"
    subprocess.run(["psql", "--quiet", server + DATABASE, "--command", emptied], check=True)
    dumped = subprocess.run(
        ["pg_dump", "--no-owner", "--no-privileges", server + DATABASE], check=True, capture_output=True, text=True
    ).stdout
    # a random word that psql would ask for, and the programs' versions
    plain = re.sub(r"^(\\(un)?restrict .*|-- Dumped .*)\n", "", dumped, flags=re.M)
    DUMP.write_bytes(gzip.compress(plain.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    make(sys.argv[1])
