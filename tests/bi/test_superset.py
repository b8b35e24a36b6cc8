"""Superset as people see it: every dashboard in a real browser, its numbers beside SQL, and a manager's own login."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bi.assets import stable_id
from bi.dataset_sql import query_of
from bi.description import Chart, Dashboard, read_description
from bi.superset_home import make_superset_home
from tests.bi.conftest import COMPANY, MANAGER, RunningSuperset
from tests.conftest import ROOT
from warehouse.manager_logins import login_name

pytestmark = [pytest.mark.bi, pytest.mark.timeout(1800)]

DESCRIPTION = read_description()
BOARDS = {board.slug.removeprefix("guanxi-"): board for board in DESCRIPTION.dashboards}
THEIRS = [board for board in DESCRIPTION.dashboards if DESCRIPTION.is_for_managers(board)]
# Scores of the first night are not old enough to be judged.
EMPTY_AT_FIRST = {
    "Predicted and realised 预测与实际",
    "Calibration by band 各等级校准",
    "Lift of the riskiest tenth 风险最高一成的提升度",
}
CUSTOMERS = "bi.dim_accounts a where a.is_customer and not a.is_internal and a.merged_into_account_id is null"


@pytest.fixture(scope="module")
def seen(superset: RunningSuperset) -> dict[str, Any]:
    """What the administrator sees of every dashboard; with BI_PICTURES, pictures of it for the docs."""
    found = superset.look(superset.admin, DESCRIPTION.dashboards)
    for board in DESCRIPTION.dashboards:
        _keep(superset, board.slug.removeprefix("guanxi-"))
    return found


def _keep(superset: RunningSuperset, name: str) -> None:
    """Keep a picture for the docs at three quarters of its size in 64 colours: legible in a third of the bytes."""
    folder = os.environ.get("BI_PICTURES")
    if not folder:
        return
    from PIL import Image

    with Image.open(superset.pictures / f"{name}.png") as image:
        small = image.convert("RGB").resize((image.width * 3 // 4, image.height * 3 // 4), Image.Resampling.LANCZOS)
        small.quantize(64).save(Path(folder) / f"bi-{name}.png", optimize=True)


@pytest.fixture(scope="module")
def seen_by_manager(superset: RunningSuperset) -> dict[str, Any]:
    """What an account manager sees of the dashboards that are theirs, and whether others open."""
    ids = _ids(superset)
    company = next(board for board in DESCRIPTION.dashboards if board not in THEIRS)
    forbidden = [f"/api/v1/dashboard/{ids[company.slug]}", f"/api/v1/dataset/{ids['key_figures']}", "/sqllab/"]
    datasets = {dataset.name: ids[dataset.name] for dataset in DESCRIPTION.datasets}
    found = superset.look(superset.manager, THEIRS, picture="manager-", forbidden=forbidden, datasets=datasets)
    _keep(superset, "manager-my-customers")
    return found


def _metadata(superset: RunningSuperset, query: str) -> list[tuple[Any, ...]]:
    """Ask Superset's own database."""
    import psycopg

    url = (superset.house.folder / "bi" / "secrets" / "metadata.url").read_text(encoding="utf-8")
    with psycopg.connect(url.replace("+psycopg2", "")) as connection:
        return connection.execute(query.encode()).fetchall()


def _ids(superset: RunningSuperset) -> dict[str, int]:
    boards = _metadata(superset, "select slug, id from dashboards")
    return dict([*boards, *_metadata(superset, "select table_name, id from tables")])


def _charts(superset: RunningSuperset) -> dict[str, str]:
    """The titles of charts by the id that Superset knows them by."""
    return {str(number): name for number, name in _metadata(superset, "select id, slice_name from slices")}


def _first(superset: RunningSuperset, page: dict[str, Any], title: str) -> dict[str, Any]:
    titles = _charts(superset)
    (found,) = [chart for number, chart in page["charts"].items() if titles[number] == title]
    row: dict[str, Any] = found["first"]
    return row


def _page(seen: dict[str, Any], name: str) -> dict[str, Any]:
    page: dict[str, Any] = seen["pages"][BOARDS[name].slug]
    return page


@pytest.mark.parametrize("name", BOARDS)
def test_every_chart_of_a_dashboard_is_drawn_without_an_error(
    superset: RunningSuperset, seen: dict[str, Any], name: str
) -> None:
    page, titles = _page(seen, name), _charts(superset)
    assert page["title"] == BOARDS[name].title.both
    drawn = {titles[number]: chart for number, chart in page["charts"].items()}
    assert drawn.keys() == {chart.title.both for chart in BOARDS[name].charts}
    assert {title: chart["errors"] for title, chart in drawn.items() if chart["status"] != 200 or chart["errors"]} == {}
    assert (page["errors"], page["troubles"]) == ([], [])
    empty = {title for title, chart in drawn.items() if not chart["rows"]}
    assert empty <= EMPTY_AT_FIRST
    assert page["empty"] == len(empty)


