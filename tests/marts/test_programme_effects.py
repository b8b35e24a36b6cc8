"""Programmes that leave customers out by chance: a planted effect is found, and none where there is none.

Two hundred programmes are simulated, half of them with an effect, and measured by the models' own SQL in one run.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from simulator.draws import Draws
from simulator.saving import Fates, draw_fates
from tests.marts.independent_programme import Drawn, effect_of_rates
from tests.marts.replaying import SCHEMA, Replay, Row, replay_of_own

AS_OF = date(2025, 6, 30)
DAYS = 90
ACCOUNTS = 1_000
WITH_EFFECT = 100
PROGRAMMES = 2 * WITH_EFFECT
MODELS = (
    "stg_ops__programme_assignments", "int_programme_accounts_followed", "int_programme_outcomes_measured",
    "int_programme_effects_compared", "fct_programme_effects",
)  # fmt: skip
RATES = (0.1, 0.05)
"""How many are left out of class C, and of class A, which leaves less."""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_programmes")]


@dataclass(frozen=True, slots=True)
class Programme:
    """A simulated programme: its accounts' rates, arms and fates, and the days on which they were drawn."""

    code: str
    names: list[str]
    rate: np.ndarray
    fates: Fates
    drawn_on: list[date]

    @property
    def true_effect(self) -> float:
        """What is estimated: the mean of what a treatment saves within each rate, weighed as the estimate weighs."""
        means = [float(self.fates.saved[self.rate == rate].mean()) for rate in RATES]
        weights = [float((self.rate == rate).sum()) * rate * (1 - rate) for rate in RATES]
        return float(np.average(means, weights=weights))


def simulated(number: int) -> Programme:
    """Return a programme; the first hundred halve the rate of leaving, the others do nothing."""
    draws, who = Draws(11), np.arange(ACCOUNTS, dtype=np.int64) + number * ACCOUNTS
    code, names = f"p{number}", [f"A{each}" for each in who.tolist()]
    is_a = draws.chance("class A", 0.3, who)
    rate = np.where(is_a, RATES[1], RATES[0])
    hazard = np.where(is_a, 1.0, 2.5) * (0.3 + draws.exponential("hazard", who))
    chance = np.array([int(hashlib.md5(f"{code}|{name}".encode()).hexdigest()[:13], 16) / 16**13 for name in names])
    fates = draw_fates(
        draws, who, programme=number, treated=chance >= rate, annual_hazard=hazard,
        factor=0.5 if number < WITH_EFFECT else 1, days=DAYS,
    )  # fmt: skip
    ages = DAYS + draws.below("drawn on", 360, who)  # over four quarters
    return Programme(code, names, rate, fates, [AS_OF - timedelta(days=int(age)) for age in ages])


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "UTC", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(
        server_url, template_database, "company_of_programmes", target, variables, "fct_programme_effects"
    ) as replay:
        yield replay


@pytest.fixture(scope="module")
def programmes() -> list[Programme]:
    return [simulated(number) for number in range(PROGRAMMES)]


