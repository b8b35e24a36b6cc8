"""What a person sees when the company's files are not what they were."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.corner_shop import CUSTOMERS, GOOD_RUN, NEXT_DAY, SALES, Shop, customers, write_csv

# dead_post: the delivery that test_bad_input_when_mailing waits for begins here, so that it waits beside these
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop"), pytest.mark.usefixtures("dead_post")]

DAY = NEXT_DAY.isoformat()
RUN = "next"


def _write(folder: Path, *, header: list[str] | None = None, rows: list[list[str]], encoding: str = "utf-8") -> None:
    write_csv(folder / "customers.csv", header or CUSTOMERS, rows, encoding=encoding)


def _changed(row: int, column: str, value: str) -> list[str]:
    changed = list(customers()[row])
    changed[CUSTOMERS.index(column)] = value
    return changed


def _without_manager(folder: Path) -> None:
    place = CUSTOMERS.index("manager")
    rows = [[*row[:place], *row[place + 1 :]] for row in [CUSTOMERS, *customers()]]
    _write(folder, header=rows[0], rows=rows[1:])


def _renamed_manager(folder: Path) -> None:
    header = ["Account Manager" if name == "manager" else name for name in CUSTOMERS]
    _write(folder, header=header, rows=customers())


def _in_gb18030(folder: Path) -> None:
    _write(folder, rows=customers(), encoding="gb18030")


def _no_byte(folder: Path) -> None:
    (folder / "customers.csv").write_bytes(b"")


def _no_file(folder: Path) -> None:
    (folder / "staff.csv").unlink()


def _cut_archive(folder: Path) -> None:
    file = folder / "sales_old.csv.gz"
    file.write_bytes(file.read_bytes()[:3000])


def _cut_in_a_line(folder: Path) -> None:
    file = folder / "customers.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rindex(b",")])


def _cut_after_a_line(folder: Path) -> None:
    _write(folder, rows=customers()[:12])


def _amounts_with_a_currency(folder: Path) -> None:
    rows = [[f"N{number}", f"N{number}-1", "K01", DAY, "tea-1", "1", "EUR 12,50"] for number in range(12)]
    write_csv(folder / "sales_new.csv", SALES, rows)


def _a_key_twice_and_dates_to_come(folder: Path) -> None:
    changed = [_changed(number, "since", "2031-01-01") for number in range(2)]
    _write(folder, rows=[*changed, *customers()[2:], _changed(4, "region", "south-west")])


def _opened(shop: Shop) -> None:
    if shop.query("select 1 from ops.runs where run_id = 'next' and state = 'building'") == []:
        shop.succeed("open", "--run-id", RUN, "--as-of", DAY)


CUSTOMERS_FILE = "customers.csv of source till"
SALES_FILE = "sales_old.csv.gz of source till"


@pytest.mark.parametrize(
    ("spoil", "status", "thing", "words"),
    [
        (_without_manager, 1, CUSTOMERS_FILE, ["no column manager"]),
        (_renamed_manager, 1, CUSTOMERS_FILE, ["manager (now Account Manager?)", "company.yml"]),
        (_amounts_with_a_currency, 3, "net_amount of order_lines", ["none of 12 values is a numeric"]),
        (_no_byte, 1, CUSTOMERS_FILE, ["no content at all"]),
        (_no_file, 1, "source till, dataset staff", ["no file matches staff.csv"]),
        (_cut_archive, 1, SALES_FILE, ["the compressed data end in the middle"]),
        (_cut_in_a_line, 1, CUSTOMERS_FILE, ["line 31 has 5 fields", "6 fields"]),
        (_cut_after_a_line, 1, "source till", ["18 of 30"]),
        (_in_gb18030, 1, CUSTOMERS_FILE, ["is not utf-8", "gb18030"]),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_file_that_is_not_what_it_was_is_named_and_nothing_of_it_is_loaded(
    shop: Shop, files: Path, spoil: Callable[[Path], None], status: int, thing: str, words: list[str]
) -> None:
    _opened(shop)
    spoil(files)
    said = shop.with_settings(GUANXI_DATA=files).refused("extract", "--run-id", RUN, status=status)
    assert thing in said.splitlines()[0]
    assert [word for word in words if word not in said] == []
    assert "青石" not in said, "a customer's name is nobody's business in a log"


def test_what_a_gate_refused_can_be_looked_at_and_the_run_says_how_to_go_on(shop: Shop, files: Path) -> None:
    _opened(shop)
    _a_key_twice_and_dates_to_come(files)
    said = shop.with_settings(GUANXI_DATA=files).refused("extract", "--run-id", RUN, status=3)
    assert said.splitlines()[0] == "error: source till, entity accounts"
    assert "duplicate_key 2 (e.g. K05, K05), future_date 2 (e.g. K01, K02)" in said
    assert "at most 1" in said
    assert "guanxi quarantine" in said

    rows = list(csv.DictReader(io.StringIO(shop.succeed("quarantine", "--run-id", RUN))))
    newest = [row for row in rows if row["noted_at"] == rows[0]["noted_at"]]
    assert sorted((row["rule"], row["record_id"]) for row in newest) == [
        ("duplicate_key", "K05"), ("duplicate_key", "K05"), ("future_date", "K01"), ("future_date", "K02"),
    ]  # fmt: skip
    assert any("south-west" in row["row"] for row in newest)

    said = shop.refused("extract", "--run-id", RUN)
    assert said.splitlines()[0] == "error: extract of next"
    assert f"guanxi open --run-id {RUN} --as-of {DAY}" in said
    assert "rejected" in shop.succeed("status")


def test_a_folder_that_does_not_exist_is_told_with_the_setting_that_names_it(shop: Shop, tmp_path: Path) -> None:
    _opened(shop)
    said = shop.with_settings(GUANXI_DATA=tmp_path / "not there").refused("extract", "--run-id", RUN)
    assert "not there does not exist" in said
    assert "GUANXI_DATA" in said


def test_a_few_bad_rows_are_told_and_the_night_goes_on_until_too_many_orders_have_no_account(
    shop: Shop, files: Path
) -> None:
    shop = shop.copy("unknown_accounts").with_settings(GUANXI_DATA=files)
    good = [f"N{number}-1,K0{number},{DAY},tea-1,2,25.00".split(",") for number in range(1, 5)]
    rows = [[line.split("-")[0], line, *rest] for line, *rest in good]
    unknown = ["N9", "N9-1", "K99", DAY, "tea-1", "1", "12.50"]
    future = ["N8", "N8-1", "K01", "2026-02-01", "tea-1", "1", "12.50"]
    write_csv(files / "sales_new.csv", SALES, [*rows, rows[0], unknown, future])
    shop.succeed("open", "--run-id", RUN, "--as-of", DAY)
    said = shop.succeed("extract", "--run-id", RUN)
    assert "order_lines: 6 extracted, 5 new, 0 changed, 0 unchanged, 1 quarantined; 1 rows wait for their day" in said
    assert "duplicate_row: 1" in said
    said = shop.succeed("check", "raw", "--run-id", RUN)
    (warning,) = [line for line in said.splitlines() if "belongs to an account we know" in line]
    assert warning.startswith("warning: raw_orders:")
    assert "Seen 1, promised 0." in warning
    assert "unknown_account,N9," in shop.succeed("quarantine", "--run-id", RUN)

    strangers = [[f"S{number}", f"S{number}-1", "K98", DAY, "tea-1", "1", "9.00"] for number in range(20)]
    write_csv(files / "sales_strangers.csv", SALES, strangers)
    shop.succeed("open", "--run-id", RUN, "--as-of", DAY)
    shop.succeed("extract", "--run-id", RUN)
    said = shop.refused("check", "raw", "--run-id", RUN, status=3)
    assert said.startswith("error: check raw: 1 promise broken")
    assert "raw_orders: Hardly any order belongs to an unknown account" in said
    assert "the last good night stays live" in said
    assert shop.query("select run_id from ops.published join ops.runs using (gen)") == [(GOOD_RUN,)]
