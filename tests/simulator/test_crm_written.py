"""What the CRM's database looks like, and how it agrees with the truth behind it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from tests.simulator.simulated_company import Simulated

pytestmark = pytest.mark.xdist_group("simulated_company")

AS_OF = date(2026, 6, 30)
LOCAL = "at time zone 'Asia/Shanghai'"


@pytest.fixture(scope="module")
def levels(grown_company: Simulated) -> dict[str, list[dict[str, Any]]]:
    """The true levels of each person, oldest first."""
    found = defaultdict(list)
    for row in sorted(grown_company.true("attitudes"), key=lambda row: row["since"]):
        found[row["contact_id"]].append(row)
    return found


def _level_on(levels: dict[str, list[dict[str, Any]]], contact: str, day: date) -> int | None:
    known = [row["level"] for row in levels[contact] if row["since"] <= day]
    return known[-1] if known else None


def test_an_account_has_about_five_people_and_sixty_talks(grown_company: Simulated) -> None:
    counts = {
        table: grown_company.value(f"select count(*) from crm.{table}")
        for (table,) in grown_company.rows("select tablename from pg_tables where schemaname = 'crm'")
    }
    accounts = grown_company.value("select count(*) from erp.customer")
    assert 4.5 <= counts["contact"] / accounts <= 6.5
    assert 45 <= counts["interaction"] / accounts <= 80
    assert sum(counts.values()) / accounts <= 125, "2,000 accounts are to have at most 250,000 rows here"
    assert all(counts.values()), counts


def test_our_top_meets_those_at_the_top_who_are_close_to_us_and_plans_with_some(
    grown_company: Simulated, levels: dict[str, list[dict[str, Any]]]
) -> None:
    """Of meetings with executives who support us, ours is there more often than of those with others."""
    rows = grown_company.rows(
        f"select contact_no, (happened_at {LOCAL})::date, our_level = 'executive', subject from crm.interaction"
        " where kind in ('visit', 'meeting') and their_level = 'executive' and both_sides and contact_no is not null"
    )
    close: list[bool] = []
    others: list[bool] = []
    planned: list[tuple[int | None, bool]] = []
    for contact, day, ours_is_there, subject in rows:
        level = _level_on(levels, contact, day)
        (close if level is not None and level >= 4 else others).append(ours_is_there)
        if subject in {"联合规划会", "Joint plan for the year"}:
            planned.append((level, ours_is_there))
    assert len(close) > 50
    assert len(others) > 50
    assert sum(close) / len(close) > 0.5 > sum(others) / len(others) + 0.1
    assert len(planned) > 5
    assert all(ours_is_there for _, ours_is_there in planned)
    assert sum(level is not None and level >= 3 for level, _ in planned) / len(planned) > 0.9


def test_it_is_written_down_against_whom_tenders_are_won_and_lost(grown_company: Simulated) -> None:
    shares = dict(
        grown_company.rows(
            "select b.result, avg((o.competitor is not null)::int)::float from crm.bid b"
            " join crm.opportunity o using (opportunity_no) group by b.result"
        )
    )
    assert shares["open"] == 0
    assert 0.3 < shares["won"] < 0.6
    assert shares["won"] < shares["lost"] < 0.85


@pytest.mark.parametrize(
    ("table", "moment"),
    [
        ("contact", "created_at"), ("opportunity", "opened_at"), ("opportunity_stage", "changed_at"),
        ("bid", "submitted_at"), ("referral", "referred_at"), ("campaign_member", "joined_at"),
        ("ticket", "opened_at"), ("survey", "asked_at"), ("web_visit", "visited_at"),
        ("loyalty_movement", "moved_at"), ("interaction", "create_date"), ("contract", "create_date"),
        ("churn_note", "left_on"), ("campaign", "create_date"), ("relation_plan", "planned_at"),
        ("relation_review", "reviewed_at"),
    ],
)  # fmt: skip
def test_no_row_knows_the_future(grown_company: Simulated, table: str, moment: str) -> None:
    """Written after it happened, changed after it was written, and all of it by the last day."""
    end = "timestamptz '2026-06-30 23:59:59 Asia/Shanghai'"
    wrong = f"not ({moment} <= create_date and create_date <= write_date and write_date < {end})"
    assert grown_company.rows(f"select * from crm.{table} where {wrong} limit 3") == []


def test_what_changes_later_is_not_told_before(grown_company: Simulated) -> None:
    end = "timestamptz '2026-07-01 Asia/Shanghai'"
    later = grown_company.rows(
        f"select 'reply' from crm.ticket where first_reply_at >= {end} or solved_at >= {end}"
        " or first_reply_at < opened_at or solved_at < first_reply_at"
        f" union all select 'answer' from crm.survey where answered_at >= {end}"
        f" or answered_at < asked_at or (score is not null and state <> 'answered')"
        f" union all select 'deal' from crm.opportunity where closed_at >= {end} or closed_at < opened_at"
        f" or (closed_at is null) <> (stage not in ('赢单', '输单'))"
        " union all select 'talk' from crm.interaction where (state = 'planned')"
        f" <> (happened_at >= {end}) or (state <> 'done' and (outcome is not null or sign is not null))"
        f" union all select 'plan' from crm.relation_plan where approved_at >= {end}"
        " or (approved_at is not null and state <> 'completed') or approved_by = owner_no"
    )
    assert later == []


def test_only_planned_talks_lie_ahead_and_a_fifth_or_more_is_entered_late(grown_company: Simulated) -> None:
    late, planned = grown_company.rows(
        f"select avg(((create_date {LOCAL})::date > (happened_at {LOCAL})::date)::int),"
        " count(*) filter (where state = 'planned') from crm.interaction"
    )[0]
    assert 0.15 < late < 0.35
    assert planned > 0


def test_rows_point_to_rows(grown_company: Simulated) -> None:
    """To the accounts of the ERP, to people (but those taken out again), to deals, campaigns, orders and products."""
    pairs = [
        *((table, "account_no", "erp.customer", "customer_no") for table in (
            "contact", "interaction", "opportunity", "bid", "referral", "contract", "churn_note", "campaign_member",
            "ticket", "survey", "web_visit", "loyalty_movement", "relation_plan", "relation_review")),
        *((table, "contact_no", "crm.contact", "contact_no") for table in (
            "interaction", "opportunity", "referral", "campaign_member", "ticket", "survey", "web_visit",
            "relation_plan")),
        ("contact", "reports_to", "crm.contact", "contact_no"),
        ("opportunity_stage", "opportunity_no", "crm.opportunity", "opportunity_no"),
        ("bid", "opportunity_no", "crm.opportunity", "opportunity_no"),
        ("opportunity", "campaign_no", "crm.campaign", "campaign_no"),
        ("opportunity", "sku", "erp.product", "sku"),
        ("campaign_member", "campaign_no", "crm.campaign", "campaign_no"),
        ("web_visit", "campaign_no", "crm.campaign", "campaign_no"),
        ("survey", "ticket_no", "crm.ticket", "ticket_no"),
        ("contract", "previous_no", "crm.contract", "contract_no"),
        ("referral", "referred_no", "erp.customer", "customer_no"),
    ]  # fmt: skip
    lost = {
        (table, column): missing
        for table, column, target, key in pairs
        if (
            missing := grown_company.value(
                f"select count(*) from crm.{table} as r where {column} is not null"
                f" and not exists (select from {target} as t where t.{key} = r.{column})"
            )
        )
    }
    assert lost == {}
    orders = "select avg((exists (select from erp.sales_order o where o.order_no = r.order_no))::int) from crm.{} r"
    assert grown_company.value(orders.format("ticket") + " where order_no is not null") == 1
    # points are earned the day of the order, which a few people enter days later
    assert grown_company.value(orders.format("loyalty_movement") + " where order_no is not null") > 0.99


def test_nobody_acts_before_being_known_or_after_leaving(
    grown_company: Simulated, levels: dict[str, list[dict[str, Any]]]
) -> None:
    acts = grown_company.rows(
        f"select contact_no, (happened_at {LOCAL})::date from crm.interaction where contact_no is not null"
        f" union all select contact_no, (opened_at {LOCAL})::date from crm.ticket where contact_no is not null"
        f" union all select contact_no, (answered_at {LOCAL})::date from crm.survey"
        " where contact_no is not null and answered_at is not null"
    )
    assert len(acts) > 30_000
    for contact, day in acts:
        known = levels[contact]
        assert known[0]["since"] <= day, contact
        assert known[0]["left_on"] is None or day < known[0]["left_on"] or day > AS_OF, contact


def test_what_people_do_follows_from_what_they_think(
    grown_company: Simulated, levels: dict[str, list[dict[str, Any]]]
) -> None:
    """No contact, no answer; a supporter's acts from level 4, an exclusive one's at 5, opponents oppose."""
    acts = grown_company.rows(
        f"select contact_no, (happened_at {LOCAL})::date, both_sides, sign, outcome from crm.interaction"
        f" where contact_no is not null and state = 'done' and happened_at >= '2024-05-01'"
    )
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for contact, day, both, sign, outcome in acts:
        # attitudes move at the start of a month of thirty days, so the month's acts have its level
        level = _level_on(levels, contact, day)
        assert level is not None
        counts[level]["both"] += bool(both)
        counts[level]["good"] += outcome == "positive"
        counts[level][sign or "no sign"] += 1
    assert counts[0]["both"] == 0
    for level in range(-1, 4):
        assert counts[level]["spoke_for_us"] + counts[level]["gave_reference"] == 0, level
    for level in range(-1, 5):
        assert counts[level]["blocked_competitor"] + counts[level]["single_sourced"] == 0, level
    assert counts[5]["blocked_competitor"] > 0
    assert counts[-1]["opposed_us"] > 0
    assert sum(counts[level]["opposed_us"] for level in range(6)) == 0
    shares = [counts[level]["good"] / counts[level]["both"] for level in range(1, 6)]
    assert shares == sorted(shares)


def test_managers_claim_more_than_is_true_more_often_than_less(
    grown_company: Simulated, levels: dict[str, list[dict[str, Any]]]
) -> None:
    claims = grown_company.rows(
        "select contact_no, relation_level from crm.contact where relation_level is not null and left_on is null"
    )
    gaps = np.array([level - levels[contact][-1]["level"] for contact, level in claims if levels[contact]])
    assert 0.35 < (gaps == 0).mean() < 0.75
    assert (gaps >= 2).mean() > 3 * (gaps <= -2).mean()
    assert (gaps >= 2).mean() > 0.04


def test_opponents_and_supporters_are_few(levels: dict[str, list[dict[str, Any]]]) -> None:
    now = [rows[-1]["level"] for rows in levels.values() if rows[-1]["left_on"] is None]
    shares = {level: now.count(level) / len(now) for level in range(-1, 6)}
    assert 0.04 < shares[-1] < 0.25
    assert 0.10 < shares[0] < 0.40
    assert 0.05 < shares[4] + shares[5] < 0.30
    assert all(shares.values())


def test_houses_complain_more_and_score_less_before_they_leave(grown_company: Simulated) -> None:
    """Over those that left in the last year and for good: the 60 days before, against all other houses and days."""
    gone = {
        row["account_id"]: row["left_on"]
        for row in grown_company.accounts_truth()
        if row["mood"] == "left" and row["left_on"] > date(2025, 6, 30)
    }
    assert len(gone) > 40
    complaints = f"select account_no, (opened_at {LOCAL})::date from crm.ticket where kind = 'complaint'"
    tickets = grown_company.rows(complaints)
    before = sum(account in gone and 0 < (gone[account] - day).days <= 60 for account, day in tickets)
    others = sum(account not in gone and day > date(2025, 6, 30) for account, day in tickets)
    houses = grown_company.value("select count(*) from erp.customer") - len(gone)
    assert before / (len(gone) * 60) > 1.6 * others / (houses * 365)
    scores = grown_company.rows(
        f"select account_no, (answered_at {LOCAL})::date, score from crm.survey"
        " where kind = 'nps' and score is not null"
    )
    low = [score for account, day, score in scores if account in gone and 0 < (gone[account] - day).days <= 60]
    high = [score for account, _, score in scores if account not in gone]
    assert len(low) >= 10
    assert np.mean(low) < np.mean(high) - 0.8


def test_no_score_is_not_a_score_of_nought(grown_company: Simulated) -> None:
    words, unanswered = grown_company.rows(
        "select count(*) filter (where state = 'answered' and score is null),"
        " count(*) filter (where state = 'asked' and score is null) from crm.survey"
    )[0]
    assert words > 0
    assert unanswered > 0
    assert grown_company.value("select min(score) from crm.survey where kind <> 'nps'") >= 1


def test_texts_are_in_both_languages_and_do_not_name_their_theme(grown_company: Simulated) -> None:
    texts = {row["record_id"]: row for row in grown_company.true("texts")}
    written = dict(grown_company.rows("select ticket_no, description from crm.ticket where description is not null"))
    remarks = dict(grown_company.rows("select survey_no, remark from crm.survey where remark is not null"))
    assert texts.keys() == written.keys() | remarks.keys()
    assert len(set(written.values())) > 0.6 * len(written)
    english = [row for row in texts.values() if row["language"] == "en"]
    assert 0.08 < len(english) / len(texts) < 0.30
    assert all((written | remarks)[row["record_id"]].isascii() for row in english)
    assert {row["theme"] for row in texts.values()} >= {"delivery", "price", "quality", "invoice", "new_need"}
    assert 0.05 < np.mean([row["denied_theme"] is not None for row in texts.values()]) < 0.15
    assert 0.05 < np.mean([row["second_theme"] is not None for row in texts.values()]) < 0.20


def test_the_desk_types_the_right_category_two_times_in_three(grown_company: Simulated) -> None:
    names = {"delivery": "物流交付", "price": "价格商务", "quality": "产品质量", "invoice": "发票对账"}
    typed = dict(grown_company.rows("select ticket_no, category from crm.ticket"))
    rows = [row for row in grown_company.true("texts") if row["kind"] == "ticket" and row["theme"] in names]
    right = [typed[row["record_id"]] == names[row["theme"]] for row in rows]
    missing = [typed[row["record_id"]] is None for row in rows]
    assert 0.6 < np.mean(right) < 0.78
    assert 0.15 < np.mean(missing) < 0.30


def test_the_holdout_is_sticky_and_the_effect_of_each_campaign_shows(grown_company: Simulated) -> None:
    """What happened is what the truth says for the arm; the arms differ by the effect, within three standard errors."""
    members = grown_company.true("campaign_members")
    arms = defaultdict(set)
    for row in members:
        arms[row["account_id"]].add(row["is_treated"])
    assert all(len(arm) == 1 for arm in arms.values())
    opened = grown_company.rows(f"select account_no, (opened_at {LOCAL})::date from crm.opportunity")
    days = defaultdict(list)
    for account, day in opened:
        days[account].append(day)
    closed = [row for row in members if row["joined_on"] + timedelta(days=80) <= AS_OF]
    happened = [any(0 < (day - row["joined_on"]).days <= 60 for day in days[row["account_id"]]) for row in closed]
    expected = [row["opens_if_treated"] if row["is_treated"] else row["opens_if_untreated"] for row in closed]
    assert happened == expected
    treated = np.array([row["is_treated"] for row in closed])
    outcome = np.array(happened)
    effect = np.mean([row["opens_if_treated"] - row["opens_if_untreated"] for row in closed])
    difference = outcome[treated].mean() - outcome[~treated].mean()
    error = np.sqrt(outcome[treated].var() / treated.sum() + outcome[~treated].var() / (~treated).sum())
    assert effect > 0.05
    assert abs(difference - effect) < 3 * error


def test_balances_of_points_are_the_sums_of_their_movements(grown_company: Simulated) -> None:
    wrong = grown_company.value(
        "select count(*) from (select balance, sum(points) over (partition by account_no order by moved_at, kind,"
        " movement_no) as total, points, kind from crm.loyalty_movement) m where (points > 0) <> (kind = 'earned')"
        " or balance < 0"
    )
    assert wrong == 0
    ends = grown_company.rows(
        f"select account_no, sum(points), (array_agg(balance order by (moved_at {LOCAL})::date desc,"
        " case kind when 'earned' then 0 when 'redeemed' then 1 else 2 end desc, movement_no desc))[1]"
        " from crm.loyalty_movement group by 1"
    )
    assert len(ends) > 50
    assert all(total == balance for _, total, balance in ends)


def test_agreements_follow_one_another_and_end_with_their_customer(grown_company: Simulated) -> None:
    wrong = grown_company.rows(
        "select c.contract_no from crm.contract c left join crm.contract p on p.contract_no = c.previous_no"
        " where (c.previous_no is not null and p.ends_on + 1 <> c.starts_on)"
        " or (c.notice_on is not null) <> (c.ended_by is not null) or (c.state = 'ended') <> (c.ends_on < '2026-06-30')"
        " or c.ends_on < c.starts_on"
    )
    assert wrong == []
    gone = {row["account_id"] for row in grown_company.accounts_truth() if row["mood"] == "left"}
    active = grown_company.rows("select account_no from crm.contract where state = 'active' and notice_on is null")
    assert len(active) > 100
    assert not gone & {account for (account,) in active}


def test_deals_are_won_where_somebody_speaks_for_us(
    grown_company: Simulated, levels: dict[str, list[dict[str, Any]]]
) -> None:
    best: dict[str, int] = defaultdict(lambda: -1)
    people = defaultdict(list)
    for contact, rows in levels.items():
        people[rows[0]["account_id"]].append(contact)
    results = defaultdict(list)
    for account, day, stage in grown_company.rows(
        f"select account_no, (opened_at {LOCAL})::date, stage from crm.opportunity where closed_at is not null"
    ):
        best[account] = max((_level_on(levels, contact, day) or 0 for contact in people[account]), default=0)
        results[best[account] >= 4].append(stage == "赢单")
    assert min(len(won) for won in results.values()) > 80
    assert np.mean(results[True]) > np.mean(results[False]) + 0.15


def test_late_orders_are_sent_after_the_day_promised(grown_company: Simulated) -> None:
    share, undated = grown_company.rows(
        "select avg((sent_on > promised_on)::int) filter (where origin is null),"
        " count(*) filter (where (sent_on is null) <> (state <> 'done')) from erp.sales_order where state <> 'cancel'"
    )[0]
    assert 0.08 < share < 0.25
    assert undated == 0


def test_a_credit_note_names_the_invoice_it_corrects(grown_company: Simulated) -> None:
    wrong = grown_company.value(
        "select count(*) from erp.invoice c left join erp.invoice i on i.invoice_no = c.corrects"
        " where (c.kind = 'credit_note') <> (i.kind is not distinct from 'invoice' and c.corrects is not null)"
    )
    assert wrong == 0
