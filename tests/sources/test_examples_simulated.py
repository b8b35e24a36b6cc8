"""The simulated company's CRM database arrives as it was written, and of the next day only what that day brought."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from simulator import simulate
from tests.sources.workshop import Workshop

FIRST_DAY, DAYS = date(2026, 1, 1), (date(2026, 6, 29), date(2026, 6, 30))
TABLES = {
    "contacts": "contact", "interactions": "interaction", "opportunities": "opportunity",
    "opportunity_stages": "opportunity_stage", "bids": "bid", "referrals": "referral", "contracts": "contract",
    "churn_reasons": "churn_note", "campaigns": "campaign", "campaign_members": "campaign_member",
    "tickets": "ticket", "survey_responses": "survey", "web_visits": "web_visit", "loyalty_points": "loyalty_movement",
    "relationship_plans": "relation_plan", "relationship_reviews": "relation_review",
}  # fmt: skip


@pytest.fixture
def nights(workshop: Workshop, scratch_database: str) -> list[dict[str, tuple[int, int, int]]]:
    """For each day and entity: rows in the CRM, rows that came, rows that were refused."""
    found = []
    for day in DAYS:
        simulate(
            erp_url=scratch_database,
            crm_folder=workshop.folder / "crm",
            truth_file=workshop.folder / "truth.parquet",
            as_of=day,
            accounts=120,
            seed=7,
            first_day=FIRST_DAY,
        )
        reports = workshop.load("simulated", "crm_db", day.isoformat(), erp_url=scratch_database)
        with psycopg.connect(scratch_database) as connection:
            written = {
                entity: connection.execute(
                    f"select count(*) from crm.{table}" + (" where score is not null" if table == "survey" else "")
                ).fetchone()
                for entity, table in TABLES.items()
            }
        found.append({name: ((written[name] or (0,))[0], each.new, each.quarantined) for name, each in reports.items()})
    return found


def test_every_row_arrives_none_is_refused_and_a_night_brings_what_is_new(
    workshop: Workshop, nights: list[dict[str, tuple[int, int, int]]]
) -> None:
    first, second = nights
    assert first.keys() == TABLES.keys()
    assert all(refused == 0 for night in nights for *_, refused in night.values())
    assert {name: came for name, (_, came, _) in first.items()} == {name: there for name, (there, *_) in first.items()}
    assert all(there > 0 for there, *_ in first.values()), first
    assert 0 < second["interactions"][1] < 0.05 * first["interactions"][1]
    for entity, (there, *_) in second.items():
        alive = f"select count(*) from (select distinct on (record_id) is_deleted from raw.{entity}"
        alive += " where source = 'crm_db' order by record_id, known_at desc) as newest where not is_deleted"
        assert workshop.query(alive) == [(there,)], entity
    claimed = workshop.query("select min(claimed_level), max(claimed_level), count(distinct consent) from raw.contacts")
    assert claimed == [(-1, 5, 2)]
