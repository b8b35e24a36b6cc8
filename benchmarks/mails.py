"""What becomes of 200 mails under each fault of a mail server, and of a sender killed in between: `make bench-mails`.

A real SMTP server refuses, hangs up or falls silent as told, and the sender is a process of its own that is killed with
SIGKILL before and after each of its steps. It is started again until nothing waits any more, as a scheduler does. Each
recipient's mails are counted where they arrived. Prints a table a fault, writes bench.json into the state folder, and
ends with status 1 when a mail was lost in silence, came three times, or told of somebody else's customer.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import multiprocessing
import os
import random
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import keep
from benchmarks.mail_faults import FAULTS, KILL_POINTS, RECIPIENTS, Fault, die
from delivery.report import UndeliveredError
from tests.delivery.conftest import FaultyServer, Publisher
from tests.delivery.sending import send
from tests.servers.certificate import write_certificate
from warehouse.commands.prepare import prepare
from warehouse.company import load_company
from warehouse.database import Role, Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.errors import Problem
from warehouse.house import with_database
from warehouse.migrate import create_database
from warehouse.settings import ROOT, load_settings

_COMPANY = str(ROOT / "tests" / "data" / "tiny")
_RUNS_LIMIT = 40
_COLUMNS = (
    "fault", "once", "1 copy", "more copies", "failed", "unknown", "waiting", "lost", "foreign rows", "runs", "kills",
    "seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the recipients, each in one of `once` to `lost`. Flagged is who the last run names."""

    fault: str
    once: int
    one_copy: int
    more_copies: int
    failed_flagged: int
    unknown_flagged: int
    waiting_flagged: int
    lost: int
    foreign_rows: int
    runs: int
    kills: int
    seconds: float

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        ends = (self.once, self.one_copy, self.failed_flagged, self.unknown_flagged, self.waiting_flagged)
        return sum(ends) == RECIPIENTS and not (self.lost or self.more_copies or self.foreign_rows)


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run of the sender ended: whom it named, by what; `is_killed` when it could name nobody."""

    failed: frozenset[str] = frozenset()
    unanswered: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    is_whole: bool = False
    is_killed: bool = False
    problem: str = ""


def main() -> None:
    """Run every fault; print and keep what came of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.mails", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the server tells of each client that distrusts it
    counted = []
    with _warehouse() as warehouse, warehouse.connect_admin() as connection:
        connection.execute("set role guanxi_owner")
        publisher = Publisher(connection)
        for fault in FAULTS:
            counted.append(measure(fault, warehouse, publisher, seed=given.seed))
            sys.stderr.write(f"{fault.name}: {counted[-1].seconds:.0f} s\n")
    Console(width=160).print(_table(counted))
    keep(load_settings().home.absolute(), {"mails": [asdict(each) for each in counted]})
    if not all(each.is_kept for each in counted):
        sys.exit(1)


def measure(fault: Fault, warehouse: Warehouse, publisher: Publisher, *, seed: int) -> Counted:
    """Publish a night of RECIPIENTS lists, send it under a fault until nothing waits, and count what arrived."""
    started = time.monotonic()
    names = [f"m{number:03d}" for number in range(RECIPIENTS)]
    gen = publisher.publish([{"id": name} for name in names], {name: [f"{name}-1", f"{name}-2"] for name in names})
    server = FaultyServer(policy=fault.policy(seed))
    run = partial(_run, warehouse, gen=gen)
    with _listening(server, is_untrusted=fault.is_untrusted) as (url, trust):
        ended, runs, kills, told_at_once = _until_nothing_waits(fault, run, url, trust, seed)
    states = publisher.states(gen)
    copies = {name: len(server.kept[f"{name}@example.test"]) for name in names}
    flagged = ended.failed | ended.unanswered | ended.pending
    lost = sum(not copies[name] and (name not in flagged or states[name] == "sent") for name in names)
    if fault.is_untrusted and not told_at_once:
        lost += RECIPIENTS
    return Counted(
        fault=fault.name,
        once=sum(copies[name] == 1 and states[name] == "sent" for name in names),
        one_copy=sum(copies[name] == 2 and states[name] == "sent" for name in names),  # noqa: PLR2004
        more_copies=sum(each > 2 for each in copies.values()),  # noqa: PLR2004
        failed_flagged=len(ended.failed),
        unknown_flagged=len(ended.unanswered),
        waiting_flagged=len(ended.pending),
        lost=lost,
        foreign_rows=sum(_foreign_rows(server, name) for name in names),
        runs=runs,
        kills=kills,
        seconds=round(time.monotonic() - started, 1),
    )