@contextmanager
def told(
    replay: Replay, *, policy: list[Any], accounts: list[str], orders: list[Any], assigned: list[Any]
) -> Iterator[dict[tuple[str, str], Row]]:
    """Give what the models say of programmes, by programme and outcome; nothing of it lasts.

    `policy` has code, kind and days; `orders` account and day; `assigned` programme, account, arm, rate and day.
    """
    with replay.warehouse.connect_admin() as connection, connection.cursor(row_factory=dict_row) as cursor:

        def fill(schema: str, table: str, columns: str, rows: Iterable[Any]) -> None:
            names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(schema, table), names)) as copy:
                for row in rows:
                    copy.write_row(row)

        for table in ("policy_save_programmes", "stg_raw__entities"):
            cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(SCHEMA, table)))
        fill(SCHEMA, "policy_save_programmes", "programme_code programme_kind outcome_days", policy)
        fill(SCHEMA, "stg_raw__entities", "entity has_records", [("order_lines", True)])
        fill(SCHEMA, "int_accounts_measured", "account_id is_internal", ((name, False) for name in accounts))
        fill(SCHEMA, "int_account_days_known", "account_id order_date known_date is_order_day is_latest",
             ((name, day, day, True, True) for name, day in orders))  # fmt: skip
        fill("ops", "programme_assignments",
             "programme_code account_id arm holdout_rate assigned_date stratum_code gen",
             ((*each, "high|C", 1) for each in assigned))  # fmt: skip
        for name, select in replay.only(*MODELS).models:
            model = sql.Identifier(SCHEMA, name)
            cursor.execute(sql.SQL("delete from {}").format(model))
            cursor.execute(sql.SQL("insert into {} {}").format(model, sql.SQL(select)))
        mart = sql.Identifier(SCHEMA, "fct_programme_effects")
        rows = cursor.execute(sql.SQL("select * from {} where scope = 'programme'").format(mart)).fetchall()
        yield {(row["programme_code"], row["outcome_code"]): row for row in rows}
        connection.rollback()


def arm_of(is_treated: bool) -> str:
    return "treated" if is_treated else "holdout"


@pytest.fixture(scope="module")
def effects(replay: Replay, programmes: list[Programme]) -> dict[str, Row]:
    """What the models say of each simulated programme."""
    luck = Draws(12)
    orders, assigned = [], []
    for one in programmes:
        treated, lost = one.fates.treated.tolist(), one.fates.lost.tolist()
        after = (1 + luck.below("order", DAYS, np.arange(ACCOUNTS), int(one.code[1:]))).tolist()
        for place, (name, day) in enumerate(zip(one.names, one.drawn_on, strict=True)):
            assigned.append((one.code, name, arm_of(treated[place]), float(one.rate[place]), day))
            orders.append((name, day))
            if not lost[place]:
                orders.append((name, day + timedelta(days=after[place])))
    with told(
        replay,
        policy=[(one.code, "save", DAYS) for one in programmes],
        accounts=[name for one in programmes for name in one.names],
        orders=orders,
        assigned=assigned,
    ) as found:
        return {code: row for (code, _), row in found.items()}


def test_every_programme_is_told_with_all_of_its_accounts(effects: dict[str, Row], programmes: list[Programme]) -> None:
    assert effects.keys() == {one.code for one in programmes}
    for one in programmes:
        row = effects[one.code]
        treated = int(one.fates.treated.sum())
        assert (row["treated_count"], row["holdout_count"], row["open_count"]) == (treated, ACCOUNTS - treated, 0)
        assert (row["outcome_code"], row["campaign_kind"]) == ("kept", "save")
        assert 50 < row["holdout_count"] < 120


def test_the_effects_agree_with_another_way_to_reckon_them(
    effects: dict[str, Row], programmes: list[Programme]
) -> None:
    for one in programmes:
        drawn = [
            Drawn(rate, treated, not lost)
            for rate, treated, lost in zip(
                one.rate.tolist(), one.fates.treated.tolist(), one.fates.lost.tolist(), strict=True
            )
        ]
        expected = effect_of_rates(drawn)
        assert expected is not None
        told = [effects[one.code][f"{name}_value"] for name in ("effect", "effect_low", "effect_high", "detectable")]
        assert [float(each) for each in told] == pytest.approx(
            [expected.value, expected.low, expected.high, expected.detectable], abs=1e-5
        )


def test_the_true_effect_lies_within_the_limits_in_nine_of_ten_programmes(
    effects: dict[str, Row], programmes: list[Programme]
) -> None:
    planted = programmes[:WITH_EFFECT]
    assert all(one.true_effect > 0.1 for one in planted)
    covered = [
        effects[one.code]["effect_low_value"] <= one.true_effect <= effects[one.code]["effect_high_value"]
        for one in planted
    ]
    assert sum(covered) >= 90
    errors = [float(effects[one.code]["effect_value"]) - one.true_effect for one in planted]
    # the mean of a hundred errors, against its own standard error: the estimate leans to no side
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(errors))
    assert sum(effects[one.code]["is_beyond_chance"] for one in planted) > 70


