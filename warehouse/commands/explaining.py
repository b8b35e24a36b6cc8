"""What the churn model says of one account, and why."""

from __future__ import annotations

import math
from typing import Annotated, Any

import psycopg
import typer
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from warehouse.commands.work import CompanyPath, Teller, live_build, open_prepared_house
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.plain_yaml import read_yaml
from warehouse.settings import ROOT

Language = Annotated[str | None, typer.Option(help="en or zh; the company's own when not given.")]

_SENTENCES = ROOT / "ml" / "sentences" / "explain.yml"
_CANDIDATES = 5
_MONTHS = 13
_WHOLE_FROM = 10
"""Numbers from here on are written without decimals."""


class UnknownAccountError(Problem):
    """No scored account answers to what was asked for, or several do."""


def explain(
    account: Annotated[str, typer.Argument(help="The account's id, or enough of its name.")],
    company: CompanyPath = None,
    language: Language = None,
) -> None:
    """Print one account's score, its reasons, how it got there, and what would lower it."""
    from ml.features import read_histories, read_scoring_rows
    from ml.policy import read_horizon_days
    from ml.registry import load_scorer
    from ml.what_if import probability_of, what_would_lower

    teller = Teller()
    with open_prepared_house(company) as house:
        schema, as_of = live_build(house, "an explanation")
        chosen = _language(language or house.company.language)
        words = read_yaml(_SENTENCES)[chosen]
        with house.warehouse.connect(Role.SCORER) as connection:
            with connection.cursor(row_factory=dict_row) as cursor:
                story = _Story(cursor, schema, chosen, words)
                found = story.find(account)
                for line in (*story.score(found), *story.history(found)):
                    teller.say(line)
            champion = load_scorer(connection, found["model_id"], models_folder=house.models)
            rows = read_scoring_rows(connection, schema=schema, as_of=as_of)
            now = float(probability_of(champion, rows[rows["account_id"] == found["account_id"]])[0])
            changes = what_would_lower(
                champion,
                rows,
                found["account_id"],
                everybody=read_histories(connection, schema=schema, days=[as_of]),
                horizon_days=read_horizon_days(connection, schema),
            )
    teller.say(words["lower"])
    for change in changes:
        teller.say(f"  {words['changes'][change.code]}: {now:.0%} → {change.probability:.0%}")
    if not changes:
        teller.say(f"  {words['nothing']}")


def shown_number(code: str, value: float | None) -> str:
    """Return a reason's number as people write it: shares in per cent, large numbers without decimals."""
    if value is None or math.isnan(value):
        return "–"
    if "_rate" in code:
        return f"{value * 100:,.0f}"
    return f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.1f}".removesuffix(".0")


def _language(asked: str) -> str:
    if asked not in ("en", "zh"):
        raise Problem("the language", seen=asked, expected="en or zh", next_step="guanxi explain ACCOUNT --language zh")
    return asked


class _Story:
    """Reads what is told of an account from a build schema, in one language."""

    def __init__(self, cursor: psycopg.Cursor[DictRow], schema: str, language: str, words: dict[str, Any]) -> None:
        self._cursor = cursor
        self._schema = schema
        self._language = language
        self._words = words

    def find(self, asked: str) -> DictRow:
        """Return the scored account of an id or a name. Raises UnknownAccountError."""
        found = self._rows(
            "select accounts.account_id, accounts.account_name, scores.model_id from {fct_churn_scores} as scores"
            " join {dim_accounts} as accounts on scores.account_id = accounts.account_id"
            " where accounts.account_id = %(asked)s or strpos(lower(accounts.account_name), lower(%(asked)s)) > 0"
            " order by accounts.account_id <> %(asked)s, lower(accounts.account_name) <> lower(%(asked)s), 1"
            " limit %(most)s",
            {"asked": asked, "most": _CANDIDATES},
        )
        exact = [row for row in found if asked in (row["account_id"], row["account_name"])]
        if exact or len(found) == 1:
            return (exact or found)[0]
        several = ", ".join(f"{row['account_id']} {row['account_name']}" for row in found)
        raise UnknownAccountError(
            f"the account {asked!r}",
            seen=f"several: {several}" if found else "no active account of this id or name was scored",
            expected="an id, or enough of a name to tell it from the others",
            next_step='guanxi sql "select account_id, account_name from dim_accounts" lists them; who ordered nothing'
            " within the active window is not scored",
        )

    def score(self, found: DictRow) -> list[str]:
        """Return the account's risk and its reasons, a line each."""
        (score,) = self._rows(
            "select scores.*, bands.name_{language} as band_name from {fct_churn_scores} as scores"
            " left join {policy_churn_bands} as bands on scores.band_code = bands.band_code where account_id = %(id)s",
            {"id": found["account_id"]},
        )
        texts = {
            row["reason_code"]: row
            for row in self._rows(
                "select reason_code, text_{language} as reason, protection_text_{language} as protection"
                " from {policy_churn_reasons}",
                {},
            )
        }
        risk = self._words["risk"].format(
            probability=score["churn_probability"], band=score["band_name"], percentile=score["churn_percentile"],
            loss=score["expected_loss_amount"], method=score["method_code"], model=score["model_id"],
        )  # fmt: skip
        name = found["account_id"] if found["account_name"] is None else "{account_name} ({account_id})".format(**found)
        lines = [f"{name}, {score['as_of_date']}", risk, self._words["reasons"]]
        lines += self._told(score, texts, "reason", (1, 2, 3))
        protections = self._told(score, texts, "protection", (1, 2))
        return [*lines, *([self._words["protections"], *protections] if protections else [])]

    def _told(self, score: DictRow, texts: dict[str, DictRow], kind: str, places: tuple[int, ...]) -> list[str]:
        lines = []
        for place in places:
            if code := score[f"{kind}_{place}_code"]:
                value, peer, change = (
                    shown_number(code, score[f"{kind}_{place}_{part}"])
                    for part in ("value", "peer_value", "change_90d_value")
                )
                line = texts[code][kind].replace("{value}", value).replace("{peer}", peer)
                known = score[f"{kind}_{place}_change_90d_value"] is not None
                signed = change if change.startswith("-") else f"+{change}"
                lines.append(f"  {line}" + (self._words["change"].format(change=signed) if known else ""))
        return lines

    def history(self, found: DictRow) -> list[str]:
        """Return where the account stood on the newest month ends, a line each, the newest first."""
        rows = self._rows(
            "select features.snapshot_date as day, coalesce(months.stage_name_{language}, '–') as stage,"
            " features.days_since_last_order as silent, features.overdue_ratio as overdue,"
            " features.net_revenue_90d_amount as revenue from {fct_churn_features} as features"
            " left join {fct_account_lifecycle_months} as months on features.account_id = months.account_id"
            " and features.snapshot_date = months.snapshot_date"
            " where features.account_id = %(id)s order by 1 desc limit %(most)s",
            {"id": found["account_id"], "most": _MONTHS},
        )
        return [self._words["history"], *("  " + self._words["month"].format_map(row) for row in rows)]

    def _rows(self, query: str, values: dict[str, Any]) -> list[DictRow]:
        """Run a query of ours; {table} names a table of the build schema, {language} ends a column's name."""
        tables = {name: sql.Identifier(self._schema, name) for name in _TABLES}
        statement = sql.SQL(query).format(**tables, language=sql.SQL(self._language))
        return self._cursor.execute(statement, values).fetchall()


_TABLES = (
    "fct_churn_scores", "dim_accounts", "policy_churn_bands", "policy_churn_reasons", "fct_churn_features",
    "fct_account_lifecycle_months",
)  # fmt: skip
