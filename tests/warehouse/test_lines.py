"""The line of every part of a YAML file, found independently: by the text of the line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from warehouse.lines import RepeatedKeyError, read_yaml

TEXT = """\
company: acme                # line 1
sources:
  - &base
    name: erp
    datasets: {orders: {table: sales,
        cursor: changed_at}}
  - <<: *base
    name: crm
    optional: [a,
      b]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("company",), 1),
        (("sources",), 2),
        (("sources", 0), 3),
        (("sources", 0, "name"), 4),
        (("sources", 0, "datasets", "orders", "cursor"), 6),
        (("sources", 0, "datasets", "orders", "no such key"), 5),
        (("sources", 0, "datasets", "orders", "a word of the validation", "cursor"), 6),
        (("sources", 1, "name"), 8),
        (("sources", 1, "datasets", "orders"), 5),
        (("sources", 1, "optional", 1), 10),
        (("sources", 1, "optional", "b"), 10),
        (("sources", 7, "name"), 2),
        (("company", "deeper"), 1),
    ],
)
def test_a_part_has_its_line_and_a_missing_one_that_of_what_it_would_stand_in(
    path: tuple[str | int, ...], line: int
) -> None:
    assert read_yaml(TEXT)[1].line_of(path) == line


def _paths(content: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [above] if above else []
    for key, value in content.items() if isinstance(content, dict) else ():
        found += _paths(value, (*above, key))
    return found


@given(
    st.recursive(
        st.integers(),
        lambda inner: st.dictionaries(st.text("abcde", min_size=1, max_size=3), inner, min_size=1),
        max_leaves=12,
    )
)
def test_every_key_is_found_on_the_line_that_begins_with_it(content: Any) -> None:
    text = yaml.safe_dump({"top": content}, default_flow_style=False, allow_unicode=True)
    read, lines = read_yaml(text)
    assert read == {"top": content}
    numbers = []
    for path in _paths({"top": content}):
        number = lines.line_of(path)
        line = text.splitlines()[number - 1]
        assert yaml.safe_load(line.strip().partition(":")[0]) == yaml.safe_load(yaml.safe_dump(path[-1]))
        assert len(line) - len(line.lstrip()) == 2 * (len(path) - 1)
        numbers.append(number)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "x:\n  - {a: 1, a: 2}\n", "x: {y: {a: 1,\n a: 2}}\n"])
def test_a_key_that_stands_twice_is_refused_and_not_overwritten(text: str) -> None:
    with pytest.raises(RepeatedKeyError, match="a stands in lines"):
        read_yaml(text)


def test_what_holds_itself_is_read_once() -> None:
    content, lines = read_yaml("a: &loop\n  b: *loop\n")
    assert content["a"]["b"] is content["a"]
    assert lines.line_of(("a", "b", "b", "b")) == 2
