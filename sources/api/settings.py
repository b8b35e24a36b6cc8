"""What a kind of source wants to know besides its credentials: the part `settings` of a source in company.yml."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sources.mapping.mapping import SourceOptions
from sources.mapping.reader import BadMappingError


class KindSettings(BaseModel):
    """The settings of one kind of source; each kind has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AnySettings = TypeVar("AnySettings", bound=KindSettings)


def read_settings(options: SourceOptions, kind: type[AnySettings]) -> AnySettings:
    """Return a source's settings. Raises BadMappingError that names the line, the source and the key."""
    try:
        return kind.model_validate(options.settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        close = get_close_matches(key, list(kind.model_fields), n=1) if first["type"] == "extra_forbidden" else []
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise BadMappingError(
            options.place.at("settings", *first["loc"]),
            seen=first["msg"].removeprefix("Value error, ") + hint,
            expected="settings that kind "
            + options.kind
            + " knows: "
            + ", ".join(name + (" (needed)" * each.is_required()) for name, each in kind.model_fields.items()),
            next_step=f"correct this place in {options.place.file};"
            f" docs/runbooks/source_{options.kind}.md has every key",
        ) from None
