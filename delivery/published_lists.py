"""The churn lists of the live generation, one manager's at a time."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from psycopg import sql
from psycopg.rows import dict_row

from delivery.churn_letter import ChurnLetter, ListRow, Relationship
from delivery.mailing import CHURN_LISTS, Mailing
from delivery.managers import Language, Manager
from delivery.published import Published
from warehouse.settings import ROOT

FELL_BACK = "fell_back"
"""Who made a list that the model could not make, as the sentences name it."""

_REASONS = (1, 2, 3)
_OUTCOMES = ROOT / "dbt_project" / "seeds" / "policy" / "policy_feedback_outcomes.csv"


@dataclass(frozen=True, slots=True)
class PublishedLists(Published):
    """The churn lists, as fct_churn_lists has them."""

    mailing: ClassVar[Mailing] = CHURN_LISTS
    listed: ClassVar[sql.SQL] = sql.SQL(
        "select c.account_manager_id, c.account_id from pub.fct_churn_lists c where c.gen = %(gen)s"
    )
    owner: ClassVar[sql.SQL] = sql.SQL("coalesce(m.covered_by_id, m.account_manager_id)")

    def letter(self, manager: Manager) -> ChurnLetter | None:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(
                "select lists.*, absent.account_manager_name as stands_in_for_name"
                " from pub.fct_churn_lists lists left join pub.dim_account_managers absent on absent.gen = lists.gen"
                " and absent.account_manager_id = lists.stands_in_for_id"
                " where lists.gen = %s and lists.account_manager_id = %s order by lists.rank, lists.account_id",
                (self.gen, manager.account_manager_id),
            ).fetchall()
        if not found:
            return None
        if self.fell_back():
            found = [each | {"method_code": FELL_BACK} for each in found]
        outcomes = outcomes_in(manager.language)
        rows = (
            replace(
                _row(each, manager.language, outcomes),
                record_url=self.company.record_url(each["account_id"]),
                is_asked=self.takes_answers,
            )
            for each in found
        )
        return ChurnLetter(
            **self.head(manager),
            rows=tuple(rows),
            unlisted_count=self.unlisted_count(manager),
            outcomes=tuple(outcomes.values()) if self.takes_answers else (),
        )

    def fell_back(self) -> bool:
        """Say whether a rule scored because the model could not."""
        row = self.connection.execute(
            "select exists (select 1 from pub.fct_list_checks c where c.gen = %(gen)s and c.check_code = 'fell_back'"
            " and not c.is_kept) and exists (select 1 from pub.fct_churn_lists l where l.gen = %(gen)s"
            " and l.method_code <> 'model')",
            {"gen": self.gen},
        ).fetchone()
        return bool(row and row[0])


def outcomes_in(language: Language) -> dict[str, str]:
    """Return what may come of a call, by code, in the order of policy."""
    with _OUTCOMES.open(encoding="utf-8", newline="") as lines:
        return {line["outcome_code"]: line[f"name_{language}"] for line in csv.DictReader(lines)}


def _row(values: dict[str, Any], language: Language, outcomes: dict[str, str]) -> ListRow:
    def named(stem: str, code: str) -> str | None:
        text: str | None = values[f"{stem}_{language}"] or values[code]
        return text

    reasons = (values[f"reason_{number}_text_{language}"] or values[f"reason_{number}_code"] for number in _REASONS)
    answer = values["answer_outcome_code"]
    return ListRow(
        rank=values["rank"],
        row_code=values["row_code"] or "",
        account_id=values["account_id"],
        account_name=values["account_name"],
        # a list of before there were statuses has only new ones and others
        status_code=values["status_code"] or ("new" if values["is_new"] else "still_open"),
        status=named("status_name", "status_code") or "",
        stands_in_for=values["stands_in_for_name"] or values["stands_in_for_id"],
        stage=named("stage_name", "stage_code"),
        abc_class=values["abc_class"],
        band=named("band_name", "band_code"),
        churn_probability=values["churn_probability"],
        former_probability=values["former_probability"],
        expected_loss_amount=values["expected_loss_amount"],
        margin_at_risk_amount=values["margin_at_risk_amount"],
        net_revenue_365d_amount=values["net_revenue_365d_amount"],
        days_since_last_order=values["days_since_last_order"],
        typical_gap_days=values["typical_gap_days"],
        order_days=tuple(map(int, values["order_days_12m"].split(","))) if values["order_days_12m"] else (),
        relationship=_relationship(values, language),
        unfilled_roles_count=values["unfilled_roles_count"],
        days_since_last_contact=values["days_since_last_contact"],
        mailed_days_count=values["mailed_days_count"] or 0,
        last_mailed_date=values["last_mailed_date"],
        answer=outcomes.get(answer, answer),
        answer_date=values["answer_date"],
        reasons=tuple(reason for reason in reasons if reason),
        play=named("play_name", "play_code"),
        play_steps=values[f"play_steps_{language}"],
        method_code=values["method_code"],
    )


def _relationship(values: dict[str, Any], language: Language) -> Relationship | None:
    side, level, target = (values[f"relationship_{part}_{language}"] for part in ("dimension", "level", "target"))
    if not side or not level:
        return None
    return Relationship(side=side, level=level, target=target, gap=values["relationship_gap_value"])
