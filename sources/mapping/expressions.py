"""What a mapping may say about one field, and the SQL it becomes.

Every expression gives text. Only names the mapping resolved reach SQL as identifiers, all else as literals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Self

from psycopg import sql
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

Resolve = Callable[[str], sql.Composable]
"""Gives the SQL for a source column by its name in the mapping."""

NUMBER = r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\s*$"

_DATE_TOKENS = {"YYYY": r"(\d{4})", "YY": r"(\d{2})", "MM": r"(\d{1,2})", "DD": r"(\d{1,2})"}


def _as_text(value: Any) -> Any:
    """Return a YAML scalar as the text a source would have: true, 5, 2.5."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_text_keys(value: Any) -> Any:
    return {_as_text(key): each for key, each in value.items()} if isinstance(value, dict) else value


def _as_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_as_text)]
MaybeText = Annotated[str | None, BeforeValidator(_as_text)]
Aggregate = Literal["min", "max", "first", "last"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Strict):
    """A test of one source column. A missing value matches no pattern, so `not_matches` lets it pass."""

    column: str
    matches: str | None = None
    not_matches: str | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(test is not None for test in (self.matches, self.not_matches, self.present)) != 1:
            raise ValueError("give exactly one of matches, not_matches, present")
        return self

    def columns(self) -> Iterator[str]:
        yield self.column

    def compile(self, resolve: Resolve) -> sql.Composable:
        column = resolve(self.column)
        if self.present is not None:
            return sql.SQL("({} is not null)" if self.present else "({} is null)").format(column)
        if self.matches is not None:
            return sql.SQL("coalesce({} ~ {}, false)").format(column, sql.Literal(self.matches))
        return sql.SQL("coalesce({} !~ {}, true)").format(column, sql.Literal(self.not_matches))


class Case(_Strict):
    """The value of a field when a pattern matches; another column than the field's own may be asked."""

    matches: str
    value: MaybeText
    column: str | None = None


class _Expression(_Strict):
    aggregate: Aggregate | None = None


class ColumnExpression(_Expression):
    """A source column: cleaned (`strip`, `date_format`), then translated (`map` or `cases`, `default`).

    `strip` removes what the pattern matches, everywhere. `map` leaves unlisted values as they are unless there
    is a `default`; `cases` needs one. `only_where` gives no value for rows that fail the condition.
    """

    column: str
    strip: str | None = None
    date_format: str | None = None
    map: Annotated[dict[str, MaybeText], BeforeValidator(_as_text_keys)] | None = None
    cases: tuple[Case, ...] | None = None
    default: MaybeText = None
    only_where: Condition | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        has_default = "default" in self.model_fields_set
        if self.map is not None and self.cases is not None:
            raise ValueError("give map or cases, not both")
        if self.cases is not None and not has_default:
            raise ValueError("cases need a default (which may be null)")
        if has_default and self.map is None and self.cases is None:
            raise ValueError("default needs map or cases")
        if self.date_format is not None:
            _date_pattern(self.date_format)
        return self

    def columns(self) -> Iterator[str]:
        yield self.column
        yield from (case.column for case in self.cases or () if case.column is not None)
        yield from self.only_where.columns() if self.only_where is not None else ()

    def compile(self, resolve: Resolve) -> sql.Composable:
        value = resolve(self.column)
        if self.strip is not None:
            value = sql.SQL("nullif(regexp_replace({}, {}, '', 'g'), '')").format(value, sql.Literal(self.strip))
        if self.date_format is not None:
            pattern, iso = _date_pattern(self.date_format)
            value = sql.SQL("regexp_replace({}, {}, {})").format(value, sql.Literal(pattern), sql.Literal(iso))
        value = self._translated(value, resolve)
        if self.only_where is not None:
            value = sql.SQL("case when {} then {} end").format(self.only_where.compile(resolve), value)
        return value

    def _translated(self, value: sql.Composable, resolve: Resolve) -> sql.Composable:
        has_default = "default" in self.model_fields_set
        otherwise = sql.Literal(self.default) if has_default else value
        if self.map:
            branches = [
                sql.SQL("when {} then {}").format(sql.Literal(seen), sql.Literal(meant))
                for seen, meant in self.map.items()
            ]
            return sql.SQL("case {} {} else {} end").format(value, sql.SQL(" ").join(branches), otherwise)
        if self.cases:
            branches = [
                sql.SQL("when {} ~ {} then {}").format(
                    value if case.column is None else resolve(case.column),
                    sql.Literal(case.matches),
                    sql.Literal(case.value),
                )
                for case in self.cases
            ]
            return sql.SQL("case {} else {} end").format(sql.SQL(" ").join(branches), otherwise)
        return otherwise if has_default else value


class ConstantExpression(_Expression):
    """The same value for every row."""

    value: MaybeText

    def columns(self) -> Iterator[str]:
        yield from ()

    def compile(self, resolve: Resolve) -> sql.Composable:  # noqa: ARG002 - all expressions compile alike
        return sql.SQL("{}::text").format(sql.Literal(self.value))


