"""Stories of customers and their records, and which account each record comes to."""

from __future__ import annotations

import random
from datetime import date

import pytest

from identity.links import ContradictingOverridesError
from identity.parties import SameKeyError
from tests.identity.cast import accounts, crm, decided, erp, override, resolved, tax_number

ONE, TWO = tax_number(1), tax_number(2)
NAME = "苏州恒庆汽车零部件有限公司"


def test_the_same_tax_number_joins_under_another_name_and_the_erp_gives_the_key() -> None:
    found = decided(erp("1", NAME, tax_number=ONE), crm("7", "新名字贸易有限公司", tax_number=f" {ONE.lower()} "))
    assert found["crm:7"].account_id == found["erp:1"].account_id == "1"
    assert (found["crm:7"].rule, found["crm:7"].band, found["crm:7"].score) == ("tax_number", "automatic", 1.0)
    assert "tax number" in found["crm:7"].reason_en
    assert "税号" in found["crm:7"].reason_zh
    assert found["erp:1"].rule == "account_key"


def test_the_same_name_with_two_valid_tax_numbers_is_two_customers() -> None:
    same = {"phone": "0512-62531234", "web_domain": "hengqing.example", "city": "苏州"}
    found = decided(erp("1", NAME, tax_number=ONE, **same), crm("7", NAME, tax_number=TWO, **same))
    assert found["crm:7"].account_id == "crm|7"
    assert found["crm:7"].band == "review"
    candidate = found["crm:7"].candidate
    assert candidate is not None
    assert candidate.account_id == "1"
    assert "tax numbers differ" in candidate.reason_en
    assert "税号不同" in candidate.reason_zh


def test_a_tax_number_with_a_wrong_check_digit_says_nothing() -> None:
    wrong = ONE[:-1] + ("0" if ONE[-1] != "0" else "1")
    assert accounts(erp("1", NAME, tax_number=wrong), crm("7", "别的公司", tax_number=wrong))["crm:7"] == "crm|7"


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("蘇州恆慶汽車零部件有限公司", {"phone": "+86 512 6253 1234"}),
        ("苏州恒庆汽车零部件股份有限公司", {"web_domain": "https://www.HENGQING.example/about"}),
        ("  苏州 恒庆汽车零部件（有限公司） ", {"address": "江苏省苏州市工业园区星湖街328号"}),
        ("苏州恒庆汽车零部件", {"phone": "0512－62531234转8"}),
    ],
    ids=["traditional", "other legal form", "spaces and brackets", "no legal form"],
)
def test_a_name_in_another_dress_joins_with_one_thing_more(name: str, also: dict[str, str]) -> None:
    known = {"phone": "(0512) 62531234", "web_domain": "hengqing.example", "address": "苏州工业园区星湖街328号"}
    assert accounts(erp("1", NAME, **known), crm("7", name, **also))["crm:7"] == "1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH & Co. KG", "MULLER AND SOHNE"),
        ("ＡＣＭＥ　Ｌｔｄ．", "Acme Limited"),
        ("Dupont S.A.S.", "SAS Dupont"),
        ("Nordsee B.V.", "nordsee bv"),
    ],
)
def test_legal_forms_of_other_countries_are_none_of_the_name(one: str, other: str) -> None:
    phone = {"phone": "+49 711 4567890"}
    assert accounts(erp("1", one, **phone), crm("7", other, **phone))["crm:7"] == "1"


def test_an_explicit_number_joins_whatever_the_names() -> None:
    found = decided(erp("1", NAME), crm("7", "Hengqing Auto", linked_account_id="1"))
    assert (found["crm:7"].account_id, found["crm:7"].rule) == ("1", "linked_id")


def test_an_explicit_number_of_nobody_joins_nothing() -> None:
    assert accounts(erp("1", NAME), crm("7", "Hengqing", linked_account_id="99"))["crm:7"] == "crm|7"


def test_an_explicit_number_against_the_tax_numbers_waits_for_a_person() -> None:
    found = decided(
        erp("1", NAME, tax_number=ONE), crm("7", NAME, tax_number=TWO, linked_account_id="1"), erp("2", tax_number=TWO)
    )
    assert found["crm:7"].account_id == "2"
    assert found["crm:7"].candidate is not None
    assert found["crm:7"].candidate.account_id == "1"


def test_a_chain_is_not_followed_to_a_conflict() -> None:
    """A is B by its phone, B is C by its domain, but A and C have two tax numbers."""
    found = accounts(
        erp("A", NAME, tax_number=ONE, phone="0512-62531234"),
        crm("B", NAME, phone="0512-62531234", web_domain="hengqing.example"),
        crm("C", NAME, web_domain="hengqing.example", tax_number=TWO),
    )
    assert found == {"erp:A": "A", "crm:B": "crm|B", "crm:C": "crm|B"}, "the domain goes before the phone"


def test_two_customers_of_the_erp_stay_two_and_are_shown() -> None:
    found = decided(erp("1", NAME, tax_number=ONE), erp("2", "恒庆苏州", tax_number=ONE))
    assert (found["erp:1"].account_id, found["erp:2"].account_id) == ("1", "2")
    assert found["erp:2"].band == "review"
    assert found["erp:2"].candidate is not None
    assert found["erp:2"].candidate.account_id == "1"


def test_of_two_customers_that_fit_equally_neither_is_taken() -> None:
    twin = {"phone": "0512-62531234", "city": "苏州"}
    found = decided(erp("1", NAME, **twin), erp("2", NAME, **twin), crm("7", NAME, **twin))
    assert found["crm:7"].account_id == "crm|7"
    assert found["crm:7"].band == "review"
    assert found["crm:7"].candidate is not None
    assert "equally" in found["crm:7"].candidate.reason_en


