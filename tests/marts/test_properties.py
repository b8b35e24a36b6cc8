"""What must hold of every company, however its orders and contracts fall: drawn companies, and the ones at the edges.

The day is a leap day and a month's end. One build serves them all: each company is laid into empty tables, the models'
SQL runs on it, and everything is taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2024, 2, 29)
KNOWN = "2021-01-01 00:00+00"
MARTS = (
    "fct_account_rfm", "fct_account_abc", "fct_group_abc", "fct_stage_transitions", "fct_account_lifecycle_months",
    "fct_account_segments", "fct_contract_months", "fct_order_lines", "dim_accounts",
)  # fmt: skip
# around every window of the policy, and month ends that differ by leap years
AGES = (0, 1, 14, 28, 29, 30, 31, 59, 60, 61, 89, 90, 91, 179, 180, 181, 359, 360, 364, 365, 366, 540, 729, 730, 731)
AMOUNTS = tuple(map(Decimal, ("-100", "-50", "0", "0.01", "50", "100", "100.10", "800", "9000")))

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_properties")]  # one worker builds for all


@dataclass(frozen=True, slots=True)
class Company:
    """For each account its lines, as days before AS_OF and an amount; its contracts, as first day, days, amount."""

    lines: tuple[tuple[tuple[int, Decimal], ...], ...] = ()
    contracts: tuple[tuple[tuple[int, int | None, Decimal], ...], ...] = ()

    def records(self, name: Callable[[int], str] = "A{}".format) -> dict[str, Sequence[Row]]:
        """Return raw records; `name` gives an account its id."""
        count = max(len(self.lines), len(self.contracts))
        orders, lines, contracts = [], [], []
        for place, own in enumerate(self.lines):
            for number, (age, amount) in enumerate(own):
                key, day = f"{name(place)}-{number}", AS_OF - timedelta(days=age)
                orders.append({"order_id": key, "account_id": name(place), "ordered_at": f"{day} 04:00+00"})
                lines.append({"order_line_id": key, "order_id": key, "quantity": 1, "net_amount": amount})
        for place, agreed in enumerate(self.contracts):
            for number, (age, length, amount) in enumerate(agreed):
                start = AS_OF - timedelta(days=age)
                contracts.append(
                    {
                        "contract_id": f"{name(place)}-{number}", "account_id": name(place), "kind": "subscription",
                        "monthly_amount": amount, "start_date": start,
                        "end_date": None if length is None else start + timedelta(days=length),
                    }
                )  # fmt: skip
        kinds: dict[str, tuple[str, list[Row]]] = {
            "accounts": ("account_id", [{"account_id": name(place)} for place in range(count)]),
            "orders": ("order_id", orders),
            "order_lines": ("order_line_id", lines),
            "contracts": ("contract_id", contracts),
        }
        same = {"source": "erp", "known_at": KNOWN, "gen": 1}
        return {entity: [same | {"record_id": row[key]} | row for row in rows] for entity, (key, rows) in kinds.items()}


LINE = st.tuples(st.sampled_from(AGES), st.sampled_from(AMOUNTS))
CONTRACT = st.tuples(
    st.sampled_from((0, 28, 29, 30, 59, 60, 120, 366)),
    st.sampled_from((None, 0, 27, 28, 30, 60, 90)),
    st.sampled_from(tuple(map(Decimal, ("0", "100", "100.01", "250")))),
)
COMPANIES = st.builds(
    Company,
    st.lists(st.lists(LINE, max_size=5).map(tuple), max_size=6).map(tuple),
    st.lists(st.lists(CONTRACT, max_size=3).map(tuple), max_size=3).map(tuple),
)


def _sold(*amounts: str) -> Company:
    """A company of accounts with one line each, a month ago."""
    return Company(tuple(((30, Decimal(amount)),) for amount in amounts))


EDGES = {
    "nobody": Company(),
    "one prospect": Company(((),)),
    "one customer": _sold("100"),
    "all the same": _sold("100", "100", "100", "100"),
    "one has nine tenths": _sold("900", "50", "30", "20"),
    "exactly on the limits": _sold("80", "15", "5"),
    "a lifetime that nets to nothing": Company((((200, Decimal(100)), (10, Decimal(-100))), ((30, Decimal(50)),))),
    "only returns": _sold("-100", "-50"),
    "a year ago to the day": Company((((364, Decimal(10)),), ((365, Decimal(10)),), ((366, Decimal(10)),))),
    "leap days": Company((((0, Decimal(10)), (366, Decimal(10)), (365, Decimal(10))),)),
    "month ends": Company((((29, Decimal(10)), (60, Decimal(10)), (90, Decimal(10)), (121, Decimal(10))),)),
    "contracts from end to end": Company((), (((60, 30, Decimal(100)), (29, 29, Decimal(100))),)),
    "a contract of one day": Company((), (((29, 0, Decimal(100)),), ((0, 0, Decimal(250)),))),
}


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(server_url, template_database, "company_of_properties", target, variables, *MARTS) as replay:
        yield replay


@pytest.mark.parametrize("edge", EDGES)
def test_what_must_hold_of_every_company_holds_at_the_edges(replay: Replay, edge: str) -> None:
    _holds(replay, EDGES[edge])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(company=COMPANIES)
def test_what_must_hold_of_every_company_holds_of_companies_by_chance(replay: Replay, company: Company) -> None:
    _holds(replay, company)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(company=COMPANIES)
@example(company=EDGES["one has nine tenths"])
@example(company=EDGES["all the same"])
def test_an_id_decides_nothing(replay: Replay, company: Company) -> None:
    """The same company with its ids in the opposite order, its rows too: scores, classes and stages are the same."""

    def told(name: Callable[[int], str]) -> list[Any]:
        records = {entity: rows[::-1] for entity, rows in company.records(name).items()}
        with replay.of(records) as cursor:
            rfm = {row["account_id"]: row["rfm_code"] for row in cursor.execute("select * from fct_account_rfm")}
            abc = {row["account_id"]: row["abc_class"] for row in cursor.execute("select * from fct_account_abc")}
            stages = {
                row["account_id"]: row["stage_code"]
                for row in cursor.execute("select * from fct_account_lifecycle_months where is_current")
            }
        return [(rfm.get(name(each)), abc[name(each)], stages[name(each)]) for each in range(len(abc))]

    assert told("A{}".format) == told(lambda place: f"Z{99 - place}")


def test_a_customer_of_nine_tenths_is_the_only_one_in_class_a(replay: Replay) -> None:
    assert _classes(replay, EDGES["one has nine tenths"]) == ["A", "B", "C", "C"]


def test_who_begins_exactly_on_a_limit_is_in_the_worse_class(replay: Replay) -> None:
    assert _classes(replay, EDGES["exactly on the limits"]) == ["A", "B", "C"]


def test_who_crosses_a_limit_together_stays_together(replay: Replay) -> None:
    assert _classes(replay, EDGES["all the same"]) == ["A"] * 4


def test_a_window_of_a_year_has_365_days(replay: Replay) -> None:
    with replay.of(EDGES["a year ago to the day"].records()) as cursor:
        rows = cursor.execute("select * from fct_account_rfm order by account_id").fetchall()
    assert [row["frequency_365d_count"] for row in rows] == [1, 0, 0]
    assert [row["recency_days"] for row in rows] == [364, 365, 366]


def test_a_lifetime_that_nets_to_nothing_is_a_customer_without_revenue(replay: Replay) -> None:
    with replay.of(EDGES["a lifetime that nets to nothing"].records()) as cursor:
        row = cursor.execute("select * from int_accounts_measured where account_id = 'A0'").fetchone() or {}
    assert (row["is_customer"], row["order_days_count"], row["net_revenue_amount"]) == (True, 1, 0)


def _classes(replay: Replay, company: Company) -> list[str]:
    with replay.of(company.records()) as cursor:
        rows = cursor.execute("select abc_class from fct_account_abc order by account_id").fetchall()
    return [row["abc_class"] for row in rows]


def _holds(replay: Replay, company: Company) -> None:
    names = [f"A{place}" for place in range(max(len(company.lines), len(company.contracts)))]
    with replay.of(company.records()) as cursor:
        _rfm_is_decided_by_values(_all(cursor, "fct_account_rfm"), company)
        _abc_is_in_order(_all(cursor, "fct_account_abc"), names, company)
        _everybody_stands_in_one_place(cursor, names)
        _ways_out_are_all_told(_all(cursor, "fct_stage_transitions"))
        _recurring_revenue_moves_by_its_movements(_all(cursor, "fct_contract_months"))
        _every_cent_is_somebodys(cursor, company)


def _all(cursor: psycopg.Cursor[Row], mart: str) -> list[Row]:
    return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(mart))).fetchall()


def _rfm_is_decided_by_values(rows: list[Row], company: Company) -> None:
    """Who has an order day has a score; the better value has never the lower score, equal values have the same."""
    sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for place, own in enumerate(company.lines):
        for age, amount in own:
            sums[place, age] += amount
    assert {row["account_id"] for row in rows} == {f"A{place}" for (place, _), amount in sums.items() if amount > 0}
    for value, score, sign in (
        ("recency_days", "recency_score", -1), ("frequency_365d_count", "frequency_score", 1),
        ("net_revenue_365d_amount", "monetary_score", 1),
    ):  # fmt: skip
        by_value: dict[Any, set[int]] = defaultdict(set)
        for row in rows:
            by_value[sign * row[value]].add(row[score])
        assert all(len(scores) == 1 for scores in by_value.values()), f"equal {value}, different scores"
        ordered = [scores.pop() for _, scores in sorted(by_value.items())]
        assert ordered == sorted(ordered)
        assert all(1 <= each <= 5 for each in ordered)


def _abc_is_in_order(rows: list[Row], names: list[str], company: Company) -> None:
    """Shares sum to one, classes fall with revenue, and who sold nothing in a year is in no class."""
    assert sorted(row["account_id"] for row in rows) == names
    shares = [row["revenue_rate"] for row in rows if row["revenue_rate"] is not None]
    positive = [row for row in rows if row["net_revenue_365d_amount"] > 0]
    assert (len(shares) > 0) == (len(positive) > 0)
    assert not shares or sum(shares) == pytest.approx(1)
    classes = [row["abc_class"] for row in sorted(positive, key=lambda row: -row["net_revenue_365d_amount"])]
    assert classes == sorted(classes)
    assert not classes or classes[0] == "A"
    recent = {f"A{place}" for place, own in enumerate(company.lines) if any(age < 365 for age, _ in own)}
    assert {row["account_id"] for row in rows if row["abc_class"] != "N"} == recent
    equal: dict[Decimal, set[str]] = defaultdict(set)
    for row in positive:
        equal[row["net_revenue_365d_amount"]].add(row["abc_class"])
    assert all(len(found) == 1 for found in equal.values())


def _everybody_stands_in_one_place(cursor: psycopg.Cursor[Row], names: list[str]) -> None:
    for query in (
        "select account_id from fct_account_lifecycle_months where is_current",
        "select account_id from fct_account_segments where kind = 'base' and is_current",
    ):
        assert sorted(row["account_id"] for row in cursor.execute(query)) == names, query
    twice = cursor.execute(
        "select account_id, snapshot_date from fct_account_lifecycle_months group by 1, 2 having count(*) > 1"
    )
    assert twice.fetchall() == []


def _ways_out_are_all_told(rows: list[Row]) -> None:
    ways: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        ways[row["month_date"], row["dimension"], row["from_code"]].append(row)
        assert 0 <= row["transition_rate_low"] <= row["transition_rate"] <= row["transition_rate_high"] <= 1
    for own in ways.values():
        assert sum(row["transition_rate"] for row in own) == pytest.approx(1)
        assert {row["from_accounts_count"] for row in own} == {sum(row["accounts_count"] for row in own)}


def _recurring_revenue_moves_by_its_movements(rows: list[Row]) -> None:
    """Month follows month without a hole, and each is the one before with the movement."""
    by_account: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["month_date"]):
        by_account[row["account_id"]].append(row)
    for own in by_account.values():
        months = [12 * row["month_date"].year + row["month_date"].month for row in own]
        assert months == list(range(months[0], 12 * AS_OF.year + AS_OF.month + 1))
        before, has_paid = Decimal(0), False
        for row in own:
            assert row["prior_mrr_amount"] == before
            assert before + row["movement_amount"] == row["mrr_amount"]
            signs = {"new": 1, "reactivated": 1, "expansion": 1, "contraction": -1, "churned": -1, "unchanged": 0}
            sign = (row["movement_amount"] > 0) - (row["movement_amount"] < 0)
            assert sign == signs[row["movement_type"]]
            if before == 0 < row["mrr_amount"]:
                assert row["movement_type"] == ("reactivated" if has_paid else "new")
            before = row["mrr_amount"]
            has_paid = has_paid or before > 0


def _every_cent_is_somebodys(cursor: psycopg.Cursor[Row], company: Company) -> None:
    control = sum((amount for own in company.lines for _, amount in own), Decimal(0))
    for query in (
        "select coalesce(sum(net_revenue_amount), 0) as total from dim_accounts",
        "select coalesce(sum(net_amount), 0) as total from fct_order_lines where is_revenue",
    ):
        assert (cursor.execute(query).fetchone() or {})["total"] == control, query
    year = sum((amount for own in company.lines for age, amount in own if age < 365), Decimal(0))
    for mart in ("fct_account_abc", "fct_group_abc"):
        query = f"select coalesce(sum(net_revenue_365d_amount), 0) as total from {mart}"
        assert (cursor.execute(query.encode()).fetchone() or {})["total"] == year, mart
