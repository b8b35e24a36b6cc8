"""Two nights of a simulated company through Airflow's DAG, as `make nightly` runs them, and what is left after."""

from __future__ import annotations

import email
import email.policy
import random
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from benchmarks import faults, relationship
from tests.conftest import reachable_folder
from tests.marts.building import NO_UNIT_TESTS, build
from tests.night.house_for_nights import NightHouse
from warehouse.database import Role
from warehouse.house import opened_house
from warehouse.settings import load_settings

_KINDS = (
    "select distinct programme_code as campaign_key, campaign_kind from fct_programme_effects where scope = 'campaign'"
)

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.xdist_group("simulated-nights")]


@pytest.fixture(scope="module")
def house() -> Iterator[NightHouse]:
    with reachable_folder() as home:
        yield NightHouse(home, (("GUANXI_COMPANY", "examples/simulated"), ("GUANXI_ACCOUNTS", "150")))


@pytest.fixture(scope="module")
def first_night(house: NightHouse) -> str:
    return house.succeed("nightly", "--through", "airflow")


@pytest.fixture(scope="module")
def first_checksums(house: NightHouse, first_night: str) -> dict[str, tuple[str, str]]:
    assert first_night
    return house.checksums()


@dataclass(frozen=True, slots=True)
class SecondNight:
    """What an undisturbed night said and published, how long it took, and a folder with a copy of what was before."""

    said: str
    checksums: dict[str, tuple[str, str]]
    seconds: float
    before: Path


@pytest.fixture(scope="module")
def second(house: NightHouse, first_checksums: dict[str, tuple[str, str]]) -> Iterator[SecondNight]:
    assert first_checksums
    with reachable_folder() as before:
        subprocess.run(["cp", "--archive", str(house.home), str(before / "first")], check=True)
        started = time.monotonic()
        said = house.succeed("nightly", "--through", "airflow")
        yield SecondNight(said, house.checksums(), time.monotonic() - started, before)


@pytest.fixture(scope="module")
def second_night(second: SecondNight) -> str:
    return second.said


def test_the_first_night_ends_with_a_summary_a_person_can_read(first_night: str) -> None:
    assert "night of 2026-06-30: published" in first_night
    for words in ("what came in", "order_lines", "gate raw", "gate marts", "gate scores", "live:", "churn list"):
        assert words in first_night, words
    assert "generation 1, as of 2026-06-30" in first_night
    page = next(line.split(": ", 1)[1].strip() for line in first_night.splitlines() if "check report" in line)
    assert Path(page).read_text(encoding="utf-8").lower().count("<html")


def test_the_night_has_a_page_that_tells_its_counts_and_stands_in_the_index(
    house: NightHouse, first_night: str
) -> None:
    told = next(line for line in first_night.splitlines() if "the night's page:" in line)
    page = Path(told.split("the night's page:", 1)[1].strip()).read_text(encoding="utf-8")
    for load in house.rows("select entity, extracted_count from source_loads where source = 'erp'"):
        row = f'<td>erp</td><td>{load["entity"]}</td><td class="figure">{int(load["extracted_count"]):,}</td>'
        assert row in page, load
    assert "Published" in page
    assert ">deliver<" in page
    index = (house.home / "company" / "simulated" / "runs" / "index.html").read_text(encoding="utf-8")
    assert "night-2026-06-30/report.html" in index


def test_nothing_is_left_running(house: NightHouse, first_night: str) -> None:
    pid_file = house.home / "postgres" / "data" / "postmaster.pid"
    assert first_night
    assert not pid_file.exists(), "the last lease stops the server"


def test_each_account_manager_with_a_list_got_one_mail(house: NightHouse, first_night: str) -> None:
    managers = {row["account_manager_id"] for row in house.rows("select account_manager_id from fct_churn_lists")}
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (house.home / "company" / "simulated" / "mail").glob("*.eml")
    ]
    assert managers
    assert first_night
    assert len(mails) == len(managers)
    for mail in mails:
        kinds = {part.get_content_type() for part in mail.walk()}
        assert {"text/plain", "text/html"} <= kinds
        assert any(name and name.endswith(".xlsx") for name in (part.get_filename() for part in mail.walk()))


