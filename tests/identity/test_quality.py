"""Precision and recall of what is joined without being asked, counted pair by pair from the simulator's truth."""

from __future__ import annotations

from itertools import combinations

import pytest

from benchmarks.matching import DAY, OWN_IDS, RANKS, DirtyCompany, dirty_company, quality_of
from identity.decisions import Decision
from identity.policy import read_policy
from identity.resolve import resolve


@pytest.fixture(scope="module")
def company() -> DirtyCompany:
    return dirty_company(1500, seed=11)


@pytest.fixture(scope="module")
def decisions(company: DirtyCompany) -> tuple[Decision, ...]:
    return resolve(company.records, ranks=RANKS, own_ids=OWN_IDS, policy=read_policy(DAY)).decisions


def test_automatic_matches_are_right_and_find_nearly_all(
    company: DirtyCompany, decisions: tuple[Decision, ...]
) -> None:
    account = {(each.source, each.source_account_id): each.account_id for each in decisions}
    together = {pair for pair in combinations(sorted(account), 2) if company.truth[pair[0]] == company.truth[pair[1]]}
    joined = {pair for pair in combinations(sorted(account), 2) if account[pair[0]] == account[pair[1]]}
    assert len(together) > 1000
    assert len(joined & together) / len(joined) >= 0.99
    assert len(joined & together) / len(together) >= 0.95
    told = quality_of(decisions, company.truth)
    assert (told.right, told.wrong, told.missed) == (
        len(joined & together), len(joined - together), len(together - joined),
    )  # fmt: skip


def test_the_review_band_is_short_and_holds_most_of_what_was_missed(
    company: DirtyCompany, decisions: tuple[Decision, ...]
) -> None:
    truth_of: dict[str, set[str]] = {}
    for each in decisions:
        truth_of.setdefault(each.account_id, set()).add(company.truth[each.source, each.source_account_id])
    waiting = [each for each in decisions if each.band == "review"]
    right = [
        each
        for each in waiting
        if each.candidate is not None
        and company.truth[each.source, each.source_account_id] in truth_of[each.candidate.account_id]
    ]
    assert 0 < len(waiting) <= 0.05 * len(decisions)
    assert len(right) >= 0.5 * len(waiting)
    assert all(each.candidate is not None and each.candidate.reason_en for each in waiting)


def test_the_dirt_is_there(company: DirtyCompany) -> None:
    """The numbers above would mean nothing if the CRM were clean."""
    crm = [record for record in company.records if record.source == "crm"]
    erp = {record.account_id: record for record in company.records if record.source == "erp"}
    same = [
        (record, erp[company.truth["crm", record.account_id]])
        for record in crm
        if company.truth["crm", record.account_id] in erp
    ]
    assert sum(record.account_name != other.account_name for record, other in same) / len(same) > 0.3
    assert sum(record.tax_number is None for record in crm) / len(crm) > 0.35
    assert sum(record.linked_account_id is None for record in crm) / len(crm) > 0.7
    assert len(same) < len(crm), "strangers"
    assert len({other.account_id for _, other in same}) < len(same), "customers entered twice"
    phones = [record.phone for record in erp.values() if record.phone]
    assert len(set(phones)) < len(phones), "shared phones"


def test_the_same_seed_is_the_same_company(company: DirtyCompany) -> None:
    assert dirty_company(1500, seed=11) == company
    assert dirty_company(60, seed=12) != dirty_company(60, seed=11)
