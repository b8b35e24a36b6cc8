"""What an Odoo source wants to know, and what lets us in."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator

from sources.api.settings import KindSettings
from sources.credentials import Credentials

DoorName = Literal["json2", "jsonrpc"]


class OdooSettings(KindSettings):
    """`door` is found out by asking the server unless it is said.

    `domains` narrows a model, in Odoo's own domain notation: {"account.move": [["move_type", "=", "out_invoice"]]}.
    A record that leaves its domain counts as deleted. `concurrency` is how many pages are asked for at once.
    """

    base_url: str
    database: str | None = None
    door: DoorName | None = None
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?$")
    domains: dict[str, list[Any]] = Field(default_factory=dict)
    page_size: int = Field(1000, ge=1, le=10_000)
    concurrency: int = Field(2, ge=1, le=8)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, value: dict[str, list[Any]]) -> dict[str, list[Any]]:
        for model, domain in value.items():
            for part in domain:
                is_condition = isinstance(part, list) and len(part) == 3 and isinstance(part[0], str)  # noqa: PLR2004
                if not is_condition and part not in ("&", "|", "!"):
                    raise ValueError(f"the domain of {model} has a part that is no [field, operator, value], &, | or !")
        return value


class OdooCredentials(Credentials):
    """`api_key` is the user's key (a password before Odoo 14); JSON-RPC wants the `login` too."""

    api_key: SecretStr
    login: str | None = None
