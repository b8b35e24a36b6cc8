"""What Tryton's errors mean. Their texts are in the user's language and hold records' names: only ours are told."""

from __future__ import annotations

import re
from typing import Any

from sources.api.http import AgainError
from sources.errors import MissingTableError, SourceUnreachableError
from sources.tables import MissingColumnError
from warehouse.errors import Problem

# a KeyError of the server: the name of a model or a field, and nothing else
_NAME_ONLY = re.compile(r"^'([\w.-]+)'$")


class TrytonRefusedError(Problem):
    """Tryton answered that it will not do what was asked, and would not the next time."""


def meaning(error: Any, *, thing: str, model: str, method: str) -> Exception:
    """Return what the `error` of an answer means: AgainError, or a Problem that names what to mend."""
    told = str(error[0]) if isinstance(error, list) and error else ""
    place = f"{thing}, model {model}"
    if told == "UserError":  # what reading can be refused with
        return no_right(place)
    if told == "LoginException":
        return asks_for_more(thing)
    if told == "UserWarning":
        return TrytonRefusedError(
            place,
            seen=f"a warning that a person must confirm when {method} was called",
            expected="an answer",
            next_step="see which module warns when records are read, and exempt the user from it",
        )
    name = _NAME_ONLY.match(told)
    if name and name[1] == model:
        return no_model(place)
    if name and "." not in name[1]:
        return MissingColumnError(
            place,
            seen=f"no field {name[1]}",
            expected="the fields that the mapping uses",
            next_step="correct the field in company.yml; it may have been renamed in Tryton",
        )
    # a conflict, a lost connection to its database, or a fault of its own code, which it does not tell apart
    return AgainError(f"an error of Tryton itself when {method} of {model} was called")


def no_model(place: str) -> MissingTableError:
    """Return the error for a model that the server does not know."""
    return MissingTableError(
        place,
        seen="no such model",
        expected="a model of an activated module, in a database that trytond serves",
        next_step="correct `object` in company.yml, or activate the module; where every model is missing, trytond was"
        " started without the database (-d)",
    )


def no_right(place: str) -> MissingTableError:
    """Return the error for a model that this user may not read."""
    return MissingTableError(
        place,
        seen="no right to read it",
        expected="a user who may read every record of it",
        next_step="give the user's groups that right in Tryton (docs/runbooks/source_tryton.md lists them)",
    )


def not_offered(place: str) -> MissingTableError:
    """Return the error for a model that clients may not open, such as one that only links two others."""
    return MissingTableError(
        place,
        seen="the server does not offer it (HTTP 403)",
        expected="a model that Tryton's own client can open",
        next_step="take the model that shows these rows: party.relation.all for party.relation",
    )


def asks_for_more(thing: str) -> SourceUnreachableError:
    """Return the error for a login that wants more than a password."""
    return SourceUnreachableError(
        thing,
        seen="the login asks for more than a password",
        expected="a user who may log in with a password alone",
        next_step="exempt this user from further steps of the login (section [session] authentications of trytond)",
    )
