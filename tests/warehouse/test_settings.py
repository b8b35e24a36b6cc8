"""The settings: what is wrong is told at once, and no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.company import load_company
from warehouse.database import Warehouse
from warehouse.house import House
from warehouse.settings import ROOT, BadSettingsError, Settings, load_settings

CANARY = "c4n4ry-s3cr3t"
SECRETS = {
    "GUANXI_WAREHOUSE_URL": f"postgresql://admin:{CANARY}@db.example:5432/guanxi",
    "GUANXI_AIRFLOW_DATABASE_URL": f"postgresql://airflow:{CANARY}@db.example/airflow",
    "GUANXI_ERP_URL": f"postgresql://erp:{CANARY}@erp.example/erp",
    "GUANXI_SMTP_URL": f"smtp://mailer:{CANARY}@mail.example:587?starttls=1",
    "GUANXI_ALERT_WEBHOOK": f"https://hooks.example/services/{CANARY}",
    "GUANXI_ROLE_SECRET": CANARY,
}


def test_without_any_variable_there_are_defaults_for_everything() -> None:
    assert load_settings({}) == load_settings({"HOME": "/nowhere", "GUANXI_DATA": ""})
    assert load_settings({}).keep_generations == 7


def test_everything_wrong_is_named_in_one_error() -> None:
    with pytest.raises(BadSettingsError) as wrong:
        load_settings(
            {
                "GUANXI_WAREHOUSE_URL": f"mysql://u:{CANARY}@h/d",
                "GUANXI_ERP_URL": f"postgresql://u:{CANARY}@h:port/d",
                "GUANXI_SMTP_URL": f"http://{CANARY}",
                "GUANXI_KEEP_GENERATIONS": "1",
                "GUANXI_THREADS": "many",
                "GUANXI_TIMEZONE": "Mars/Olympus",
                "GUANXI_LOG_LEVEL": "loud",
                "GUANXI_WAREHOSUE_URL": CANARY,
                "GUANXI_DATA_FOLDER": "x",
                "GUANXI_ROLE_SECRET_FILE": f"/nowhere/{CANARY}",
            }
        )
    for name in (
        "GUANXI_WAREHOUSE_URL", "GUANXI_ERP_URL", "GUANXI_SMTP_URL", "GUANXI_KEEP_GENERATIONS", "GUANXI_THREADS",
        "GUANXI_TIMEZONE", "GUANXI_LOG_LEVEL", "GUANXI_ROLE_SECRET_FILE",
    ):  # fmt: skip
        assert name in wrong.value.seen
    for name in ("GUANXI_WAREHOSUE_URL", "GUANXI_DATA_FOLDER"):
        assert f"{name} is not a setting" in wrong.value.seen
    assert CANARY not in str(wrong.value)
    assert CANARY not in repr(wrong.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUANXI_ALERT_WEBHOOK", f"http://hooks.example/{CANARY}"),
        ("GUANXI_ALERT_WEBHOOK", f"{CANARY}"),
        ("GUANXI_ALERT_WEBHOOK_KIND", "pigeon"),
        ("GUANXI_OPERATORS", "ann@ops.example, bob"),
        ("GUANXI_NIGHT_DEADLINE", "25:00"),
        ("GUANXI_NIGHT_DEADLINE", "7"),
        ("GUANXI_KEEP_GENERATIONS", "401"),
        ("GUANXI_POSTGRES_PORT", "70000"),
        ("GUANXI_API_PORT", "0"),
        ("GUANXI_ACCOUNTS", "9"),
        ("GUANXI_TIMEZONE", "Berlin"),
        ("GUANXI_WAREHOUSE_URL", "db.example/guanxi"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadSettingsError) as wrong:
        load_settings({name: value})
    assert wrong.value.seen.startswith(name)


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{CANARY}\n", encoding="utf-8")
    settings = load_settings({"GUANXI_ROLE_SECRET_FILE": str(file)})
    assert settings.role_secret is not None
    assert settings.role_secret.get_secret_value() == CANARY


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(CANARY, encoding="utf-8")
    with pytest.raises(BadSettingsError, match="GUANXI_ROLE_SECRET and GUANXI_ROLE_SECRET_FILE are both set"):
        load_settings({"GUANXI_ROLE_SECRET_FILE": str(file), "GUANXI_ROLE_SECRET": "other"})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSettingsError, match="not UTF-8"):
        load_settings({"GUANXI_ROLE_SECRET_FILE": str(file)})


def test_what_a_command_tells_its_children_is_no_unknown_setting() -> None:
    assert load_settings({"GUANXI_PROGRESS_FILE": "/nowhere", "GUANXI_COMMAND": "x"}) == load_settings({})


def test_no_secret_is_in_the_text_of_settings_house_or_warehouse() -> None:
    settings = load_settings(SECRETS)
    url = SECRETS["GUANXI_WAREHOUSE_URL"]
    warehouse = Warehouse(url, CANARY)
    house = House(settings, load_company(str(ROOT / "tests" / "data" / "tiny")), warehouse, url)
    for thing in (settings, warehouse, house):
        assert CANARY not in repr(thing)
        assert CANARY not in str(thing)
        assert CANARY not in f"{thing}"
    assert CANARY not in settings.model_dump_json()


def test_the_example_file_lists_exactly_the_settings_with_values_that_work() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert list(pairs) == [f"GUANXI_{name.upper()}" for name in Settings.model_fields]
    assert load_settings(pairs) == load_settings({})


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_erp_may_be_of_either_kind() -> None:
    for url in ("postgresql://u@h/d", "postgres://u@h/d", "mysql://u:p@h:3306/d", "mariadb://u:p@h/d"):
        erp_url = load_settings({"GUANXI_ERP_URL": url}).erp_url
        assert erp_url is not None
        assert erp_url.get_secret_value() == url
    with pytest.raises(BadSettingsError, match="must begin with postgresql:// or mysql://"):
        load_settings({"GUANXI_ERP_URL": "oracle://u@h/d"})
