"""Files in an S3-compatible store, read over HTTP: which are read when, and what stops it."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sources.api.connector import Finding
from sources.api.http import Patience
from sources.errors import SourceUnreachableError
from sources.files.findings import file_findings
from sources.files.store import MissingDataError
from sources.first_draft import blank_options, first_draft
from sources.mapping.reader import BadMappingError, read_mapping
from sources.outside import Outside
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, Fault, S3Server, Shown, running_s3
from tests.sources.workshop import Workshop
from warehouse.company import SourceEntry
from warehouse.embedded import free_port
from warehouse.errors import Problem

pytestmark = pytest.mark.xdist_group("s3")

HEADER = "order,customer,day,amount\n"
PREFIX = "exports/of [day]*"


@pytest.fixture(scope="module")
def served() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def store(served: S3Server, workshop: Workshop) -> Iterator[S3Server]:
    """A store with two days' files, and a workshop that reads them."""
    served.client.create_bucket(Bucket=served.bucket)
    served.asked.clear()
    _put(served, "01", (1, 2))
    _put(served, "02", (3,))
    served.put("exports/elsewhere.csv", b"no file of ours")
    workshop.source |= {"path": f"s3://{served.bucket}/{PREFIX}", "settings": {"endpoint": served.url}}
    secret = json.dumps({"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY})
    workshop.outside = {
        "environment": {"GUANXI_SOURCE_SHOP": secret},
        "allows_private": True,
        "patience": Patience(attempts=1),
    }
    yield served
    served.faults.clear()
    for each in served.client.list_objects_v2(Bucket=served.bucket).get("Contents", []):
        served.delete(each["Key"])
    served.client.delete_bucket(Bucket=served.bucket)


def _put(store: S3Server, day: str, orders: tuple[int, ...], *, amount: int = 1) -> None:
    rows = "".join(f"{order},客户 {order},2026-01-{day},{amount}\n" for order in orders)
    store.put(f"{PREFIX}/day {day}.csv", (HEADER + rows).encode())


def _copies(workshop: Workshop) -> list[Path]:
    return [path for path in (workshop.folder / "runs").rglob("*") if "files-" in str(path)]


def _refused(workshop: Workshop, kind: type[Problem]) -> str:
    with pytest.raises(Problem) as caught:
        workshop.extract("2026-01-05")
    assert type(caught.value) is kind
    text = str(caught.value)
    assert SECRET_KEY not in text
    assert ACCESS_KEY not in text
    assert _copies(workshop) == []
    return text


def test_first_load_then_nothing_then_a_changed_a_new_and_a_vanished_file(workshop: Workshop, store: S3Server) -> None:
    first = workshop.counts("2026-01-05")["order_lines"]
    assert (first.extracted, first.new) == (3, 3)
    assert _copies(workshop) == []
    second = workshop.counts("2026-01-06")["order_lines"]
    assert (second.extracted, second.new, second.changed, second.deleted) == (0, 0, 0, 0)
    assert store.reads_of(f"{PREFIX}/day 01.csv") == 1
    _put(store, "01", (1, 2), amount=7)
    _put(store, "03", (4, 5))
    store.delete(f"{PREFIX}/day 02.csv")
    third = workshop.counts("2026-01-07")["order_lines"]
    assert (third.extracted, third.new, third.changed, third.deleted) == (4, 2, 2, 0)
    assert workshop.query(
        "select record_id, net_amount::int from (select distinct on (record_id) * from raw.order_lines"
        " order by record_id, known_at desc) as newest order by 1"
    ) == [("1", 7), ("2", 7), ("3", 1), ("4", 1), ("5", 1)]


def test_a_full_dataset_loses_what_a_vanished_file_held(workshop: Workshop, store: S3Server) -> None:
    workshop.source["datasets"]["lines"]["mode"] = "full"
    assert workshop.counts("2026-01-05")["order_lines"].new == 3
    again = workshop.counts("2026-01-06")["order_lines"]
    assert (again.unchanged, again.new) == (3, 0)
    store.delete(f"{PREFIX}/day 02.csv")
    gone = workshop.counts("2026-01-07")["order_lines"]
    assert (gone.unchanged, gone.deleted) == (2, 1)


def test_the_same_content_put_again_is_not_read_again(workshop: Workshop, store: S3Server) -> None:
    workshop.extract("2026-01-05")
    _put(store, "01", (1, 2))
    assert workshop.counts("2026-01-06")["order_lines"].extracted == 0


def test_every_format_is_read_from_a_store(workshop: Workshop, store: S3Server) -> None:
    store.put(f"{PREFIX}/a.CSV.GZ", gzip.compress((HEADER + "11,x,2026-01-05,1\n").encode()))
    book, page = openpyxl.Workbook(), io.BytesIO()
    book.active.append(HEADER.strip().split(","))
    book.active.append([12, "x", "2026-01-05", 1])
    book.save(page)
    store.put(f"{PREFIX}/deep/b.xlsx", page.getvalue())
    table, columns = io.BytesIO(), {"order": [13], "customer": ["x"], "day": ["2026-01-05"], "amount": [1.5]}
    pq.write_table(pa.table(columns), table)
    store.put(f"{PREFIX}/deep/er/c.parquet", table.getvalue())
    workshop.source["datasets"]["lines"]["files"] = ["*.GZ", "**/*.xlsx", "deep/*/*.parquet"]
    assert workshop.counts("2026-01-05")["order_lines"].new == 3
    assert workshop.query("select name from ops.files order by 1") == [
        ("a.CSV.GZ",), ("deep/b.xlsx",), ("deep/er/c.parquet",),
    ]  # fmt: skip


def test_one_object_can_be_the_source(workshop: Workshop, store: S3Server) -> None:
    workshop.source["path"] = f"s3://{store.bucket}/{PREFIX}/day 01.csv"
    assert workshop.counts("2026-01-05")["order_lines"].new == 2


def test_a_bucket_open_to_all_needs_no_credentials(workshop: Workshop, store: S3Server) -> None:
    policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    store.client.put_bucket_policy(Bucket=store.bucket, Policy=json.dumps({"Statement": [policy]}))
    workshop.outside["environment"] = {}
    workshop.source["settings"]["anonymous"] = True
    assert workshop.counts("2026-01-05")["order_lines"].new == 3


@pytest.mark.parametrize(
    ("shown", "part", "told"),
    [
        ("denied", "list-type", "access denied (AccessDenied)"),
        ("denied", "day 01", "day 01.csv of source shop (s3://lake): access denied (AccessDenied)"),
        ("skewed", "list-type", "the store's clock and ours are too far apart (RequestTimeTooSkewed)"),
        ("wrong_key", "list-type", "the credentials were refused (SignatureDoesNotMatch)"),
        ("gone", "day 01", "day 01.csv of source shop (s3://lake): it was listed, and was gone when it was read"),
        ("broken", "day 01", "day 01.csv of source shop (s3://lake): the store failed (InternalError)"),
        ("cut", "day 01", "day 01.csv of source shop (s3://lake): the download broke off"),
    ],
)
def test_what_goes_wrong_is_told(workshop: Workshop, store: S3Server, shown: Shown, part: str, told: str) -> None:
    store.faults.append(Fault(shown, part))
    place, rows = _findings(workshop)
    assert place.is_well
    assert not rows.is_well
    assert told in rows.told
    assert rows.next_step
    assert SECRET_KEY not in rows.told + rows.next_step


def test_a_file_that_cannot_be_read_loads_nothing_and_the_next_try_loads_all(
    workshop: Workshop, store: S3Server
) -> None:
    store.faults.append(Fault("gone", "day 02"))
    assert "was gone when it was read" in _refused(workshop, MissingDataError)
    assert workshop.query("select count(*) from raw.order_lines") == [(0,)]
    store.faults.clear()
    assert workshop.counts("2026-01-05")["order_lines"].new == 3


def _findings(workshop: Workshop) -> list[Finding]:
    mapping, outside = read_mapping(workshop.company(), "shop"), Outside(workshop.folder, **workshop.outside)
    return list(
        file_findings(mapping, company_folder=workshop.folder, outside=outside, progress=workshop.progress.append)
    )


def test_an_object_that_changes_between_listing_and_reading_is_read_another_time(
    workshop: Workshop, store: S3Server
) -> None:
    def tell(_: str) -> None:  # after the first file has been read, the second is written anew
        _put(store, "02", (3, 4, 5))

    workshop.tell = tell
    assert "were listed" in _refused(workshop, SourceUnreachableError)
    workshop.tell = None
    assert workshop.counts("2026-01-05")["order_lines"].new == 5


@pytest.mark.parametrize(
    ("path", "told"), [("s3://no-such-bucket/x", "no such bucket"), ("s3://lake/nothing", "nothing there"),
                       ("s3://no-such-bucket", "no such bucket")],
)  # fmt: skip
@pytest.mark.usefixtures("store")
def test_a_place_that_is_not_there(workshop: Workshop, path: str, told: str) -> None:
    workshop.source["path"] = path
    assert told in _refused(workshop, MissingDataError)


@pytest.mark.usefixtures("store")
def test_a_folder_without_a_fitting_object(workshop: Workshop) -> None:
    workshop.source["datasets"]["lines"]["files"] = "*.parquet"
    assert "no file matches *.parquet in s3://lake" in _refused(workshop, MissingDataError)


@pytest.mark.usefixtures("store")
def test_a_store_that_is_not_there(workshop: Workshop) -> None:
    workshop.source["settings"]["endpoint"] = f"http://127.0.0.1:{free_port()}"
    assert "nothing answers there" in _refused(workshop, SourceUnreachableError)


@pytest.mark.usefixtures("store")
def test_a_private_address_is_asked_only_where_the_settings_allow_it(workshop: Workshop) -> None:
    workshop.outside["allows_private"] = False
    assert "an address with http" in _refused(workshop, SourceUnreachableError)
    workshop.source["settings"]["endpoint"] = "https://127.0.0.1"
    assert "no public address" in _refused(workshop, SourceUnreachableError)
    workshop.source |= {"path": "sftp://files.example.com/x", "settings": {}}
    assert "where it leads" in _refused(workshop, SourceUnreachableError)


@pytest.mark.usefixtures("store")
def test_without_credentials_the_error_names_where_they_belong(workshop: Workshop) -> None:
    workshop.outside["environment"] = {}
    text = _refused(workshop, SourceUnreachableError)
    assert "GUANXI_SOURCE_SHOP" in text
    assert "access_key_id" in text


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"path": "file:///etc"}, "path: file://…"),
        ({"path": "simplecache::s3://lake"}, "a folder, or an address"),
        ({"path": "s3://"}, "path: s3://…"),
        ({"path": "no-such-protocol://x", "settings": {"anonymous": True}}, "protocol no-such-protocol"),
        ({"settings": {"endpiont": "x"}}, "did you mean endpoint?"),
        ({"path": "data"}, "which a folder of this machine has no use for"),
    ],
)
def test_a_mapping_that_cannot_work(workshop: Workshop, changed: dict[str, Any], told: str) -> None:
    workshop.source |= changed
    assert told in _refused(workshop, BadMappingError)


@pytest.mark.usefixtures("store")
def test_the_test_of_a_source_reads_all_of_it(workshop: Workshop) -> None:
    place, rows = _findings(workshop)
    assert (place.is_well, place.told) == (True, "s3://lake")
    assert rows.is_well
    assert "2 files, 3 rows, 4 columns are there; newest file day 02.csv of 20" in rows.told


def test_a_first_mapping_of_a_store_can_be_read_back(workshop: Workshop, store: S3Server) -> None:
    source = workshop.source
    options = blank_options(SourceEntry(name="shop", kind="files"), source)
    draft = first_draft(
        options,
        objects=(),
        company_folder=workshop.folder,
        outside=Outside(workshop.folder / "tokens", **workshop.outside),
        progress=lambda _: None,
        warn=lambda _: None,
    )
    assert f'settings: {{"endpoint": "{store.url}"}}' in draft
    assert "order, customer, day, amount" in draft
