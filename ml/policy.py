"""The company's own choices that learning and scoring depend on, from the policy tables of a build schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class PolicyGapError(Problem):
    """A policy table does not say what scoring needs."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Risk bands by their lowest probability, ascending; the first begins at 0."""

    codes: tuple[str, ...]
    probability_from: tuple[float, ...]

    def of(self, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
        """Return each probability's band; a probability on a border is in the band above."""
        import numpy as np

        places = np.searchsorted(np.array(self.probability_from), probability, side="right") - 1
        return np.array(self.codes, dtype=object)[places]


def read_bands(connection: psycopg.Connection, schema: str) -> Bands:
    """Return policy_churn_bands. Raises PolicyGapError when a probability could be in no band."""
    query = "select band_code, cast(probability_from as double precision) from {} order by 2"
    rows = connection.execute(sql.SQL(query).format(sql.Identifier(schema, "policy_churn_bands"))).fetchall()
    if not rows or rows[0][1] != 0:
        raise PolicyGapError(
            "policy_churn_bands",
            seen="no bands" if not rows else f"the lowest band begins at {rows[0][1]}",
            expected="one band that begins at 0",
            next_step="mend dbt_project/seeds/policy/policy_churn_bands.csv and run the night again",
        )
    return Bands(tuple(str(code) for code, _ in rows), tuple(float(lowest) for _, lowest in rows))


def read_parameters(connection: psycopg.Connection, schema: str, names: Sequence[str]) -> dict[str, float]:
    """Return numbers of policy_parameters by their names. Raises PolicyGapError when one is not there."""
    query = "select parameter, cast(value as double precision) from {} where parameter = any(%s) and value is not null"
    statement = sql.SQL(query).format(sql.Identifier(schema, "policy_parameters"))
    found = {str(name): float(value) for name, value in connection.execute(statement, (list(names),))}
    if missing := [name for name in names if name not in found]:
        raise PolicyGapError(
            f"policy_parameters, {', '.join(missing)}",
            seen="no such parameter, or one without a value",
            expected="a number",
            next_step="mend dbt_project/seeds/policy/policy_parameters.csv and run the night again",
        )
    return found


def read_horizon_days(connection: psycopg.Connection, schema: str) -> int:
    """Return how many days ahead churn is predicted. Raises PolicyGapError."""
    return _read_days(connection, schema, "horizon_days", "how many days ahead churn is predicted")


def read_model_days_maximum(connection: psycopg.Connection, schema: str) -> int:
    """Return how old a model may be that scores, in days. Raises PolicyGapError."""
    return _read_days(connection, schema, "model_days_maximum", "how old a model may be that scores, in days")


def _read_days(connection: psycopg.Connection, schema: str, parameter: str, meaning: str) -> int:
    query = "select max(cast(cast(value as numeric) as integer)) from {} where parameter = %s"
    row = connection.execute(
        sql.SQL(query).format(sql.Identifier(schema, "policy_parameters")), (parameter,)
    ).fetchone()
    if row is None or row[0] is None or row[0] < 1:
        raise PolicyGapError(
            f"policy_parameters, {parameter}",
            seen="no such parameter" if row is None or row[0] is None else f"{row[0]} days",
            expected=f"{meaning}, 1 or more",
            next_step="mend dbt_project/seeds/policy/policy_parameters.csv and run the night again",
        )
    return int(row[0])


def is_by_contracts(connection: psycopg.Connection, schema: str) -> bool:
    """Say whether the accounts of a build schema are scored as customers under contract, not as buyers."""
    query = "select exists (select 1 from {} where is_eligible and contract_tenure_days is not null)"
    row = connection.execute(sql.SQL(query).format(sql.Identifier(schema, "fct_churn_features"))).fetchone()
    return bool(row and row[0])


def read_capacity(connection: psycopg.Connection, schema: str) -> int:
    """Return how many accounts all active account managers can call in a day; at least one manager's worth."""
    query = (
        "select coalesce(sum(coalesce(managers.list_capacity, usual.amount)), max(usual.amount))"
        " from (select cast(cast(value as numeric) as integer) as amount from {policy}"
        " where parameter = 'list_capacity') as usual"
        " left join {managers} as managers on managers.is_active"
    )
    row = connection.execute(
        sql.SQL(query).format(
            policy=sql.Identifier(schema, "policy_parameters"), managers=sql.Identifier(schema, "dim_account_managers")
        )
    ).fetchone()
    if row is None or row[0] is None or row[0] < 1:
        raise PolicyGapError(
            "policy_parameters, list_capacity",
            seen="no such parameter, or nobody can call anybody",
            expected="how many accounts a manager can call in a day, 1 or more",
            next_step="mend dbt_project/seeds/policy/policy_parameters.csv and run the night again",
        )
    return int(row[0])


def read_feature_names(connection: psycopg.Connection, schema: str) -> dict[str, str]:
    """Return what each feature is called, in English and Chinese, by its code."""
    query = sql.SQL("select feature_code, name_en || ' ' || name_zh from {}")
    return dict(connection.execute(query.format(sql.Identifier(schema, "policy_churn_features"))).fetchall())
