"""Names, tax numbers, domains, phones and addresses, made comparable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from identity.contacts import address_of, domain_of, phone_of
from identity.names import grams_of
from identity.tax_numbers import valid_tax_number
from tests.identity.cast import POLICY, tax_number
from warehouse.texts import plain


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("蘇州華為技術有限公司", "苏州华为技术"),
        ("苏州恒庆（集团）股份有限公司", "苏州恒庆集团"),
        ("恒庆科技有限公司 Co., Ltd.", "恒庆科技"),
        ("Ｓｕｚｈｏｕ　Ｈｅｎｇ Ｃｏ．，Ｌｔｄ．", "suzhou heng"),
        ("Müller & Söhne GmbH & Co. KG", "muller and sohne"),
        ("S.A.S. Dupont", "dupont"),
        ("PT Astra International Tbk", "astra international"),
        ("L'Oréal S.A.", "l oreal"),
        ("ООО Ромашка", "ромашка"),
        ("トヨタ自動車株式会社", "トヨタ自动车"),
        ("Ltd.", "ltd"),
        ("有限公司", "有限公司"),
        ("", ""),
    ],
)
def test_a_name_is_left_without_what_every_company_is_called(name: str, core: str) -> None:
    assert plain(POLICY.legal_forms.parse(name).core) == plain(core)


def test_the_parts_of_a_name_are_pairs_of_characters_or_words() -> None:
    assert grams_of(POLICY.legal_forms.parse("恒庆汽车有限公司")) == {"恒庆", "庆汽", "汽车"}
    assert grams_of(POLICY.legal_forms.parse("Blue River Works Ltd")) == {"blue", "river", "works"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("91110000600037341L", "91110000600037341L"),
        (" ９１１１００００６０００３７３４１ｌ ", "91110000600037341L"),
        ("9111 0000-6000 3734 1L", "91110000600037341L"),
        ("91110000600037341M", None),
        ("91110000600037431L", None),
        ("9111000060003734", None),
        ("DE 136,695 976", "DE136695976"),
        ("136695976", None),
        ("GB 980 7806 84", "GB980780684"),
        ("CHE-107.787.577 IVA", "CHE107787577"),
        ("CHE-107.787.577 MWST", "CHE107787577"),
        ("000000000000000000", None),
        ("无", None),
        ("", None),
        (None, None),
    ],
)
def test_a_tax_number_is_believed_where_its_check_digit_agrees(text: str | None, number: str | None) -> None:
    assert valid_tax_number(text) == number


@given(st.integers(0, 9_999_999), st.integers(0, 17), st.sampled_from(uscc._alphabet))
def test_one_wrong_letter_of_a_chinese_tax_number_is_always_found(body: int, at: int, letter: str) -> None:
    good = tax_number(body)
    bad = good[:at] + letter + good[at + 1 :]
    if len(set(good[8:17])) > 1:
        assert valid_tax_number(bad) == (good if bad == good else None)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.a-b.com.cn/x?y", "a-b.com.cn"),
        ("info@Mail.Example.co.uk", "example.co.uk"),
        ("ＷＷＷ．ＡＣＭＥ．ＤＥ", "acme.de"),
        ("shop.acme.com:8443", "acme.com"),
        ("例子.中国", "xn--fsqu00a.xn--fiqs8s"),
        ("http://10.0.0.1/", None),
        ("com.cn", None),
        ("none", None),
        ("a..b", None),
        (None, None),
    ],
)
def test_a_domain_is_what_the_company_has_bought(text: str | None, domain: str | None) -> None:
    assert domain_of(text) == domain


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("+86 512 6253-1234 ext 12", "62531234"),
        ("0512－62531234转8", "62531234"),
        ("0086-512-62531234; 13800138000", "62531234"),
        ("+49 (711) 456 78-90", "14567890"),
        ("12345", None),
        ("00000000", None),
        ("", None),
    ],
)
def test_a_phone_is_its_last_digits(text: str, phone: str | None) -> None:
    assert phone_of(text) == phone


def test_an_address_is_one_in_either_script_and_with_or_without_its_province() -> None:
    assert address_of("江蘇省蘇州市　星湖街３２８號") == address_of("江苏苏州 星湖街328号")


@given(st.text(max_size=60))
def test_no_text_breaks_anything_and_what_is_plain_stays(text: str) -> None:
    name = POLICY.legal_forms.parse(text)
    assert POLICY.legal_forms.parse(name.full) == name
    for made in (domain_of(text), phone_of(text), valid_tax_number(text)):
        assert made is None or made
    assert address_of(address_of(text)) == address_of(text)
