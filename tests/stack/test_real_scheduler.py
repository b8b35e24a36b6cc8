"""The whole house at work: `guanxi up`, a night through the real scheduler, and a scheduler that is killed in it."""

from __future__ import annotations

import email
import email.policy
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.canaries import canary, found_in_folder, found_in_server, found_in_text
from tests.conftest import ROOT
from tests.stack.running_stack import RunningStack, guanxi, stack_environment, wait_for
from warehouse.database import Role
from warehouse.house import opened_house
from warehouse.ledger import Live, live_generation
from warehouse.leftovers import find_leftovers
from warehouse.services import SERVICES
from warehouse.supervision import ServiceState, Supervision

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(1800), pytest.mark.xdist_group("stack")]

FIRST_DAY = "2026-06-30"


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """A small simulated company's stack. Afterwards nothing of it may be left running."""
    home = Path(tempfile.mkdtemp(prefix="guanxi-stack-"))
    home.chmod(0o755)  # its server may have to run as another user
    environment = stack_environment(
        home, ROOT / "examples" / "simulated", GUANXI_ACCOUNTS="60", GUANXI_ROLE_SECRET=canary("role")
    )
    running = RunningStack.start(environment, home / "up.log")
    try:
        yield running
    finally:
        status = running.stop()
        left = find_leftovers(home)
    assert status == 0, running.log.read_text()
    assert left == []
    assert not _listens(running.settings.api_port)
    assert not _listens(running.settings.mailbox_port)
    shutil.rmtree(home)


def test_every_service_runs(stack: RunningStack) -> None:
    states = {state.name: state.state for state in _states(stack)}
    assert states == {service.name: "RUNNING" for service in SERVICES}


def test_nothing_of_it_listens_to_other_machines(stack: RunningStack) -> None:
    listening = [
        connection.laddr
        for process in find_leftovers(stack.home)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.port for address in listening} >= {stack.settings.api_port, stack.settings.mailbox_port}
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_starting_the_house_starts_no_night(stack: RunningStack) -> None:
    runs = stack.call("/api/v2/dags/nightly/dagRuns?run_type=scheduled")
    assert runs["total_entries"] == 0
    assert stack.call("/api/v2/dags/nightly")["is_paused"] is False
    assert stack.call("/api/v2/importErrors")["total_entries"] == 0


def test_a_second_stack_in_the_same_house_is_refused(stack: RunningStack) -> None:
    second = subprocess.run(
        [guanxi(), "up"], cwd=ROOT, env=stack.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert "it runs already" in second.stderr
    assert stack.process.poll() is None


def test_no_secret_stands_on_a_command_line(stack: RunningStack) -> None:
    folder = stack.home / "airflow" / "secrets"
    secrets = [file.read_text().strip() for file in folder.iterdir()]
    lines = [" ".join(process.cmdline()) for process in find_leftovers(stack.home)]
    assert len(secrets) > 5
    assert len(lines) > len(SERVICES)
    assert not [line for line in lines for secret in secrets if secret in line]


@pytest.fixture(scope="module")
def erp_password(stack: RunningStack) -> str:
    """The database of ERP and CRM lets in only the user that the sources' Airflow connections name."""
    words = [guanxi(), "simulate", "--as-of", FIRST_DAY]
    subprocess.run(words, cwd=ROOT, env=stack.environment, check=True, timeout=300)
    password = canary("erp")
    with opened_house(stack.settings) as house, house.warehouse.connect_admin() as connection:
        connection.execute(f"create role canary_reader login password '{password}' in role guanxi_loader".encode())
        connection.execute(f"revoke connect on database {house.erp_database} from public".encode())
        connection.execute(f"grant connect on database {house.erp_database} to canary_reader".encode())
        fields = {"host": house.warehouse.host, "port": house.warehouse.port, "schema": house.erp_database}
    who = {"conn_type": "postgres", "login": "canary_reader", "password": password}
    for source in ("erp", "crm_db"):
        stack.call("/api/v2/connections", who | fields | {"connection_id": f"guanxi_{source}"})
    return password


@pytest.fixture(scope="module")
def killed_night(stack: RunningStack, erp_password: str) -> tuple[str, int]:
    """A night that is triggered through the API, whose scheduler is killed in the middle; its name and that process."""
    assert erp_password
    run_id = stack.trigger(as_of=FIRST_DAY)
    stack.wait_for_task(run_id, "transform", "running")
    killed = next(state.pid for state in _states(stack) if state.name == "scheduler")
    psutil.Process(killed).send_signal(signal.SIGKILL)
    assert stack.wait_for_end(run_id) == "success", stack.task_states(run_id)
    return run_id, killed


def test_a_night_that_is_triggered_through_the_api_is_published_and_told(
    stack: RunningStack, killed_night: tuple[str, int]
) -> None:
    run_id, _ = killed_night
    live = _live(stack)
    assert live is not None
    assert (live.as_of.isoformat(), live.run_id) == (FIRST_DAY, run_id)
    assert _mails(stack), "the account managers got their lists"


def test_a_scheduler_killed_in_the_middle_of_a_night_comes_back_and_ends_it(
    stack: RunningStack, killed_night: tuple[str, int]
) -> None:
    run_id, killed = killed_night
    scheduler = next(state for state in _states(stack) if state.name == "scheduler")
    assert scheduler.state == "RUNNING"
    assert scheduler.pid != killed
    assert stack.tries(run_id, "publish") == 1
    log = Supervision(stack.home / "stack").log("scheduler").read_text(errors="replace")
    assert "that the last scheduler had left" in log


def test_the_night_s_page_is_opened_in_airflow_by_who_is_logged_in(
    stack: RunningStack, killed_night: tuple[str, int]
) -> None:
    run_id, _ = killed_night
    stack.wait_for_task(run_id, "tell_operators", "success")
    of_task = f"/api/v2/dags/nightly/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/tell_operators/links"
    (link,) = stack.call(of_task)["extra_links"].values()
    assert f"Night of {FIRST_DAY}" in stack.page(link)
    assert "report.html" in stack.page("/nights/index.html")
    with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
        stack.page(link, is_logged_in=False)


@pytest.mark.usefixtures("killed_night")
def test_the_relationships_to_review_are_mailed_once_however_often_the_dag_runs(stack: RunningStack) -> None:
    assert stack.call("/api/v2/dags/review_relationships")["is_paused"] is False
    lists = set(_mails(stack))
    for _ in range(2):
        run_id = stack.trigger("review_relationships")
        assert stack.wait_for_end(run_id, "review_relationships") == "success"
    mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in _mails(stack)
             if file not in lists]  # fmt: skip
    recipients = [str(mail["To"]) for mail in mails]
    assert recipients
    assert len(set(recipients)) == len(recipients)
    assert all(str(mail["Message-ID"]).startswith("<review.") for mail in mails)


