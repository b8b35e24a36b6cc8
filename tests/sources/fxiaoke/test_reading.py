"""What is read of a record, in both token styles and of both kinds of objects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sources.api.connector import Connector, Record
from sources.errors import MissingTableError
from sources.mapping.mapping import DatasetOptions
from sources.mapping.reader import BadMappingError
from tests.servers.framework import RunningServer
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, FxiaokeServer, serving_fxiaoke
from tests.servers.fxiaoke_store import NOON, Store, person_key
from tests.sources.fxiaoke.tenant import ACCOUNTS, COLUMNS, CREDENTIALS, CUSTOM, connect, filled, small_tenant


@pytest.fixture
def server() -> FxiaokeServer:
    return FxiaokeServer(small_tenant())


@pytest.fixture
def running(server: FxiaokeServer) -> Iterator[RunningServer]:
    with serving_fxiaoke(server) as running:
        yield running


@pytest.fixture
def store(server: FxiaokeServer) -> Store:
    return server.store


@pytest.fixture
def connector(running: RunningServer, store: Store, tmp_path: Path) -> Iterator[Connector]:
    connector = connect(running.url, tmp_path, store)
    yield connector
    connector.close()


def read(
    connector: Connector, *columns: str, dataset: DatasetOptions = ACCOUNTS, since: datetime | None = None
) -> dict[str, Record]:
    pages = connector.records(dataset, columns or COLUMNS, since=since, state=None)
    return {record.key: record for page in pages for record in page.records}


def value(connector: Connector, column: str) -> Any:
    (record,) = read(connector, column).values()
    return record.values[column.split(".", maxsplit=1)[0]]


@pytest.mark.parametrize(
    ("column", "answered", "plain"),
    [
        ("name", "上海示例", "上海示例"),
        ("name", "", None),
        ("revenue", "1234567890123.10", Decimal("1234567890123.10")),
        ("revenue", "ten", "ten"),
        ("revenue", "NaN", "NaN"),
        ("share", "95.0", Decimal("95.0")),
        ("score", "7", Decimal(7)),
        ("founded", 1619712000000, "2021-04-30"),  # midnight in China
        ("founded", "1619712000000", "2021-04-30"),
        ("visited", 1619422813071, "2021-04-26T07:40:13.071+00:00"),
        ("visited", "soon", "soon"),
        ("opens", 9000000, "02:30:00"),
        ("is_group", True, True),
        ("is_group", False, False),
        ("is_group", "true", True),
        ("level", "kaYz89Lwq", "重点客户"),
        ("level", "gone", "gone"),
        ("level", None, None),
        ("level__code", "kaYz89Lwq", "kaYz89Lwq"),
        ("tags", ["t1", "t2"], ["出口", "制造"]),
        ("tags__code", ["t1"], ["t1"]),
        ("tags", [], None),
        ("record_type", "default__c", "预设业务类型"),
        ("owner.id", ["1001"], {"id": person_key("1001"), "name": "李雷"}),
        ("owner.id", [], None),
        ("team", ["1001", "999"], [
            {"id": person_key("1001"), "name": "李雷"}, {"id": person_key("999"), "name": "王芳"},
        ]),
        ("papers", [{"filename": "contract.pdf", "path": "N_1"}], ["contract.pdf"]),
    ],
)  # fmt: skip
def test_a_value_is_made_plain(connector: Connector, store: Store, column: str, answered: Any, plain: Any) -> None:
    stored = column.split(".", maxsplit=1)[0].removesuffix("__code")
    store.insert("AccountObj", **{"name": "x", stored: answered})
    assert value(connector, column) == plain


def test_names_that_come_beside_ids_are_kept_with_them(connector: Connector, store: Store) -> None:
    top = store.insert("AccountObj", name="集团")
    below = store.insert("AccountObj", name="分公司", parent=top)
    department = {"deptId": "1000", "deptName": "销售部"}
    store.update("AccountObj", below, province="265", province__r="湖北", dept=["1000"], dept__r=department)
    store.update(
        "AccountObj", below, source="other", source__o="老客户介绍", rank__c="重点客户", rank__c__v="kaYz89Lwq"
    )
    values = read(connector, "parent.id", "province", "rank__c", "source", "dept.name")[below].values
    assert values == {
        "parent": {"id": top, "name": "集团"},
        "province": "湖北", "province__code": "265", "province__o": None,
        "rank__c": "重点客户", "rank__c__code": "kaYz89Lwq", "rank__c__o": None,
        "source": "其他", "source__code": "other", "source__o": "老客户介绍",
        "dept": {"id": "1000", "name": "销售部"},
    }  # fmt: skip


def test_versions_stand_in_the_order_of_time(connector: Connector, store: Store) -> None:
    keys = []
    for milliseconds in (0, 7, 80, 900, 1000):
        store.clock = NOON + timedelta(milliseconds=milliseconds)
        keys.append(store.insert("AccountObj", name="x"))
    versions = [read(connector)[key].version or "" for key in keys]
    assert versions == sorted(versions)
    assert {len(version) for version in versions} == {len("2026-03-31T12:00:00.000+00:00")}


@pytest.mark.parametrize("style", ["corp", "oauth2"])
@pytest.mark.parametrize("person", ["mobile", "older id", "number"])
def test_each_style_reads_in_each_persons_name(
    running: RunningServer, server: FxiaokeServer, tmp_path: Path, style: str, person: str
) -> None:
    if (style, person) == ("corp", "number"):
        pytest.skip("the older style knows no numbers")
    who = {
        "mobile": {"mobile": ADMIN_MOBILE},
        "older id": {"open_user_id": person_key(ADMIN)},
        "number": {"open_user_id": ADMIN},
    }[person]
    keys = filled(server.store, 5)
    connector = connect(
        running.url, tmp_path, server.store, credentials={**CREDENTIALS, **who}, token_style=style, page_size=2
    )
    records = read(connector)
    assert set(records) == set(keys)
    in_older_style = style == "corp" or person == "older id"
    expected = person_key("1001") if in_older_style else "1001"
    assert {record.values["owner"]["id"] for record in records.values()} == {expected}
    assert len(set(server.trace_ids)) == len(server.trace_ids), "each call has a trace id of its own"
    assert len(server.token_calls) == 1


def test_an_object_of_the_tenants_own_is_read_by_its_own_path(
    connector: Connector, store: Store, running: RunningServer
) -> None:
    keys = filled(store, 250, CUSTOM)
    records = read(connector, "amount__c", dataset=DatasetOptions(object=CUSTOM))
    assert {key: record.values["amount__c"] for key, record in records.items()} == {
        key: Decimal(f"{number}.50") for number, key in enumerate(keys)
    }
    assert running.script.count("/cgi/crm/custom/v2/data/query") == 3 + 2, "a hundred a page, and the end seen twice"
    assert running.script.count("/cgi/crm/v2/data/query") == 0


def test_people_are_read_whose_keys_are_numbers_of_different_length(connector: Connector) -> None:
    records = read(connector, "full_name", "user_id", dataset=DatasetOptions(object="PersonnelObj"))
    assert {record.values["full_name"] for record in records.values()} == {"管理员", "王芳", "李雷"}
    assert records["1001"].values["user_id"] == person_key("1001")


def test_fields_are_told_with_their_types_labels_and_codes(connector: Connector) -> None:
    fields = connector.fields(ACCOUNTS)
    assert {name: fields[name].type for name in ("_id", "name", "revenue", "founded", "visited", "is_group")} == {
        "_id": "text", "name": "text", "revenue": "numeric", "founded": "date", "visited": "timestamptz",
        "is_group": "boolean",
    }  # fmt: skip
    assert fields["level"].options == {"kaYz89Lwq": "重点客户", "b7": "普通客户"}
    assert fields["level__code"].label == "客户级别, code"
    assert fields["parent"].is_lookup
    assert fields["rank__c"].is_custom
    assert "old" not in fields, "it is switched off"


def test_the_codes_of_an_object_are_asked_for_once(connector: Connector, running: RunningServer, store: Store) -> None:
    filled(store, 3)
    for _ in range(3):
        read(connector)
    assert running.script.count("/object/describe") == 1


def test_a_column_that_is_no_field_is_empty_and_not_among_the_fields(connector: Connector, store: Store) -> None:
    store.insert("AccountObj", name="x")
    assert value(connector, "levle") is None
    assert "levle" not in connector.fields(ACCOUNTS)


def test_only_what_changed_since_a_moment_is_read_and_that_moment_itself(connector: Connector, store: Store) -> None:
    keys = filled(store, 12)
    store.go_on(3600)
    since = store.clock
    store.update("AccountObj", keys[3], name="anders")
    store.go_on(1)
    new = store.insert("AccountObj", name="neu")
    assert set(read(connector, since=since)) == {keys[3], new}
    assert set(read(connector, since=since + timedelta(milliseconds=1))) == {new}


def test_every_page_tells_when_its_walk_began(connector: Connector, store: Store) -> None:
    filled(store, 5)
    began = store.clock.replace(microsecond=0)
    pages = connector.records(ACCOUNTS, COLUMNS, since=None, state=None)
    assert [page.asked_at for page in pages] == [began]
    assert [page.asked_at for page in connector.records(ACCOUNTS, COLUMNS, since=datetime(2030, 1, 1, tzinfo=UTC),
            state=None)] == [began], "also where there is nothing"  # fmt: skip


def test_an_object_that_is_not_there_is_named_with_the_one_meant(connector: Connector) -> None:
    with pytest.raises(MissingTableError, match="did you mean AccountObj") as raised:
        connector.fields(DatasetOptions(object="AcountObj"))
    assert "object AcountObj" in raised.value.thing
    with pytest.raises(MissingTableError, match="did you mean AccountObj"):
        connector.fields(DatasetOptions(object="客户"))
    with pytest.raises(BadMappingError, match="without `object`"):
        connector.fields(DatasetOptions())


def test_counts_are_those_of_living_records(connector: Connector, store: Store, server: FxiaokeServer) -> None:
    server.hides_gone = False
    keys = filled(store, 7)
    store.invalidate("AccountObj", keys[0])
    assert connector.count(ACCOUNTS) == 6
    assert connector.objects()["AccountObj"] == "客户"
    assert connector.count(DatasetOptions(object=CUSTOM)) == 0
