"""A source's credentials: from the environment or a file, never from a mapping."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from sources.errors import SourceUnreachableError


class Credentials(BaseModel):
    """What a kind of source needs to be let in; each kind has its own. Secrets are SecretStr, so no text shows them."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AnyCredentials = TypeVar("AnyCredentials", bound=Credentials)


def variable_of(source: str) -> str:
    """Return the environment variable that holds a source's credentials, as one JSON object."""
    return f"GUANXI_SOURCE_{source.upper()}"


def read_credentials(
    source: str, kind: type[AnyCredentials], environment: Mapping[str, str] | None = None
) -> AnyCredentials:
    """Return a source's credentials. Raises SourceUnreachableError that names what is missing and no value.

    Looked for in GUANXI_SOURCE_<NAME>, then in the file that GUANXI_SOURCE_<NAME>_FILE names. A stage that Airflow
    runs finds the Airflow connection guanxi_<name> in the first, if there is one.
    """
    environment = os.environ if environment is None else environment
    variable = variable_of(source)
    text, file = environment.get(variable, ""), environment.get(f"{variable}_FILE", "")
    try:
        if not text and file:
            text = Path(file).read_text(encoding="utf-8")
        if not text.strip():
            raise _unusable(source, kind, "no credentials")
        return kind.model_validate(json.loads(text))
    except OSError as error:
        raise _unusable(source, kind, f"{variable}_FILE cannot be read ({error.strerror})") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise _unusable(source, kind, wrong) from None
    except ValueError:
        raise _unusable(source, kind, "something that is no JSON object") from None


def shown(secret: SecretStr) -> str:
    """Return a secret to send to its system; the one place where it becomes text."""
    return secret.get_secret_value()


def _unusable(source: str, kind: type[Credentials], seen: str) -> SourceUnreachableError:
    fields = ", ".join(name + ("" if each.is_required() else " (optional)") for name, each in kind.model_fields.items())
    return SourceUnreachableError(
        f"source {source}, credentials",
        seen=seen,
        expected=f"a JSON object with {fields}",
        next_step=f"set {variable_of(source)}, or name a file with it in {variable_of(source)}_FILE, or make the"
        f" Airflow connection guanxi_{source}; then try it: guanxi sources test --source {source}",
    )
