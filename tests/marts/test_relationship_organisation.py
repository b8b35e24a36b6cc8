"""General and organisation relationships: companies by chance computed another way, and customers told by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.marts.chance_organisation import House, moment
from tests.marts.independent_organisation import Relations
from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2025, 7, 15)
MARTS = (
    "fct_account_relationships", "fct_account_relationship_days", "fct_account_relationship_moves",
    "fct_organisation_gates",
    "fct_account_general_relationships", "fct_account_organisation_relationships", "fct_bid_competitors",
)  # fmt: skip
PARTS = ("departments", "breadth", "response", "technical", "record")
SEEN = {
    "agreement_scope_rank": "scope", "executive_meetings_count": "tops", "joint_plans_count": "plans",
    "joint_projects_count": "projects", "share_of_wallet_rate": "share", "bid_win_rate": "wins",
    "renewal_rate": "renewals", "order_days_count": "order_days",
}  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_houses")]  # one worker builds for all


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(server_url, template_database, "company_of_houses", target, variables, *MARTS) as replay:
        yield replay


def _all(cursor: psycopg.Cursor[Row], mart: str) -> list[Row]:
    return cursor.execute(f"select * from {mart}".encode()).fetchall()


def _days() -> list[date]:
    firsts = [date(2024 + number // 12, number % 12 + 1, 1) for number in range(7, 19)]
    return [*(first - timedelta(days=1) for first in firsts), AS_OF]


def _same(seen: Any, expected: float | None, *, within: float = 1e-5) -> bool:
    return (seen is None) == (expected is None) and (
        expected is None or float(seen) == pytest.approx(expected, abs=within)
    )


@pytest.mark.parametrize("seed", [0, 4, 6, 7])
def test_every_day_agrees_with_another_way_to_compute_it(replay: Replay, seed: int) -> None:
    records = House(random.Random(seed), as_of=AS_OF, accounts=26).tables
    with replay.of(records) as cursor:
        marts = {mart: _all(cursor, mart) for mart in MARTS}
    accounts = {row["account_id"]: row for row in records["accounts"]}
    rows = marts["fct_account_relationships"]
    assert {row["snapshot_date"] for row in rows} == set(_days())
    assert sum(row["account_id"] == "A24" for row in rows) == 3, "heard of in May"
    details = {row["account_id"]: row for row in marts["fct_account_organisation_relationships"]}
    levels = set()
    for day in _days():
        known = Relations(records, day)
        share = known.shares(known.known["accounts"])
        for row in (each for each in rows if each["snapshot_date"] == day):
            account = accounts[row["account_id"]]
            parts, (index, level) = known.parts(account), known.general(account)
            for part in PARTS:
                assert _same(row[f"{part}_rate"], parts[part]), (row, part, parts)
            assert _same(row["general_index"], index, within=0.011), (row, index)
            assert row["general_level_code"] == level, row
            measures = known.measures(account, share)
            assert (row["organisation_level_code"], row["is_unproven"]) == known.organisation(measures), (row, measures)
            levels |= {row["general_level_code"], row["organisation_level_code"]}
            if day == AS_OF:
                for column, measure in SEEN.items():
                    assert _same(details[row["account_id"]][column], measures[measure]), (row, column, measures)
    assert {None, "A", "B", "C", "D", "vendor", "supplier", "key_supplier"} <= levels
    _composites_agree(rows)
    moves = marts["fct_account_relationship_moves"]
    _moves_agree([move for move in moves if move["compared_with"] == "month_end"], rows)
    _days_agree(marts["fct_account_relationship_days"], rows, moves, records)
    _out_of_crm(marts, "A25")


def _days_agree(days: list[Row], rows: list[Row], moves: list[Row], records: dict[str, list[Row]]) -> None:
    """Each of the last days reads as it was known, and who is at another level than the day before moved that day."""
    by_key = {(row["account_id"], row["snapshot_date"]): row for row in days}
    last = [AS_OF - timedelta(days=back) for back in range(7, -1, -1)]
    assert {day for _, day in by_key} == {*_days(), *last}
    for row in rows:
        same = by_key[row["account_id"], row["snapshot_date"]]
        for name in ("relationship_index", "key_index", "general_level_code", "organisation_level_code"):
            assert same[name] == row[name], (same, row)
        assert same["relationship_index_change"] == row["relationship_index_change"]
    moved = set()
    for day in last:
        known = Relations(records, day)
        accounts = {row["account_id"]: row for row in known.known["accounts"]}
        share = known.shares(known.known["accounts"])
        assert accounts.keys() == {account for account, then in by_key if then == day}
        for account, told in accounts.items():
            row, before = by_key[account, day], by_key.get((account, day - timedelta(days=1)))
            index, level = known.general(told)
            assert _same(row["general_index"], index, within=0.011), (row, index)
            assert row["general_level_code"] == level, row
            measures = known.measures(told, share)
            assert row["organisation_level_code"] == known.organisation(measures)[0], (row, measures)
            if before and _has_moved(before, row):
                moved.add((account, day))
    found = {(move["account_id"], move["snapshot_date"]) for move in moves if move["compared_with"] == "day"}
    assert found == moved


def _has_moved(before: Row, row: Row) -> bool:
    indices = (before["relationship_index"], row["relationship_index"])
    return bool(
        before["general_level_code"] != row["general_level_code"]
        or before["organisation_level_code"] != row["organisation_level_code"]
        or (None not in indices and abs(indices[1] - indices[0]) >= 10)
    )


def _composites_agree(rows: list[Row]) -> None:
    """The mean of what is known, by weights of 48, 29 and 23."""
    for row in rows:
        told = [
            (weight, float(row[f"{dimension}_index"]))
            for dimension, weight in (("key", 48), ("general", 29), ("organisation", 23))
            if row[f"{dimension}_index"] is not None
        ]
        weights = sum(weight for weight, _ in told)
        expected = sum(weight * index for weight, index in told) / weights if weights else None
        assert _same(row["relationship_index"], expected, within=0.011), row
        assert row["coverage_rate"] == pytest.approx(weights / 100)
        assert (row["relationship_unknown_reason"] is None) == bool(told)


def _moves_agree(moves: list[Row], rows: list[Row]) -> None:
    """Every other level and every ten points are a move, whose parts sum to the change."""
    by_key = {(row["account_id"], row["snapshot_date"]): row for row in rows}
    expected = set()
    for (account, day), row in by_key.items():
        before = by_key.get((account, row["previous_snapshot_date"]))
        assert (before is None) == (day == _days()[0] or (account == "A24" and day == date(2025, 5, 31)))
        if before is None:
            continue
        indices = (before["relationship_index"], row["relationship_index"])
        change = None if None in indices else indices[1] - indices[0]
        assert row["relationship_index_change"] == change
        if (
            row["organisation_level_code"] != before["organisation_level_code"]
            or row["general_level_code"] != before["general_level_code"]
            or (change is not None and abs(change) >= 10)
        ):
            expected.add((account, day))
    assert {(move["account_id"], move["snapshot_date"]) for move in moves} == expected
    points: dict[tuple[str, date], Decimal] = {}
    for move in moves:
        key = move["account_id"], move["snapshot_date"]
        points[key] = points.get(key, Decimal(0)) + (move["points_change"] or 0)
        assert move["value_before"] != move["value_after"] or move["points_change"]
    for key, total in points.items():
        change = by_key[key]["relationship_index_change"]
        assert change is None or abs(total - change) <= Decimal("0.06"), key


def _out_of_crm(marts: dict[str, list[Row]], account: str) -> None:
    """Of who is in no CRM the people are not known, which is no nought."""
    general = next(row for row in marts["fct_account_general_relationships"] if row["account_id"] == account)
    assert [general[f"{part}_rate"] for part in PARTS[:4]] == [None] * 4
    assert {general[f"{part}_unknown_reason"] for part in PARTS[:2]} == {"not_on_record"}
    assert (general["general_index"], general["general_unknown_reason"]) == (None, "too_little_known")


def _partner(*, until: date, meetings: int = 4, plan: bool = True) -> dict[str, list[Row]]:
    """A customer with all that makes a strategic partner, and nine others that buy as much."""
    house = House(random.Random(0), as_of=AS_OF, accounts=0)
    for number in range(10):
        name = f"P{number}"
        house.add("accounts", name, date(2023, 1, 1), industry="water", size_band="large")
        for order in range(3):
            day = AS_OF - timedelta(days=40 + 30 * order)
            house.add("orders", f"{name}-{order}", day, account_id=name, ordered_at=moment(day))
            house.add("order_lines", f"{name}-{order}", day, order_id=f"{name}-{order}", quantity=1, net_amount=100)
    start = date(2024, 1, 1)
    for key, contract, scope, end in (("frame", "集团框架协议", "group", until), ("lab", "联合创新中心", None, None)):
        house.add("contracts", key, start, account_id="P0", kind="framework" if scope else "project", scope=scope,
                  contract_name=contract, start_date=start, end_date=end)  # fmt: skip
    for number in range(meetings):
        day = AS_OF - timedelta(days=60 + 30 * number)
        house.add("interactions", f"m{number}", day, account_id="P0", kind="meeting", happened_at=moment(day),
                  counterpart_level="executive", our_level="executive", status=None, direction=None, outcome=None,
                  is_two_way=None, subject="Joint plan" if plan else None)  # fmt: skip
    for number, result in enumerate(("won", "won", "lost")):
        day = AS_OF - timedelta(days=90)
        house.add("bids", f"b{number}", day, account_id="P0", result=result, decided_date=day, submitted_at=moment(day))
    return house.tables


@pytest.mark.parametrize(
    ("until", "meetings", "plan", "level", "is_unproven"),
    [
        (AS_OF, 4, True, "strategic_partner", False),
        (AS_OF - timedelta(days=1), 4, True, "supplier", False),
        (AS_OF, 3, True, "key_supplier", False),
        (AS_OF, 4, False, "key_supplier", True),
    ],
    ids=["on the last day of the agreement", "the day after", "a meeting too few", "nobody speaks of a plan"],
)
def test_a_partner_falls_the_night_its_agreement_lapses(
    replay: Replay, until: date, meetings: int, plan: bool, level: str, is_unproven: bool
) -> None:
    with replay.of(_partner(until=until, meetings=meetings, plan=plan)) as cursor:
        rows = {
            row["snapshot_date"]: row for row in _all(cursor, "fct_account_relationships") if row["account_id"] == "P0"
        }
        moves = [
            row
            for row in _all(cursor, "fct_account_relationship_moves")
            if row["account_id"] == "P0" and row["is_current"] and row["compared_with"] == "month_end"
        ]
        gates = {row["gate_code"]: row for row in _all(cursor, "fct_organisation_gates") if row["account_id"] == "P0"}
    assert (rows[AS_OF]["organisation_level_code"], rows[AS_OF]["is_unproven"]) == (level, is_unproven)
    if until < AS_OF:
        assert rows[date(2025, 6, 30)]["organisation_level_code"] == "strategic_partner"
        assert {(move["part_code"], move["change_kind"]) for move in moves} >= {
            ("partner_agreement", "gate_closed"), ("key_agreement", "gate_closed"), ("organisation_index", "fell"),
        }  # fmt: skip
        assert {move["organisation_levels_change"] for move in moves} == {-2}
    else:
        assert moves == []
    plan_gate = gates["partner_plan"]
    assert (plan_gate["is_met"], plan_gate["is_known"]) == (plan, plan)
    assert (plan_gate["unknown_reason"] is None) == plan


def test_competitors_of_a_company_by_chance_are_counted_bid_by_bid(replay: Replay) -> None:
    records = House(random.Random(7), as_of=AS_OF, accounts=30).tables
    with replay.of(records) as cursor:
        found = {row["competitor_code"]: row for row in _all(cursor, "fct_bid_competitors") if row["is_current"]}
    named = {row["opportunity_id"]: (row["competitor"] or "").strip().lower() for row in records["opportunities"]}
    met: dict[str, list[str]] = {}
    for bid in records["bids"]:
        decided = bid["decided_date"] or bid["submitted_at"].date()
        if bid["result"] in ("won", "lost") and AS_OF - timedelta(days=365) < decided <= AS_OF:
            winner = (bid["winner"] or "").lower()
            for competitor in {winner, named[bid["opportunity_id"]]} - {""}:
                met.setdefault(competitor, []).append(
                    "won" if bid["result"] == "won" else "to" if winner == competitor else "other"
                )
    assert found.keys() == met.keys() == {"acme", "beta"}
    for competitor, ends in met.items():
        row, won, lost = found[competitor], ends.count("won"), ends.count("to")
        assert (row["bids_met_count"], row["bids_won_count"], row["bids_lost_to_count"]) == (len(ends), won, lost)
        assert row["win_rate"] == pytest.approx(won / (won + lost))
        low, high, cases = row["win_rate_lower"], row["win_rate_upper"], won + lost
        for limit in (low, high):  # Wilson: the limits are the shares from which the one seen is 1.96 deviations away
            assert abs(row["win_rate"] - limit) == pytest.approx(1.96 * (limit * (1 - limit) / cases) ** 0.5)
        assert 0 < low < row["win_rate"] < high < 1