def test_nobody_left_out_by_chance_is_in_a_mail(house: NightHouse, first_night: str) -> None:
    assert "left out by chance" in first_night
    arms: dict[str, set[str]] = defaultdict(set)
    for row in house.rows("select account_id, arm from fct_programme_assignments"):
        arms[row["arm"]].add(row["account_id"])
    mails = (
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (house.home / "company" / "simulated" / "mail").glob("*.eml")
    )
    bodies = [body for mail in mails if (body := mail.get_body(("plain",))) is not None]
    written = "".join(body.get_content() for body in bodies)
    named = {account_id for account_id in set.union(*arms.values()) if f"({account_id})" in written}
    assert named == {row["account_id"] for row in house.rows("select account_id from fct_churn_lists")}
    assert len(named) > 3
    assert arms["holdout"]
    assert named & arms["holdout"] == set()


def test_the_effects_of_campaigns_are_those_that_were_planted(house: NightHouse, first_night: str) -> None:
    """The truth lies within the limits, also where it is nought; on orders every campaign's effect is nought."""
    assert first_night
    campaigns = {row["campaign_key"]: row for row in house.rows(_KINDS)}
    truth = pq.read_table(house.home / "company" / "simulated" / "simulated" / "truth" / "campaign_members.parquet")
    true: dict[str, list[int]] = defaultdict(list)
    for row in truth.to_pylist():
        key = f"crm_db|{row['campaign_id']}"
        if key in campaigns and row["joined_on"] + timedelta(days=60) <= date(2026, 6, 30):
            true[campaigns[key]["campaign_kind"]].append(row["opens_if_treated"] - row["opens_if_untreated"])
    effects = house.rows("select * from fct_programme_effects where scope = 'kind' and effect_value is not null")
    opened = {row["programme_code"]: row for row in effects if row["outcome_code"] == "opportunity"}
    assert opened.keys() == true.keys()
    assert len(opened) == 4
    for kind, row in opened.items():
        assert int(row["treated_count"]) + int(row["holdout_count"]) == len(true[kind])
        assert float(row["effect_low_value"]) < sum(true[kind]) / len(true[kind]) < float(row["effect_high_value"])
    assert any(sum(each) == 0 for each in true.values())
    revenue = [row for row in effects if row["outcome_code"] == "revenue"]
    assert [row for row in revenue if row["is_beyond_chance"] == "t"] == []