@pytest.mark.parametrize(
    ("name", "title", "figure", "query"),
    [
        ("overview", "Customers 客户数", "Customers 客户数", f"select count(*) from {CUSTOMERS}"),
        (
            "overview",
            "Revenue of a year 近一年收入",
            "Revenue 收入",
            "select sum(net_amount) from bi.fct_order_lines l join bi.dim_accounts a using (account_id) where"
            " l.is_revenue and l.is_attributed and a.is_customer and not a.is_internal and a.merged_into_account_id"
            " is null and l.order_date > l.as_of_date - 365",
        ),
        (
            "value",
            "Class A customers A 类客户",
            "Class A A 类",
            f"select count(*) from bi.fct_account_abc b join (select a.account_id from {CUSTOMERS}) c"
            " using (account_id) where b.published_class = 'A'",
        ),
        (
            "churn",
            "Margin at risk 风险毛利",
            "Margin at risk 风险毛利",
            "select sum(margin_at_risk_amount) from bi.fct_churn_scores where band_code in ('high', 'medium')",
        ),
        (
            "churn",
            "Expected loss 预期损失",
            "Expected loss 预期损失",
            "select sum(expected_loss_amount) from bi.fct_churn_scores",
        ),
        (
            "relationship",
            "Relationship index 关系指数",
            "Relationship index 关系指数",
            "select avg(relationship_index) from bi.fct_account_relationships where is_current",
        ),
        ("satisfaction", "Open tickets 未结工单", "Open 未结", "select count(*) from bi.fct_tickets where is_open"),
        (
            "quality",
            "Promises kept 通过的检查",
            "Kept 通过",
            "select count(*) from ops.check_results where is_success and gen = (select gen from ops.published)",
        ),
    ],
)
def test_a_number_on_a_page_is_the_one_that_sql_gives(
    superset: RunningSuperset, seen: dict[str, Any], name: str, title: str, figure: str, query: str
) -> None:
    shown = _first(superset, _page(seen, name), title)[figure]
    told = superset.sql(query)
    assert told
    assert float(shown) == pytest.approx(float(told), rel=1e-9)


def test_what_is_drawn_is_the_number_and_the_day(superset: RunningSuperset, seen: dict[str, Any]) -> None:
    drawn = _page(seen, "overview")["numbers"]
    assert str(superset.sql("select as_of from bi.data_version")) in drawn
    assert f"{superset.sql(f'select count(*) from {CUSTOMERS}'):,}" in drawn


def test_filters_of_a_dashboard_reach_its_charts(superset: RunningSuperset) -> None:
    """By manager and region the customers are those that SQL counts; by day the months are those asked for."""
    name, region = superset.rows(
        "select m.account_manager_name, a.region from bi.dim_accounts a join bi.dim_account_managers m"
        f" using (account_manager_id) where account_manager_id = '{MANAGER}' and a.region is not null"
        " group by 1, 2 order by count(*) desc limit 1"
    )[0]
    chosen = {"account_manager": name, "region": region}
    states = [
        f"NATIVE_FILTER-{column}:(extraFormData:(filters:!((col:{column},op:IN,val:!('{value}')))),"
        f"filterState:(value:!('{value}')),id:NATIVE_FILTER-{column},ownState:())"
        for column, value in chosen.items()
    ]
    days = "2026-01-01 : 2026-04-01"
    states.append(
        f"NATIVE_FILTER-day:(extraFormData:(time_range:'{days}'),filterState:(value:'{days}'),id:NATIVE_FILTER-day,"
        "ownState:())"
    )
    query = "native_filters=" + quote(f"({','.join(states)})")
    page = _page(superset.look(superset.admin, [BOARDS["overview"]], picture="filtered-", query=query), "overview")
    shown = _first(superset, page, "Customers 客户数")["Customers 客户数"]
    assert shown == superset.sql(
        f"select count(*) from {CUSTOMERS} and a.account_manager_id = '{MANAGER}' and a.region = '{region}'"
    )
    titles = _charts(superset)
    (trend,) = [chart for number, chart in page["charts"].items() if titles[number].startswith("Rolling year")]
    assert trend["rows"] == 3
    assert page["errors"] == []


def test_nothing_is_asked_of_another_host(seen: dict[str, Any], seen_by_manager: dict[str, Any]) -> None:
    assert seen["outside"] == seen_by_manager["outside"] == []


def test_a_manager_is_shown_three_dashboards_and_no_door_opens(seen_by_manager: dict[str, Any]) -> None:
    assert seen_by_manager["dashboards_listed"] == sorted(board.slug for board in THEIRS)
    assert all(status in {302, 401, 403, 404} for status in seen_by_manager["forbidden"].values()), seen_by_manager[
        "forbidden"
    ]


