"""A company: its name, money, time zone and sources, as its company.yml says."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from warehouse.errors import Problem
from warehouse.lines import Lines, RepeatedKeyError, read_yaml
from warehouse.settings import ROOT, TimeZone


class UnknownCompanyError(Problem):
    """No company.yml where the company should be."""


class BadCompanyError(Problem):
    """A company.yml that cannot be understood."""


class UnknownSourceError(Problem):
    """The company has no source of that name."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(_Strict):
    """What people call it, in the two languages of the house."""

    en: str
    zh: str


class SimulatorOptions(_Strict):
    """Size, seed and first day of a simulated company; the same three give the same company.

    `crm_ids`: whether its CRM has the ERP's numbers of the customers or its own; with its own it is full of dirt.
    """

    accounts: int = Field(2000, ge=10)
    seed: int = 7
    first_day: date | None = None
    crm_ids: Literal["shared", "own"] = "shared"


class Manager(_Strict):
    """The account manager who gets the accounts that have none."""

    account_manager_id: str
    account_manager_name: str
    email: str
    language: Literal["en", "zh"] = "en"


Kind = Literal["files", "erp_database", "zoho_crm", "fxiaoke", "odoo", "tryton"]
"""The kinds of sources there are."""


LISTED = frozenset({"accounts", "account_managers", "orders", "order_lines"})
"""The entities that say who is on a list and whose it is: with one of them old, a list may be wrong."""


ChurnKind = Literal["fixed_window", "own_rhythm", "partial", "contractual"]
"""The definitions of churn, as policy_churn_kinds has them."""


_ACCOUNT = "{account_id}"


class SourceEntry(BaseModel):
    """A source's name and kind; the rest of its mapping is read by the room of sources.

    `when_undelivered`: whether a night goes on with what the source gave last, for at most `carry_days`.
    `holds_mails`: whether the lists wait while its data are older than the night; unless said, they do when it brings
    an entity of LISTED, of which lists are made. `account_ids`: whether its
    ids of accounts are those of the other sources, or its own, which the stage `match` then finds the accounts of.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    kind: Kind
    freshness_days: int | None = Field(None, ge=1)
    when_undelivered: Literal["carry", "stop"] = "carry"
    carry_days: int = Field(3, ge=1)
    holds_mails: bool = True
    account_ids: Literal["shared", "own"] = "shared"

    @model_validator(mode="before")
    @classmethod
    def _hold_mails_by_entities(cls, entry: Any) -> Any:
        if not isinstance(entry, dict) or "holds_mails" in entry:
            return entry
        entities = entry.get("entities")
        return entry | {"holds_mails": isinstance(entities, dict) and not LISTED.isdisjoint(entities)}


class Company(_Strict):
    """The whole company.yml. `id` names its state folder and its database.

    `holdouts`: the programmes of policy_save_programmes from which some customers are left out by chance.
    `scored_churn`: the definition of churn that is predicted; None leaves it to policy_churn_kinds.
    `record_link`: where a customer's record is looked at, with `{account_id}` in it; letters link to it.
    """

    id: str = Field(alias="company", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    name: Name
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    timezone: TimeZone
    language: Literal["en", "zh"] = "en"
    first_as_of: date | None = None
    simulator: SimulatorOptions | None = None
    fallback_manager: Manager | None = None
    holdouts: tuple[str, ...] = ()
    scored_churn: ChurnKind | None = None
    record_link: str | None = None
    sources: list[SourceEntry] = Field(min_length=1)
    _file: Path = PrivateAttr(default=Path())
    _lines: Lines = PrivateAttr()

    @field_validator("record_link")
    @classmethod
    def _is_a_link(cls, link: str | None) -> str | None:
        if link is None:
            return None
        address = urlsplit(link.replace(_ACCOUNT, ""))
        if link.count(_ACCOUNT) != 1 or re.search(r"[\s<>\"{}\\]", link.replace(_ACCOUNT, "")):
            raise ValueError("a link with {account_id} in it once, without spaces, quotes or further braces")
        if address.scheme != "https" or not address.hostname or address.username or _ACCOUNT in urlsplit(link).netloc:
            raise ValueError("a link that begins with https:// and a host, with {account_id} after the host")
        return link

    def record_url(self, account_id: str) -> str | None:
        """Return where an account's record is looked at; None when the company does not say."""
        return self.record_link and self.record_link.replace(_ACCOUNT, quote(account_id, safe=""))

    @property
    def folder(self) -> Path:
        """Where the company.yml lies; relative paths of the mapping start here."""
        return self._file.parent

    @property
    def file(self) -> Path:
        """The company.yml itself."""
        return self._file

    @property
    def lines(self) -> Lines:
        """Where the parts of the company.yml stand in it."""
        return self._lines

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def own_account_ids(self) -> tuple[str, ...]:
        """The names of the sources whose account ids are theirs alone."""
        return tuple(source.name for source in self.sources if source.account_ids == "own")

    def source(self, name: str) -> SourceEntry:
        """Return a source by name, or raise UnknownSourceError."""
        for source in self.sources:
            if source.name == name:
                return source
        raise UnknownSourceError(
            f"source {name} of {self.id}",
            seen="no such source in company.yml",
            expected="one of: " + ", ".join(source.name for source in self.sources),
            next_step=f"name one of these, or add the source to {self.file}",
        )


