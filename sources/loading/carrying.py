"""Going on without a source that gave nothing: what it gave last stands, as long as that is not too old."""

from __future__ import annotations

import psycopg

from sources.errors import TooStaleError, UndeliveredError
from sources.loading import ledger
from sources.loading.report import Carried
from sources.mapping.mapping import SourceMapping
from warehouse.night import Night


def carry(
    connection: psycopg.Connection, mapping: SourceMapping, problem: UndeliveredError, *, night: Night
) -> Carried:
    """Return since when the source stands still.

    Raises `problem` itself where nothing can be carried: the mapping says stop, or one of its entities was not in
    the source's newest load, as in a first load. Raises TooStaleError after more than `carry_days`.
    """
    options = mapping.options
    newest = ledger.newest_load(connection, mapping.name, night.as_of)
    if options.when_undelivered == "stop" or newest is None:
        raise problem
    day, loaded = newest
    if not loaded >= {entity.entity for entity in mapping.entities}:
        raise problem
    stale_days = (night.as_of - day).days
    if stale_days > options.carry_days:
        raise TooStaleError(
            problem.thing,
            seen=f"{problem.seen}; it delivered last for {day}, {stale_days} days before {night.as_of}",
            expected=f"{problem.expected}, or a last delivery at most {options.carry_days} days old",
            next_step=f"{problem.next_step}. To go on without it for longer, raise its `carry_days` in"
            f" {mapping.place.file}",
        )
    return Carried(day, stale_days, problem)