def test_an_effect_is_claimed_of_few_programmes_that_have_none(
    effects: dict[str, Row], programmes: list[Programme]
) -> None:
    idle = programmes[WITH_EFFECT:]
    assert all(one.true_effect == 0 for one in idle)
    assert sum(effects[one.code]["is_beyond_chance"] for one in idle) <= 10


def test_all_taken_together_an_effect_would_be_claimed_where_classes_differ(programmes: list[Programme]) -> None:
    """Why each rate stands by itself: class A leaves less and is left out less, so it looks as if calls kept it."""
    differences = []
    for one in programmes[WITH_EFFECT:]:
        kept, treated = ~one.fates.lost, one.fates.treated
        differences.append(kept[treated].mean() - kept[~treated].mean())
    assert np.mean(differences) > 4 * np.std(differences) / np.sqrt(len(differences))


@pytest.mark.parametrize("seed", range(4))
def test_outcomes_by_chance_agree_with_another_way_to_count_them(replay: Replay, seed: int) -> None:
    """Orders on the first and the last day of each span and just beyond; days that last; a rate of nought."""
    dice = random.Random(seed)
    names = [f"C{number}" for number in range(150)]
    policy = [("keep", "save", 30), ("back", "win_back", 40)]
    orders: dict[str, set[date]] = {name: set() for name in names}
    assigned = []
    for code, _, days in policy:
        for name in dice.sample(names, 120):
            drawn_on = AS_OF - timedelta(days=dice.choice([1, days - 1, days, days + 1, 2 * days, 2 * days + 1, 200]))
            rate = dice.choice([0.3, 0.3, 0.1, 0])
            assigned.append((code, name, arm_of(dice.random() >= rate), rate, drawn_on))
            ages = (-days, 1 - days, 0, 1, days, days + 1, 2 * days, 2 * days + 1, 5, days + 5)
            orders[name] |= {drawn_on + timedelta(days=dice.choice(ages)) for _ in range(dice.choice([0, 1, 2]))}
    assigned.append(("keep", "unheard of", "holdout", 0.3, AS_OF - timedelta(days=100)))
    tonight = [("back", name, "treated", 0.3, AS_OF) for name in sorted(set(names) - {a[1] for a in assigned[120:]})]
    with told(
        replay, policy=policy, accounts=names, orders=[(name, day) for name, own in orders.items() for day in own],
        assigned=assigned + tonight,
    ) as found:  # fmt: skip
        assert found.keys() == {("keep", "kept"), ("back", "returned"), ("back", "stayed")}
    for (code, outcome), row in found.items():
        days = {each[0]: each[2] for each in policy}[code]
        spans = 2 if outcome == "stayed" else 1
        own = [each for each in assigned if each[0] == code and each[1] in orders and each[3] > 0]
        over = [each for each in own if (AS_OF - each[4]).days >= spans * days]
        drawn = [
            Drawn(
                rate,
                arm == "treated",
                all(
                    any(span * days < (day - drawn_on).days <= (span + 1) * days for day in orders[name])
                    for span in range(spans)
                ),
            )
            for _, name, arm, rate, drawn_on in over
        ]
        assert (row["treated_count"], row["holdout_count"], row["open_count"]) == (
            sum(each.is_treated for each in drawn), sum(not each.is_treated for each in drawn), len(own) - len(over),
        )  # fmt: skip
        expected = effect_of_rates(drawn)
        assert expected is not None
        values = [row[f"{name}_value"] for name in ("effect", "effect_low", "effect_high", "detectable")]
        assert [float(each) for each in values] == pytest.approx(
            [expected.value, expected.low, expected.high, expected.detectable], abs=1e-5
        )
