"""A company: its name, money, time zone and sources, as its company.yml says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from warehouse.errors import Problem
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
    """Size, seed and first day of a simulated company; the same three give the same company."""

    accounts: int = Field(2000, ge=10)
    seed: int = 7
    first_day: date | None = None


class Manager(_Strict):
    """The account manager who gets the accounts that have none."""

    account_manager_id: str
    account_manager_name: str
    email: str
    language: Literal["en", "zh"] = "en"


Kind = Literal["files", "erp_database", "zoho_crm", "fxiaoke", "odoo", "tryton"]
"""The kinds of sources there are."""


class SourceEntry(BaseModel):
    """A source's name and kind; the rest of its mapping is read by the room of sources."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    kind: Kind
    freshness_days: int | None = Field(None, ge=1)


class Company(_Strict):
    """The whole company.yml. `id` names its state folder and its database."""

    id: str = Field(alias="company", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    name: Name
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    timezone: TimeZone
    language: Literal["en", "zh"] = "en"
    first_as_of: date | None = None
    simulator: SimulatorOptions | None = None
    fallback_manager: Manager | None = None
    sources: list[SourceEntry] = Field(min_length=1)
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where the company.yml lies; relative paths of the mapping start here."""
        return self._folder

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def source(self, name: str) -> SourceEntry:
        """Return a source by name, or raise UnknownSourceError."""
        for source in self.sources:
            if source.name == name:
                return source
        raise UnknownSourceError(
            f"source {name} of {self.id}",
            seen="no such source in company.yml",
            expected="one of: " + ", ".join(source.name for source in self.sources),
            next_step=f"name one of these, or add the source to {self.folder / 'company.yml'}",
        )


def load_company(path: str, *, timezone: str | None = None) -> Company:
    """Read the company.yml of a folder (looked for here, then in the project). `timezone` replaces its own.

    Raises UnknownCompanyError and BadCompanyError; the latter names every field that is wrong.
    """
    file = _find(path)
    try:
        raw: dict[str, Any] = dict(yaml.safe_load(file.read_text(encoding="utf-8")))
        company = Company.model_validate(raw | ({"timezone": timezone} if timezone else {}))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False)
        )
        raise _bad(file, wrong) from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise _bad(file, f"not a YAML mapping{where}") from error
    names = [source.name for source in company.sources]
    if len(set(names)) != len(names):
        raise _bad(file, f"two sources have the same name: {', '.join(names)}")
    company._folder = file.parent
    return company


def _bad(file: Path, seen: str) -> BadCompanyError:
    return BadCompanyError(
        str(file),
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
