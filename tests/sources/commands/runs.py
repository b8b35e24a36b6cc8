"""What the tests of `guanxi sources` share: how it is run, and companies to run it for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from typer.testing import Result

COMPANY = {"company": "acme", "name": {"en": "Acme", "zh": "极致"}, "currency": "EUR", "timezone": "Europe/Berlin"}
SECRET = "k3y-that-nobody-may-see"
Run = Callable[..., Result]


def write_company(folder: Path, *sources: dict[str, Any]) -> None:
    text = yaml.safe_dump(COMPANY | {"sources": list(sources)}, allow_unicode=True, sort_keys=False)
    (folder / "company.yml").write_text(text, encoding="utf-8")