@pytest.mark.usefixtures("killed_night")
def test_nights_under_airflow_leave_no_secret_in_a_table_a_log_or_a_file(
    stack: RunningStack, erp_password: str
) -> None:
    """Tables of Airflow's metadata too: XComs, rendered fields, logs; its own table of connections is encrypted."""
    ours, airflow = stack.home / "secrets", stack.home / "airflow"
    planted = {"erp": erp_password, "roles": stack.environment["GUANXI_ROLE_SECRET"]}
    planted |= {file.name: file.read_text() for file in (airflow / "secrets").iterdir() if not file.suffix}
    with opened_house(stack.settings) as house:
        planted |= {role.value: house.warehouse.password(role.value) for role in Role}
        assert found_in_server(house.server_url, planted) == []
    said = stack.home / "up.log"  # what the person who started the stack was told, the login among it
    kept = [ours, airflow / "secrets", airflow / "passwords.json", stack.home / "postgres" / "data", said]
    assert found_in_folder(stack.home, planted, but=kept) == []
    assert found_in_text(said.read_bytes(), planted) == ["login"]


def test_postgresql_that_dies_comes_back_and_airflow_with_it(stack: RunningStack) -> None:
    killed = _postmaster(stack)
    psutil.Process(killed).kill()
    wait_for(lambda: _postmaster(stack) not in {None, killed}, seconds=90, what="a new PostgreSQL starts")
    wait_for(lambda: _airflow_is_healthy(stack), seconds=120, what="Airflow is healthy")
    with opened_house(stack.settings) as house, house.warehouse.connect_admin() as connection:
        assert connection.execute("select count(*) > 0 from pg_class").fetchone() == (True,)


def _postmaster(stack: RunningStack) -> int | None:
    """Return the number of PostgreSQL's first process, as its own file has it."""
    try:
        return int((stack.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return None


def _airflow_is_healthy(stack: RunningStack) -> bool:
    try:
        parts = stack.call("/api/v2/monitor/health")
    except OSError:  # URLError is one
        return False
    running = all(state.state == "RUNNING" for state in _states(stack))
    return running and all(part["status"] == "healthy" for part in parts.values())


def _states(stack: RunningStack) -> list[ServiceState]:
    return Supervision(stack.home / "stack").states() or []


def _live(stack: RunningStack) -> Live | None:
    with opened_house(stack.settings) as house, house.warehouse.connect(Role.PUBLISHER) as connection:
        return live_generation(connection)


def _mails(stack: RunningStack) -> list[Path]:
    return sorted((stack.home / "company" / "simulated" / "mail").glob("*.eml"))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
