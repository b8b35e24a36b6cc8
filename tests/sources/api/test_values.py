"""A record's values become texts that PostgreSQL takes, whatever a system sends."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.api.http import Answer
from sources.api.values import as_text, text_at

half = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF))  # halves of characters as well


@given(half)
def test_any_text_can_be_stored_and_a_good_one_stays_as_it_is(text: str) -> None:
    stored = as_text(text)
    assert stored is not None
    assert b"\0" not in stored.encode()
    assert as_text(stored) == stored
    if all(not 0xD800 <= ord(character) <= 0xDFFF and character != "\0" for character in text):
        assert stored == text


@given(st.lists(half, max_size=3))
def test_any_list_can_be_stored(texts: list[str]) -> None:
    stored = as_text(texts) or ""
    assert stored.encode()
    assert json.loads(stored) == [as_text(text) for text in texts]


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"cut \ud83d"', "cut \ufffd"),
        (r'["\ude00"]', '["\ufffd"]'),
        (r'{"name": "cut \ud83d"}', '{"name": "cut \ufffd"}'),
    ],
)
def test_half_an_emoji_in_an_answer_breaks_no_night(told: str, stored: str) -> None:
    assert as_text(Answer(200, {}, told.encode()).json()) == stored


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), (True, "true"), (Decimal("2.50"), "2.50"), (Decimal("1E+3"), "1000"), (7, "7"), ("", "")],
)
def test_plain_values_are_written_plainly(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_parts_are_found_by_their_path() -> None:
    values = {"owner": {"id": "7", "name": None}, "tags": ["a", "b"], "a.b": "whole"}
    assert [text_at(values, path) for path in ("owner.id", "owner.name", "tags.1", "tags.9", "a.b", "no.where")] == [
        "7", None, "b", None, "whole", None,
    ]  # fmt: skip
    assert json.loads(text_at(values, "tags") or "") == ["a", "b"]
