"""docker-compose.yml against its promises, and against the local stack. No engine is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse.airflow_home import AirflowHome, airflow_environment
from warehouse.services import SERVICES
from warehouse.settings import ROOT, Settings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
NAMES = sorted(COMPOSE["services"])
HOUSE = [name for name in NAMES if name != "postgres"]
# What cannot be equal in a container: addresses, folders, and where a secret's file lies.
PLACES = {"API__HOST", "API__PORT", "API__BASE_URL", "CORE__EXECUTION_API_SERVER_URL", "CORE__DAGS_FOLDER"} | {
    "CORE__PLUGINS_FOLDER"
}


def _service(name: str) -> dict[str, Any]:
    return dict(COMPOSE["services"][name])


def test_it_holds_the_services_of_the_local_stack_and_the_preparation() -> None:
    assert set(NAMES) == {service.name for service in SERVICES} | {"airflow-init"}


@pytest.mark.parametrize("service", [each for each in SERVICES if each.name != "postgres"], ids=lambda each: each.name)
def test_a_service_runs_the_command_of_the_local_stack(service: Any) -> None:
    values = {"mailbox_host": "0.0.0.0", "mailbox_port": "8025", "mail_folder": "/var/lib/guanxi/mail"}
    assert _service(service.name)["command"] == [word.format_map(values) for word in service.words]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_hardened(name: str) -> None:
    service = _service(name)
    assert int(service["user"].split(":")[0]) > 0, "not root"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    assert service["tmpfs"], "a read-only root needs a place for temporary files"
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"]
    assert "docker.sock" not in str(service)
    assert service["restart"] in {"unless-stopped", "on-failure:3"}


@pytest.mark.parametrize("name", NAMES)
def test_a_service_proves_its_health(name: str) -> None:
    check = _service(name)["healthcheck"]
    if name == "airflow-init":
        assert check == {"disable": True}, "it runs once and ends"
    else:
        assert check["test"][0] == "CMD"
        assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@pytest.mark.parametrize("name", NAMES)
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    service = _service(name)
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
        assert set(service["networks"]) - {"inside"}, "an internal network publishes nothing"
    assert "inside" in service["networks"]
    assert service.get("network_mode") is None


def test_the_network_between_the_services_has_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name in NAMES if "outside" in _service(name)["networks"]} == {"api-server", "scheduler", "alarm"}


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    service = _service(name)
    for variable, value in service.get("environment", {}).items():
        secret = re.search(r"PASSWORD|SECRET|KEY|_URL|CONN(_|$)", variable)
        if secret and not variable.endswith(("BASE_URL", "SERVER_URL")):
            # a path or a command that reads one
            assert variable.endswith(("_FILE", "_CMD")), variable
            assert "/run/secrets/" in value or value.endswith("passwords.json"), variable
    assert not re.search(r"://[^\s/]+:[^\s/]+@", str(service))


@pytest.mark.parametrize("name", NAMES)
def test_a_service_gets_the_secrets_it_names_and_every_secret_is_made(name: str) -> None:
    service = _service(name)
    named = set(re.findall(r"/run/secrets/(\w+)", str(service.get("environment", {}))))
    given = set(service["secrets"])
    if name != "airflow-init":  # runs Airflow alone, so the warehouse's secrets stay away from it
        assert named <= given
    made = (ROOT / "docker" / "make_secrets.py").read_text(encoding="utf-8")
    assert all(f'"{secret}":' in made for secret in given)
    assert given <= set(COMPOSE["secrets"])


def test_every_secret_comes_from_a_file_that_git_ignores() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert "/secrets/" in ignored
    assert all(set(each) == {"file"} and each["file"].startswith("./secrets/") for each in COMPOSE["secrets"].values())


def test_images_name_an_exact_version() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    images = [_service(name)["image"] for name in NAMES] + re.findall(r"^FROM (\S+)", dockerfile, re.M)
    assert all(re.search(r":\d+\.\d+[.\w-]*$", image) for image in images), images


def test_the_image_installs_from_the_lock_and_runs_as_a_user_without_rights() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER 50000:50000$", dockerfile, re.M)
    assert not re.search(r"^ADD |curl|wget|--index-url", dockerfile, re.M)


@pytest.mark.parametrize("name", ["api-server", "scheduler", "dag-processor", "triggerer", "airflow-init"])
def test_airflow_is_set_as_in_the_local_stack(name: str, tmp_path: Path) -> None:
    local = airflow_environment(Settings(), AirflowHome(tmp_path / "airflow"), timezone="Asia/Shanghai")
    ours = {key: value for key, value in _service(name)["environment"].items() if key.startswith("AIRFLOW__")}
    theirs = {key: value for key, value in local.items() if key.startswith("AIRFLOW__")}
    assert set(ours) == set(theirs)
    for key, value in theirs.items():
        if key.removeprefix("AIRFLOW__") not in PLACES and str(tmp_path) not in value:
            assert ours[key] == value, key


def test_nothing_starts_before_the_preparation_is_done() -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        after = _service(name)["depends_on"]
        assert after["airflow-init"] == {"condition": "service_completed_successfully"}
        assert after["postgres"] == {"condition": "service_healthy"}


def test_every_file_that_compose_mounts_or_runs_is_there() -> None:
    mounted = [*re.findall(r"\./(docker/[\w.]+)", str(COMPOSE)), "docker/airflow_init.py"]
    assert mounted
    assert all((ROOT / path).exists() for path in mounted)
    assert (ROOT / "docker" / "postgres_init.sh").stat().st_mode & 0o111
