"""What a Tryton source wants to know, and what lets us in."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SecretStr, field_validator

from sources.api.settings import KindSettings
from sources.credentials import Credentials


class TrytonSettings(KindSettings):
    """The `settings` of a source of kind tryton.

    `domains` narrows a model, in Tryton's own domain notation: {"account.invoice": [["type", "=", "out"]]}. A record
    that leaves its domain counts as deleted. `written_with` names references whose record's writing counts as the
    record's own: {"sale.line": ["sale"]}. `concurrency` is how many pages are asked for at once.
    """

    base_url: str
    database: str = Field(min_length=1)
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}(_[A-Z0-9]{2,3})?$")
    domains: dict[str, list[Any]] = Field(default_factory=dict)
    written_with: dict[str, list[str]] = Field(default_factory=dict)
    page_size: int = Field(500, ge=1, le=10_000)
    concurrency: int = Field(2, ge=1, le=8)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, value: dict[str, list[Any]]) -> dict[str, list[Any]]:
        for model, domain in value.items():
            if not _is_domain(domain):
                raise ValueError(f"the domain of {model} has a part that is no [field, operator, value], AND or OR")
        return value


class TrytonCredentials(Credentials):
    """The login and password of a user of its own."""

    login: str = Field(min_length=1, repr=False)
    password: SecretStr


def _is_domain(part: Any) -> bool:
    """Say whether this is a list of clauses, each a condition or a domain of its own, AND or OR before them."""
    if not isinstance(part, list):
        return False
    clauses = part[1:] if part and part[0] in ("AND", "OR") else part
    return all(_is_condition(each) or _is_domain(each) for each in clauses)


def _is_condition(part: Any) -> bool:
    # the fourth part is the model that a reference leads to
    return isinstance(part, list) and len(part) in (3, 4) and isinstance(part[0], str) and isinstance(part[1], str)