def test_records_of_the_crm_that_are_one_company_are_one_account_by_the_first_of_them() -> None:
    first = crm("9", NAME, tax_number=ONE, since=date(2021, 1, 1))
    found = accounts(first, crm("1", "恒庆", tax_number=ONE, since=date(2024, 1, 1)), erp("5", "别的公司"))
    assert found == {"crm:9": "crm|9", "crm:1": "crm|9", "erp:5": "5"}


def test_free_mail_and_a_phone_under_many_names_join_nobody() -> None:
    many = [erp(str(number), f"公司{number}号实业", phone="400-8200-8888") for number in range(8)]
    found = accounts(
        *many, erp("a", "甲乙丙实业", web_domain="a@qq.com"), crm("7", "公司3号实业有限公司", phone="400-8200-8888"),
        crm("8", "丁戊己实业", web_domain="b@qq.com"),
    )  # fmt: skip
    assert found["crm:8"] == "crm|8"
    assert resolved(*many, crm("9", "另外一家", phone="400-8200-8888")).decisions[0].account_id == "crm|9"


def test_people_join_and_part_whatever_the_rules_find() -> None:
    records = (erp("1", NAME, tax_number=ONE), crm("7", NAME, tax_number=ONE), crm("8", "青石茶行", tax_number=TWO))
    parted = decided(*records, overrides=[override("different", ("erp", "1"), ("crm", "7"))])
    assert parted["crm:7"].account_id == "crm|7"
    assert parted["crm:7"].candidate is None, "a person has decided; nobody is asked again"
    joined = decided(*records, overrides=[override("same", ("crm", "8"), ("erp", "1"))])
    assert (joined["crm:8"].account_id, joined["crm:8"].rule, joined["crm:8"].band) == ("1", "override_same", "manual")
    assert joined["crm:7"].account_id == "1"


def test_parting_two_records_parts_them_through_a_third_too() -> None:
    same = {"tax_number": ONE}
    found = accounts(
        erp("1", NAME, **same), crm("7", NAME, **same), crm("8", NAME, **same),
        overrides=[override("different", ("erp", "1"), ("crm", "7"))],
    )  # fmt: skip
    assert found["crm:7"] != "1"
    assert found["crm:8"] in {"1", found["crm:7"]}


def test_people_who_contradict_themselves_are_told() -> None:
    records = (erp("1", NAME), crm("7", NAME), crm("8", NAME))
    with pytest.raises(ContradictingOverridesError):
        resolved(
            *records,
            overrides=[override("same", ("erp", "1"), ("crm", "7")), override("different", ("crm", "7"), ("erp", "1"))],
        )
    with pytest.raises(ContradictingOverridesError):
        resolved(
            *records,
            overrides=[
                override("same", ("erp", "1"), ("crm", "7")),
                override("same", ("crm", "7"), ("crm", "8")),
                override("different", ("erp", "1"), ("crm", "8")),
            ],
        )


def test_a_decision_about_a_record_that_is_not_there_is_counted() -> None:
    assert resolved(erp("1", NAME), overrides=[override("same", ("erp", "1"), ("crm", "404"))]).unknown_overrides == 1


def test_sources_that_share_their_ids_are_joined_by_them_alone() -> None:
    found = decided(
        erp("1", NAME, tax_number=ONE), crm("1", "另外一家公司", tax_number=TWO), crm("2", NAME, tax_number=ONE),
        own=["web"],
    )  # fmt: skip
    assert {key: each.account_id for key, each in found.items()} == {"erp:1": "1", "crm:1": "1", "crm:2": "2"}
    assert found["crm:1"].rule == "shared_id"


HOSTILE = (
    "", " ", "有限公司", "Ltd.", "'; drop table raw.accounts; --", '"quoted" \\ back', "{{ ref('x') }}", "%s %(a)s",
    "\u202eevil\u202c", "\u200b\u200b", "🏭🏭🏭", "a" * 5000, "公" * 3000, "İstanbul A.Ş.", "ﷺ", "NULL", "nan", "\x7f",
)  # fmt: skip


def test_hostile_names_are_only_names() -> None:
    records = [
        crm(f"h{number}'\"|{number}", name, city=name, address=name, phone=name, web_domain=name, tax_number=name)
        for number, name in enumerate(HOSTILE)
    ]
    found = resolved(erp("1", NAME), *records).decisions
    assert len(found) == len(records) + 1
    assert {each.account_id for each in found if each.source == "crm" and each.source_account_id.startswith("h0")} == {
        "crm|h0'\"|0"
    }


def test_an_account_id_that_looks_like_a_key_is_refused() -> None:
    with pytest.raises(SameKeyError):
        resolved(erp("crm|7", NAME), crm("7", NAME))


def test_the_order_of_the_records_decides_nothing() -> None:
    records = [
        *(erp(str(number), f"苏州恒庆{number % 7}实业有限公司", phone=f"6253{number % 5:04d}") for number in range(20)),
        *(crm(str(number), f"恒庆{number % 7}实业", phone=f"6253{number % 5:04d}") for number in range(20)),
    ]
    found = resolved(*records)
    random.Random(5).shuffle(records)
    assert resolved(*records) == found


def test_every_record_belongs_to_exactly_one_account() -> None:
    records = [crm(str(number), NAME, tax_number=ONE) for number in range(6)] + [erp("1", NAME)]
    found = resolved(*records).decisions
    assert sorted((each.source, each.source_account_id) for each in found) == sorted(
        (each.source, each.account_id) for each in records
    )
    assert {each.account_id for each in found} <= {"1", *(f"crm|{number}" for number in range(6))}
