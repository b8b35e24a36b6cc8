"""One row a key: repeats are refused, or, where a dataset repeats an entity by design, made into one."""

from __future__ import annotations

from psycopg import sql

from sources.loading.typed_rows import Work, typed_table
from sources.mapping.expressions import ConstantExpression
from sources.mapping.mapping import EntityMapping

DUPLICATE_ROW = "duplicate_row"
DUPLICATE_KEY = "duplicate_key"


def refuse_duplicates(work: Work, entity: EntityMapping) -> None:
    """Mark repeats in typed_<entity>: of identical rows all but one (duplicate_row), of conflicting rows of one
    key all but the newest by _precedence, or all when that does not decide (duplicate_key).
    """
    statement = """
        with repeated as (
            select _record_id from {table} where _rule is null group by _record_id having count(*) > 1
        ),
        placed as (
            select t.ctid as place, t._record_id, t._content_hash, t._precedence,
                row_number() over (
                    partition by t._record_id, t._content_hash
                    order by t._precedence desc, t._file_number, t._row_number
                ) as repeat_number,
                max(t._precedence) over (partition by t._record_id) as newest
            from {table} as t inner join repeated using (_record_id)
            where t._rule is null
        ),
        weighed as (
            select *,
                min(_content_hash) filter (where _precedence = newest) over (partition by _record_id) as winner,
                max(_content_hash) filter (where _precedence = newest) over (partition by _record_id) as rival
            from placed
        ),
        ruled as (
            select place, case
                when repeat_number > 1 then {duplicate_row}
                when winner <> rival or _content_hash <> winner then {duplicate_key}
            end as rule
            from weighed
        )
        update {table} as t set _rule = ruled.rule from ruled where t.ctid = ruled.place and ruled.rule is not null
    """
    work.execute(
        sql.SQL(statement).format(
            table=work.table(typed_table(entity)),
            duplicate_row=sql.Literal(DUPLICATE_ROW),
            duplicate_key=sql.Literal(DUPLICATE_KEY),
        )
    )


def merged_table(entity: EntityMapping) -> str:
    """The table with at most one row a key that no rule refused, or that rows refused are still marked in."""
    return f"merged_{entity.entity}" if entity.options.one_per_key else typed_table(entity)


def merge_repeats(work: Work, entity: EntityMapping) -> None:
    """Make merged_<entity> with one row a key: each field by its aggregate, the last known value by default."""
    fields = [sql.SQL("{} as {}").format(_aggregated(entity, name), sql.Identifier(name)) for name in entity.fields]
    work.execute(
        sql.SQL(
            "create unlogged table {} as select _record_id, min(_happened_at) as _happened_at,"
            " min(_known_at) as _known_at, null::text as _rule, {} from {} where _rule is null group by _record_id"
        ).format(work.table(merged_table(entity)), sql.SQL(", ").join(fields), work.table(typed_table(entity)))
    )


def carried_on(entity: EntityMapping, name: str) -> sql.Composable:
    """Return SQL for a field of row `s` that goes on from what raw knows (row `p`), for extracts that only add."""
    new, known = sql.Identifier("s", name), sql.Identifier("p", name)
    aggregate = entity.fields[name].aggregate or "last"
    form = {
        "min": "least({known}, {new})",
        "max": "greatest({known}, {new})",
        "first": "coalesce({known}, {new})",
        "last": "coalesce({new}, {known})",
    }[aggregate]
    return sql.SQL(form).format(known=known, new=new)


def _aggregated(entity: EntityMapping, name: str) -> sql.Composable:
    column = sql.Identifier(name)
    expression = entity.fields[name]
    aggregate = expression.aggregate or "last"
    kind = entity.contract.columns[name].type
    if name in entity.contract.key or isinstance(expression, ConstantExpression):
        aggregate = "min"
    if aggregate in ("min", "max"):
        booleans = {"min": "bool_and", "max": "bool_or"}
        return sql.SQL((booleans[aggregate] if kind == "boolean" else aggregate) + "({})").format(column)
    order = " desc" if aggregate == "last" else ""
    sort = f"_happened_at{order} nulls last, _precedence{order}, _file_number{order}, _row_number{order}"
    return sql.SQL("(array_agg({} order by " + sort + ") filter (where {} is not null))[1]").format(column, column)