def load_company(path: str, *, timezone: str | None = None) -> Company:
    """Read the company.yml of a folder (looked for here, then in the project). `timezone` replaces its own.

    Raises UnknownCompanyError and BadCompanyError; the latter names every field that is wrong, and its line.
    """
    file = _find(path)
    try:
        content, lines = read_yaml(file.read_text(encoding="utf-8"))
        raw: dict[str, Any] = dict(content)
    except RepeatedKeyError as error:
        raise _bad(file, f"a key twice in one place: {error.problem}", line=_line(error)) from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        line = _line(error)
        raise _bad(file, "not a YAML mapping" + (f" at line {line}" if line else ""), line=line) from error
    try:
        company = Company.model_validate(raw | ({"timezone": timezone} if timezone else {}))
    except ValidationError as error:
        errors = error.errors(include_input=False)
        found = sorted(((lines.line_of(each["loc"]), each) for each in errors), key=lambda one: one[0])
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']} (line {line})" for line, each in found)
        raise _bad(file, wrong, line=found[0][0]) from error
    names = [source.name for source in company.sources]
    for number, name in enumerate(names):
        if name in names[:number]:
            line = lines.line_of(("sources", number, "name"))
            raise _bad(file, f"two sources have the same name: {name}", line=line)
    company._file, company._lines = file, lines
    return company


def _line(error: Exception) -> int | None:
    """Return the line at which a file stops being YAML, where the reader could tell."""
    mark = getattr(error, "problem_mark", None)
    return None if mark is None else int(mark.line) + 1


def _bad(file: Path, seen: str, *, line: int | None) -> BadCompanyError:
    return BadCompanyError(
        f"{file}:{line}" if line else str(file),
        seen=seen,
        expected="the fields that docs/company.md describes",
        next_step="correct these fields; examples/online_retail/company.yml is one that works",
    )


def _find(path: str) -> Path:
    for folder in (Path(path), ROOT / path, ROOT / "examples" / path):
        for file in (folder / "company.yml", folder):
            if file.is_file():
                return file.resolve()
    known = sorted(file.parent.name for file in (ROOT / "examples").glob("*/company.yml"))
    raise UnknownCompanyError(
        f"company {path}",
        seen="no company.yml there",
        expected="a folder with a company.yml; the examples are " + ", ".join(known),
        next_step="correct --company (or GUANXI_COMPANY), or write a company.yml as docs/company.md says",
    )
