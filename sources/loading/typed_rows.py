"""The landed text of one entity as typed rows, each with the first rule that refuses it, if any does.

Work tables lie in the landing schema, unlogged: a transaction that fails takes them with it. Their own columns
begin with an underscore, so that none is a contract's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import LiteralString
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from sources.mapping.contract import ColumnType
from sources.mapping.expressions import NUMBER, Resolve
from sources.mapping.mapping import DatasetMapping, EntityMapping

_WHOLE = r"^\s*[-+]?\d{1,9}(\.0*)?\s*$"
_DAY = r"^\s*\d{4}([-/]\d{1,2}[-/]\d{1,2}|\d{4})([ T].*)?$"
_BOOLEANS = ("true", "t", "yes", "y", "on", "1", "false", "f", "no", "n", "off", "0")


@dataclass(frozen=True, slots=True)
class Work:
    """Where and for which day rows are typed. `knows_validity`: PostgreSQL 16 and later. `knows_erased`: persons were
    erased whom the transaction can recognise."""

    connection: psycopg.Connection
    schema: str
    as_of: date
    timezone: str
    knows_validity: bool
    knows_erased: bool = False

    def table(self, name: str) -> sql.Identifier:
        return sql.Identifier(self.schema, name)

    def end_of(self, day: date) -> sql.Composable:
        """Return the first moment after a business day."""
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.timezone))
        return sql.SQL("{}::timestamptz").format(sql.Literal(midnight.isoformat()))

    def execute(self, statement: sql.Composed) -> int:
        """Run a statement without parameters; return the rows it touched."""
        return self.connection.execute(statement).rowcount

    def count(self, table: str, condition: LiteralString) -> int:
        """Return how many rows of a work table meet a condition."""
        statement = sql.SQL("select count(*) from {} where {}").format(self.table(table), sql.SQL(condition))
        row = self.connection.execute(statement).fetchone()
        return 0 if row is None else int(row[0])

    def newest_day(self, table: str, entity: EntityMapping) -> date | None:
        """Return the business day of the newest event among the good rows of a work table."""
        event = entity.contract.event_date
        if event is None or event not in entity.fields:
            return None
        moment = sql.SQL("max({})").format(sql.Identifier(event))
        if entity.contract.columns[event].type == "timestamptz":
            moment = sql.SQL("({} at time zone {})::date").format(moment, sql.Literal(self.timezone))
        statement = sql.SQL("select {} from {} where _rule is null").format(moment, self.table(table))
        row = self.connection.execute(statement).fetchone()
        return None if row is None else row[0]

    def is_valid(self, text: sql.Composable, kind: ColumnType) -> sql.Composable:
        """Return SQL for whether a text (not null) is a value of a type; only unambiguous dates are."""
        if kind == "numeric":
            return sql.SQL("{} ~ {}").format(text, sql.Literal(NUMBER))
        if kind == "integer":
            return sql.SQL("{} ~ {}").format(text, sql.Literal(_WHOLE))
        if kind == "boolean":
            values = sql.SQL(", ").join(map(sql.Literal, _BOOLEANS))
            return sql.SQL("lower(btrim({})) in ({})").format(text, values)
        if kind in ("text", "jsonb"):  # JSON is only what we have made ourselves
            return sql.SQL("true")
        function = sql.SQL("pg_input_is_valid" if self.knows_validity else "ops.is_valid")
        return sql.SQL("{} ~ {} and {}({}, {})").format(
            text, sql.Literal(_DAY), function, text, sql.Literal(kind)
        )  # fmt: skip

    def value(self, text: sql.Composable, kind: ColumnType) -> sql.Composable:
        """Return SQL for a text as a value of a type, null when it is none."""
        if kind == "text":
            return sql.SQL("({})::text").format(text)
        cast = "({})::numeric::integer" if kind == "integer" else f"({{}})::{kind}"
        return sql.SQL("case when {} then {} end").format(self.is_valid(text, kind), sql.SQL(cast).format(text))


def typed_table(entity: EntityMapping) -> str:
    return f"typed_{entity.entity}"


def dated_table(dataset: DatasetMapping) -> str:
    return f"dated_{dataset.table}"


def make_dated(
    work: Work, dataset: DatasetMapping, *, loaded_through: dict[int, date], cursor_is_time: bool | None
) -> None:
    """Make dated_d<n>: landed rows with _happened_at and _precedence; rows loaded on an earlier day are left out.

    `loaded_through`: by file number, the day up to which an unchanged file is in the warehouse already.
    _precedence decides between versions of one key: the cursor where there is one, else the file's number.
    """
    happened_at = dataset.options.happened_at
    happened: sql.Composable = sql.SQL("null::timestamptz")
    is_bad: sql.Composable = sql.SQL("false")
    if happened_at is not None:
        text = sql.SQL("nullif({}, '')").format(sql.Identifier(dataset.landed_name(happened_at)))
        happened = work.value(text, "timestamptz")
        is_bad = sql.SQL("{} is not null and _happened_at is null").format(text)
    precedence: sql.Composable = sql.SQL("file_number::numeric")
    if dataset.options.cursor is not None and cursor_is_time is not None:
        cast = "extract(epoch from {}::timestamptz)" if cursor_is_time else "{}::numeric"
        column = sql.Identifier(dataset.landed_name(dataset.options.cursor))
        precedence = sql.SQL("coalesce({}, 0)").format(sql.SQL(cast).format(column))
    known = [
        sql.SQL("(file_number = {} and (_happened_at is null or _happened_at < {}))").format(
            sql.Literal(number), work.end_of(day)
        )
        for number, day in loaded_through.items()
    ]
    work.execute(
        sql.SQL(
            "create unlogged table {} as select *, {} as _is_bad_happened,"
            " coalesce(_happened_at >= {}, false) as _is_held_back"
            " from (select *, {} as _happened_at, {} as _precedence from {} offset 0) as landed where not ({})"
        ).format(
            work.table(dated_table(dataset)),
            is_bad,
            work.end_of(work.as_of),
            happened,
            precedence,
            work.table(dataset.table),
            sql.SQL(" or ").join(known) if known else sql.SQL("false"),
        )
    )


def make_typed(work: Work, dataset: DatasetMapping, entity: EntityMapping) -> None:
    """Make typed_<entity>: the rows of this entity that are due, typed, with _record_id, _rule and _seen.

    Entities without one_per_key get their _content_hash here; the others once their rows are one.
    """
    expressions = {name: each.compile(_resolver(dataset)) for name, each in entity.fields.items()}
    known_at: sql.Composable = sql.SQL("null::text")
    if entity.options.known_at is not None:
        known_at = _resolver(dataset)(entity.options.known_at)
    where = [condition.compile(_resolver(dataset)) for condition in entity.options.where]
    texts = sql.SQL(
        "select file_number, row_number, _happened_at, _is_bad_happened, _precedence, {} as _t_known_at, {}"
        " from {} as l where not _is_held_back{} offset 0"
    ).format(
        known_at,
        sql.SQL(", ").join(sql.SQL("{} as {}").format(each, _text(name)) for name, each in expressions.items()),
        work.table(dated_table(dataset)),
        sql.SQL("").join(sql.SQL(" and {}").format(each) for each in where),
    )
    values = sql.SQL(
        "select file_number, row_number, _happened_at, _is_bad_happened, _precedence, {} as _known_at, {}"
        " from ({}) as texts offset 0"
    ).format(
        work.value(sql.SQL("_t_known_at"), "timestamptz"),
        sql.SQL(", ").join(
            sql.SQL("{}, {} as {}").format(
                _text(name), work.value(_text(name), entity.contract.columns[name].type), sql.Identifier(name)
            )
            for name in entity.fields
        ),
        texts,
    )
    judged = sql.SQL(
        "select *, concat_ws('|', {}) as _record_id, case {} end as _rule from ({}) as typed offset 0"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, entity.contract.key)),
        sql.SQL(" ").join(
            sql.SQL("when {} then {}").format(condition, sql.Literal(rule))
            for rule, condition, _ in _rules(work, entity)
        ),
        values,
    )
    seen = [
        sql.SQL("when {} then {}").format(sql.Literal(rule), text) for rule, _, text in _rules(work, entity) if text
    ]
    has_hash = not entity.options.one_per_key
    work.execute(
        sql.SQL(
            "create unlogged table {} as select file_number as _file_number, row_number as _row_number, _happened_at,"
            " _precedence, _known_at, _record_id, _rule, {} as _seen, {} as _content_hash, null::text as _erased, {}"
            " from ({}) as judged"
        ).format(
            work.table(typed_table(entity)),
            sql.SQL("case _rule {} end").format(sql.SQL(" ").join(seen)) if seen else sql.SQL("null::text"),
            content_hash(entity) if has_hash else sql.SQL("null::text"),
            sql.SQL(", ").join(map(sql.Identifier, entity.fields)),
            judged,
        )
    )


def record_id(dataset: DatasetMapping, entity: EntityMapping) -> sql.Composable:
    """Return SQL for the record_id of a landed row `l` that may have no more than its key columns."""
    resolve = _resolver(dataset)
    return sql.SQL("concat_ws('|', {})").format(
        sql.SQL(", ").join(entity.fields[name].compile(resolve) for name in entity.contract.key)
    )


def content_hash(entity: EntityMapping) -> sql.Composable:
    """Return SQL for the hash of an entity's typed values; spelling (2.50, 2.5) and null columns do not count."""
    parts = []
    for name in sorted(entity.fields):
        column = sql.Identifier(name)
        plain = {
            "text": sql.SQL("quote_literal({})").format(column),
            "numeric": sql.SQL("trim_scale({})").format(column),
            "timestamptz": sql.SQL("({} at time zone 'UTC')").format(column),
        }.get(entity.contract.columns[name].type, column)
        parts.append(sql.SQL("{} || {}::text").format(sql.Literal(f"{name}="), plain))
    return sql.SQL("md5(concat_ws('|', {}))").format(sql.SQL(", ").join(parts))


