"""Seconds and memory of training and of scoring 100,000 accounts from built marts, each in a process of its own.

The marts are those of the simulated company, whose accounts are taken many times over.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import sql

from warehouse.database import Role
from warehouse.house import House, opened_house
from warehouse.ledger import live_generation
from warehouse.settings import ROOT, load_settings

_ACCOUNTS = 100_000
_SCHEMA = "speed"
_COPIED = ("policy_churn_bands", "policy_parameters", "dim_account_managers")


def measure_speed(home: Path) -> dict[str, Any]:
    """Return seconds and peak memory by what was done. The simulated company must have a live night beside `home`."""
    simulated = home.with_name("models-simulated")
    if not simulated.exists():
        raise SystemExit("run the part `simulated` first: its marts are what is multiplied")
    with _house(simulated) as house:
        as_of = _multiply(house)
    return {what: _in_process(simulated, what, as_of) for what in ("train", "score")}


def _house(home: Path) -> Any:
    settings = load_settings({"GUANXI_HOME": str(home), "GUANXI_COMPANY": str(ROOT / "examples" / "simulated")})
    return opened_house(settings)


def _multiply(house: House) -> date:
    """Make the schema with every account taken so many times; return the day of the live night."""
    with house.warehouse.connect(Role.PUBLISHER) as connection:
        live = live_generation(connection)
    if live is None or live.build_schema is None:
        raise SystemExit("no live night of the simulated company")
    schema, own = sql.Identifier(live.build_schema), sql.Identifier(_SCHEMA)
    with house.warehouse.connect_admin() as connection:
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(own))
        connection.execute(sql.SQL("create schema {}").format(own))
        connection.execute(sql.SQL("grant usage, create on schema {} to guanxi_scorer").format(own))
        (count,) = connection.execute(
            sql.SQL("select count(*) from {}.fct_churn_features where is_current and is_eligible").format(schema)
        ).fetchone() or (1,)
        for table in ("fct_churn_features", "fct_churn_labels", "fct_account_value"):
            connection.execute(
                sql.SQL(
                    "create table {own}.{table} as select * from {schema}.{table} cross join"
                    " generate_series(1, {times}) as copy; update {own}.{table} set account_id = account_id || copy;"
                    " alter table {own}.{table} drop column copy"
                ).format(own=own, table=sql.Identifier(table), schema=schema, times=-(-_ACCOUNTS // int(count)))
            )
        for table in _COPIED:
            connection.execute(
                sql.SQL("create table {own}.{table} as select * from {schema}.{table}").format(
                    own=own, table=sql.Identifier(table), schema=schema
                )
            )
        connection.execute(sql.SQL("grant select on all tables in schema {} to guanxi_scorer").format(own))
        connection.commit()
        connection.autocommit = True
        connection.execute("analyze")
    return live.as_of


def _in_process(home: Path, what: str, as_of: date) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.models_speed", str(home), what, as_of.isoformat()],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _work(home: Path, what: str, as_of: date) -> None:
    from ml.fallback import choose_scorer
    from ml.features import read_scoring_rows
    from ml.policy import read_bands, read_model_days_maximum
    from ml.rules import ASSUMED
    from ml.score import read_beside, score_rows
    from ml.train import train
    from warehouse.frames import write_frame

    with _house(home) as house, house.warehouse.connect(Role.SCORER) as connection:
        started = time.monotonic()
        if what == "train":
            train(connection, schema=_SCHEMA, as_of=as_of, models_folder=house.models, leak_limit=1.0)
        else:
            with connection.transaction():
                champion = choose_scorer(
                    connection, as_of=as_of, models_folder=house.models, assumed=ASSUMED,
                    model_days_maximum=read_model_days_maximum(connection, _SCHEMA),
                ).champion  # fmt: skip
                bands = read_bands(connection, _SCHEMA)
                beside = read_beside(connection, _SCHEMA, as_of)
                rows = read_scoring_rows(connection, schema=_SCHEMA, as_of=as_of)
                scored = score_rows(champion, rows, bands, beside)
                kinds = {str(name): str(kind) for name, kind in scored.dtypes.items()}
                columns = sql.SQL(", ").join(
                    sql.SQL("{} double precision" if kind.startswith("float") else "{} text").format(
                        sql.Identifier(name)
                    )
                    for name, kind in kinds.items()
                )
                table = sql.Identifier(_SCHEMA, "scored")
                connection.execute(sql.SQL("drop table if exists {0}; create table {0} ({1})").format(table, columns))
                write_frame(connection, _SCHEMA, "scored", scored)
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": round(seconds, 1), "peak_mb": round(peak)}) + "\n")


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]))
