"""The records of a CRM that numbers its customers itself: incomplete, dirty, some of them twice, with the truth beside.

The shares below are what a CRM of a trading house looks like that nobody has cleaned for years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from simulator.accounts import Accounts
from simulator.dirt import NAME_DIRT, dirty_address, dirty_domain, dirty_name, dirty_phone, dirty_tax_number
from simulator.draws import Bools, Draws, Ints
from simulator.names import company_names
from simulator.registrations import OUTSIDERS, Registrations, heads_of, register
from simulator.words import CITIES

FREE_MAIL = ("qq.com", "163.com", "126.com", "gmail.com")


@dataclass(frozen=True, slots=True)
class CrmRecord:
    """A row of the CRM. `at` is the account's place in its block; `is_customer` is false for a company that the ERP
    has never heard of."""

    crm_id: str
    at: int
    is_customer: bool
    entered: int
    name: str
    tax_number: str
    web: str
    phone: str
    address: str
    city: str
    parent_crm_id: str
    erp_number: str


def crm_id_of(number: int, copy: int = 0) -> str:
    """The CRM's own number of a company; it shares digits, but nothing else, with the ERP's."""
    return f"K{number * 3 + copy:08d}"


def own_id_records(draws: Draws, accounts: Accounts, *, day: int) -> Iterator[CrmRecord]:
    """Yield the records of the accounts that the CRM knows by a day, of their second entries, and of strangers."""
    number = accounts.number
    heads = heads_of(draws, number)
    entered = accounts.created + np.where(accounts.created < accounts.starts, 0, draws.below("crm lag", 21, number))
    is_known = (entered <= day) & ~draws.chance("unknown to crm", 0.005, number)
    names = company_names(draws, accounts, day=day, heads=heads)
    first = _Writer(draws, number, names, register(draws, number, heads), copy=0)
    yield from first.records(is_known, entered=entered, is_customer=True)
    again = entered + 30 + draws.below("crm entered again", 900, number)
    is_twice = is_known & draws.chance("crm twice", 0.04, number) & (again <= day)
    second = _Writer(draws, number, names, register(draws, number, heads), copy=1)
    yield from second.records(is_twice, entered=again, is_customer=True)
    met = accounts.starts + draws.below("prospect met", 400, number)
    is_met = draws.chance("prospect beside", 0.05, number) & (met <= day)
    strangers = number + OUTSIDERS
    # some strangers belong to a customer's group, and bear its brand
    kin = np.where(draws.chance("prospect is kin", 0.3, number), heads, strangers)
    outside = replace(accounts, number=strangers)
    stranger_names = company_names(draws, outside, day=day, heads=kin)
    prospects = _Writer(draws, strangers, stranger_names, register(draws, strangers, kin), copy=0)
    yield from prospects.records(is_met, entered=met, is_customer=False)


class _Writer:
    """Writes companies down, one record each, as the copy-th person did."""

    def __init__(self, draws: Draws, number: Ints, names: list[str], known: Registrations, *, copy: int) -> None:
        self._draws, self._number, self._names, self._known, self._copy = draws, number, names, known, copy

    def _chance(self, what: str, share: float) -> list[bool]:
        chosen: Bools = self._draws.chance(f"crm {what} {self._copy}", share, self._number)
        return list(chosen.tolist())

    def records(self, chosen: Bools, *, entered: Ints, is_customer: bool) -> Iterator[CrmRecord]:
        draws, number, known = self._draws, self._number, self._known
        kinds = draws.picked(f"crm name dirt {self._copy}", NAME_DIRT, number).tolist()
        picks = draws.below(f"crm pick {self._copy}", 1_000_000, number).tolist()
        has_tax, wrong_tax = self._chance("tax", 0.55), self._chance("tax wrong", 0.04)
        heads_tax = self._chance("head's tax", 0.02)
        has_web, free_mail = self._chance("web", 0.70), self._chance("free mail", 0.12)
        has_phone, mobile = self._chance("phone", 0.78), self._chance("mobile", 0.30)
        has_address, moved = self._chance("address", 0.62), self._chance("moved", 0.10)
        has_city, has_parent = self._chance("city", 0.85), self._chance("parent", 0.6)
        has_number = self._chance("erp number", 0.25 if self._copy == 0 else 0.05)
        head_tax = register(draws, known.head, known.head).tax_number
        elsewhere = register(draws, number + 2 * OUTSIDERS, number + 2 * OUTSIDERS)
        for at in np.flatnonzero(chosen).tolist():
            pick = picks[at]
            tax = head_tax[at] if heads_tax[at] else known.tax_number[at]
            if wrong_tax[at]:
                tax = dirty_tax_number(tax, pick)
            web = FREE_MAIL[pick % len(FREE_MAIL)] if free_mail[at] else dirty_domain(known.domain[at], pick)
            phone = f"1{30 + pick % 60}{10_000_000 + pick * 37 % 89_999_999}" if mobile[at] else known.phone[at]
            address = elsewhere.address[at] if moved[at] else known.address[at]
            yield CrmRecord(
                crm_id=crm_id_of(int(number[at]), self._copy),
                at=at,
                is_customer=is_customer,
                entered=int(entered[at]),
                name=dirty_name(self._names[at], kinds[at], pick),
                tax_number=tax if has_tax[at] else "",
                web=web if has_web[at] else "",
                phone=dirty_phone(phone, pick) if has_phone[at] else "",
                address=dirty_address(address, pick // 7) if has_address[at] else "",
                city=CITIES[known.city[at]] + "市" * (pick % 2) if has_city[at] else "",
                parent_crm_id=crm_id_of(int(known.head[at])) if has_parent[at] and known.head[at] != number[at] else "",
                erp_number=f"C{number[at]:06d}" if is_customer and has_number[at] else "",
            )
