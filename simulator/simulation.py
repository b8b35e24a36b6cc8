"""Let the simulated company live until a day, and write what its ERP and its CRM would hold that evening."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TextIO

import psycopg
import pyarrow.parquet as pq

from simulator import database
from simulator.accounts import Accounts, arrived_by, draw_accounts
from simulator.behaviour import Moods, Purchases, live
from simulator.billing import draw_invoices, draw_payments, moving_orders
from simulator.catalogue import Catalogue, draw_catalogue
from simulator.crm.programmes import campaign_rows
from simulator.crm.scene import Scene
from simulator.crm.strain import AHEAD, strain_of
from simulator.crm.truth import CrmTruth
from simulator.crm.writing import write_scene
from simulator.crm_export import CrmExport
from simulator.database import TABLES, World, write_rows
from simulator.draws import Draws
from simulator.erp_rows import customer_rows, invoice_rows, line_rows, order_rows, payment_rows, product_rows
from simulator.errors import EmptyHistoryError
from simulator.files import settle
from simulator.managers import draw_managers
from simulator.orders import SETTLED_DAYS, draw_credits, draw_lines, draw_orders
from simulator.registrations import heads_of
from simulator.seasons import day_number
from simulator.tables import Rows
from simulator.truth import add_truth, open_truth

HISTORY_MONTHS = 27
# Lives are small and cheapest many at a time; their sales are a hundred times as large.
_BLOCK = 4_000
_SALES_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What a call wrote. A repeat of the same day adds and changes nothing."""

    first_day: date
    written_after: date | None
    as_of: date
    accounts_count: int
    crm_accounts_count: int
    rows_added: dict[str, int]
    rows_changed: dict[str, int]

    @property
    def is_repeat(self) -> bool:
        """Whether the day had been written before."""
        return self.written_after == self.as_of

    def __str__(self) -> str:
        """Say in one line what a person wants to know of it."""
        if self.is_repeat:
            return f"The simulated company already stands at {self.as_of}: nothing to add."
        added = ", ".join(f"{count} {table}" for table, count in self.rows_added.items() if count)
        days = f"{self.first_day} to {self.as_of}" if self.written_after is None else f"up to {self.as_of}"
        return f"Simulated {days}: {self.accounts_count} accounts; added {added or 'no rows'}; " + (
            f"changed {sum(self.rows_changed.values())} rows."
        )


