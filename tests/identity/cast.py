"""Records to match, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from stdnum.cn import uscc

from identity.decisions import Decision
from identity.parties import AccountRecord
from identity.policy import MatchPolicy, Override, read_policy
from identity.resolve import Resolution, resolve

DAY = date(2026, 6, 30)
RANKS = {"erp": 1, "crm": 2, "web": 3}
POLICY = replace(read_policy(DAY), overrides=())


def tax_number(body: int) -> str:
    """Return a 统一社会信用代码 whose check digit agrees."""
    first = f"91320500MA{body:07d}"
    return first + str(uscc.calc_check_digit(first))


def erp(account_id: str, name: str | None = None, **known: Any) -> AccountRecord:
    return AccountRecord("erp", account_id, known.pop("since", date(2020, 1, 1)), name, **known)


def crm(account_id: str, name: str | None = None, **known: Any) -> AccountRecord:
    return AccountRecord("crm", account_id, known.pop("since", date(2021, 1, 1)), name, **known)


def override(verdict: str, one: tuple[str, str], other: tuple[str, str]) -> Override:
    return Override("same" if verdict == "same" else "different", one, other)


def resolved(
    *records: AccountRecord, overrides: Sequence[Override] = (), policy: MatchPolicy = POLICY, own: Sequence[str] = ()
) -> Resolution:
    return resolve(
        records,
        ranks=RANKS,
        own_ids=frozenset(own or ("crm", "web")),
        policy=replace(policy, overrides=tuple(overrides)),
    )


def decided(*records: AccountRecord, **how: Any) -> dict[str, Decision]:
    """Return the decisions by source and id, as erp:1."""
    return {f"{each.source}:{each.source_account_id}": each for each in resolved(*records, **how).decisions}


def accounts(*records: AccountRecord, **how: Any) -> dict[str, str]:
    """Return the accounts alone."""
    return {key: each.account_id for key, each in decided(*records, **how).items()}
