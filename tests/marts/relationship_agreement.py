"""Compares accounts, moves and evidence of relationships with the same computed from the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.marts.chance_relationship import SIGNS
from tests.marts.independent_relationship import AGAINST, FOR_US, Relationships, day_of

Row = dict[str, Any]
Records = Mapping[str, Sequence[Row]]


def measured_days(as_of: date) -> list[date]:
    """Return the last twelve month ends before a day, and the day."""
    firsts = [as_of.replace(day=1)]
    while len(firsts) < 12:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return [*(first - timedelta(days=1) for first in reversed(firsts)), as_of]


def held_days(as_of: date) -> list[date]:
    """Return those days and the seven days before the day, in order."""
    return sorted({*measured_days(as_of), *(as_of - timedelta(days=back) for back in range(1, 8))})


def comparisons(as_of: date) -> list[tuple[str, date, date]]:
    """Return what is compared with what: each day with the day before, months with the month end before."""
    held, months = held_days(as_of), measured_days(as_of)
    return [
        *(("day", day - timedelta(days=1), day) for day in held if day - timedelta(days=1) in held),
        *(("month_end", earlier, later) for earlier, later in pairwise(months)),
    ]


def accounts_agree(found: list[Row], known: Mapping[date, Relationships]) -> None:
    """Find each account on each day as the words say."""
    assert {row["snapshot_date"] for row in found} == set(known)
    assert "A1" not in {row["account_id"] for row in found}, "our own company is no customer"
    assert sum(row["account_id"] == "A0" for row in found) == 4, "known since early April"
    for row in found:
        for name, value in known[row["snapshot_date"]].account(row["account_id"]).items():
            seen = row[name]
            assert (seen is None) == (value is None), (row, name, value)
            if value is not None:
                assert float(seen) == pytest.approx(value, abs=1e-4), (row, name, value)


def moves_agree(found: list[Row], expected: Mapping[tuple[str, date], Row], acts: Sequence[Row], as_of: date) -> None:
    """Each change between two days has its move; what explains it is that person's, known since and still then."""
    changes = {
        (contact, compared_with, before, day, then["published_level"], expected[contact, day]["published_level"])
        for compared_with, before, day in comparisons(as_of)
        for contact in {contact for contact, _ in expected}
        if (then := expected.get((contact, before))) and (contact, day) in expected
        and _moves(then, expected[contact, day])
    }  # fmt: skip
    parts = ("contact_key", "compared_with", "from_snapshot_date", "snapshot_date", "from_level", "to_level")
    assert {tuple(row[part] for part in parts) for row in found} == changes
    by_contact: dict[str, list[Row]] = {}
    for act in acts:
        by_contact.setdefault(act["contact_key"], []).append(act)
    for row in found:
        then = expected[row["contact_key"], row["from_snapshot_date"]]
        now = expected[row["contact_key"], row["snapshot_date"]]
        _is_explained(row, then, now, by_contact.get(row["contact_key"], []))


def _moves(then: Row, now: Row) -> bool:
    if then["published_level"] is None or now["published_level"] is None:
        return False
    return bool(
        then["published_level"] != now["published_level"]
        or (now["has_left"] and not then["has_left"])
        or then["account_id"] != now["account_id"]
    )


def _is_explained(move: Row, then: Row, now: Row, acts: Sequence[Row]) -> None:
    keys = set(move["evidence_keys"].split(",")) if move["evidence_keys"] else set()
    assert len(keys) == move["evidence_count"]
    assert bool(keys) == (move["move_reason"] == "evidence")
    if now["account_id"] != then["account_id"]:
        assert move["move_reason"] == "moved"
    elif now["has_left"] and not then["has_left"]:
        assert move["move_reason"] == "left"
    elif now["computed_level"] == then["computed_level"]:
        assert move["move_reason"] == "claim"
    since = {act["evidence_key"]: act["kind"] for act in acts if _is_new(act, move, now["counted_date"])}
    if now["computed_level"] == -1:
        assert keys in (set(), {key for key, kind in since.items() if kind in AGAINST})
    elif then["computed_level"] == -1:
        assert keys in (set(), {key for key, kind in since.items() if kind in FOR_US})
    else:
        assert keys in (set(), {key for key, kind in since.items() if kind not in AGAINST})
        assert not keys or now["computed_level"] > then["computed_level"]


def _is_new(act: Row, move: Row, until: date) -> bool:
    """Whether an act that decides levels came to be known between the two days, and was not taken back by the later."""
    return (
        act["counts_as"] is not None
        and act["happened_date"] <= until
        and move["from_snapshot_date"] < max(act["happened_date"], act["first_known_date"])
        and act["known_date"] <= move["snapshot_date"]
        and (act["superseded_date"] is None or move["snapshot_date"] < act["superseded_date"])
    )


def evidence_agrees(found: Mapping[str, Row], records: Records) -> None:
    """What a note says of somebody is known since the first version of the record that said so."""
    for key, act in found.items():
        if act["kind"] in SIGNS:
            assert act["known_date"] == _first_told(records, key.split("|")[2], act["kind"]), key


def _first_told(records: Records, interaction: str, sign: str) -> date:
    return min(
        day_of(row["known_at"])
        for row in records["interactions"]
        if row["interaction_id"] == interaction and row["evidence"] == sign and row["status"] in {None, "done"}
    )
