"""Rows that a rule refused: counted, kept where somebody can look at them, and a limit to how many there may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from sources.errors import RetypedColumnError
from sources.loading.typed_rows import Work, dated_table, typed_table
from sources.mapping.mapping import DatasetMapping, EntityMapping
from warehouse.errors import GateClosedError
from warehouse.night import Claim

_WHOLE_COLUMN_ROWS = 10
_NOTED_OF_A_FAILURE = 1000


class QuarantineLimitError(GateClosedError):
    """More rows of a source break rules than its mapping tolerates."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a rule refused of one entity. `samples` are record_ids, never content."""

    rule: str
    count: int
    samples: tuple[str, ...]


def refused_rows(work: Work, entity: EntityMapping) -> tuple[Refused, ...]:
    """Return what each rule refused, most first."""
    rows = work.connection.execute(
        sql.SQL(
            "select _rule, count(*), coalesce((array_agg(_record_id) filter (where _record_id <> ''))[1:3], '{{}}')"
            " from {} where _rule is not null group by _rule order by 2 desc, 1"
        ).format(work.table(typed_table(entity)))
    ).fetchall()
    return tuple(Refused(rule, count, tuple(samples)) for rule, count, samples in rows)


def refuse_retyped(work: Work, entity: EntityMapping, refused: Sequence[Refused], *, thing: str) -> None:
    """Raise RetypedColumnError when not one value of a column fits its type: that is no slip in a few rows."""
    for each in refused:
        kind_and_name = [
            (column.type, name)
            for name, column in entity.contract.columns.items()
            if each.rule == f"bad_{column.type}_{name}"
        ]
        if not kind_and_name or each.count < _WHOLE_COLUMN_ROWS:
            continue
        kind, name = kind_and_name[0]
        row = work.connection.execute(
            sql.SQL("select count({}) from {}").format(sql.Identifier(name), work.table(typed_table(entity)))
        ).fetchone()
        if row is not None and row[0] == 0:
            raise RetypedColumnError(
                f"{thing}, field {name} of {entity.entity}",
                seen=f"none of {each.count:,} values is a {kind}",
                expected=f"{kind} values",
                next_step="the source's column changed its type or format: correct the field in company.yml"
                " (strip, date_format and map can help), then run the night again",
            )


def refuse_too_many(
    entity: EntityMapping, refused: Sequence[Refused], *, extracted: int, limit: float, thing: str
) -> None:
    """Raise QuarantineLimitError above the limit's share of the entity's rows; one bad row is always borne."""
    count = sum(each.count for each in refused)
    allowed = max(1, math.floor(limit * extracted))
    if count <= allowed:
        return
    rules = ", ".join(
        f"{each.rule} {each.count:,}" + (f" (e.g. {', '.join(each.samples)})" if each.samples else "")
        for each in refused[:5]
    )
    raise QuarantineLimitError(
        f"{thing}, entity {entity.entity}",
        seen=f"{count:,} of {extracted:,} rows break rules: {rules}",
        expected=f"at most {allowed:,} ({limit:.1%})",
        next_step="look at them (guanxi quarantine), mend the source or its mapping, or raise quarantine_limit, then"
        " run the night again. Nothing was loaded.",
    )


def note_refused(
    work: Work, dataset: DatasetMapping, entity: EntityMapping, *, claim: Claim, source: str, failed: bool
) -> None:
    """Copy refused rows, as the source gave them, into quarantine.rows; of a failed extract the first of each rule."""
    names = sql.SQL(", ").join(map(sql.Literal, dataset.columns))
    values = sql.SQL(", ").join(
        sql.SQL("l.{}::text").format(sql.Identifier(dataset.landed_name(name))) for name in dataset.columns
    )
    first = sql.SQL("row_number() over (partition by t._rule order by t._file_number, t._row_number)")
    work.execute(
        sql.SQL(
            'insert into quarantine.rows (gen, attempt, source, entity, rule, record_id, "row", seen)'
            " select {gen}, {attempt}, {source}, {entity}, _rule, nullif(_record_id, ''), content, _seen from ("
            "select t._rule, t._record_id, t._seen, {place} as place,"
            # of a person who was erased nothing is kept but that there was a row
            " case when t._erased is null then jsonb_object(array[{names}]::text[], array[{values}]::text[]) end"
            " as content from {typed} as t"
            " inner join {dated} as l on l.file_number = t._file_number and l.row_number = t._row_number"
            " where t._rule is not null) as refused where place <= {most}"
        ).format(
            gen=sql.Literal(claim.night.gen),
            attempt=sql.Literal(claim.number),
            source=sql.Literal(source),
            entity=sql.Literal(entity.entity),
            place=first if failed else sql.SQL("0"),
            names=names,
            values=values,
            typed=work.table(typed_table(entity)),
            dated=work.table(dated_table(dataset)),
            most=sql.Literal(_NOTED_OF_A_FAILURE),
        )
    )
