from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.managers import is_address, typed_address
from delivery.safe_text import clean, file_name, looks_like_formula


@given(st.text(max_size=400))
def test_clean_text_is_one_line_without_anything_invisible(value: str) -> None:
    cleaned = clean(value)
    assert len(cleaned) <= 200
    categories = {unicodedata.category(each) for each in cleaned}
    assert not categories & {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("name", ["Ann O'Hara", "苏州宏远精密机械有限公司", "Ångström & Søn A/S", "فروش\u200cگاه"])
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    assert clean(name) == name


def test_a_name_cannot_turn_the_reading_direction_around() -> None:
    assert clean("Bank\u202egnp.exe") == "Bankgnp.exe"


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "  =1", "−1"])
def test_what_a_spreadsheet_may_run_is_recognised(value: str) -> None:
    assert looks_like_formula(value)


@pytest.mark.parametrize("value", ["Acme", "1-2", "a@x", "", "苏州"])
def test_plain_text_is_no_formula(value: str) -> None:
    assert not looks_like_formula(value)


@given(st.text(max_size=300))
def test_a_file_name_is_never_a_path_or_hidden(value: str) -> None:
    name = file_name(value, suffix=".eml")
    assert name.isascii()
    assert name.endswith(".eml")
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\\0\r\n:*?"<>| ')
    assert ".." not in name
    assert len(name) <= 110


@pytest.mark.parametrize(
    "value",
    [
        None, "", " ", "a@x.test, evil@y.test", "a@x.test;evil@y.test", "a@x.test\r\nBcc: evil@y.test", "a@x.test\n",
        "Ann <a@x.test>", "<a@x.test>", '"a b"@x.test', "a@x@y", "a..b@x.test", ".a@x.test", "a@", "@x.test", "a",
        "a@[127.0.0.1]", "a(comment)@x.test", "ä@x.test", "a@x..test", "a@-x.test", "a @x.test", f"{'a' * 65}@x.test",
        "group: a@x.test, b@y.test;", "a@x.test ",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_address_is_refused(value: str | None) -> None:
    assert not is_address(value)


@pytest.mark.parametrize("value", ["a@x.test", "ann.o'hara+lists@mail.example.co.uk", "guanxi@localhost"])
def test_a_plain_address_is_taken(value: str) -> None:
    assert is_address(value)
    assert typed_address(name="", email=value).addr_spec == value


def test_a_refused_address_cannot_become_a_header() -> None:
    with pytest.raises(ValueError, match="not one plain"):
        typed_address(name="Ann", email="a@x.test, evil@y.test")