def _rules(work: Work, entity: EntityMapping) -> Iterator[tuple[str, sql.Composable, sql.Composable | None]]:
    """Yield (rule, condition, what was seen), in the order in which a row is asked."""
    yield "bad_happened_at", sql.SQL("_is_bad_happened"), None
    required = entity.required()
    for name in entity.fields:
        column = entity.contract.columns[name]
        if name in required or name in entity.contract.key:
            yield f"missing_{name}", sql.SQL("{} is null").format(_text(name)), None
        if column.type != "text":
            condition = sql.SQL("{} is not null and {} is null").format(_text(name), sql.Identifier(name))
            yield f"bad_{column.type}_{name}", condition, _text(name)
        if column.allowed is not None:
            allowed = sql.SQL(", ").join(map(sql.Literal, column.allowed))
            condition = sql.SQL("{} not in ({})").format(sql.Identifier(name), allowed)
            yield f"unknown_value_{name}", condition, _text(name)
    event = entity.contract.event_date
    if event is not None and event in entity.fields:
        yield "future_date", sql.SQL("{} >= {}").format(sql.Identifier(event), work.end_of(work.as_of)), _text(event)


def _text(name: str) -> sql.Identifier:
    return sql.Identifier(f"_t_{name}")


def _resolver(dataset: DatasetMapping) -> Resolve:
    """Return what gives the landing column of a source column, with an empty text as null."""
    return lambda column: sql.SQL("nullif({}, '')").format(sql.Identifier("l", dataset.landed_name(column)))
