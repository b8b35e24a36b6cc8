"""Agreements that run for a year and are renewed, or are not; and what people wrote down when a customer had left."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from simulator.behaviour import Mood
from simulator.crm.cells import accounts_of, blanked, chosen, money, numbered
from simulator.crm.deal_rows import COMPETITORS
from simulator.crm.scene import Scene, last_change
from simulator.crm.tables import CHURN_NOTE, CONTRACT
from simulator.crm.texts import NEGATIVE, draw_meanings, write_texts
from simulator.crm.themes import THEME_NAMES
from simulator.draws import Bools, Ints
from simulator.erp_rows import dates, evening
from simulator.seasons import NEVER
from simulator.tables import Rows

TERM_DAYS = 365
_NOTICE_DAYS = 30
_SHARE_OF_SIZE = np.array([0.18, 0.42, 0.70])
FRAMEWORK, SUBSCRIPTION, MAINTENANCE = range(3)
KINDS = ("framework", "subscription", "maintenance")
_NAMES = ("年度框架协议", "备件寄售服务", "设备维护合同")
_ENDED_BY = ("customer", "us", "non_payment", "merger")
_REASONS = ("采购转移", "项目结束", "价格未谈拢", "服务不满意", "工厂搬迁", "竞争对手替代")


@dataclass(frozen=True, slots=True)
class Terms:
    """One entry per agreement and year. `ends` is the last day, `noticed` the day notice was given or NEVER.

    `follows` is true where the year goes on from the one before without a gap.
    """

    row: Ints
    term: Ints
    starts: Ints
    ends: Ints
    noticed: Ints
    kind: Ints
    follows: Bools

    def only(self, keep: Ints) -> Terms:
        """The terms at the places of `keep`."""
        return Terms(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})


def draw_terms(scene: Scene) -> Terms:
    """The years of all agreements that have begun by the last day.

    A customer that leaves gives notice, and its year ends a month later. A strained one does not renew half of the
    time, and comes to an agreement again a year later at the earliest.
    """
    draws, accounts, number = scene.draws, scene.accounts, scene.accounts.number
    has = draws.chance("has agreement", _SHARE_OF_SIZE[accounts.size], number) & accounts.is_buyer
    row = np.flatnonzero(has)
    number = number[row]
    is_old = accounts.starts[row] <= scene.first
    wait = draws.below("agreement after", TERM_DAYS, number)
    starts = accounts.starts[row] + np.where(is_old, -wait, 30 + wait)
    kind = draws.picked("agreement kind", (50, 30, 20), number)
    parts = [Terms(*(np.zeros(0, dtype=np.int64),) * 6, np.zeros(0, dtype=np.bool_))]
    runs_on = np.zeros(row.size, dtype=np.bool_)
    term = 0
    while row.size and (starts <= scene.until).any():
        begins = (starts <= scene.until) & (scene.moods.on(row, np.minimum(starts, scene.until)) != Mood.LEFT)
        full = starts + TERM_DAYS - 1
        left = _leaves_within(scene, row, starts, full)
        ends_early = begins & (left < NEVER)
        last_look = np.minimum(full - _NOTICE_DAYS, scene.until)
        strain = scene.strain_on(row, last_look)
        declines = draws.chance("does not renew", 0.04 + 0.5 * (strain > 0.4), number, term)
        declines &= begins & ~ends_early & (full - _NOTICE_DAYS <= scene.until) & (full - _NOTICE_DAYS >= scene.first)
        noticed = np.select([ends_early, declines], [left, full - _NOTICE_DAYS], default=NEVER)
        ends = np.where(ends_early, np.minimum(full, left + _NOTICE_DAYS), full)
        keep = np.flatnonzero(begins)
        same = np.full(row.size, term, dtype=np.int64)
        parts.append(Terms(row, same, starts, ends, noticed, kind, runs_on).only(keep))
        runs_on = begins & (noticed == NEVER)
        starts = np.where(noticed < NEVER, full + 1 + TERM_DAYS, full + 1)
        term += 1
    return Terms(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Terms)))


def _leaves_within(scene: Scene, row: Ints, starts: Ints, ends: Ints) -> Ints:
    """The first day in each term, up to the last day written, on which the customer has left; else NEVER."""
    left = scene.moods.mood[: scene.until - scene.first + 1] == Mood.LEFT
    days = np.arange(scene.first, scene.until + 1, dtype=np.int64)[:, None]
    inside = left[:, row] & (days >= starts) & (days <= ends)
    return np.where(inside.any(axis=0), scene.first + inside.argmax(axis=0), NEVER)


def contract_rows(scene: Scene) -> Rows:
    """The agreements as rows, signed up to three weeks before they begin."""
    terms, draws, until = draw_terms(scene), scene.draws, scene.until
    number = scene.accounts.number[terms.row]
    key = (number, terms.term)
    entered = np.maximum(scene.first, np.maximum(terms.starts, scene.accounts.starts[terms.row]))
    changed = last_change(entered, np.maximum(entered, terms.noticed), np.maximum(entered, terms.ends + 1), until=until)
    at = np.flatnonzero(scene.wanted(entered, changed))
    terms = terms.only(at)
    entered, changed, number = entered[at], changed[at], number[at]
    key = (number, terms.term)
    is_noticed = terms.noticed <= until
    state = np.where(terms.ends < until, 1, 0)
    scope = np.where(
        scene.accounts.size[terms.row] == 2,
        draws.picked("scope", (45, 35, 20), number),
        1 + draws.below("scope", 2, number),
    )
    by = draws.picked("ended by", (84, 5, 7, 4), *key)
    usual = np.exp(scene.accounts.log_order_value[terms.row]) * 30.0 / scene.accounts.gap_days[terms.row]
    monthly = np.round(
        usual * (0.06 + 0.16 * draws.uniform("monthly", number)) * np.power(1.04, terms.term.astype(np.float64)), -1
    )
    is_framework = terms.kind == FRAMEWORK
    return Rows(
        table=CONTRACT,
        values={
            "contract_no": numbered("CO", *key, widths=(6, 2)),
            "account_no": accounts_of(number),
            "previous_no": numbered(
                "CO", np.where(terms.follows, number, -1), np.maximum(0, terms.term - 1), widths=(6, 2)
            ),
            "name": chosen(_NAMES, terms.kind),
            "kind": chosen(KINDS, terms.kind),
            "scope": chosen(("group", "region", "site"), scope),
            "state": chosen(("active", "ended"), state),
            "starts_on": dates(terms.starts),
            "ends_on": dates(np.where(is_noticed, terms.ends, terms.starts + TERM_DAYS - 1)),
            "signed_on": dates(np.minimum(entered, terms.starts - draws.below("signed before", 21, *key))),
            "notice_on": dates(np.where(is_noticed, terms.noticed, NEVER)),
            "ended_by": chosen(_ENDED_BY, np.where(is_noticed, by, -1)),
            "end_reason": chosen(_REASONS, np.where(is_noticed, draws.below("end reason", len(_REASONS), *key), -1)),
            "renews_itself": pa.array(draws.chance("renews itself", 0.6, number)),
            "billing": chosen(("month", "quarter", "year"), draws.picked("billing", (40, 35, 25), number)),
            "monthly_amount": blanked(money(monthly), is_framework),
            "total_amount": money(np.where(is_framework, np.round(usual * 12, -3), monthly * 12)),
        },
        entered=entered,
        changed=changed,
        minute=evening(draws, *key),
    )


def churn_note_rows(scene: Scene) -> Rows:
    """For two leaves of three somebody writes down why, some weeks later."""
    draws = scene.draws
    mood = scene.moods.mood[: scene.until - scene.first + 1]
    begins = (mood[1:] == Mood.LEFT) & (mood[:-1] != Mood.LEFT)
    day, row = (part.astype(np.int64) for part in np.nonzero(begins))
    day += scene.first + 1
    key = (scene.accounts.number[row], day)
    entered = day + 5 + draws.below("noted after", 50, *key)
    at = np.flatnonzero(draws.chance("says why", 0.65, *key) & scene.wanted(entered, entered))
    day, row, entered = day[at], row[at], entered[at]
    key = (scene.accounts.number[row], day)
    language = scene.languages()[row]
    theme = draws.below("leaves for", len(THEME_NAMES), *key)
    meanings = draw_meanings(draws, "churn", theme, np.full(row.size, NEGATIVE), *key)
    texts = pa.array(write_texts(draws, "churn", meanings, language, *key), pa.string())
    wills = ~draws.chance("against its will", 0.12, *key)
    before = np.array(
        [begins[: when - scene.first - 1, which].any() for when, which in zip(day.tolist(), row.tolist(), strict=True)],
        dtype=np.bool_,
    )
    return Rows(
        table=CHURN_NOTE,
        values={
            "note_no": numbered("CN", *key, widths=(6, 5)),
            "account_no": accounts_of(key[0]),
            "left_on": dates(day),
            "reason": chosen(
                _REASONS, np.where(draws.chance("no reason", 0.1, *key), -1, draws.below("reason", len(_REASONS), *key))
            ),
            "lost_to": chosen(
                COMPETITORS,
                np.where(draws.chance("knows to whom", 0.5, *key), draws.below("lost to", len(COMPETITORS), *key), -1),
            ),
            "of_own_will": pa.array(wills),
            "came_back_before": pa.array(before),
            "remark": blanked(texts, draws.chance("no remark", 0.4, *key)),
        },
        entered=entered,
        changed=entered,
        minute=evening(draws, *key),
    )
