"""Where a database source's URL comes from, and what is said of one that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sources.databases.address import DatabaseAddress, database_address
from sources.errors import SourceUnreachableError
from sources.mapping.mapping import SourceMapping
from sources.mapping.reader import read_mapping
from tests.sources.test_erp_database import SOURCE
from tests.sources.workshop import Workshop

ERP = "postgresql://erp:s3cret@erp.example/erp"
OWN = "mysql://shop:s3cret@shop.example/shop"
CREDENTIALS = {"GUANXI_SOURCE_SHOP": json.dumps({"url": OWN})}


def _mapping(workshop: Workshop, **source: Any) -> SourceMapping:
    workshop.source = {key: value for key, value in SOURCE.items() if key != "url"} | source
    return read_mapping(workshop.company(), "shop")


def test_a_source_without_a_url_takes_its_own_credentials_before_the_erps(workshop: Workshop, tmp_path: Path) -> None:
    mapping = _mapping(workshop)
    assert database_address(mapping, erp_url=ERP, environment={}).url == ERP
    assert database_address(mapping, erp_url=ERP, environment=CREDENTIALS).url == OWN
    file = tmp_path / "secret.json"
    file.write_text(CREDENTIALS["GUANXI_SOURCE_SHOP"])
    assert database_address(mapping, erp_url=ERP, environment={"GUANXI_SOURCE_SHOP_FILE": str(file)}).url == OWN


def test_a_url_that_is_said_is_used(workshop: Workshop) -> None:
    said = _mapping(workshop, url="${GUANXI_ERP_URL}")
    assert database_address(said, erp_url=ERP, environment=CREDENTIALS).url == ERP
    written = _mapping(workshop, url="mariadb://x@y/z")
    assert database_address(written, erp_url=ERP, environment=CREDENTIALS).is_mysql


def test_the_parts_of_a_url() -> None:
    address = DatabaseAddress("mysql://a%40b:p%2F%C3%B6%3A@h:1/d%20b?ssl-mode=REQUIRED&ssl-ca=%2Fx.pem", "")
    assert (address.user, address.password, address.host, address.port, address.database) == (
        "a@b", "p/ö:", "h", 1, "d b",
    )  # fmt: skip
    assert address.options == {"ssl-mode": "REQUIRED", "ssl-ca": "/x.pem"}
    assert "p%2F" not in repr(address)
    ports = {scheme: DatabaseAddress(f"{scheme}://h/d", "").port for scheme in ("mysql", "mariadb", "postgresql")}
    assert ports == {"mysql": 3306, "mariadb": 3306, "postgresql": 5432}


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("s3cret", "no URL"),
        ("oracle://u:s3cret@h/d", "a URL that begins with oracle://"),
        ("mysql://u:s3cret/@h/d", "a URL that cannot be read"),
        ("mysql://u:s3cr#et@h/d", "a URL that cannot be read"),
        ("mysql://u:s3cret@h:port/d", "a URL that cannot be read"),
        ("mysql://u:s3cret@[h/d", "a URL that cannot be read"),
    ],
)
def test_a_url_that_is_none(workshop: Workshop, url: str, seen: str) -> None:
    mapping = _mapping(workshop)
    for erp_url, environment in ((url, {}), (ERP, {"GUANXI_SOURCE_SHOP": json.dumps({"url": url})})):
        with pytest.raises(SourceUnreachableError) as caught:
            database_address(mapping, erp_url=erp_url, environment=environment)
        assert caught.value.seen == seen
        assert "s3cret" not in str(caught.value)
        assert "s3cr#et" not in str(caught.value)


def test_no_url_at_all_names_both_ways_to_give_one(workshop: Workshop) -> None:
    with pytest.raises(SourceUnreachableError) as caught:
        database_address(_mapping(workshop), erp_url=None, environment={})
    assert "GUANXI_ERP_URL is not set" in str(caught.value)
    assert "GUANXI_SOURCE_SHOP" in str(caught.value)
