"""ops.models: what was trained, how good it was, and which one makes the scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ml.model_file import ModelFileError, load_model
from ml.rules import CalibratedRule, Rule
from warehouse.errors import Problem

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


class NoChampionError(Problem):
    """Nothing has been trained yet that a night of this day could be scored with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of ops.models. `best_rule`, `beats_rule` and `grade` are None when there was too little to compare."""

    model_id: str
    kind: str
    as_of: date
    file_sha256: str | None
    features: list[str]
    sklearn_version: str
    rule: str | None
    rule_slope: float | None
    rule_intercept: float | None
    metrics: dict[str, Any]
    best_rule: str | None
    beats_rule: bool | None
    grade: str | None
    note: str

    def calibrated_rule(self) -> CalibratedRule:
        """Return the rule of an entry of kind rule."""
        if self.rule is None or self.rule_slope is None or self.rule_intercept is None:
            raise ValueError(f"{self.model_id} is not a rule")
        return CalibratedRule(Rule(self.rule), self.rule_slope, self.rule_intercept)


_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, Entry.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Champion:
    """What scores a night: a loaded pipeline, or a rule when `pipeline` is None."""

    entry: Entry
    pipeline: Pipeline | None

    @property
    def method_code(self) -> str:
        return "model" if self.entry.rule is None else self.entry.rule


def has_champion(connection: psycopg.Connection, *, as_of: date | None = None) -> bool:
    """Say whether a tested champion exists for a night of `as_of` (any night when None).

    The rule that a company too young for a test got by default does not count: each training may end that.
    """
    return tested_champion(connection, as_of=as_of or date.max) is not None


def tested_champion(connection: psycopg.Connection, *, as_of: date) -> Entry | None:
    """Return the champion for a night of `as_of` if it was compared with others, else None."""
    entry = _champion_entry(connection, as_of)
    return None if entry is None or entry.best_rule is None else entry


def load_incumbent(connection: psycopg.Connection, *, day: date, models_folder: Path) -> tuple[str, Pipeline] | None:
    """Return the model that would have scored a night of `day`, with its id; None when a rule would, or it cannot be
    read any more, as after a change of the features."""
    entry = _champion_entry(connection, day)
    if entry is None or entry.kind != "model":
        return None
    try:
        return entry.model_id, load_entry(entry, models_folder)
    except ModelFileError:
        return None


def load_scorer(connection: psycopg.Connection, model_id: str, *, models_folder: Path) -> Champion:
    """Return who made the scores that name `model_id`, whether or not it is champion still.

    Raises NoChampionError and ModelFileError.
    """
    entry = find_entry(connection, model_id)
    if entry is None:
        raise NoChampionError(
            f"the model {model_id}",
            seen="it is not registered",
            expected="the training that the scores come from",
            next_step="guanxi train, then score a night with it",
        )
    return Champion(entry, None if entry.kind == "rule" else load_entry(entry, models_folder))


def load_entry(entry: Entry, models_folder: Path) -> Pipeline:
    """Return the pipeline of an entry of kind model, or raise ModelFileError."""
    if entry.file_sha256 is None:
        raise ValueError(f"{entry.model_id} has no file")
    return load_model(
        models_folder,
        entry.model_id,
        sha256=entry.file_sha256,
        sklearn_version=entry.sklearn_version,
        features=tuple(entry.features),
    )


def is_loadable(entry: Entry, models_folder: Path) -> bool:
    try:
        load_entry(entry, models_folder)
    except ModelFileError:
        return False
    return True


def former_champions(connection: psycopg.Connection, *, as_of: date) -> list[Entry]:
    """Return the champion for a night of `as_of` and those before it, the newest first."""
    query = sql.SQL(
        "select {} from ops.models where was_champion and as_of <= %s"
        " order by is_champion desc, as_of desc, trained_at desc, model_id"
    ).format(_COLUMNS)
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(query, (as_of,)).fetchall()


def newest_tested_rule(connection: psycopg.Connection, *, as_of: date) -> Entry | None:
    """Return the newest rule that was tested beside a model, champion or not."""
    query = sql.SQL(
        "select {} from ops.models where kind = 'rule' and best_rule is not null and as_of <= %s"
        " order by as_of desc, trained_at desc, model_id limit 1"
    ).format(_COLUMNS)
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(query, (as_of,)).fetchone()


def find_entry(connection: psycopg.Connection, model_id: str) -> Entry | None:
    query = sql.SQL("select {} from ops.models where model_id = %s").format(_COLUMNS)
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(query, (model_id,)).fetchone()


def lock_registry(connection: psycopg.Connection) -> None:
    """Let one training at a time write its file and its row; held until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended('guanxi.models', 0))")


def register(connection: psycopg.Connection, entry: Entry) -> None:
    """Write a row, or renew the one of the same training (its file may have been written anew)."""
    values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    values["metrics"] = Jsonb(entry.metrics)
    query = sql.SQL(
        "insert into ops.models ({}) values ({}) on conflict (model_id) do update set"
        " file_sha256 = excluded.file_sha256, metrics = excluded.metrics, note = excluded.note, trained_at = now()"
    ).format(_COLUMNS, sql.SQL(", ").join(map(sql.Placeholder, values)))
    connection.execute(query, values)


def crown(connection: psycopg.Connection, model_id: str) -> None:
    """Make one entry the champion; the one before keeps the nights that were its own.

    When the champion was trained for a later day, only the nights between become the entry's.
    """
    connection.execute(
        "update ops.models set is_champion = false where is_champion and model_id <> %(id)s"
        " and as_of <= (select as_of from ops.models where model_id = %(id)s)",
        {"id": model_id},
    )
    connection.execute(
        "update ops.models set was_champion = true, is_champion ="
        " not exists (select 1 from ops.models where is_champion and model_id <> %(id)s) where model_id = %(id)s",
        {"id": model_id},
    )


def _champion_entry(connection: psycopg.Connection, as_of: date) -> Entry | None:
    return next(iter(former_champions(connection, as_of=as_of)), None)
