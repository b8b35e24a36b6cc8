"""Reads our own yml files: contracts of tables, catalogues of words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# commands read hundreds of contracts as they start: libyaml does in a tenth of the time what Python does
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """Return what a file holds, plain values only; None when it is empty. Raises yaml.YAMLError, OSError."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - both load nothing but plain values


def read_models(path: Path) -> list[dict[str, Any]]:
    """Return the tables that a contract describes."""
    models: list[dict[str, Any]] = (read_yaml(path) or {}).get("models", [])
    return models