def _until_nothing_waits(
    fault: Fault, run: Callable[..., Ended], url: str, trust: Callable[[], None], seed: int
) -> tuple[Ended, int, int, bool]:
    """Return how the last run ended, how many ran, how many were killed, and whether the certificate was told of."""
    draw = random.Random(seed + 99)  # noqa: S311
    kills, told_at_once, ended = 0, False, Ended()
    for number in range(1, _RUNS_LIMIT + 1):
        dies_at = None
        if fault.sends_until_killed is not None and kills < 2 * len(KILL_POINTS):
            dies_at = (KILL_POINTS[kills % len(KILL_POINTS)], draw.randint(1, 2 * fault.sends_until_killed))
        ended = run(url=url, dies_at=dies_at)
        kills += ended.is_killed
        if fault.is_untrusted and number == 1:
            told_at_once = "certificate" in ended.problem
            trust()
        elif not ended.is_killed and (ended.is_whole or (not ended.pending and not ended.problem)):
            return ended, number, kills, told_at_once
    return ended, _RUNS_LIMIT, kills, told_at_once


def _run(warehouse: Warehouse, *, gen: int, url: str, dies_at: tuple[str, int] | None) -> Ended:
    """Start a process that delivers, wait for its end, and return what it told."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_deliver, args=(theirs, warehouse, gen, url, dies_at))
    process.start()
    theirs.close()
    try:
        told: Ended = ours.recv()
    except EOFError:
        told = Ended(is_killed=True)
    process.join()
    return told


def _deliver(told: Connection, warehouse: Warehouse, gen: int, url: str, dies_at: tuple[str, int] | None) -> None:
    if dies_at is not None:
        die(*dies_at)
    with warehouse.connect(Role.MAILER) as connection:
        try:
            send(connection, load_company(_COMPANY), url, gen)
            told.send(Ended(is_whole=True))
        except UndeliveredError as error:
            found = error.report
            told.send(
                Ended(frozenset(found.failed), frozenset(found.unanswered), frozenset(found.pending + found.expired))
            )
        except Problem as problem:
            told.send(Ended(problem=problem.seen))


def _foreign_rows(server: FaultyServer, name: str) -> int:
    """Return how many rows of somebody else's customers a recipient was told."""
    count = 0
    for mail in server.kept[f"{name}@example.test"]:
        body = mail.get_body(("plain",))
        text = "" if body is None else str(body.get_content())
        count += sum(f"(m{other:03d}-" in text for other in range(RECIPIENTS) if f"m{other:03d}" != name)
    return count


@contextlib.contextmanager
def _listening(server: FaultyServer, *, is_untrusted: bool) -> Iterator[tuple[str, Callable[[], None]]]:
    """Give the server's address, and what makes its certificate a trusted one."""
    if not is_untrusted:
        with server.listening() as port:
            yield f"smtp://127.0.0.1:{port}?timeout=1", lambda: None
        return
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = write_certificate(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with server.listening(context=context, is_starttls=True) as port:
            yield (
                f"smtp://localhost:{port}?starttls=1&timeout=5",
                lambda: os.environ.__setitem__("SSL_CERT_FILE", str(certificate)),
            )
        os.environ.pop("SSL_CERT_FILE", None)


@contextlib.contextmanager
def _warehouse() -> Iterator[Warehouse]:
    folder = Path(tempfile.mkdtemp(prefix="guanxi-mails-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    try:
        with EmbeddedServer(folder / "postgres", options=(("fsync", "off"),)).leased() as url:
            create_database(url, "guanxi_mails")
            warehouse = Warehouse(with_database(url, "guanxi_mails"), "only for a benchmark")
            prepare(warehouse, load_company(_COMPANY))
            yield warehouse
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _table(counted: list[Counted]) -> Table:
    title = (
        f"what became of {RECIPIENTS} mails; failed, unknown and waiting ones are told by name, lost ones nobody tells"
    )
    table = Table(title=title)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "fault" else "right")
    for each in counted:
        table.add_row(each.fault, *map(str, list(asdict(each).values())[1:]))
    return table


if __name__ == "__main__":
    main()
