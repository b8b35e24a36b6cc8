"""Compares the marts of needs with the same computed from the words, over records by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.marts.independent_satisfaction import VOTES, Voices, day
from tests.marts.independent_service import category
from tests.marts.service_by_chance import LABELS, SAYINGS

Row = dict[str, Any]
Key = tuple[str, str, date]

MARTS = ("fct_account_needs", "fct_need_quarters")
AGAIN_DAYS, QUARTERS = 90, 8


@dataclass(frozen=True, slots=True)
class Mention:
    """A record of a customer and a theme it is about."""

    kind: str
    account: str
    theme: str
    product: str | None
    is_praise: bool
    is_waiting: bool
    when: date


def check(
    rows: Callable[[str], list[Row]], records: Mapping[str, Sequence[Row]], *, as_of: date, over: datetime
) -> None:
    """Find every need and every quarter as the words say."""
    ours = {row["account_id"] for row in records["accounts"] if row.get("is_internal")}
    every = [each for each in _mentions(records, as_of, over) if each.account not in ours]
    days: dict[tuple[str, str], set[date]] = {}
    for each in every:
        if not each.is_praise:
            days.setdefault((each.account, each.theme), set()).add(each.when)

    def is_unmet(each: Mention) -> bool:
        later = (when for when in days.get((each.account, each.theme), ()) if when > each.when)
        is_again = any(when <= each.when + timedelta(days=AGAIN_DAYS) for when in later)
        return not each.is_praise and (each.is_waiting or is_again)

    needs: dict[Key, list[Mention]] = {}
    for each in every:
        if _quarters(_quarter(each.when), _quarter(as_of)) < QUARTERS:
            needs.setdefault((each.account, each.theme, _quarter(each.when)), []).append(each)
    found = {(row["account_id"], row["theme_code"], row["quarter_date"]): row for row in rows("fct_account_needs")}
    assert found.keys() == needs.keys()
    for key, own in needs.items():
        row, kinds = found[key], Counter(each.kind for each in own)
        products = Counter(each.product for each in own if each.product)
        assert row["mentions_count"] == len(own), key
        assert row["unmet_count"] == sum(map(is_unmet, own)), (key, own)
        assert (row["ticket_mentions_count"], row["survey_mentions_count"], row["interaction_mentions_count"]) == (
            kinds["ticket"], kinds["survey"], kinds["interaction"],
        ), key  # fmt: skip
        usual = min(products, key=lambda each: (-products[each], each)) if products else None
        assert row["linked_product_id"] == usual, key
        assert row["last_mentioned_date"] == max(each.when for each in own)
    assert len({row["unmet_count"] == 0 for row in found.values()}) == 2
    assert {theme for _, theme, _ in found} == {"price", "delivery", "packaging", "quality"}
    _quarters_agree(rows("fct_need_quarters"), found)


def _quarters_agree(rows: list[Row], needs: Mapping[Key, Row]) -> None:
    quarters = sorted({quarter for _, _, quarter in needs})
    heard = {each: {account for account, _, quarter in needs if quarter == each} for each in quarters}
    mentions: Counter[tuple[str, date]] = Counter()
    for (_, theme, quarter), row in needs.items():
        mentions[theme, quarter] += row["mentions_count"]
    assert {(row["theme_code"], row["quarter_date"]) for row in rows} == set(mentions)
    for row in rows:
        theme, quarter = row["theme_code"], row["quarter_date"]
        own = [each for (_, of, when), each in needs.items() if (of, when) == (theme, quarter)]
        unmet = sum(each["unmet_count"] for each in own)
        assert (row["accounts_count"], row["mentions_count"], row["unmet_count"]) == (
            len(own), mentions[theme, quarter], unmet,
        )  # fmt: skip
        assert row["accounts_rate"] == pytest.approx(len(own) / len(heard[quarter]))
        assert row["unmet_rate"] == pytest.approx(unmet / mentions[theme, quarter])
        before = _quarter(quarter - timedelta(days=1))
        change = mentions[theme, quarter] - mentions.get((theme, before), 0)
        assert row["mentions_change_count"] == (None if quarter == quarters[0] else change)


def _mentions(records: Mapping[str, Sequence[Row]], as_of: date, over: datetime) -> Iterator[Mention]:
    voices = Voices(records, as_of=as_of, over=over)
    for row in voices.tickets:
        is_open = row["status"] in ("open", "waiting") or (row["status"] is None and row["resolved_at"] is None)
        for theme in LABELS[row.get("category")] | SAYINGS[row.get("description")]:
            yield Mention(
                "ticket", row["account_id"], theme, row.get("product_id"), False, is_open, day(row["opened_at"])
            )
    for row in voices.answers:
        vote, when = VOTES.get(category(row["kind"], row["score"], row["best_score"]) or ""), day(row["answered_at"])
        is_waiting = vote == -1 and not voices.told(row["account_id"], when)
        for theme in SAYINGS[row.get("comment")]:
            yield Mention("survey", row["account_id"], theme, None, vote == 1, is_waiting, when)
    meetings: dict[tuple[str, str, date], set[str | None]] = {}
    for row in records["interactions"]:
        if row["status"] != "planned" and day(row["happened_at"]) <= as_of and row["note"] is not None:
            key = (row["account_id"], row["note"], day(row["happened_at"]))
            meetings.setdefault(key, set()).add(row["outcome"])
    for (account, note, when), outcomes in meetings.items():
        told = min((each for each in outcomes if each), default=None)
        for theme in SAYINGS[note]:
            yield Mention("interaction", account, theme, None, told == "positive", told == "negative", when)


def _quarter(when: date) -> date:
    return date(when.year, 3 * ((when.month - 1) // 3) + 1, 1)


def _quarters(one: date, other: date) -> int:
    return 4 * (other.year - one.year) + (other.month - one.month) // 3
