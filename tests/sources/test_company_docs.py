"""What docs/company.md says of company.yml holds: its example, its fragments, its words and its error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from sources.mapping.contract import EXTRA, Contract, load_contracts
from sources.mapping.expressions import (
    KINDS,
    ArithmeticExpression,
    Case,
    ColumnExpression,
    Condition,
    HashExpression,
    parse_expression,
)
from sources.mapping.mapping import DatasetOptions, EntityOptions, SourceOptions
from sources.mapping.reader import BadMappingError, read_mapping
from warehouse.company import Company, Manager, Name, SimulatorOptions, load_company

TEXT = (Path(__file__).parents[2] / "docs" / "company.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```yaml\n(.*?)^ *```$", TEXT, re.M | re.S)
EXAMPLE = BLOCKS[0]
VOCABULARY: tuple[type[BaseModel], ...] = (
    Company, Name, Manager, SimulatorOptions, SourceOptions, DatasetOptions, EntityOptions,
    ColumnExpression, HashExpression, ArithmeticExpression, Condition, Case,
)  # fmt: skip
WORDS = sorted(
    {str(field.alias or name) for model in VOCABULARY for name, field in model.model_fields.items()} | set(KINDS)
)
CONTRACTS = load_contracts()


def _company(folder: Path, text: str = EXAMPLE) -> Company:
    (folder / "company.yml").write_text(text, encoding="utf-8")
    return load_company(str(folder))


def test_the_complete_example_is_accepted(tmp_path: Path) -> None:
    company = _company(tmp_path)
    mappings = [read_mapping(company, source.name) for source in company.sources]
    assert {mapping.options.kind for mapping in mappings} == {"files", "erp_database"}
    assert {"accounts", "orders", "order_lines"} <= {each.entity for mapping in mappings for each in mapping.entities}


def test_every_fragment_is_accepted() -> None:
    seen = set()
    for block in BLOCKS[1:]:
        fragment: dict[str, Any] = yaml.safe_load(block)
        for word, content in fragment.items():
            seen.add(word)
            if word == "where":
                assert [Condition.model_validate(each) for each in content]
            else:
                assert word == "fields", f"no test knows the fragment {word}"
                assert [parse_expression(each) for each in content.values()]
                assert set(content) <= {name for contract in CONTRACTS for name in contract.columns}
    assert seen == {"where", "fields"}


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_the_vocabulary_is_explained(word: str) -> None:
    assert f"`{word}`" in TEXT


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.entity)
def test_every_entity_has_a_line_with_its_columns_as_the_contract_has_them(contract: Contract) -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith(f"| `{contract.entity}` | "))
    described = []
    for name, column in contract.columns.items():
        if name == EXTRA:
            continue
        shown = f"**`{name}`** {column.type}" if column.required else f"`{name}` {column.type}"
        described.append(shown + (f" ({', '.join(column.allowed)})" if column.allowed else ""))
    assert line == f"| `{contract.entity}` | `{'`, `'.join(contract.key)}` | {', '.join(described)} |"


def test_the_defaults_are_the_codes_own() -> None:
    assert f"{SourceOptions.model_fields['quarantine_limit'].default} unless said" in TEXT
    assert f"`{DatasetOptions.model_fields['encoding'].default}` unless said" in TEXT
    assert f"of a time cursor to read again, {DatasetOptions.model_fields['lookback_days'].default} unless" in TEXT
    assert (
        f"`vanish_limit` | the share of an entity's records that may be gone in one night, "
        f"{SourceOptions.model_fields['vanish_limit'].default} unless said" in TEXT
    )


def test_the_error_shown_is_the_one_that_is_raised(tmp_path: Path) -> None:
    company = _company(tmp_path, EXAMPLE.replace("net_amount:", "net_amout:"))
    with pytest.raises(BadMappingError) as caught:
        read_mapping(company, "erp")
    assert f"error: {caught.value}".replace(str(company.folder), "/srv/acme") in TEXT
