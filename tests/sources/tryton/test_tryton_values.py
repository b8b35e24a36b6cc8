"""Tryton's typed values, the fields that fields_get describes, and columns as they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from sources.tables import MissingColumnError, RenamedColumnError
from sources.tryton.paths import Described, find_path
from sources.tryton.settings import TrytonSettings
from sources.tryton.values import plain, source_fields, tryton_moment

MODELS: dict[str, dict[str, dict[str, Any]]] = {
    "sale.sale": {
        "id": {"type": "integer"},
        "party": {"type": "many2one", "relation": "party.party", "string": "Party"},
        "quoted_by": {"type": "many2one", "relation": "company.employee"},
        "origin": {"type": "reference", "selection": "get_origin"},
        "state": {"type": "selection", "selection": [[None, ""], ["draft", "Draft"]]},
        "lines": {"type": "one2many", "relation": "sale.line"},
        "colours": {"type": "dict"},
        "file": {"type": "binary"},
        "total": {"type": "numeric"},
    },
    "party.party": {"id": {"type": "integer"}, "name": {"type": "char"}, "rec_name": {"type": "char"},
                    "langs": {"type": "many2many"}},
    "company.employee": {"id": {"type": "integer"}, "rec_name": {"type": "char"},
                         "party": {"type": "many2one", "relation": "party.party"}},
}  # fmt: skip
ROW = {
    "id": 7,
    "party": 4,
    "party.": {"id": 4, "name": "Acme", "rec_name": "Acme", "langs": [3, 1]},
    "quoted_by": 2,
    "quoted_by.": {"id": 2, "rec_name": "Bo", "party": 9, "party.": {"id": 9, "name": "Bo Seller"}},
    "origin": "sale.opportunity,3",
    "origin.": {"id": 3, "rec_name": "Office"},
    "state": "draft",
    "state:string": "Draft",
    "lines": [1, 2],
    "colours": {"wood": "oak"},
    "total": {"__class__": "Decimal", "decimal": "2.50"},
}
EMPTY = dict.fromkeys(ROW) | {"id": 8, "lines": []}


def _fields_of(model: str) -> Described:
    return MODELS[model]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"__class__": "Decimal", "decimal": "1E+3"}, Decimal(1000)),
        ({"__class__": "date", "year": 2026, "month": 2, "day": 3}, "2026-02-03"),
        ({"__class__": "time", "hour": 9, "minute": 5, "second": 0, "microsecond": 0}, "09:05:00"),
        ({"__class__": "timedelta", "seconds": 90.0}, 90.0),
        ({"__class__": "bytes", "base64": "YQ=="}, None),
        ([{"__class__": "Decimal", "decimal": "2.5"}, None], [Decimal("2.5"), None]),
        ({"wood": {"__class__": "Decimal", "decimal": "2.5"}}, {"wood": Decimal("2.5")}),
        (False, False),
    ],
)
def test_a_typed_value_becomes_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_moment_goes_there_and_back_in_utc_to_the_microsecond() -> None:
    here = datetime(2026, 2, 3, 1, 30, 0, 42, tzinfo=timezone(timedelta(hours=2)))
    assert plain(tryton_moment(here)) == "2026-02-02T23:30:00.000042+00:00"
    assert datetime.fromisoformat(plain(tryton_moment(here))) == here.astimezone(UTC)


def test_fields_have_types_labels_and_options_and_no_files() -> None:
    fields = source_fields(MODELS["sale.sale"])
    assert {name: field.type for name, field in fields.items()} == {
        "id": "text", "party": "text", "quoted_by": "text", "origin": "text", "state": "text", "state__label": "text",
        "lines": "text", "colours": "text", "total": "numeric",
    }  # fmt: skip
    assert fields["state"].options == {"draft": "Draft"}
    assert [name for name, field in fields.items() if field.is_lookup] == ["party", "quoted_by", "origin"]
    assert fields["party"].label == "Party"


@pytest.mark.parametrize(
    ("column", "asked", "value", "empty"),
    [
        ("id", ["id"], "7", "8"),
        ("party.id", ["party"], "4", None),
        ("party.name", ["party.name"], "Acme", None),
        ("party", ["party", "party.rec_name"], {"id": "4", "name": "Acme"}, None),
        ("party.langs", ["party.langs"], ["3", "1"], None),
        ("party.langs.1", ["party.langs"], "1", None),
        ("quoted_by.name", ["quoted_by.rec_name"], "Bo", None),
        ("quoted_by.party.id", ["quoted_by.party"], "9", None),
        ("quoted_by.party.name", ["quoted_by.party.name"], "Bo Seller", None),
        ("origin", ["origin"], "sale.opportunity,3", None),
        ("origin.id", ["origin"], "3", None),
        ("origin.model", ["origin"], "sale.opportunity", None),
        ("origin.name", ["origin.rec_name"], "Office", None),
        ("state__label", ["state:string"], "Draft", None),
        ("lines", ["lines"], ["1", "2"], []),
        ("colours.wood", ["colours"], "oak", None),
        ("total", ["total"], Decimal("2.50"), None),
    ],
)
def test_a_column_is_asked_for_and_read(column: str, asked: list[str], value: Any, empty: Any) -> None:
    path = find_path(column, "sale.sale", _fields_of, thing="it")
    assert path.names == asked
    assert path.value(ROW) == value
    assert path.value(EMPTY) == empty


def test_a_column_that_leads_nowhere_is_named() -> None:
    with pytest.raises(RenamedColumnError, match=r"quotedby \(now quoted_by\?\)"):
        find_path("quotedby.id", "sale.sale", _fields_of, thing="it")
    with pytest.raises(MissingColumnError, match=r"model party\.party\n.*no column vat"):
        find_path("party.vat", "sale.sale", _fields_of, thing="it")
    for column in ("total.amount", "state__label.id", "origin.party.id"):
        with pytest.raises(MissingColumnError, match=f"column {column}, where"):
            find_path(column, "sale.sale", _fields_of, thing="it")


def test_a_domain_may_be_nested_and_nothing_else() -> None:
    address = {"base_url": "https://erp.example.com/", "database": "acme"}
    good = ["OR", ["type", "=", "out"], [["origin.party", "=", 4, "sale.sale"], ["state", "in", ["paid"]]]]
    assert TrytonSettings.model_validate(address | {"domains": {"account.invoice": good}}).base_url[-1] == "m"
    for bad in ([["type"]], ["XOR", ["type", "=", "out"]], ["type", "=", "out"], [[["type", "="]]]):
        with pytest.raises(ValidationError, match=r"the domain of account\.invoice"):
            TrytonSettings.model_validate(address | {"domains": {"account.invoice": bad}})
