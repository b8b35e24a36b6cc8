"""A company.yml that is wrong is told field by field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse.company import BadCompanyError, Company, UnknownCompanyError, UnknownSourceError, load_company
from warehouse.settings import ROOT

GOOD: dict[str, Any] = {
    "company": "acme",
    "name": {"en": "Acme", "zh": "极致"},
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "sources": [{"name": "shop", "kind": "files", "path": "data", "datasets": {}}],
}


def _load(folder: Path, content: Any, *, timezone: str | None = None) -> Company:
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
    (folder / "company.yml").write_text(text, encoding="utf-8")
    return load_company(str(folder), timezone=timezone)


def test_a_good_company_is_read_with_the_rest_of_its_mapping(tmp_path: Path) -> None:
    company = _load(tmp_path, GOOD)
    assert (company.id, company.name.zh, company.zone.key) == ("acme", "极致", "Europe/Berlin")
    assert company.folder == tmp_path.resolve()
    assert company.source("shop").model_extra == {"path": "data", "datasets": {}}
    assert _load(tmp_path, GOOD, timezone="Asia/Shanghai").timezone == "Asia/Shanghai"
    assert load_company(str(tmp_path / "company.yml")).id == "acme"
    assert company.holdouts == ()
    assert _load(tmp_path, GOOD | {"holdouts": ["save"]}).holdouts == ("save",)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"company": "Acme Ltd"}, "company"),
        ({"company": None}, "company"),
        ({"name": {"en": "Acme"}}, "name.zh"),
        ({"name": "Acme"}, "name"),
        ({"currency": "euro"}, "currency"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"language": "de"}, "language"),
        ({"first_as_of": "soon"}, "first_as_of"),
        ({"simulator": {"accounts": 1}}, "simulator.accounts"),
        ({"simulator": {"customers": 100}}, "simulator.customers"),
        ({"fallback_manager": {"account_manager_id": "d"}}, "fallback_manager.email"),
        ({"sources": []}, "sources"),
        ({"sources": [{"name": "Shop", "kind": "files"}]}, "sources.0.name"),
        ({"sources": [{"name": "shop", "kind": "ftp"}]}, "sources.0.kind"),
        ({"holdouts": "save"}, "holdouts"),
        ({"record_link": "http://crm.example.com/{account_id}"}, "record_link"),
        ({"record_link": "javascript:alert({account_id})"}, "record_link"),
        ({"record_link": "https:///{account_id}"}, "record_link"),
        ({"record_link": "https://{account_id}.example.com/"}, "record_link"),
        ({"record_link": "https://ann@crm.example.com/{account_id}"}, "record_link"),
        ({"record_link": "https://crm.example.com/accounts/"}, "record_link"),
        ({"record_link": "https://crm.example.com/{account_id}/{account_id}"}, "record_link"),
        ({"record_link": "https://crm.example.com/{account_id}/{gen}"}, "record_link"),
        ({"record_link": 'https://crm.example.com/" onclick="{account_id}'}, "record_link"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_each_wrong_field_is_named(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadCompanyError) as wrong:
        _load(tmp_path, GOOD | change)
    assert f"{field}: " in wrong.value.seen
    assert wrong.value.thing.startswith(f"{tmp_path / 'company.yml'}:")


@pytest.mark.parametrize(
    ("account_id", "part"),
    [("C-1", "C-1"), ("a/b?c&d=é", "a%2Fb%3Fc%26d%3D%C3%A9"), ('"><b', "%22%3E%3Cb"), ("{0}", "%7B0%7D")],
)
def test_the_link_to_a_record_has_the_account_in_it_percent_encoded(tmp_path: Path, account_id: str, part: str) -> None:
    company = _load(tmp_path, GOOD | {"record_link": "https://crm.example.com/accounts/{account_id}?tab=orders"})
    assert company.record_url(account_id) == f"https://crm.example.com/accounts/{part}?tab=orders"
    assert _load(tmp_path, GOOD).record_url(account_id) is None


def test_the_lines_of_all_that_is_wrong_are_told_in_their_order(tmp_path: Path) -> None:
    text = (
        "company: acme\ncolour: red\nname: {en: Acme, zh: 极致}\n\ncurrency: x\ntimezone: Europe/Berlin\nsources: []\n"
    )
    with pytest.raises(BadCompanyError) as wrong:
        _load(tmp_path, text)
    assert wrong.value.thing == f"{tmp_path / 'company.yml'}:2"
    assert re.findall(r"(\w+): [^;]*\(line (\d)\)", wrong.value.seen) == [
        ("colour", "2"), ("currency", "5"), ("sources", "7"),
    ]  # fmt: skip


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(BadCompanyError, match="currency stands in lines 2 and 4") as wrong:
        _load(tmp_path, "company: acme\ncurrency: EUR\ntimezone: Europe/Berlin\ncurrency: USD\n")
    assert wrong.value.thing.endswith("company.yml:4")


def test_all_wrong_fields_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadCompanyError) as wrong:
        _load(tmp_path, {"company": "acme", "currency": "x", "colour": "red"})
    for field in ("name", "currency", "timezone", "sources", "colour"):
        assert f"{field}: " in wrong.value.seen


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: [1, 2", "a: {b: }\n  c: d\n"])
def test_what_is_no_mapping_is_told_as_such(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadCompanyError, match="not a YAML mapping"):
        _load(tmp_path, text)


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCompanyError, match="same name"):
        _load(tmp_path, GOOD | {"sources": GOOD["sources"] * 2})


def test_an_unknown_company_lists_the_examples(tmp_path: Path) -> None:
    with pytest.raises(UnknownCompanyError) as unknown:
        load_company(str(tmp_path / "nothing"))
    for file in (ROOT / "examples").glob("*/company.yml"):
        assert file.parent.name in unknown.value.expected


def test_an_unknown_source_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownSourceError, match="one of: shop"):
        _load(tmp_path, GOOD).source("crm")
