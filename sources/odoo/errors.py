"""What Odoo's errors mean. Their texts and tracebacks hold records' names, so only what we know is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sources.api.http import AgainError, RefusedCredentialError
from sources.errors import MissingTableError, SourceUnreachableError
from sources.tables import MissingColumnError
from warehouse.errors import Problem

_NO_FIELD = re.compile(r"Invalid field ['\"]?([\w.]+)['\"]?")
_NO_MODEL = re.compile(r"^the model '[\w.]+' does not exist|^Object [\w.]+ doesn't exist", re.I)
_NO_DATABASE = re.compile(r'database "[^"]*" does not exist', re.I)
# Python's own errors and Odoo's are the same the next time; the database's (a serialization failure) may not be
_STAYING = ("builtins.", "odoo.exceptions.", "odoo.tools.", "werkzeug.exceptions.")


class OdooRefusedError(Problem):
    """Odoo answered that it will not do what was asked, and would not the next time."""


@dataclass(frozen=True, slots=True)
class Told:
    """An error as Odoo told it: the class's name and its message, which stays in here."""

    name: str
    message: str

    @classmethod
    def of(cls, body: Any) -> Told | None:
        """Return the error in an answer of either door, None when there is none that we understand."""
        if not isinstance(body, Mapping):
            return None
        inner = body["error"] if isinstance(body.get("error"), Mapping) else body
        data = inner["data"] if isinstance(inner.get("data"), Mapping) else inner
        name, message = data.get("name"), data.get("message")
        return cls(name, str(message)) if isinstance(name, str) else None


def meaning(told: Told, *, thing: str, model: str, method: str) -> Exception:  # noqa: PLR0911 - one for each error
    """Return what an error means: AgainError, RefusedCredentialError, or a Problem that names what to mend."""
    kind = told.name.rpartition(".")[2]
    if _NO_DATABASE.search(told.message):
        return SourceUnreachableError(
            thing,
            seen="the server has no such database",
            expected="the database's name as Odoo's login page offers it",
            next_step="correct `database` in the source's settings",
        )
    if kind == "AccessDenied" or (kind == "Unauthorized" and told.name.startswith("werkzeug.")):
        return RefusedCredentialError("the login or API key was refused")
    if kind in ("AccessError", "Forbidden"):
        return MissingTableError(
            f"{thing}, model {model}",
            seen="no right to read it",
            expected="a user who may read every record of it",
            next_step="give the user that right in Odoo (docs/runbooks/source_odoo.md lists them)",
        )
    if _NO_MODEL.search(told.message):
        return MissingTableError(
            f"{thing}, model {model}",
            seen="no such model",
            expected="a model of an installed app",
            next_step="correct `object` in company.yml, or install the app that has it",
        )
    field = _NO_FIELD.search(told.message)
    if field:
        return MissingColumnError(
            f"{thing}, model {model}",
            seen=f"no field {field[1].removeprefix(model + '.')}",
            expected="the fields that the mapping uses",
            next_step="correct the field in company.yml; it may have been renamed in Odoo",
        )
    if told.name.startswith(_STAYING):
        return OdooRefusedError(
            f"{thing}, model {model}",
            seen=f"{kind} when {method} was called",
            expected="an answer",
            next_step="see the server's log at this moment; a module that changes the model is the usual cause",
        )
    return AgainError(f"Odoo's error {kind}")
