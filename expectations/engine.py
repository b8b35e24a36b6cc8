"""Great Expectations at work: suites in, outcomes and its rendered pages out. Nothing of it is kept on disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from expectations.outcome import Outcome, expected_text, observed_text
from expectations.suite import Suite

# Counts of rows, but not one of their values: they may be personal.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}

# Errors of these kinds speak of tables and columns; the text of others may quote a value.
_SAFE_ERRORS = ("UndefinedTable", "UndefinedColumn", "UndefinedFunction", "InsufficientPrivilege", "InvalidSchemaName")


@dataclass(frozen=True, slots=True)
class Validated:
    """The outcomes of all promises, and Great Expectations' own results for its pages."""

    outcomes: tuple[Outcome, ...]
    results: tuple[Any, ...]


def validate(suites: Sequence[Suite], *, url: str, name: str) -> Validated:
    """Check all suites in one checkpoint. `url` is SQLAlchemy's, of a role that may read what they look at."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres(name="warehouse", connection_string=url)
    parts: dict[str, tuple[Suite, tuple[Any, ...]]] = {}
    definitions = []
    for suite in suites:
        figures = source.add_query_asset(name=suite.name, query=suite.figures)
        parts[suite.name] = (suite, suite.promises)
        definitions.append(_definition(context, suite.name, figures.add_batch_definition(name="night"), suite.promises))
        if suite.row_promises:
            rows_name = f"{suite.name} rows"
            schema, _, table = suite.table.partition(".")
            rows = source.add_table_asset(name=rows_name, table_name=table, schema_name=schema)
            parts[rows_name] = (suite, suite.row_promises)
            batch = rows.add_batch_definition_whole_table(name="night")
            definitions.append(_definition(context, rows_name, batch, suite.row_promises))
    checkpoint = gx.Checkpoint(name=name, validation_definitions=definitions, result_format=RESULT_FORMAT)
    results = tuple(context.checkpoints.add(checkpoint).run().run_results.values())
    outcomes = [outcome for result in results for outcome in _outcomes(*parts[result.suite_name], result=result)]
    order = [suite.name for suite in suites]
    outcomes.sort(key=lambda outcome: order.index(outcome.suite))
    return Validated(outcomes=tuple(outcomes), results=results)


def _definition(context: Any, name: str, batch: Any, promises: Sequence[Any]) -> Any:
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(promises)))
    return context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))


def _outcomes(suite: Suite, promises: Sequence[Any], *, result: Any) -> list[Outcome]:
    found = {each.expectation_config.type: each for each in result.results}
    return [_outcome(suite, promise, found[promise.expectation_type]) for promise in promises]


def _outcome(suite: Suite, promise: Any, result: Any) -> Outcome:
    """A promise that could not be measured is broken and critical, whatever its own severity."""
    error = _error_of(result.exception_info)
    return Outcome(
        suite=suite.name,
        expectation=type(promise).__name__,
        severity="critical" if error else promise.severity.value,
        is_success=bool(result.success) and error is None,
        observed=error or observed_text(result.result, column=getattr(promise, "column", "")),
        expected=expected_text(promise),
        description_en=promise.description,
        description_zh=promise.meta["zh"],
    )


def _error_of(info: dict[str, Any]) -> str | None:
    """Return why a promise could not be measured, without what an error may quote of the data."""
    entries = [info] if "raised_exception" in info else list(info.values())
    texts = [str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")]
    if not texts:
        return None
    kind = next((kind for kind in _SAFE_ERRORS if kind in texts[0]), None)
    reason = texts[0].partition(")")[2].strip().splitlines()[0] if kind and ")" in texts[0] else "the query failed"
    return f"not measured: {reason}"
