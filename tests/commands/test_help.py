"""What a person meets first: the help, a query, and an empty house."""

from __future__ import annotations

import csv
import io
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tests.commands.corner_shop import Shop
from tests.night.house_for_nights import GUANXI, NightHouse
from warehouse.cli import app

GROUP = pytest.mark.xdist_group("corner shop")
GROUPS = {str(group.name): group.typer_instance for group in app.registered_groups}
CALLBACKS = {
    " ".join(filter(None, (group, str(command.name)))): command.callback
    for group, commands in [("", app), *GROUPS.items()]
    for command in (commands.registered_commands if commands else ())
}
COMMANDS = sorted({name.split()[0] for name in CALLBACKS})
HEAVY = ("pandas", "sklearn", "dlt", "great_expectations", "dbt", "airflow", "pyarrow", "numpy")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(GUANXI), *words], capture_output=True, text=True, check=False)


def test_alone_it_lists_every_command_and_complains_of_nothing() -> None:
    done = _run()
    assert not done.stderr.strip().startswith("error")
    shown = done.stdout + done.stderr
    assert [name for name in COMMANDS if f" {name} " not in shown] == []
    assert "the nightly customer warehouse" in shown


@pytest.mark.parametrize("command", CALLBACKS)
def test_every_command_says_what_it_does_and_lists_its_options(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"], terminal_width=120)
    assert done.exit_code == 0
    assert f"guanxi {command}" in done.output or f" {command} " in done.output
    callback = CALLBACKS[command]
    assert callback is not None
    assert (callback.__doc__ or "").split(".")[0].split(";")[0][:40] in " ".join(done.output.split())
    options = [name for name in callback.__annotations__ if name in ("run_id", "company", "as_of", "source")]
    assert [name for name in options if f"--{name.replace('_', '-')}" not in done.output] == []


def test_help_waits_for_no_heavy_library() -> None:
    program = (
        "import sys; sys.argv = ['guanxi', 'nightly', '--help']\n"
        "from warehouse.cli import main\n"
        "try:\n    main()\n"
        f"finally:\n    print('heavy:', [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "--through" in done.stdout
    assert done.stderr.strip() == "heavy: []"


@pytest.mark.slow
@GROUP
def test_an_empty_house_says_what_to_do_next(empty_home: NightHouse) -> None:
    said = empty_home.succeed("status")
    assert said.strip() == "simulated: nothing is live yet. Next: guanxi nightly"


@pytest.mark.slow
@GROUP
def test_a_query_is_answered_as_csv_with_its_chinese_text(shop: Shop) -> None:
    answer = shop.succeed(
        "sql", "select account_id, account_name from dim_accounts order by 1 -- the first two\n limit 2;"
    )
    assert answer == "account_id,account_name\nK01,青石茶行 1\nK02,青石茶行 2\n"
    comma = shop.succeed("sql", "select 'a,\"b\"' as 名, null as nothing, 1.50 as amount")
    assert list(csv.reader(io.StringIO(comma))) == [["名", "nothing", "amount"], ['a,"b"', "", "1.50"]]


@pytest.mark.slow
@GROUP
@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("delete from fct_account_rfm returning 1", "permission denied"),
        ("with gone as (delete from pub.fct_account_rfm returning 1) select * from gone", "permission denied"),
        ("select 1; drop view fct_account_rfm", "syntax error"),
        ("select 1) to program 'true' --", "syntax error"),
        ("select * from raw.orders", "permission denied for schema raw"),
        ("select * from no_such_mart", 'relation "no_such_mart" does not exist'),
    ],
)
def test_a_query_that_is_not_a_reader_s_is_refused_in_four_lines(shop: Shop, query: str, seen: str) -> None:
    said = shop.refused("sql", query)
    assert said.splitlines()[0] == "error: the query"
    assert seen in said
    assert "one select over the views of schema bi" in said
    assert "guanxi sql" in said
