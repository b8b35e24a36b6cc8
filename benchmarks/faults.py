"""Kill -9 the running stage of a night at a random moment, run the night again, and compare what readers see.

`python -m benchmarks.faults --kills 10` prints one line a kill: which stage died when, whether the checksums equal
those of an undisturbed night, and how many reads saw two nights at once (none should). The same function, with
fewer kills, runs in the tests.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from warehouse.database import Role
from warehouse.house import House, opened_house
from warehouse.settings import load_settings

_GUANXI = str(Path(sys.executable).with_name("guanxi"))
_STAGES = ("extract", "check", "transform", "score", "publish", "deliver")

# Both sides of one join, and the pointer, in one statement: any difference is a mixed night.
_READ = """
    select count(*), count(*) filter (where r.as_of_date <> a.as_of_date or r.as_of_date <> v.as_of)
    from fct_account_rfm r join fct_account_abc a using (account_id) cross join data_version v
"""


@dataclass(slots=True)
class Reader:
    """A BI reader that never stops looking; counts what it saw."""

    house: House
    reads: int = 0
    mixed: int = 0
    empty: int = 0
    errors: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self._stop.is_set():
            try:
                with self.house.warehouse.connect(Role.READER) as connection:
                    connection.autocommit = True
                    connection.execute("set search_path = bi")
                    while not self._stop.is_set():
                        row = connection.execute(_READ).fetchone() or (0, 0)
                        self.reads += 1
                        self.empty += row[0] == 0
                        self.mixed += row[1] > 0
                        self._stop.wait(0.02)
            except psycopg.Error:
                self.errors += 1

    def stop(self) -> None:
        self._stop.set()


@dataclass(frozen=True, slots=True)
class Killed:
    """One disturbed night: what was killed when, and what came of the re-run."""

    stage: str
    after_seconds: float
    is_equal: bool
    reads: int
    mixed: int
    empty: int
    errors: int


def main() -> None:
    """Prepare a published night, measure an undisturbed next one, then disturb copies of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    base = load_settings().home.absolute() / "faults"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    night(base / "first", given.accounts)
    expected, seconds = undisturbed(base, given.accounts)
    sys.stdout.write(f"undisturbed night: {seconds:.0f} s, {len(expected)} marts\n")
    chance = random.Random(given.seed)  # noqa: S311 - moments to kill at, not secrets
    equal = 0
    for number in range(1, given.kills + 1):
        killed = disturbed(base, number, given.accounts, chance.uniform(1, 0.85 * seconds), expected)
        equal += killed.is_equal
        sys.stdout.write(f"{number}: {killed}\n")
        sys.stdout.flush()
    sys.stdout.write(f"same published checksums: {equal} of {given.kills}\n")


def undisturbed(base: Path, accounts: int) -> tuple[dict[str, str], float]:
    """Run the next night in a copy of base/first; return the live checksums and the seconds it took."""
    home = _copied(base / "first", base / "undisturbed")
    started = time.monotonic()
    night(home, accounts)
    seconds = time.monotonic() - started
    with _house(home, accounts) as house:
        return checksums(house), seconds


def disturbed(base: Path, number: int, accounts: int, after: float, expected: dict[str, str]) -> Killed:
    """Kill the stage that runs `after` seconds into the next night, run that night again, and compare."""
    home = _copied(base / "first", base / f"killed-{number}")
    with _house(home, accounts) as house:
        day = _next_day(house)
        reader = Reader(house)
        looking = threading.Thread(target=reader.look, daemon=True)
        looking.start()
        stage = _kill_during_night(home, accounts, after)
        night(home, accounts, "--as-of", day)
        reader.stop()
        looking.join()
        is_equal = checksums(house) == expected
    shutil.rmtree(home)
    return Killed(stage, round(after, 1), is_equal, reader.reads, reader.mixed, reader.empty, reader.errors)


def night(home: Path, accounts: int, *words: str) -> None:
    """Run a whole night without Airflow; raise when it fails."""
    done = subprocess.run(
        [_GUANXI, "nightly", *words], env=_environment(home, accounts), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the night failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def _next_day(house: House) -> str:
    with house.warehouse.connect(Role.READER) as connection:
        row = connection.execute("select (as_of + 1)::text from bi.data_version").fetchone()
    if row is None:
        raise RuntimeError("nothing is live: there is no next night to disturb")
    return str(row[0])


def checksums(house: House) -> dict[str, str]:
    """Return what the readers' marts hash to."""
    with house.warehouse.connect(Role.READER) as connection:
        rows = connection.execute("select mart, row_count || '/' || checksum from bi.mart_checksums").fetchall()
    return dict(rows)


def _kill_during_night(home: Path, accounts: int, after: float) -> str:
    with subprocess.Popen(
        [_GUANXI, "nightly"], env=_environment(home, accounts), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + after
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        stage, pid = "none: the night was over", None
        while process.poll() is None and pid is None:
            stage, pid = _running_stage(home)
            time.sleep(0.02)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        process.wait()
    return stage


def _running_stage(home: Path) -> tuple[str, int | None]:
    """Find the process of a stage that works in this state folder."""
    mark = f"GUANXI_HOME={home}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            ours = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if ours and len(words) > 2 and words[1].endswith(b"/guanxi") and words[2].decode() in _STAGES:  # noqa: PLR2004
            return " ".join(word.decode() for word in words[2:4]), int(folder.name)
    return "between two stages", None


def _environment(home: Path, accounts: int) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GUANXI_", "AIRFLOW"))}
    return plain | {
        "GUANXI_HOME": str(home),
        "GUANXI_COMPANY": "examples/simulated",
        "GUANXI_ACCOUNTS": str(accounts),
    }


@contextmanager
def _house(home: Path, accounts: int) -> Iterator[House]:
    environment = _environment(home, accounts)
    with opened_house(load_settings({k: v for k, v in environment.items() if k.startswith("GUANXI_")})) as house:
        yield house


def _copied(source: Path, target: Path) -> Path:
    """Copy a state folder whose server is stopped, owners included."""
    subprocess.run(["/bin/cp", "--archive", str(source), str(target)], check=True)
    return target


if __name__ == "__main__":
    main()
