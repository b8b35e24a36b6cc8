"""Great Expectations at work: suites in, outcomes and its rendered pages out. Nothing of it is kept on disk."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import psycopg2
import psycopg2.errors
from great_expectations.data_context.types.base import ProgressBarsConfig
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from expectations.outcome import Outcome, counted, expected_text, observed_text
from expectations.suite import Suite
from warehouse.errors import Problem

# Counts of rows, but not one of their values: they may be personal.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}

# Errors of these kinds speak of tables and columns; the text of others may quote a value.
_SAFE_KINDS = ("UndefinedTable", "UndefinedColumn", "UndefinedFunction", "InsufficientPrivilege", "InvalidSchemaName")
_KIND = re.compile(r"\(psycopg2\.(?:errors\.)?(\w+)\)")


@dataclass(frozen=True, slots=True)
class Validated:
    """The outcomes of all promises, and Great Expectations' own results for its pages."""

    outcomes: tuple[Outcome, ...]
    results: tuple[Any, ...]


class NotMeasuredError(Problem):
    """The warehouse did not answer while a gate looked at it; nothing is known of the promises."""


def validate(suites: Sequence[Suite], *, url: str, name: str, has_temporary_tables: bool) -> Validated:
    """Check all suites in one checkpoint. `url` is SQLAlchemy's, of a role that may read what they look at.

    With temporary tables each suite's query runs once; without them Great Expectations runs it three times. A
    promise about a table or column that is not there is broken. Raises NotMeasuredError when the warehouse does
    not answer.
    """
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    try:
        return _validate(suites, url=url, name=name, has_temporary_tables=has_temporary_tables)
    except (OperationalError, InterfaceError, ConnectionError) as error:
        raise _not_measured(type(error).__name__) from None  # its text may hold the address
    except DBAPIError:
        # a query that cannot run ends a checkpoint with temporary tables; without them it is an outcome
        return _validate(suites, url=url, name=name, has_temporary_tables=False)


def _validate(suites: Sequence[Suite], *, url: str, name: str, has_temporary_tables: bool) -> Validated:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres(
        name="warehouse", connection_string=url, create_temp_table=has_temporary_tables
    )
    parts: dict[str, tuple[Suite, Sequence[Any]]] = {}
    definitions = []
    for suite in suites:
        figures = source.add_query_asset(name=suite.name, query=suite.figures)
        parts[suite.name] = (suite, suite.promises)
        definitions.append(_definition(context, suite.name, figures.add_batch_definition(name="night"), suite.promises))
        if suite.row_promises:
            rows_name = f"{suite.name} rows"
            rows = source.add_query_asset(name=rows_name, query=suite.rows)
            parts[rows_name] = (suite, suite.row_promises)
            batch = rows.add_batch_definition(name="night")
            definitions.append(_definition(context, rows_name, batch, suite.row_promises))
    checkpoint = gx.Checkpoint(name=name, validation_definitions=definitions, result_format=RESULT_FORMAT)
    results = tuple(context.checkpoints.add(checkpoint).run().run_results.values())
    outcomes = [outcome for result in results for outcome in _outcomes(*parts[result.suite_name], result=result)]
    order = [suite.name for suite in suites]
    outcomes.sort(key=lambda outcome: order.index(outcome.suite))
    return Validated(outcomes=tuple(outcomes), results=results)


def _definition(context: Any, name: str, batch: Any, promises: Sequence[Any]) -> Any:
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(map(copy, promises))))
    return context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))


def _outcomes(suite: Suite, promises: Sequence[Any], *, result: Any) -> list[Outcome]:
    found = {each.expectation_config.type: each for each in result.results}
    return [_outcome(suite, promise, found[promise.expectation_type]) for promise in promises]


def _outcome(suite: Suite, promise: Any, result: Any) -> Outcome:
    """A promise that could not be measured is broken and critical, whatever its own severity."""
    error = _error_of(result.exception_info)
    column = getattr(promise, "column", "")
    is_none_promised = getattr(promise, "max_value", None) == 0
    failed, checked = (
        (None, None) if error else counted(result.result, column=column, is_none_promised=is_none_promised)
    )
    return Outcome(
        suite=suite.name,
        expectation=type(promise).__name__,
        severity="critical" if error else promise.severity.value,
        is_success=bool(result.success) and error is None,
        observed=error or observed_text(result.result, column=column),
        expected=expected_text(promise),
        description_en=promise.description,
        description_zh=promise.meta["zh"],
        column=column or None,
        failed_count=failed,
        checked_count=checked,
    )


def _error_of(info: dict[str, Any]) -> str | None:
    """Return why a promise could not be measured, without what an error may quote of the data.

    Raises NotMeasuredError when the reason is no fault of the data.
    """
    entries = [info] if "raised_exception" in info else list(info.values())
    texts = [str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")]
    if not texts:
        return None
    found = _KIND.search(texts[0])
    kind = found.group(1) if found else ""
    if issubclass(_class_of(kind), (psycopg2.OperationalError, psycopg2.InterfaceError)):
        raise _not_measured(kind)
    if found is None or kind not in _SAFE_KINDS:
        return f"not measured: {kind or 'the query failed'}"
    return f"not measured: {texts[0][found.end() :].strip().splitlines()[0]}"


def _class_of(kind: str) -> type[BaseException]:
    found = getattr(psycopg2.errors, kind, None) or getattr(psycopg2, kind, None)
    return found if isinstance(found, type) else Exception


def _not_measured(kind: str) -> NotMeasuredError:
    return NotMeasuredError(
        "the gate's look at the warehouse",
        seen=f"the warehouse did not answer ({kind}); no promise is known to be broken",
        expected="a connection that lasts for the whole check",
        next_step="run the check again; if it happens again, look at the server's log",
    )