def test_a_manager_sees_own_customers_alone_in_every_chart(
    superset: RunningSuperset, seen: dict[str, Any], seen_by_manager: dict[str, Any]
) -> None:
    mine = f"{CUSTOMERS} and a.account_manager_id = '{MANAGER}'"
    page = _page(seen_by_manager, "my-customers")
    shown = _first(superset, page, "Customers 客户数")["Customers 客户数"]
    assert shown == superset.sql(f"select count(*) from {mine}")
    assert 0 < shown < superset.sql(f"select count(*) from {CUSTOMERS}")
    revenue = _first(superset, page, "Revenue of a year 近一年收入")["Revenue 收入"]
    joined = mine.replace(" where", " using (account_id) where", 1)
    query = f"select sum(v.net_revenue_365d_amount) from bi.fct_account_value v join {joined}"
    assert float(revenue) == pytest.approx(float(superset.sql(query)))
    titles = _charts(superset)
    for board in THEIRS:
        theirs = seen_by_manager["pages"][board.slug]
        assert (theirs["errors"], len(theirs["charts"])) == ([], len(list(board.charts)))
        by_title = {chart.title.both: chart for chart in board.charts}
        for number, chart in theirs["charts"].items():
            assert chart["status"] == 200
            _assert_filtered(by_title[titles[number]], chart["query"])
            assert "1 = 0" not in seen["pages"][board.slug]["charts"][number]["query"], "the administrator sees all"


def _assert_filtered(chart: Chart, query: str) -> None:
    if DESCRIPTION.by_name[chart.dataset].is_by_manager:
        assert f"account_manager_id = '{MANAGER}'" in query, chart.title.en


def test_a_manager_who_asks_a_dataset_directly_gets_own_rows_or_none(
    superset: RunningSuperset, seen_by_manager: dict[str, Any]
) -> None:
    for dataset in DESCRIPTION.datasets:
        asked = seen_by_manager["asked"][dataset.name]
        if not dataset.is_by_manager and not dataset.is_for_managers:
            assert asked == {"status": 403, "count": None}, dataset.name
            continue
        rows = f"from ({query_of(dataset)}) as everything"
        own = f"{rows} where account_manager_id = '{MANAGER}'" if dataset.is_by_manager else rows
        assert asked == {"status": 200, "count": superset.sql(f"select count(*) {own}")}, dataset.name


def test_the_same_login_sees_the_same_customers_in_the_database(superset: RunningSuperset) -> None:
    import psycopg

    warehouse = superset.house.warehouse
    login = login_name(superset.house.company.id, MANAGER)
    with psycopg.connect(
        host=warehouse.host, port=warehouse.port, dbname=warehouse.database, user=login, password=superset.manager[1]
    ) as connection:
        seen = connection.execute("select account_id from dim_accounts order by 1").fetchall()
        assert connection.execute("select distinct account_manager_id from dim_accounts").fetchall() == [(MANAGER,)]
    assert seen == superset.rows(
        f"select account_id from bi.dim_accounts where account_manager_id = '{MANAGER}' order by 1"
    )


def test_an_import_again_adds_nothing_and_puts_back_what_was_changed(superset: RunningSuperset) -> None:
    things = "select 'chart', id, uuid::text, slice_name from slices union all select 'board', id, uuid::text,"
    things += " dashboard_title from dashboards union all select 'table', id, uuid::text, table_name from tables"
    rules = "select name, clause, group_key from row_level_security_filters order by 1"
    before, rules_before = sorted(_metadata(superset, things)), _metadata(superset, rules)
    changed = stable_id("dashboard", BOARDS["value"].slug)
    import psycopg

    url = (superset.house.folder / "bi" / "secrets" / "metadata.url").read_text(encoding="utf-8")
    with psycopg.connect(url.replace("+psycopg2", "")) as connection:
        connection.execute("update dashboards set dashboard_title = 'Mine' where uuid = %s", (changed,))
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GUANXI_")}
    environment = {**ours, "GUANXI_HOME": str(superset.house.settings.home), "GUANXI_COMPANY": COMPANY}
    guanxi = str(Path(sys.executable).with_name("guanxi"))
    done = subprocess.run(
        [guanxi, "bi", "load"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(_metadata(superset, things)) == before
    assert _metadata(superset, rules) == rules_before
    assert ("Nobody's customers", "1 = 0", "own customers") in rules_before
    assert len([row for row in before if row[0] == "chart"]) == sum(len(list(b.charts)) for b in BOARDS.values())


def test_secrets_are_their_owners_alone_and_stand_in_no_log(superset: RunningSuperset) -> None:
    home = make_superset_home(superset.house)
    for file in (home.folder / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
    log = home.log.read_text(encoding="utf-8")
    assert log
    for name in ("key", "login", "metadata.url"):
        assert (home.folder / "secrets" / name).read_text(encoding="utf-8") not in log
    assert superset.manager[1] not in log
    assert superset.house.warehouse.password("guanxi_reader") not in log


def test_the_dashboards_are_those_described(superset: RunningSuperset) -> None:
    found = _metadata(superset, "select slug, dashboard_title, published from dashboards order by slug")
    wanted: list[Dashboard] = sorted(DESCRIPTION.dashboards, key=lambda board: board.slug)
    assert found == [(board.slug, board.title.both, True) for board in wanted]
