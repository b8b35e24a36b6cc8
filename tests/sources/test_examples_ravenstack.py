"""RavenStack arrives whole: every contract, use, ticket and reason, and each odd row where the decision puts it."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from sources.loading.report import EntityReport
from tests.sources.workshop import SHARED, Workshop

DATA = SHARED / "ravenstack"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the real files are not at {DATA}")


def _file(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"ravenstack_{name}.csv", dtype=str)


@pytest.fixture
def loaded(workshop: Workshop) -> dict[str, EntityReport]:
    return workshop.load("ravenstack", "app", "2024-12-31", data=DATA)


def test_everything_arrives_and_nothing_is_refused(loaded: dict[str, EntityReport]) -> None:
    tickets = _file("support_tickets")
    assert {name: (each.new, each.quarantined) for name, each in loaded.items()} == {
        "accounts": (500, 0),
        "contracts": (5000, 0),
        "web_visits": (25_000, 0),
        "tickets": (2000, 0),
        "survey_responses": (int(tickets["satisfaction_score"].notna().sum()), 0),
        "churn_reasons": (600, 0),
    }


def test_contracts_bring_what_the_file_says(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    file = _file("subscriptions")
    ended = file["end_date"].notna()
    assert loaded["contracts"].extracted == len(file)
    assert workshop.query(
        "select status, count(*), sum(monthly_amount), sum(seats) from raw.contracts group by 1 order by 1"
    ) == [
        (status, len(rows), sum(map(Decimal, rows["mrr_amount"])), sum(map(Decimal, rows["seats"])))
        for status, rows in (("active", file[~ended]), ("ended", file[ended]))
    ]
    assert workshop.query("select count(*) from raw.contracts where is_trial and monthly_amount <> 0") == [(0,)]
    assert set(file.loc[ended, "churn_flag"]) == {"TRUE"}
    assert set(file.loc[~ended, "churn_flag"]) == {"FALSE"}


def test_uses_of_one_number_are_kept_apart(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    file = _file("feature_usage")
    assert len(file) - file["usage_id"].nunique() == 21
    assert not file.duplicated().any()
    assert loaded["web_visits"].quarantined == 0
    assert workshop.query("select sum(use_count), sum(duration_seconds), sum(error_count) from raw.web_visits") == [
        tuple(
            Decimal(int(file[name].astype(int).sum())) for name in ("usage_count", "usage_duration_secs", "error_count")
        )
    ]
    assert workshop.query(
        "select count(*) from raw.web_visits as v left join raw.contracts as c using (contract_id)"
        " where c.contract_id is null"
    ) == [(0,)]


def test_the_counts_of_the_decision_hold(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    assert loaded
    assert workshop.query(
        "select count(*) filter (where v.visited_at < c.start_date), count(*) filter (where v.visited_at > c.end_date)"
        " from raw.web_visits as v inner join raw.contracts as c using (contract_id)"
    ) == [(19_142, 290)]
    assert workshop.query(
        "select count(*) from raw.tickets as t inner join raw.accounts as a using (account_id)"
        " where t.opened_at < a.created_at"
    ) == [(1077,)]
    accounts, left = _file("accounts"), set(_file("churn_events")["account_id"])
    flagged = accounts["churn_flag"] == "TRUE"
    has_left = accounts["account_id"].isin(left)
    assert ((flagged & has_left).sum(), (flagged & ~has_left).sum(), (~flagged & has_left).sum()) == (75, 35, 277)
    assert workshop.query(
        "select count(distinct account_id) from raw.churn_reasons inner join raw.contracts using (account_id)"
        " where status = 'active'"
    ) == [(len(left),)]


def test_scores_come_from_tickets(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    file = _file("support_tickets")
    scores = file["satisfaction_score"].dropna()
    assert loaded["tickets"].new == len(file)
    assert workshop.query("select count(*), sum(score), max(best_score) from raw.survey_responses") == [
        (len(scores), sum(map(Decimal, scores)), Decimal(5))
    ]
    hours = workshop.query("select sum(extract(epoch from resolved_at - opened_at) / 3600) from raw.tickets")[0][0]
    assert hours == sum(map(Decimal, file["resolution_time_hours"]))


def test_reasons_keep_the_customers_words_apart(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    file = _file("churn_events")
    assert loaded["churn_reasons"].new == len(file)
    assert dict(workshop.query("select reason, count(*) from raw.churn_reasons group by 1")) == dict(
        file["reason_code"].value_counts()
    )
    assert workshop.query("select count(comment), sum(refund_amount) from raw.churn_reasons") == [
        (int(file["feedback_text"].notna().sum()), sum(map(Decimal, file["refund_amount_usd"])))
    ]
