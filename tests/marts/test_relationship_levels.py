"""Levels of relationships: companies by chance computed another way, and customers whose stories are told by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from tests.marts.chance_relationship import Crm, moment
from tests.marts.independent_relationship import AGAINST, MANDATORY, Relationships
from tests.marts.relationship_agreement import (
    accounts_agree,
    evidence_agrees,
    held_days,
    measured_days,
    moves_agree,
)
from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2025, 7, 15)
MARTS = (
    "fct_contact_relationships", "fct_contact_relationship_moves", "fct_account_key_relationships",
    "fct_relationship_evidence",
)  # fmt: skip
NUMBERS = (
    "key_index", "identified_rate", "covered_rate", "supported_rate", "contact_thread_rate", "manager_thread_rate",
)  # fmt: skip
Records = Mapping[str, Sequence[Row]]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_levels")]  # one worker builds for all


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(server_url, template_database, "company_of_levels", target, variables, *MARTS) as replay:
        yield replay


def _all(cursor: psycopg.Cursor[Row], query: str) -> list[Row]:
    return cursor.execute(query.encode()).fetchall()


def test_levels_and_index_of_every_day_agree_with_another_way_to_compute_them(replay: Replay) -> None:
    """Companies by chance in which everything happens that a rule is about."""
    everybody = [one for seed in range(8) for one in _agreed(replay, seed)]
    for name, values in (
        ("earned_level", {-1, 0, 1, 2, 3, 4, 5}), ("computed_level", {-1, 0, 1, 2, 3, 4, 5}),
        ("is_coach", {True, False}), ("is_over_claimed", {True, False, None}), ("has_left", {True, False}),
        ("is_overdue", {True, False, None}),
    ):  # fmt: skip
        assert {one[name] for one in everybody} >= values, name
    assert any(one["earned_level"] > one["computed_level"] for one in everybody)
    assert any(one["earned_level"] - one["computed_level"] > 1 for one in everybody)


def _agreed(replay: Replay, seed: int) -> list[Row]:
    """Find a company agreed on, and return its people on all days."""
    records = Crm(random.Random(seed), as_of=AS_OF, accounts=12).tables
    with replay.of(records) as cursor:
        levels = _all(cursor, "select * from int_contact_levels_decided")
        accounts = _all(cursor, "select * from fct_account_key_relationships")
        moves = _all(cursor, "select * from fct_contact_relationship_moves")
        shown = {row["contact_key"]: row for row in _all(cursor, "select * from fct_contact_relationships")}
        evidence = {row["evidence_key"]: row for row in _all(cursor, "select * from fct_relationship_evidence")}
        acts = _all(cursor, "select * from int_relationship_acts_listed where contact_key is not null")
    people = {(row["contact_key"], row["snapshot_date"]): row for row in levels}
    known = {day: Relationships(records, day) for day in held_days(AS_OF)}
    expected = {(one["contact_key"], day): one for day, known_then in known.items() for one in known_then.people()}
    assert people.keys() == expected.keys()
    for key, one in expected.items():
        assert {name: people[key][name] for name in one} == one, key
    now = {contact: one for (contact, day), one in expected.items() if day == AS_OF}
    assert {contact: row["published_level"] for contact, row in shown.items()} == {
        contact: one["published_level"] for contact, one in now.items()
    }
    accounts_agree(accounts, {day: known[day] for day in measured_days(AS_OF)})
    moves_agree(moves, expected, acts, AS_OF)
    evidence_agrees(evidence, records)
    return list(expected.values())


@pytest.mark.parametrize("seed", range(100, 104))
def test_levels_may_only_fall_when_half_of_the_log_is_lost(replay: Replay, seed: int) -> None:
    """Only who is known to oppose us may seem better when what speaks against it is lost; the rest never does."""
    records = Crm(random.Random(seed), as_of=AS_OF, accounts=15).tables
    dice = random.Random(seed)
    lost = {row["interaction_id"] for row in records["interactions"] if dice.random() < 0.5}
    half = {**records, "interactions": [row for row in records["interactions"] if row["interaction_id"] not in lost]}
    full, less = _levels(replay, records), _levels(replay, half)
    assert full.keys() == less.keys()
    assert any(less[contact] < full[contact] for contact in full)
    told_against = {
        f"crm|{row['contact_id']}"
        for row in records["interactions"]
        if row["interaction_id"] in lost and row["evidence"] in AGAINST
    }
    better = {contact for contact in full if less[contact] > full[contact]}
    assert all(full[contact] == -1 for contact in better)
    assert better <= told_against


def _levels(replay: Replay, records: Records) -> dict[str, int]:
    with replay.of(records) as cursor:
        rows = _all(cursor, "select contact_key, computed_level from fct_contact_relationships")
    return {row["contact_key"]: row["computed_level"] for row in rows}


class Story:
    """One customer A with the people and talks of a story, and another, so that talks are known to be kept."""

    def __init__(self) -> None:
        self.crm = Crm(random.Random(0), as_of=AS_OF, accounts=0)
        self.account("A")
        self.account("other")
        self.person("away", account="other")
        self.talk("away", 300, account="other")

    def account(self, name: str) -> None:
        self.crm.add("accounts", name, {"account_id": name}, AS_OF - timedelta(days=800))

    def person(self, name: str, role: str | None = None, *, known: int = 600, account: str = "A", **more: Any) -> None:
        row = {"contact_id": name, "account_id": account, "buying_role": role, "left_date": None} | more
        self.crm.add("contacts", name, row, AS_OF - timedelta(days=known))

    def talk(self, person: str, *ago: int, account: str = "A", sign: str | None = None, by: str = "M") -> None:
        """Meetings so many days ago."""
        for days in ago:
            day = AS_OF - timedelta(days=days)
            row: Row = {
                "interaction_id": f"{person}-{days}", "account_id": account, "contact_id": person, "kind": "meeting",
                "direction": "mutual", "evidence": sign, "account_manager_id": by, "opportunity_id": "O",
                "happened_at": moment(day),
            }  # fmt: skip
            self.crm.add("interactions", row["interaction_id"], row, day)

    def told(self, replay: Replay, since: str = "month_end") -> tuple[dict[str, Row], dict[date, Row], list[Row]]:
        """Return the people, the account by day, and the moves since the month end before, or since the day before."""
        with replay.of(self.crm.tables) as cursor:
            people = {row["contact_key"]: row for row in _all(cursor, "select * from fct_contact_relationships")}
            days = _all(cursor, "select * from fct_account_key_relationships where account_id = 'A'")
            query = "select * from fct_contact_relationship_moves where account_id = 'A' order by snapshot_date"
            moves = [row for row in _all(cursor, query) if row["compared_with"] == since]
        return people, {row["snapshot_date"]: row for row in days}, moves


LAST_MONTH = date(2025, 6, 30)


def test_the_champion_who_leaves_is_missed_the_same_night(replay: Replay) -> None:
    story = Story()
    story.person("boss", "decision_maker", claimed_level=5)
    story.talk("boss", 60, 40, 20)
    story.talk("boss", 30, sign="spoke_for_us")
    story.talk("boss", 29, sign="single_sourced")
    story.person("boss", "decision_maker", claimed_level=5, left_date=AS_OF - timedelta(days=3), known=1)
    people, days, moves = story.told(replay)
    boss = people["crm|boss"]
    assert (boss["has_left"], boss["published_level"], boss["counted_date"]) == (True, 5, AS_OF - timedelta(days=3))
    before, now = days[LAST_MONTH], days[AS_OF]
    assert (before["champions_count"], before["covered_rate"], before["unfilled_roles_count"]) == (1, 1 / 3, 2)
    assert float(before["key_index"]) == pytest.approx(100 * 5 / 12, abs=1e-4)
    assert (now["champions_count"], now["covered_rate"], now["unfilled_roles_count"]) == (0, 0, 3)
    assert (now["key_index"], now["champion_silent_days"]) == (0, None)
    assert (moves[-1]["move_reason"], moves[-1]["to_level"], moves[-1]["snapshot_date"]) == ("left", 5, AS_OF)
    left = story.told(replay, since="day")[2][-1]
    assert (left["move_reason"], left["snapshot_date"]) == ("left", AS_OF - timedelta(days=1)), "the day it was known"


def test_a_claim_far_above_the_evidence_is_told_and_changes_nothing(replay: Replay) -> None:
    story = Story()
    story.person("buyer", "evaluator", claimed_level=5)
    story.talk("buyer", 30, 20, 10)
    people, days, _ = story.told(replay)
    buyer = people["crm|buyer"]
    assert (buyer["claimed_level"], buyer["computed_level"], buyer["published_level"]) == (5, 2, 2)
    assert (buyer["is_over_claimed"], days[AS_OF]["over_claims_count"]) == (True, 1)
    assert float(days[AS_OF]["key_index"]) == pytest.approx(100 * 3 * 0.35 / sum(MANDATORY.values()), abs=1e-4)


def test_the_decision_maker_who_falls_silent_sinks_by_a_level_each_cadence(replay: Replay) -> None:
    story = Story()
    story.person("boss", "decision_maker")
    story.talk("boss", 100, 90)
    story.talk("boss", 66, sign="spoke_for_us")
    people, days, moves = story.told(replay)
    boss = people["crm|boss"]
    assert (boss["earned_level"], boss["computed_level"], boss["silent_days"], boss["is_overdue"]) == (4, 3, 66, True)
    assert (days[LAST_MONTH]["supported_rate"], days[AS_OF]["supported_rate"]) == (1 / 3, 0)
    fall = moves[-1]
    assert (fall["from_level"], fall["to_level"], fall["move_reason"], fall["evidence_keys"]) == (4, 3, "decay", None)
    fell = story.told(replay, since="day")[2][-1]
    assert fell["snapshot_date"] == AS_OF - timedelta(days=66 - 61), "the day after the sixtieth of silence"


def test_the_opponent_who_turns_does_so_by_an_act(replay: Replay) -> None:
    story = Story()
    story.person("engineer", "evaluator")
    story.talk("engineer", 60, 50, 45)
    story.talk("engineer", 40, sign="opposed_us")
    story.talk("engineer", 5, sign="spoke_for_us")
    people, days, moves = story.told(replay)
    assert people["crm|engineer"]["published_level"] == 4
    assert (days[LAST_MONTH]["opposers_count"], days[AS_OF]["opposers_count"]) == (1, 0)
    assert days[LAST_MONTH]["key_index"] == 0
    turn = moves[-1]
    assert (turn["from_level"], turn["to_level"], turn["move_reason"]) == (-1, 4, "evidence")
    assert "crm|interactions|engineer-5|spoke_for_us" in turn["evidence_keys"].split(",")
    assert story.told(replay, since="day")[2][-1]["snapshot_date"] == AS_OF - timedelta(days=5)


def test_the_account_with_one_thread(replay: Replay) -> None:
    story = Story()
    story.person("buyer", "evaluator")
    story.person("boss", "decision_maker")
    story.talk("buyer", 30, 20, 10)
    _, days, _ = story.told(replay)
    one = days[AS_OF]
    assert (one["contact_thread_rate"], one["manager_thread_rate"], one["threads_count"]) == (1, 1, 1)
    assert (one["contacts_known_count"], one["unfilled_roles_count"]) == (2, 1)
    story.talk("boss", 25, by="N")
    _, days, _ = story.told(replay)
    assert (days[AS_OF]["contact_thread_rate"], days[AS_OF]["manager_thread_rate"]) == (0.75, 0.75)


def test_who_moves_to_another_customer_begins_anew_there(replay: Replay) -> None:
    story = Story()
    story.person("buyer", "evaluator")
    story.talk("buyer", 60, 50, 40)
    story.person("buyer", "evaluator", account="other", known=2)
    people, days, _ = story.told(replay)
    assert (people["crm|buyer"]["account_id"], people["crm|buyer"]["published_level"]) == ("other", 0)
    assert (days[LAST_MONTH]["threads_count"], days[AS_OF]["contacts_known_count"]) == (1, 0)


def test_an_account_without_crm_is_unknown_and_not_bad(replay: Replay) -> None:
    story = Story()
    _, days, _ = story.told(replay)
    assert (days[AS_OF]["key_index"], days[AS_OF]["key_index_unknown_reason"]) == (None, "no_contact_known")
    assert (days[AS_OF]["contacts_known_count"], days[AS_OF]["unfilled_roles_count"]) == (0, 3)
    with replay.of({"accounts": story.crm.tables["accounts"]}) as cursor:
        rows = _all(cursor, "select * from fct_account_key_relationships")
        counts = [_all(cursor, f"select count(*) as n from {mart}")[0]["n"] for mart in MARTS[:2]]
    assert counts == [0, 0]
    assert len(rows) == 2 * 13
    assert {(row["key_index"], row["key_index_unknown_reason"]) for row in rows} == {(None, "no_source")}
    assert {row["opposers_count"] for row in rows} == {row["contacts_known_count"] for row in rows} == {None}


def test_people_without_a_log_of_talks_have_no_level_whatever_is_claimed(replay: Replay) -> None:
    story = Story()
    story.person("boss", "decision_maker", claimed_level=5)
    records = {entity: rows for entity, rows in story.crm.tables.items() if entity != "interactions"}
    with replay.of(records) as cursor:
        people = _all(cursor, "select * from fct_contact_relationships where contact_key = 'crm|boss'")
        rows = _all(cursor, "select * from fct_account_key_relationships where account_id = 'A' and is_current")
    assert (people[0]["published_level"], people[0]["level_unknown_reason"]) == (None, "no_source")
    assert (rows[0]["key_index"], rows[0]["key_index_unknown_reason"]) == (None, "no_source")
    assert (rows[0]["identified_rate"], rows[0]["contacts_known_count"]) == (1 / 3, 1)