def test_levels_of_relationships_are_near_what_people_truly_think(house: NightHouse, first_night: str) -> None:
    """The limits lie well below what benchmarks.relationship finds of larger companies."""
    assert first_night
    with opened_house(load_settings(house.environment())) as opened:
        truth = pq.read_table(opened.simulated / "truth" / "attitudes.parquet").to_pylist()
        with (
            opened.warehouse.connect(Role.CONTACT_READER) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = cursor.execute("select * from bi_restricted.fct_contact_relationships").fetchall()
    people = {row["contact_key"].removeprefix("crm_db|"): row for row in rows if not row["has_left"]}
    true = relationship.true_levels(truth, date(2026, 6, 30))
    known = [(true[name], row["computed_level"]) for name, row in people.items() if name in true]
    assert len(known) > 500
    assert sum(abs(level - found) <= 1 for level, found in known) > 0.75 * len(known)
    supporters = relationship.findings(true, people)["supporters"]
    assert supporters.true > supporters.right > 0.7 * supporters.found > 0


def test_the_second_night_is_the_next_day_and_loads_only_what_is_new(house: NightHouse, second_night: str) -> None:
    version = house.one("select gen, as_of from data_version")
    assert version == {"gen": "2", "as_of": "2026-07-01"}
    loads = {row["entity"]: row for row in house.rows("select * from source_loads where source = 'erp'")}
    assert int(loads["order_lines"]["extracted_count"]) < 0.05 * int(
        house.one("select count(*) as n from fct_order_lines")["n"]
    )
    assert int(loads["orders"]["new_count"]) > 0
    assert "night of 2026-07-01: published" in second_night


def test_an_older_night_is_refused_and_changes_nothing(house: NightHouse, second_night: str) -> None:
    before = house.one("select gen, as_of from data_version")
    done = house.run("nightly", "--as-of", "2026-06-30", "--run-id", "older")
    assert second_night
    assert done.returncode != 0
    assert "answers for 2026-07-01" in done.stdout + done.stderr
    assert house.one("select gen, as_of from data_version") == before


def test_going_back_shows_the_first_night_again_and_forward_the_second(
    house: NightHouse, first_checksums: dict[str, tuple[str, str]], second_night: str
) -> None:
    live = house.one("select gen from data_version")["gen"]
    assert second_night
    assert "live generation is now 1" in house.succeed("rollback", "1")
    assert house.checksums() == first_checksums
    house.succeed("rollback", live)
    assert house.one("select gen from data_version")["gen"] == live


def test_the_day_before_built_again_from_raw_is_what_was_published_then(
    house: NightHouse, second_night: str, tmp_path: Path
) -> None:
    """Every mart of dbt: what came in since is in raw, and must not be seen."""
    assert second_night
    again, published = _built_again(house, 1, "2026-06-30", tmp_path)
    assert len(again) > 40
    assert again == published


def test_what_the_second_night_took_over_of_the_past_is_what_it_would_have_measured(
    house: NightHouse, second_night: str, tmp_path: Path
) -> None:
    took_over = re.search(r"took over (\d+) of (\d+) snapshots", second_night)
    assert took_over is not None
    # but for the day itself and the one before, a month end that the first night had not yet behind it
    assert int(took_over.group(1)) == int(took_over.group(2)) - 2 > 20
    # but for the day itself, and the month end that has become the oldest
    days = re.search(r"and (\d+) of (\d+) days of relationships", second_night)
    assert days is not None
    assert int(days.group(1)) == int(days.group(2)) - 2 > 10, second_night
    again, published = _built_again(house, 2, "2026-07-01", tmp_path)
    assert again == published


def _built_again(
    house: NightHouse, gen: int, day: str, target: Path
) -> tuple[dict[str, tuple[int, str]], dict[str, tuple[int, str]]]:
    """Build a day from raw, taking nothing over; return the checksums of all marts, and those that night had built."""
    with opened_house(load_settings(house.environment())) as opened:
        warehouse, schema = opened.warehouse, f"built_again_{gen}"
        with warehouse.connect(Role.TRANSFORMER) as connection:
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
            (published,) = connection.execute(
                "select max(nspname) from pg_namespace where nspname ~ %s", (f"^build_{gen}_",)
            ).fetchone() or ("",)
        variables = {"as_of_date": day, "timezone": "Asia/Shanghai", "currency": "CNY", "own_account_ids": []}
        build(warehouse, schema, target, variables, *NO_UNIT_TESTS, "--exclude-resource-type", "test")
        with warehouse.connect(Role.TRANSFORMER) as connection:
            again = _checksums(connection, schema)
            return again, {mart: _checksum(connection, published, mart) for mart in again}


def _checksums(connection: psycopg.Connection, schema: str) -> dict[str, tuple[int, str]]:
    names = connection.execute(
        "select tablename from pg_tables where schemaname = %s and tablename ~ '^(dim|fct)_'", (schema,)
    ).fetchall()
    return {name: _checksum(connection, schema, name) for (name,) in names}


def _checksum(connection: psycopg.Connection, schema: str, mart: str) -> tuple[int, str]:
    row = connection.execute(
        sql.SQL("select count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text from {} as t").format(
            sql.Identifier(schema, mart)
        )
    ).fetchone()
    return row or (0, "")


def test_no_secret_lies_in_logs_artefacts_or_mails(house: NightHouse, second_night: str) -> None:
    assert second_night
    secrets = {
        path.read_text(encoding="utf-8").strip() for path in (house.home / "secrets").iterdir() if path.is_file()
    } | {(house.home / "postgres" / "password").read_text(encoding="utf-8").strip()}
    assert len(secrets) >= 2
    looked_at = 0
    for path in house.home.rglob("*"):
        inside = path.relative_to(house.home).parts
        if not path.is_file() or inside[0] in {"secrets"} or inside[:2] == ("postgres", "password"):
            continue
        if inside[:2] == ("postgres", "data"):
            continue
        looked_at += 1
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path
    assert looked_at > 20


def test_a_killed_stage_and_a_re_run_give_the_rows_of_an_undisturbed_night(second: SecondNight) -> None:
    """The same night stage by stage, killed once, against the one that Airflow's DAG walked through in peace."""
    expected = {mart: "/".join(found) for mart, found in second.checksums.items()}
    # a night without Airflow is over sooner
    after = random.uniform(1, 0.6 * second.seconds)
    killed = faults.disturbed(second.before, 1, 150, after, expected)
    assert killed.is_equal, killed
    assert killed.reads > 0, killed
    assert (killed.mixed, killed.empty) == (0, 0), killed
