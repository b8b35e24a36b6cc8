"""Matching of accounts against the simulator's truth: `python -m benchmarks.matching 2000`.

The simulated company's ERP and a CRM with ids of its own, full of dirt, are matched as a night would, without a
database. Precision and recall are of pairs of records: of the pairs that were joined without being asked, how many are
one company, and of the pairs that are one company, how many were joined. Nothing is written.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from rich.console import Console
from rich.table import Table

from identity.decisions import Decision
from identity.parties import AccountRecord
from identity.policy import read_policy
from identity.resolve import resolve
from simulator.accounts import arrived_by, draw_accounts
from simulator.crm_records import own_id_records
from simulator.draws import Draws
from simulator.erp_rows import account_code, customer_rows
from simulator.registrations import heads_of
from simulator.seasons import day_number

FIRST_DAY, DAY = date(2024, 3, 1), date(2026, 6, 30)
RANKS, OWN_IDS = {"erp": 1, "crm": 2}, frozenset({"crm"})

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DirtyCompany:
    """Records of an ERP and of a CRM with ids of its own, and which company each record is of."""

    records: list[AccountRecord]
    truth: dict[Key, str]


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairs of records: joined and one company, joined and not, one company and not joined."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


def main() -> None:
    """Match companies of the sizes of the command line, by default of 2,000 accounts."""
    parser = argparse.ArgumentParser(prog="benchmarks.matching", description=__doc__)
    parser.add_argument("accounts", type=int, nargs="*", default=[2000], help="sizes of the company")
    parser.add_argument("--seed", type=int, default=7, help="seed of the simulator")
    given = parser.parse_args()
    for accounts in given.accounts:
        company = dirty_company(accounts, seed=given.seed)
        started = time.perf_counter()
        resolution = resolve(company.records, ranks=RANKS, own_ids=OWN_IDS, policy=read_policy(DAY))
        seconds = time.perf_counter() - started
        _print(company, resolution.decisions, accounts=accounts, seconds=seconds)


def dirty_company(accounts: int, *, seed: int = 7, day: date = DAY) -> DirtyCompany:
    """Return the records that both systems hold on a day."""
    draws, first, until = Draws(seed), day_number(FIRST_DAY), day_number(day)
    last = arrived_by(until, accounts=accounts, first_day=first)
    block = draw_accounts(draws, numbers=range(1, last + 1), accounts=accounts, first_day=first, until=until)
    rows = customer_rows(draws, block, day=until, heads=heads_of(draws, block.number)).values
    columns = ("customer_no", "name", "tax_no", "website", "phone", "address", "city")
    records, truth = [], {}
    starts = [FIRST_DAY + timedelta(days=int(each)) for each in np.maximum(block.starts - first, 0)]
    for known, values in zip(starts, zip(*(rows[name].to_pylist() for name in columns), strict=True), strict=True):
        number, *rest = values
        records.append(AccountRecord("erp", number, known, *rest))
        truth["erp", number] = number
    for row in own_id_records(draws, block, day=until):
        known = FIRST_DAY + timedelta(days=max(0, row.entered - first))
        said = (row.name, row.tax_number, row.web, row.phone, row.address, row.city, row.erp_number)
        records.append(AccountRecord("crm", row.crm_id, known, *(value or None for value in said)))
        truth["crm", row.crm_id] = account_code(int(block.number[row.at])) if row.is_customer else row.crm_id
    return DirtyCompany(records, truth)


def quality_of(decisions: Iterable[Decision], truth: dict[Key, str]) -> Quality:
    """Compare the accounts that records were given with the companies they are of, pair by pair."""
    given = {(each.source, each.source_account_id): each.account_id for each in decisions}
    joined = _pairs(Counter(given.values()))
    together = _pairs(Counter(truth[key] for key in given))
    right = _pairs(Counter((account, truth[key]) for key, account in given.items()))
    return Quality(right=right, wrong=joined - right, missed=together - right)


def _pairs(sizes: Counter[str] | Counter[tuple[str, str]]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _print(company: DirtyCompany, decisions: tuple[Decision, ...], *, accounts: int, seconds: float) -> None:
    console, quality = Console(width=120), quality_of(decisions, company.truth)
    console.print(
        f"{accounts:,} accounts, {len(company.records):,} records in {seconds:.1f} s: precision"
        f" {quality.precision:.4f}, recall {quality.recall:.4f} ({quality.right:,} pairs right, {quality.wrong} wrong,"
        f" {quality.missed} missed)",
        highlight=False,
    )
    members: dict[str, set[str]] = defaultdict(set)
    for each in decisions:
        members[each.account_id].add(company.truth[each.source, each.source_account_id])
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    review: Counter[str] = Counter()
    for each in decisions:
        mine = company.truth[each.source, each.source_account_id]
        rules[each.rule]["pure" if len(members[each.account_id]) == 1 else "mixed"] += 1
        if each.candidate is not None:
            is_right = mine in members[each.candidate.account_id]
            review["the candidate is the customer" if is_right else "the candidate is another"] += 1
    table = Table("rule", "records", "in an account of several companies")
    for rule, counts in sorted(rules.items()):
        table.add_row(rule, f"{counts.total():,}", f"{counts['mixed']:,}")
    console.print(table)
    told = ", ".join(f"{count:,} where {what}" for what, count in sorted(review.items())) or "none"
    console.print(f"in the review band: {review.total():,}; {told}", highlight=False)


if __name__ == "__main__":
    main()
