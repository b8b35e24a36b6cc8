"""What of an Odoo becomes a record, and which records are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sources.mapping.mapping import DatasetOptions
from tests.sources.odoo.desk import HISTORY, LEADS, PARTNERS, Desk


def test_the_door_is_the_one_that_the_servers_version_has(desk: Desk) -> None:
    assert desk.connector().door.name == ("json2" if desk.server.version == 19 else "jsonrpc")


def test_a_record_is_plain(desk: Desk) -> None:
    columns = (
        "name", "partner_id.id", "partner_id.name", "stage_id", "type", "type__label", "expected_revenue",
        "date_deadline", "date_closed", "probability", "active",
    )  # fmt: skip
    desks, chairs = desk.read(LEADS, *columns)
    assert (desks.key, desks.version) == ("1", "2026-01-05T08:00:00+00:00")
    assert desks.values == {
        "id": "1", "write_date": "2026-01-05T08:00:00+00:00", "name": "Desks", "active": True,
        "partner_id": {"id": "1", "name": "Acme"}, "stage_id": {"id": "2", "name": "Won"},
        "type": "opportunity", "type__label": "Opportunity", "expected_revenue": Decimal("1200.5"),
        "date_deadline": "2026-02-01", "date_closed": "2026-01-05T08:00:00+00:00", "probability": Decimal(100),
    }  # fmt: skip
    assert chairs.values["partner_id"] is None
    assert (chairs.values["date_deadline"], chairs.values["date_closed"]) == (None, None)
    assert (chairs.values["expected_revenue"], chairs.values["active"]) == (0, False)


def test_several_values_are_a_list_of_ids(desk: Desk) -> None:
    assert [record.values["category_id"] for record in desk.read(PARTNERS, "category_id")] == [[], ["1"], [], []]


def test_fields_of_the_record_that_a_reference_leads_to_stand_beside_its_id_and_name(desk: Desk) -> None:
    desk.server.store.update("crm.lead", 1, partner_id=2)  # a person at Acme
    columns = ("partner_id.commercial_partner_id.id", "partner_id.active", "partner_id.id", "stage_id.name")
    desks, chairs = desk.read(LEADS, *columns)
    assert desks.values["partner_id"] == {
        "id": "2", "name": "Ann", "commercial_partner_id": {"id": "1", "name": "Acme"}, "active": True,
    }  # fmt: skip
    assert desks.values["stage_id"] == {"id": "2", "name": "Won"}
    assert chairs.values["partner_id"] is None


def test_archived_partners_and_lost_leads_are_read(desk: Desk) -> None:
    assert [record.key for record in desk.read(PARTNERS, "active")] == ["1", "2", "3", "4"]
    assert [record.key for record in desk.read(LEADS, "active")] == ["1", "2"]
    assert desk.connector().count(PARTNERS) == 4


def test_a_record_of_the_very_second_that_was_asked_from_is_read_again(desk: Desk) -> None:
    desk.server.store.seconds = 3600.9
    desk.server.store.update("res.partner", 3, vat="DE3")
    moment = datetime(2026, 1, 5, 9, 0, 0, 950_000, tzinfo=UTC)
    assert [record.key for record in desk.read(PARTNERS, "vat", since=moment)] == ["3"]
    assert desk.read(PARTNERS, "vat", since=moment + timedelta(seconds=1)) == []
    desk.server.store.rows["res.partner"][3]["write_date"] = "2026-01-05 09:00:00.000000"
    assert [record.key for record in desk.read(PARTNERS, "vat", since=moment)] == ["3"]


def test_a_moment_in_another_zone_is_the_same_moment(desk: Desk) -> None:
    there = datetime(2026, 1, 5, 16, 0, 0, tzinfo=timezone(timedelta(hours=8)))
    assert len(desk.read(PARTNERS, "vat", since=there)) == 4
    assert desk.read(PARTNERS, "vat", since=there + timedelta(seconds=1)) == []


def test_a_row_that_was_written_past_odoo_and_has_no_write_date_is_always_read(desk: Desk) -> None:
    desk.server.store.rows["res.partner"][2]["write_date"] = False
    late = datetime(2027, 1, 1, tzinfo=UTC)
    assert [(record.key, record.version) for record in desk.read(PARTNERS, "vat", since=late)] == [("2", None)]


def test_a_model_without_a_write_date_is_read_whole(desk: Desk) -> None:
    for name in ("create_date", "write_date"):
        del desk.server.store.models["crm.stage"][name]
    stages = DatasetOptions.model_validate({"object": "crm.stage"})
    records = desk.read(stages, "name", since=datetime(2027, 1, 1, tzinfo=UTC))
    assert [(record.key, record.version, record.values["name"]) for record in records] == [
        ("1", None, "New"), ("2", None, "Won"),
    ]  # fmt: skip


def test_a_domain_narrows_records_keys_and_count_alike(desk: Desk) -> None:
    domains = {"res.partner": [["is_company", "=", True]]}
    connector = desk.connector(domains=domains)
    assert [record.key for record in desk.read(PARTNERS, "name", domains=domains)] == ["1", "4"]
    assert [record.key for page in connector.keys(PARTNERS, state=None) for record in page.records] == ["1", "4"]
    assert connector.count(PARTNERS) == 2


def test_a_deleted_record_is_seen_by_its_missing_key_alone(desk: Desk) -> None:
    desk.server.store.unlink("res.partner", 2)
    connector = desk.connector(page_size=1)
    keys = [(record.key, record.version, record.values) for page in connector.keys(PARTNERS, state=None)
            for record in page.records]  # fmt: skip
    assert keys == [("1", None, {}), ("3", None, {}), ("4", None, {})]
    assert connector.deleted(PARTNERS, since=datetime(2026, 1, 1, tzinfo=UTC), state=None) is None


def test_fields_tell_types_labels_options_and_whose_they_are(desk: Desk) -> None:
    fields = desk.connector().fields(LEADS)
    assert {name: each.type for name, each in fields.items()} == {
        "id": "text", "create_date": "timestamptz", "write_date": "timestamptz", "name": "text", "active": "boolean",
        "partner_id": "text", "stage_id": "text", "type": "text", "type__label": "text",
        "expected_revenue": "numeric", "date_deadline": "date", "date_closed": "timestamptz", "probability": "numeric",
    }  # fmt: skip
    assert fields["type"].options == {"lead": "Lead", "opportunity": "Opportunity"}
    assert fields["partner_id"].is_lookup
    region = desk.connector().fields(PARTNERS)["x_region"]
    assert (region.label, region.is_custom) == ("区域", True)
    assert "image_128" not in desk.connector().fields(PARTNERS)


def test_objects_are_the_models_but_no_wizards(desk: Desk) -> None:
    assert desk.connector().objects() == {"crm.lead": "Lead/Opportunity", "res.partner": "Contact"}


def test_a_language_is_asked_for_where_the_settings_name_one(desk: Desk) -> None:
    for language, context in ((None, {"active_test": False}), ("zh_CN", {"active_test": False, "lang": "zh_CN"})):
        desk.server.contexts.clear()
        desk.read(PARTNERS, "name", language=language)
        assert [each for each in desk.server.contexts if each != context] == []
        assert len(desk.server.contexts) == 4, "fields, ids, rows, proof of the end"


def _track(desk: Desk, name: str, ttype: str, **values: object) -> None:
    store = desk.server.store
    number = store.insert("ir.model.fields", name=name, model="crm.lead", field_description=name.title(), ttype=ttype)
    message = store.insert("mail.message", model="crm.lead", res_id=1, date="2026-01-04 07:30:00", author_id=2)
    store.insert("mail.tracking.value", field_id=number, mail_message_id=message, **values)


def test_the_history_of_a_stage_tells_record_field_values_moment_and_person(desk: Desk) -> None:
    _track(desk, "stage_id", "many2one", old_value_char="New", new_value_char="Won", old_value_integer=1,
           new_value_integer=2)  # fmt: skip
    (record,) = desk.read(HISTORY, "model", "changed_by.name")
    assert record.values == {
        "id": "1", "model": "crm.lead", "record_id": "1", "field": "stage_id", "field_label": "Stage_Id",
        "old_value": "New", "new_value": "Won", "old_value_id": "1", "new_value_id": "2",
        "changed_at": "2026-01-04T07:30:00+00:00", "changed_by": {"id": "2", "name": "Ann"},
        "write_date": "2026-01-05T08:00:00+00:00",
    }  # fmt: skip
    assert set(record.values) == set(desk.connector().fields(HISTORY))


@pytest.mark.parametrize(
    ("ttype", "values", "told"),
    [
        ("integer", {"old_value_integer": 0, "new_value_integer": 7}, ("0", "7")),
        ("monetary", {"old_value_float": 0.0, "new_value_float": 12.5}, ("0.0", "12.5")),
        ("boolean", {"old_value_integer": 1, "new_value_integer": 0}, ("true", "false")),
        ("selection", {"old_value_char": "Draft", "new_value_char": "Posted"}, ("Draft", "Posted")),
        ("date", {"new_value_datetime": "2026-02-01 00:00:00"}, (None, "2026-02-01")),
        ("datetime", {"new_value_datetime": "2026-02-01 10:00:00"}, (None, "2026-02-01T10:00:00+00:00")),
        ("text", {"old_value_text": "a", "new_value_text": False}, ("a", None)),
    ],
)
def test_a_tracked_value_of_any_type_is_text(
    desk: Desk, ttype: str, values: dict[str, object], told: tuple[str | None, str | None]
) -> None:
    _track(desk, "some_field", ttype, **values)
    (record,) = desk.read(HISTORY, "old_value", "new_value")
    assert (record.values["old_value"], record.values["new_value"]) == told
    assert (record.values["old_value_id"], record.values["new_value_id"]) == (None, None)


def test_before_odoo_17_the_fields_column_and_that_of_money_had_other_names(desk: Desk) -> None:
    _track(desk, "amount", "monetary", old_value_float=3.0, new_value_float=4.0)
    store = desk.server.store
    store.rename_field("mail.tracking.value", "field_id", "field")
    for side in ("old", "new"):
        store.rename_field("mail.tracking.value", f"{side}_value_float", f"{side}_value_monetary")
    (record,) = desk.read(HISTORY, "new_value")
    assert (record.values["field"], record.values["new_value"]) == ("amount", "4.0")


def test_a_tracked_value_whose_message_is_gone_says_so_by_having_no_record(desk: Desk) -> None:
    _track(desk, "stage_id", "many2one", new_value_char="Won")
    desk.server.store.rows["mail.tracking.value"][1]["mail_message_id"] = False
    (record,) = desk.read(HISTORY, "record_id")
    assert (record.values["model"], record.values["record_id"], record.values["new_value"]) == (None, None, "Won")
