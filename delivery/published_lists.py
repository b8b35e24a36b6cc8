"""The churn lists of the live generation, one manager's at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from psycopg import sql
from psycopg.rows import dict_row

from delivery.churn_letter import ChurnLetter, ListRow
from delivery.mailing import CHURN_LISTS, Mailing
from delivery.managers import Language, Manager
from delivery.published import Published

FELL_BACK = "fell_back"
"""Who made a list that the model could not make, as the sentences name it."""

_REASONS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class PublishedLists(Published):
    """The churn lists, as fct_churn_lists has them."""

    mailing: ClassVar[Mailing] = CHURN_LISTS
    listed: ClassVar[sql.SQL] = sql.SQL(
        "select c.account_manager_id, c.account_id from pub.fct_churn_lists c where c.gen = %(gen)s"
    )

    def letter(self, manager: Manager) -> ChurnLetter | None:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(
                "select * from pub.fct_churn_lists where gen = %s and account_manager_id = %s"
                " order by rank, account_id",
                (self.gen, manager.account_manager_id),
            ).fetchall()
        if not found:
            return None
        if self.fell_back():
            found = [each | {"method_code": FELL_BACK} for each in found]
        return ChurnLetter(**self.head(manager), rows=tuple(_row(each, manager.language) for each in found))

    def fell_back(self) -> bool:
        """Say whether a rule scored because the model could not."""
        row = self.connection.execute(
            "select exists (select 1 from pub.fct_list_checks c where c.gen = %(gen)s and c.check_code = 'fell_back'"
            " and not c.is_kept) and exists (select 1 from pub.fct_churn_lists l where l.gen = %(gen)s"
            " and l.method_code <> 'model')",
            {"gen": self.gen},
        ).fetchone()
        return bool(row and row[0])


def _row(values: dict[str, Any], language: Language) -> ListRow:
    def named(stem: str, code: str) -> str | None:
        text: str | None = values[f"{stem}_{language}"] or values[code]
        return text

    reasons = (values[f"reason_{number}_text_{language}"] or values[f"reason_{number}_code"] for number in _REASONS)
    return ListRow(
        rank=values["rank"],
        account_id=values["account_id"],
        account_name=values["account_name"],
        is_new=bool(values["is_new"]),
        stage=named("stage_name", "stage_code"),
        abc_class=values["abc_class"],
        band=named("band_name", "band_code"),
        churn_probability=values["churn_probability"],
        expected_loss_amount=values["expected_loss_amount"],
        net_revenue_365d_amount=values["net_revenue_365d_amount"],
        days_since_last_order=values["days_since_last_order"],
        typical_gap_days=values["typical_gap_days"],
        reasons=tuple(reason for reason in reasons if reason),
        play=named("play_name", "play_code"),
        play_steps=values[f"play_steps_{language}"],
        method_code=values["method_code"],
    )
