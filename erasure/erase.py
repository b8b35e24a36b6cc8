"""One person's erasure, files and what waits to be merged, and the warehouse at one moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from erasure.files import clean_files, find_files
from erasure.landings import drop_landings, find_landings
from erasure.person import Person
from erasure.scheduler import forget_request
from warehouse.database import Role, Warehouse
from warehouse.erasure_key import OTHER_KEY, erasure_key, other_key
from warehouse.errors import Problem
from warehouse.ledger import NightRunningError

# SQLSTATE of ops.erase_contact: a night is at work; a build whose tables the owner may not change.
_AT_WORK, _OLD_BUILD = "GX005", "GX007"


class UnknownContactError(Problem):
    """Nobody of that id, or the same id in several sources."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look besides the warehouse: the state folder without `not_ours`, and Airflow's database, if any."""

    home: Path
    not_ours: frozenset[Path]
    airflow_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows and files by place. `left` are files that a person has to decide on; `earlier`, when it was done before."""

    source: str
    counts: dict[str, int]
    left: tuple[Path, ...]
    earlier: date | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases from one house; `by` and `reason` are noted with the counts, and hold nothing of the person.

    `also` is what else names the person, as whoever asks knows it; it is looked for everywhere.
    """

    warehouse: Warehouse
    places: Places
    by: str
    reason: str | None
    also: tuple[str, ...] = field(default=(), repr=False)
    progress: Callable[[str], None] = lambda _: None

    def source_of(self, contact_id: str, given: str | None) -> str:
        """Return the source whose contact is meant. Raises UnknownContactError, ErasureKeyError."""
        with closing(self._connect()) as connection, connection:
            try:
                rows = connection.execute(
                    "select * from ops.sources_of_contact(%s, %s)", (contact_id, erasure_key(self.warehouse))
                ).fetchall()
            except psycopg.DatabaseError as error:
                if error.sqlstate != OTHER_KEY:
                    raise
                raise other_key("the erasures") from None
        known = [str(source) for (source,) in rows]
        if given is not None:
            return given  # whose only rows may be refused ones
        if len(known) != 1:
            raise UnknownContactError(
                "the contact",
                seen=f"sources {', '.join(known)} have one of this id" if known else "no source has one of this id",
                expected="a contact_id of schema raw, of one source",
                next_step="name the source: --source " + (known[0] if known else "NAME; refused rows count too"),
            )
        return known[0]

    def show(self, contact_id: str, source: str) -> Erased:
        """Return what would be reached, and change nothing: the warehouse's part is done and rolled back."""
        return self._run(contact_id, source, is_real=False)

    def erase(self, contact_id: str, source: str) -> Erased:
        """Erase the person; again is harmless. After NightRunningError and UnknownContactError nothing is changed.

        The warehouse is committed last: what names the person in files is read from raw, where it is no more then.
        """
        return self._run(contact_id, source, is_real=True)

    def _run(self, contact_id: str, source: str, *, is_real: bool) -> Erased:
        person, earlier = self._person(contact_id, source)
        with closing(self._connect()) as connection:
            self.progress("in the warehouse")
            reached = self._in_warehouse(connection, person)
            if not reached and earlier is None:
                raise UnknownContactError(
                    f"the contact of source {source}",
                    seen="nothing in the warehouse names it",
                    expected="a contact_id as the source gives it",
                    next_step=f"look it up: guanxi psql --contacts, dim_contacts where source = '{source}'",
                )
            counts, left = self._outside(person, is_real=is_real)
            if is_real:
                connection.commit()
            else:
                connection.rollback()
        if is_real and reached:
            self._vacuum(reached)
        return Erased(source, reached | counts, left, earlier)

    def _outside(self, person: Person, *, is_real: bool) -> tuple[dict[str, int], tuple[Path, ...]]:
        """Clean files, what waits to be merged and Airflow's notes; return what was found, and the files that stay."""
        self.progress("looking through the files")
        found = find_files(self.places.home, person, but=self.places.not_ours)
        counts = {"files: masked": len(found.masked), "files: removed": len(found.removed)}
        self.progress("looking through what waits to be merged")
        with closing(self.warehouse.connect(Role.LOADER)) as loader, loader:
            landings = find_landings(loader, person)
            if is_real:
                drop_landings(loader, landings)
        counts["waiting to be merged"] = sum(landings.values())
        if is_real:
            clean_files(found, person)
            if self.places.airflow_url is not None:
                counts["airflow: notes of runs"] = forget_request(self.places.airflow_url, person)
        return {place: count for place, count in counts.items() if count}, found.left

    def _connect(self) -> psycopg.Connection:
        return self.warehouse.connect(Role.ERASER, application_name="guanxi erase")

    def _person(self, contact_id: str, source: str) -> tuple[Person, date | None]:
        """Return what the warehouse knows the person by, and the day of an earlier erasure."""
        with closing(self._connect()) as connection, connection:
            row = connection.execute("select ops.night_at_work()").fetchone()
            if row is not None and row[0] is not None:
                raise _night_at_work(str(row[0]))
            values = connection.execute("select * from ops.person_values(%s, %s)", (source, contact_id)).fetchall()
            day = connection.execute(
                "select ops.erased_on(%s, %s, %s)", (source, contact_id, erasure_key(self.warehouse))
            ).fetchone()
        names = tuple(value for value, is_name, _ in values if is_name)
        addresses = (*(value for value, is_name, _ in values if not is_name), *self.also)
        return Person(source, contact_id, names, addresses), None if day is None else day[0]

    def _in_warehouse(self, connection: psycopg.Connection, person: Person) -> dict[str, int]:
        """Erase in a transaction that the caller ends; until then no stage of a night can begin to write."""
        try:
            rows = connection.execute(
                "select place, row_count from ops.erase_contact(%s, %s, %s, %s, %s, %s)",
                (
                    person.source, person.contact_id, erasure_key(self.warehouse), self.by, self.reason,
                    list(self.also),
                ),
            ).fetchall()  # fmt: skip
        except psycopg.errors.LockNotAvailable:
            raise _night_at_work("a stage of it writes") from None
        except psycopg.DatabaseError as error:
            if error.sqlstate == _AT_WORK:
                raise _night_at_work(str(error.diag.message_primary)) from None
            if error.sqlstate == _OLD_BUILD:
                raise Problem(
                    f"build schema {error.diag.message_primary}",
                    seen="an earlier version of this program made it, and it cannot be changed",
                    expected="builds of this version alone",
                    next_step="run one night (guanxi nightly), which drops it, then erase",
                ) from None
            raise
        return dict(rows)

    def _vacuum(self, reached: dict[str, int]) -> None:
        """Take the old versions of the rows out of the tables: until then they lie in the pages, though no query sees
        them. Only the administrator may, whoever owns the tables."""
        with closing(self.warehouse.connect_admin()) as connection:
            connection.autocommit = True
            for schema, table in _tables(connection, reached):
                self.progress(f"vacuum {schema}.{table}")
                connection.execute(sql.SQL("vacuum {}").format(sql.Identifier(schema, table)))


def _tables(connection: psycopg.Connection, reached: dict[str, int]) -> list[tuple[str, str]]:
    """The tables of the places; `build.x` is of every build."""
    rows = connection.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind = 'r'"
        " and regexp_replace(n.nspname, '^build_[0-9]+_[0-9]+$', 'build') || '.' || c.relname = any(%s)"
        " order by 1, 2",
        (list(reached),),
    )
    return [(schema, table) for schema, table in rows]


def _night_at_work(name: str) -> NightRunningError:
    return NightRunningError(
        "the erasure",
        seen=f"a night is at work: {name}",
        expected="no stage that writes meanwhile",
        next_step="wait until it has ended (guanxi status shows it), then run the same erase again",
    )
