"""Who gets a list: an account manager, or the desk that gets the accounts nobody owns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address
from typing import TYPE_CHECKING, Literal

from delivery.safe_text import clean

if TYPE_CHECKING:
    from warehouse.company import Company

Language = Literal["en", "zh"]

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")
# RFC 5321, 4.5.3.1
_LOCAL_LIMIT = 64
_ADDRESS_LIMIT = 254


@dataclass(frozen=True, slots=True)
class Manager:
    """`email` is as the source gave it: nobody has checked it yet."""

    account_manager_id: str
    name: str
    email: str | None
    language: Language


def fallback_manager(company: Company) -> Manager | None:
    """Return the desk that company.yml names for accounts without a manager, if it names one."""
    entry = company.fallback_manager
    if entry is None:
        return None
    return Manager(
        account_manager_id=entry.account_manager_id,
        name=entry.account_manager_name,
        email=entry.email,
        language=entry.language,
    )


def as_language(value: object, *, default: object = "en") -> Language:
    """Return `value` where it is a language the lists are written in, else the company's, else English."""
    for each in (value, default):
        if each == "en":
            return "en"
        if each == "zh":
            return "zh"
    return "en"


def is_address(value: str | None) -> bool:
    """Whether `value` is exactly one plain mailbox address; a list, a comment or a display name is none."""
    if value is None or len(value) > _ADDRESS_LIMIT:
        return False
    found = _ADDRESS.fullmatch(value)
    return found is not None and len(found["local"]) <= _LOCAL_LIMIT


def typed_address(*, name: str, email: str) -> Address:
    """Return a header address. `email` must have passed `is_address`; raises ValueError when it did not."""
    if not is_address(email):
        raise ValueError("not one plain e-mail address")
    return Address(display_name=clean(name, limit=80), addr_spec=email)
