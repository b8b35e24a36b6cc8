"""The canonical entities: what a source's mapping must give, and the raw tables that hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sources.mapping.expressions import Condition, Expression, parse_expression
from warehouse.errors import Problem
from warehouse.plain_yaml import read_yaml

CONTRACTS = Path(__file__).parents[1] / "contracts"

ColumnType = Literal["text", "integer", "numeric", "boolean", "date", "timestamptz", "jsonb"]

EXTRA = "extra"
"""The column of every entity that holds what else a company wants to keep of it."""
_EXTRA_COLUMN = {"type": "jsonb", "description": "The company's own fields, by the names its mapping gives them"}

NAME = r"^[a-z][a-z0-9_]{0,40}$"


class BadContractError(Problem):
    """A file of sources/contracts that cannot be understood."""


SystemKind = Literal["zoho_crm", "fxiaoke", "odoo", "tryton"]
"""The kinds of sources whose objects and fields are known beforehand."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _as_expressions(value: Any) -> Any:
    return tuple(map(parse_expression, _as_list(value)))


class Column(BaseModel):
    """One column of an entity.

    `allowed` lists the only values it may have, `references` the entity whose key it holds. `personal` marks what
    reaches or judges a person: no mart shows it but in a restricted column.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: ColumnType
    required: bool = False
    allowed: tuple[str, ...] | None = None
    references: str | None = None
    personal: bool = False
    description: str


class SystemObject(BaseModel):
    """An object of a known system that gives an entity, and how its fields become columns.

    A column has one expression or several; then the first whose fields the system has is meant. `labels`: for a
    column that none of them gives, what people call such a field of their own, as a regular expression.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    object: str
    note: str | None = None
    where: Annotated[tuple[Condition, ...], BeforeValidator(_as_list)] = ()
    fields: dict[str, Annotated[tuple[Expression, ...], BeforeValidator(_as_expressions)]] = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)


class Contract(BaseModel):
    """One canonical entity.

    The parts of `key`, joined by '|', are the record_id. `event_date` names the column that may not lie after
    the night's day. `maps`: where known systems keep it, the main object first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str = Field(pattern=NAME)
    description: str
    key: tuple[str, ...] = Field(min_length=1)
    event_date: str | None = None
    columns: dict[str, Column] = Field(min_length=1)
    maps: dict[SystemKind, Annotated[tuple[SystemObject, ...], BeforeValidator(_as_list)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for name in self.key:
            if name not in self.columns or not self.columns[name].required or self.columns[name].type != "text":
                raise ValueError(f"key {name} must be a required text column")
        if self.event_date is not None and self.columns[self.event_date].type not in ("date", "timestamptz"):
            raise ValueError(f"event_date {self.event_date} must be a date or timestamptz")
        for kind, objects in self.maps.items():
            for each in objects:
                unknown = [*({*each.fields, *each.labels} - set(self.columns)), *(set(self.key) - set(each.fields))]
                if unknown:
                    raise ValueError(f"maps {kind} {each.object}: unknown column or missing key {', '.join(unknown)}")
        return self


def load_contracts(folder: Path = CONTRACTS) -> tuple[Contract, ...]:
    """Return every contract, by entity. Raises BadContractError, which names the file and what is wrong in it."""
    contracts = tuple(_load(path) for path in sorted(folder.glob("*.yml")))
    entities = [contract.entity for contract in contracts]
    for contract in contracts:
        for name, column in contract.columns.items():
            if column.references is not None and column.references not in entities:
                raise BadContractError(
                    f"{folder / contract.entity}.yml, column {name}",
                    seen=f"references: {column.references}, which is no entity",
                    expected=f"one of: {', '.join(entities)}",
                    next_step="correct the name",
                )
    return contracts


def contracts_by_entity(folder: Path = CONTRACTS) -> dict[str, Contract]:
    """Return the contracts by their entity's name. Raises BadContractError."""
    return {contract.entity: contract for contract in load_contracts(folder)}


_PERSON = "contact_id"

_OF_HOUSES = {"accounts", "account_managers"}
"""What is personal there reaches a company, or one of us, and not a person at a customer."""

_MATCHED = {"accounts", "products", "tickets", "survey_responses", "interactions", "churn_reasons"}
"""What the stage `match` reads: whose records are one customer's, and what texts are about."""


def person_columns(contract: Contract) -> dict[str, str]:
    """Return which columns tell of a person at a customer, and how: as the row's own person (subject), as another that
    it names (reference), by who that is (identity) or in words that may name people (words)."""
    found = {}
    for name, column in contract.columns.items():
        if name == _PERSON and (column.references == "contacts" or name in contract.key):
            found[name] = "subject"
        elif column.references == "contacts":
            found[name] = "reference"
        elif column.personal and column.type == "text" and contract.entity not in _OF_HOUSES:
            found[name] = "identity" if _PERSON in contract.key else "words"
    return found


def raw_table_ddl(contract: Contract) -> str:
    """Return idempotent SQL that makes raw.<entity>, or adds the columns that its contract has gained.

    One row a version: (source, record_id) is the record, known_at when the warehouse knew this version of it,
    gen the night that loaded it. The version holds until the next one becomes known; one that is_deleted says that
    the record was gone, and repeats what was last known of it. Only the key is NOT NULL: a mapping may declare a
    required column optional.
    """
    table = f"raw.{contract.entity}"
    columns = "".join(f",\n    {name} {column.type}" for name, column in contract.columns.items())
    deleted = "is_deleted boolean not null default false"
    added = "\n".join(
        f"alter table {table} add column if not exists {name} {column.type};"
        for name, column in contract.columns.items()
    )
    comments = "\n".join(
        f"comment on column {table}.{name} is {_quoted(column.description)};"
        for name, column in contract.columns.items()
    )
    persons = f"delete from ops.person_columns where entity = '{contract.entity}';\n"  # noqa: S608 - our own name
    for name, part in person_columns(contract).items():
        persons += f"insert into ops.person_columns values ('{contract.entity}', '{name}', '{part}');\n"  # noqa: S608
    matcher = ", guanxi_matcher" if contract.entity in _MATCHED else ""
    return (
        f"create table if not exists {table} (\n"
        "    source text not null,\n"
        "    record_id text not null,\n"
        "    content_hash text not null,\n"
        "    known_at timestamptz not null,\n"
        f"    gen bigint not null,\n"
        f"    {deleted}{columns},\n"
        "    primary key (source, record_id, known_at)\n"
        ");\n"
        f"alter table {table} add column if not exists {deleted};\n"
        f"{added}\n"
        f"comment on table {table} is {_quoted(contract.description + ' Every version of it.')};\n"
        f"{comments}\n"
        f"grant select, insert, delete on {table} to guanxi_loader;\n"
        f"grant select on {table} to guanxi_transformer, guanxi_checker{matcher};\n"
        f"{persons}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _load(path: Path) -> Contract:
    try:
        raw: Any = read_yaml(path)
        contract = Contract.model_validate(raw | {"columns": raw["columns"] | {EXTRA: _EXTRA_COLUMN}})
    except (ValidationError, yaml.YAMLError, TypeError, KeyError) as error:
        raise BadContractError(
            str(path),
            seen=str(error).replace("\n", "; "),
            expected="entity, description, key, event_date and columns as in the other contracts",
            next_step="correct the file",
        ) from error
    if contract.entity != path.stem:
        raise BadContractError(
            str(path),
            seen=f"entity {contract.entity}",
            expected=f"entity {path.stem}, as the file is called",
            next_step="rename the file or the entity",
        )
    return contract
