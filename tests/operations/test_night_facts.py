"""What is told of a night is what its stages noted, counted here a second time."""

from __future__ import annotations

import json
import statistics
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from operations.index_page import read_index
from operations.night_facts import UnknownNightError, plain
from operations.reading_night import column_of, newest_published_day, read_night
from tests.operations.conftest import BEGAN, DAY, Ledger
from warehouse.commands.status import as_json_text
from warehouse.company import Company


def test_a_stage_is_told_beside_the_median_of_the_published_nights_before(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    former = [12.5, 40.0, 13.0, 14.0]
    for number, seconds in enumerate(former):
        ledger.night(day=DAY - timedelta(days=9 - number))
        ledger.stage("transform", seconds=seconds)
    ledger.night(state="rejected", day=DAY - timedelta(days=1))
    ledger.stage("transform", seconds=900)
    ledger.night()
    ledger.stage("transform", seconds=15)
    ledger.stage("score", seconds=3)
    night = read_night(publisher, test_company)
    assert [(each.name, each.seconds, each.usual_seconds) for each in night.stages] == [
        ("transform", 15.0, statistics.median(former)),
        ("score", 3.0, None),
    ]
    assert night.seconds == 18.0
    assert (night.verdict, night.is_live, night.live_as_of) == ("published", True, DAY)


def test_of_a_stage_that_was_tried_again_the_newest_start_counts_and_all_are_counted(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    ledger.night(state="building", attempt=2)
    ledger.stage("extract", part="erp", state="done", attempt=1, number=1)
    ledger.stage("extract", part="erp", state="failed", attempt=2, number=2, note="the till\n  seen:     silence")
    ledger.stage("extract", part="erp", state="done", attempt=2, number=3, seconds=7)
    ledger.stage("deliver", state="failed", attempt=1)
    (stage,) = read_night(publisher, test_company).stages
    assert (stage.name, stage.state, stage.tries, stage.seconds) == ("extract erp", "done", 3, 7.0)


def test_counts_gates_mails_and_outcomes_are_those_of_the_night(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    ledger.night()
    ledger.load("orders", new=70, quarantined=3)
    ledger.load("payments", new=4)
    for number, (stage, kept, severity) in enumerate(
        [("raw", True, "critical"), ("raw", False, "critical"), ("raw", False, "warning"), ("marts", True, "critical")]
    ):
        ledger.check(stage, kept=kept, severity=severity, number=number)
    for number, state in enumerate(["sent", "sent", "held", "unknown", "failed"]):
        ledger.mail(f"am{number}", state, error=f"because of {state}")
    ledger.model()
    months = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1)]
    for month in months:
        ledger.outcome(month, churned=20, accounts=100, predicted=0.25, precision=0.4)
    ledger.drift("churn_probability", value=0.4, limit=0.2)
    ledger.drift("tenure_days", value=0.1, limit=0.2)
    night = read_night(publisher, test_company)
    assert [(each.entity, each.extracted, each.new, each.quarantined) for each in night.loads] == [
        ("orders", 73, 70, 3), ("payments", 4, 4, 0),
    ]  # fmt: skip
    assert {gate.stage: (gate.kept, len(gate.broken), gate.is_closed) for gate in night.gates} == {
        "raw": (1, 2, True), "marts": (1, 0, False),
    }  # fmt: skip
    assert {each.state: (each.count, each.because) for each in night.mails} == {
        "sent": (2, None), "held": (1, "because of held"), "unknown": (1, None), "failed": (1, None),
    }  # fmt: skip
    assert (night.mailed("sent", "held"), night.mailed("expired")) == (3, 0)
    assert night.model is not None
    assert (night.model.grade, night.model.auc, night.model.method) == ("B", 0.81, "model")
    assert [each.month for each in night.outcomes] == months[-12:]
    assert {each.realised for each in night.outcomes} == {20 / 100}
    assert [each.feature for each in night.drift] == ["churn_probability"]
    (line,) = read_index(publisher, Path("nowhere"))
    assert (line.kept, line.broken, line.warned) == (2, 1, 1)
    assert (line.extracted, line.refused, line.sent, line.held, line.doubtful, line.grade) == (77, 3, 2, 1, 2, "B")


def test_a_source_is_as_old_as_the_days_since_it_gave_something(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    ledger.source("crm")
    ledger.night(day=DAY - timedelta(days=4))
    ledger.load("accounts", source="crm", day=DAY - timedelta(days=4))
    ledger.night()
    ledger.load("orders", source="erp")
    ledger.load("accounts", source="crm", state="carried")
    told = {each.source: each for each in read_night(publisher, test_company).sources}
    assert (told["erp"].stale_days, told["erp"].is_stale) == (0, False)
    assert (told["crm"].stale_days, told["crm"].state, told["crm"].is_stale) == (4, "carried", True)
    assert told["crm"].delivered_through == DAY - timedelta(days=4)


def test_a_night_by_its_name_and_the_newest_without(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    with pytest.raises(UnknownNightError, match="no such run"):
        read_night(publisher, test_company)
    ledger.night(day=DAY - timedelta(days=1))
    ledger.night(state="rejected", note="check raw of tiny")
    assert read_night(publisher, test_company).as_of == DAY
    assert read_night(publisher, test_company, f"night-{DAY - timedelta(days=1)}").gen == 1
    assert newest_published_day(publisher) == DAY - timedelta(days=1)
    with pytest.raises(UnknownNightError, match="no such run"):
        read_night(publisher, test_company, "nobody")


def test_the_facts_are_told_as_json_for_a_program(
    ledger: Ledger, publisher: psycopg.Connection, test_company: Company
) -> None:
    ledger.night()
    ledger.stage("deliver", state="failed", note="the lists of generation 1: 0 sent")
    ledger.mail("am1", "pending")
    told = json.loads(as_json_text(read_night(publisher, test_company)))
    assert (told["run_id"], told["as_of"], told["verdict"]) == (f"night-{DAY}", str(DAY), "published")
    assert told["started_at"].startswith(f"{BEGAN:%Y-%m-%d}")
    assert [step["code"] for step in told["next_steps"]] == ["waiting"]
    assert as_json_text(None) == "null"


@pytest.mark.parametrize(
    ("rule", "column"),
    [("bad_date_due_date", "due_date"), ("missing_account_id", "account_id"), ("duplicate_row", None)],
)
def test_the_rule_tells_its_column(rule: str, column: str | None) -> None:
    assert column_of(rule) == column


def test_notes_lose_what_may_be_an_address_or_the_key_of_a_person() -> None:
    assert plain("am1 (550 no <ann.o@mail.example> here); smtp://u:p@host") == "am1 (550 no <…> here); …"
    assert plain("3 rows (e.g. K01, K(2), x) of 9\n  next: look") == "3 rows (e.g. …) of 9\n  next: look"
    assert plain(None) == ""
