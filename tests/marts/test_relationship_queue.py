"""The queue of relationships to review and the states of planned steps, against another way to compute them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest

from tests.marts.chance_review_queue import Chance
from tests.marts.replaying import Replay, replay_of_own

AS_OF = date(2025, 7, 15)
MARTS = ("fct_relationship_review_queue", "fct_relationship_plans", "fct_relationship_reviews")
REPLAYED = (
    "stg_raw__relationship_plans", "stg_raw__relationship_reviews", "int_relationship_scales_listed",
    "int_relationship_plans_listed", "int_relationship_plans_measured", "int_contact_over_claims_listed",
    "int_relationship_claims_aged", "int_relationship_review_reasons_found", *MARTS,
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_to_review")]  # one worker builds for all


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(server_url, template_database, "company_to_review", target, variables, *MARTS) as replay:
        yield replay.only(*REPLAYED)


def test_what_waits_and_how_far_steps_are_agrees_with_another_way_to_compute_it(replay: Replay) -> None:
    reasons, states = set(), set()
    is_settled = False
    for seed in range(12):
        chance = Chance(random.Random(seed), as_of=AS_OF, accounts=15)
        world = chance.world()
        with replay.of(chance.raw, measured=chance.measured) as cursor:
            queue = cursor.execute("select * from fct_relationship_review_queue").fetchall()
            plans = cursor.execute("select * from fct_relationship_plans").fetchall()
            reviews = cursor.execute("select * from fct_relationship_reviews").fetchall()
        found = {(row["account_id"], row["reason_code"]): (row["reason_value"], row["arisen_date"]) for row in queue}
        assert found == world.queue(), seed
        assert {row["relationship_plan_id"]: row["state_code"] for row in plans} == {
            plan["relationship_plan_id"]: world.state(plan) for plan in world.plans
        }, seed
        assert len(reviews) == sum(review["day"] <= AS_OF for review in world.reviews)
        managers = {row["account_id"]: row["account_manager_id"] for row in chance.measured["int_accounts_measured"]}
        for row in queue:
            assert row["account_manager_id"] == managers[row["account_id"]]
            assert "{" not in row["reason_text_en"] + row["reason_text_zh"]
        reasons |= {row["reason_code"] for row in queue}
        states |= {row["state_code"] for row in plans}
        is_settled |= bool(chance.reviews) and len(found) < len(_without_reviews(chance))
    assert reasons == {"changed", "plan_due", "over_claimed", "stale", "quarter"}
    assert states == {"planned", "active", "awaits_approval", "awaits_evidence", "reached", "cancelled"}
    assert is_settled


def _without_reviews(chance: Chance) -> dict[tuple[str, str], object]:
    chance.reviews = []
    return dict(chance.world().queue())