def simulate(  # noqa: PLR0913 - each is one fact about the company or where it is written
    *,
    erp_url: str,
    crm_folder: Path,
    truth_file: Path,
    as_of: date,
    accounts: int,
    seed: int,
    first_day: date | None = None,
    reader_role: str | None = None,
    crm_has_own_ids: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> SimulationReport:
    """Write the days the database lacks up to `as_of`, in one transaction, and renew the CRM export and the truth.

    `erp_url` is a postgresql:// url of a database the caller may create schemas in (erp, simulator); `reader_role` is
    let read both systems. With `crm_has_own_ids` the CRM numbers its customers itself and is full of dirt, and some
    customers belong to groups. `accounts` is the size the company reaches ARRIVAL_DAYS after `first_day`, which is by
    default the first of the month HISTORY_MONTHS before the first `as_of`. The same seed, accounts and first day give
    the same company however many calls write it. Raises OtherCompanyError, DayAlreadyPastError or EmptyHistoryError;
    then nothing is written.
    """
    with psycopg.connect(erp_url) as connection:
        world = database.lock_world(connection)
        if world is None:
            world_day = first_day or _months_before(as_of, HISTORY_MONTHS)
            _refuse_empty(accounts=accounts, first_day=world_day, as_of=as_of)
            database.create_tables(connection)
        else:
            database.add_columns(connection)
            database.refuse_another(world, seed=seed, accounts=accounts, first_day=first_day, as_of=as_of)
            world_day = world.first_day
        now = World(seed=seed, accounts=accounts, first_day=world_day, written_until=as_of)
        writer = _Writer(
            connection,
            now,
            after=None if world is None else world.written_until,
            crm_has_own_ids=crm_has_own_ids,
            progress=progress,
        )
        report = writer.write(crm_folder=crm_folder, truth_file=truth_file)
        if world is None:
            progress("indexing the tables")
            database.create_indexes(connection)
        if reader_role is not None:
            database.let_read(connection, reader_role)
        if world is None or not report.is_repeat:
            database.analyze_tables(connection)
            database.note_world(connection, now)
    # The files follow the commit: if they are lost, the same call brings them back.
    writer.settle()
    return report


class _Writer:
    """Writes the days (after, until] of one world, block of accounts by block."""

    def __init__(
        self,
        connection: psycopg.Connection,
        world: World,
        *,
        after: date | None,
        crm_has_own_ids: bool,
        progress: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._world = world
        self._written_after = after
        self._crm_has_own_ids = crm_has_own_ids
        self._progress = progress
        self._first = day_number(world.first_day)
        self._after = self._first - 1 if after is None else day_number(after)
        self._until = day_number(world.written_until)
        self._draws = Draws(world.seed)
        self._added = dict.fromkeys((table.name for table in TABLES), 0)
        self._changed = dict.fromkeys((table.name for table in TABLES), 0)
        self._accounts_count = 0

    def write(self, *, crm_folder: Path, truth_file: Path) -> SimulationReport:
        catalogue = draw_catalogue(self._draws, first_day=self._first, until=self._until)
        managers = draw_managers(self._draws, accounts=self._world.accounts, first_day=self._first)
        self._crm = CrmExport(
            crm_folder, managers=managers, draws=self._draws, day=self._until, own_ids=self._crm_has_own_ids
        )
        self._managers = managers
        self._truth_file = truth_file
        self._crm_truth = CrmTruth(truth_file.with_suffix(""))
        if self._after < self._until:
            self._put(product_rows(self._draws, catalogue, day=self._until))
            self._put(campaign_rows(self._draws, managers, first=self._first, until=self._until))
        last = arrived_by(self._until, accounts=self._world.accounts, first_day=self._first)
        with ExitStack() as stack:
            crm = stack.enter_context(self._crm.open())
            truth = stack.enter_context(open_truth(truth_file))
            stack.enter_context(self._crm_truth.open())
            for start in range(1, last + 1, _BLOCK):
                numbers = range(start, min(start + _BLOCK, last + 1))
                self._write_block(numbers, catalogue, crm=crm, truth=truth)
                self._progress(f"{numbers.stop - 1} of {last} accounts lived until {self._world.written_until}")
        return SimulationReport(
            first_day=self._world.first_day,
            written_after=self._written_after,
            as_of=self._world.written_until,
            accounts_count=self._accounts_count,
            crm_accounts_count=self._crm.accounts_count,
            rows_added=self._added,
            rows_changed=self._changed,
        )

    def settle(self) -> None:
        self._crm.settle()
        settle(self._truth_file)
        self._crm_truth.settle()

    def _write_block(self, numbers: range, catalogue: Catalogue, *, crm: TextIO, truth: pq.ParquetWriter) -> None:
        block = draw_accounts(
            self._draws, numbers=numbers, accounts=self._world.accounts, first_day=self._first, until=self._until
        )
        purchases, lives, moods = live(self._draws, block, first_day=self._first, until=self._until, beyond=AHEAD)
        self._accounts_count += len(block)
        add_truth(truth, block, lives, crm_ids=self._crm.add(crm, block))
        if self._after < self._until:
            heads = heads_of(self._draws, block.number) if self._crm_has_own_ids else None
            self._put(customer_rows(self._draws, block, day=self._until, heads=heads))
            for low in range(0, len(block), _SALES_BLOCK):
                in_part = (purchases.row >= low) & (purchases.row < low + _SALES_BLOCK)
                unsettled = purchases.day > self._after - SETTLED_DAYS
                self._write_sales(block, purchases.only(in_part & unsettled), catalogue)
        self._write_crm(block, purchases, moods)

    def _write_crm(self, block: Accounts, purchases: Purchases, moods: Moods) -> None:
        strain = strain_of(self._draws, block, purchases, moods)
        for low in range(0, len(block), _SALES_BLOCK):
            high = min(low + _SALES_BLOCK, len(block))
            own = purchases.only((purchases.row >= low) & (purchases.row < high))
            scene = Scene(
                draws=self._draws,
                accounts=block.part(low, high),
                purchases=replace(own, row=own.row - low),
                moods=moods.part(low, high),
                strain=strain[:, low:high],
                managers=self._managers,
                world_accounts=self._world.accounts,
                first=self._first,
                after=self._after,
                until=self._until,
            )
            write_scene(scene, truth=self._crm_truth, put=self._put)

    def _write_sales(self, block: Accounts, purchases: Purchases, catalogue: Catalogue) -> None:
        draws, day = self._draws, self._until
        orders = draw_orders(draws, block, purchases)
        orders = orders.only(moving_orders(draws, block, orders, after=self._after, until=day))
        lines = draw_lines(draws, block, catalogue, orders)
        returns = draw_credits(draws, orders, lines)
        for kept, contents in ((orders, lines), returns):
            invoices = draw_invoices(draws, block, kept, contents)
            payments = draw_payments(draws, kept, invoices)
            self._put(order_rows(draws, kept, day=day))
            self._put(line_rows(draws, catalogue, kept, contents, day=day))
            self._put(invoice_rows(draws, kept, invoices, day=day))
            self._put(payment_rows(draws, kept, invoices, payments))

    def _put(self, rows: Rows) -> None:
        written = write_rows(self._connection, rows, after=self._after, until=self._until)
        self._added[rows.table.name] += written.added
        self._changed[rows.table.name] += written.changed


def _months_before(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _refuse_empty(*, accounts: int, first_day: date, as_of: date) -> None:
    if accounts < 1 or as_of < first_day:
        raise EmptyHistoryError(
            "the simulated company",
            seen=f"{accounts} accounts, first day {first_day.isoformat()}, as of {as_of.isoformat()}",
            expected="at least one account, and an as-of day on or after the first day",
            next_step="Choose a later day or more accounts.",
        )