class HashExpression(_Expression):
    """The md5 of several expressions; two rows have the same one only when all parts are the same."""

    hash: tuple[Expression, ...] = Field(min_length=1)

    def columns(self) -> Iterator[str]:
        for part in self.hash:
            yield from part.columns()

    def compile(self, resolve: Resolve) -> sql.Composable:
        parts = [part.compile(resolve) for part in self.hash]
        return sql.SQL("md5(row({})::text)").format(sql.SQL(", ").join(parts))


class ArithmeticExpression(_Expression):
    """The product, sum or difference of expressions. Null when a part is missing, no number when a part is none."""

    multiply: tuple[Expression, ...] | None = Field(None, min_length=2)
    add: tuple[Expression, ...] | None = Field(None, min_length=2)
    subtract: tuple[Expression, ...] | None = Field(None, min_length=2)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(parts is not None for parts in (self.multiply, self.add, self.subtract)) != 1:
            raise ValueError("give exactly one of multiply, add, subtract")
        return self

    def _parts(self) -> tuple[str, tuple[Expression, ...]]:
        if self.multiply is not None:
            return "*", self.multiply
        return ("+", self.add) if self.add is not None else ("-", self.subtract or ())

    def columns(self) -> Iterator[str]:
        for part in self._parts()[1]:
            yield from part.columns()

    def compile(self, resolve: Resolve) -> sql.Composable:
        sign, expressions = self._parts()
        parts = [part.compile(resolve) for part in expressions]
        missing = sql.SQL(" or ").join(sql.SQL("{} is null").format(part) for part in parts)
        numbers = sql.SQL(" and ").join(sql.SQL("{} ~ {}").format(part, sql.Literal(NUMBER)) for part in parts)
        result = sql.SQL(f" {sign} ").join(sql.SQL("({})::numeric").format(part) for part in parts)
        # what is no number stays readable in quarantine
        return sql.SQL("case when {} then null when {} then ({})::text else concat_ws({}, {}) end").format(
            missing, numbers, result, sql.Literal(f" {sign} "), sql.SQL(", ").join(parts)
        )


class ExtraExpression(_Expression):
    """Several expressions by name, as one JSON object without those that have no value; null when none has one."""

    parts: dict[str, Expression] = Field(min_length=1)

    def columns(self) -> Iterator[str]:
        for part in self.parts.values():
            yield from part.columns()

    def compile(self, resolve: Resolve) -> sql.Composable:
        names = sql.SQL(", ").join(map(sql.Literal, self.parts))
        values = sql.SQL(", ").join(part.compile(resolve) for part in self.parts.values())
        return sql.SQL("nullif(jsonb_strip_nulls(jsonb_object(array[{}]::text[], array[{}]))::text, '{{}}')").format(
            names, values
        )


Expression = Annotated[
    ColumnExpression | ConstantExpression | HashExpression | ArithmeticExpression, BeforeValidator(_as_column)
]

KINDS: dict[str, type[ColumnExpression | ConstantExpression | HashExpression | ArithmeticExpression]] = {
    "column": ColumnExpression,
    "value": ConstantExpression,
    "hash": HashExpression,
    "multiply": ArithmeticExpression,
    "add": ArithmeticExpression,
    "subtract": ArithmeticExpression,
}


def parse_expression(raw: Any) -> Expression:
    """Return the expression a mapping wrote. Raises ValueError (pydantic's included) that says what is wrong."""
    raw = _as_column(raw)
    if not isinstance(raw, dict):
        raise ValueError("a column name or a mapping was expected")  # noqa: TRY004 - one error type for the caller
    kinds = [kind for word, kind in KINDS.items() if word in raw]
    if len(kinds) != 1:
        raise ValueError(f"exactly one of {', '.join(KINDS)} was expected, not {', '.join(map(str, raw)) or 'nothing'}")
    return TypeAdapter(kinds[0]).validate_python(raw)


def patterns_of(part: Any) -> Iterator[str]:
    """Yield the regular expressions in an expression or a condition."""
    if isinstance(part, BaseModel):
        for name, value in part:
            if name in ("strip", "matches", "not_matches") and value is not None:
                yield value
            else:
                yield from patterns_of(value)
    elif isinstance(part, dict | tuple):
        for value in part.values() if isinstance(part, dict) else part:
            yield from patterns_of(value)


def _date_pattern(date_format: str) -> tuple[str, str]:
    """Return a pattern for a date format such as DD/MM/YYYY, and the replacement that makes it ISO."""
    tokens = re.findall("YYYY|YY|MM|DD", date_format)
    if sorted(token[0] for token in tokens) != ["D", "M", "Y"]:
        raise ValueError(f"date_format {date_format} must have DD, MM and YYYY (or YY) once each")
    places = {token[0]: f"\\{number}" for number, token in enumerate(tokens, start=1)}
    pattern = "".join(_DATE_TOKENS.get(part, re.escape(part)) for part in re.split("(YYYY|YY|MM|DD)", date_format))
    century = "20" if "YYYY" not in tokens else ""
    return rf"^\s*{pattern}(?!\d)", f"{century}{places['Y']}-{places['M']}-{places['D']}"


HashExpression.model_rebuild()
ArithmeticExpression.model_rebuild()
ExtraExpression.model_rebuild()
