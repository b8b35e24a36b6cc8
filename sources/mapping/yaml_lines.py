"""Lines of a company.yml that a person will read and go on with: keys and values, and comments."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

WIDTH = 110


def item(name: str, value: Any, *, indent: int) -> Iterator[str]:
    """Yield a key and its value on one line, or on several when that is too long."""
    line = " " * indent + f"{name}: {flow(value)}"
    if len(line) <= WIDTH:
        yield line
        return
    block = yaml.safe_dump(
        {name: value}, default_flow_style=None, allow_unicode=True, width=10_000, sort_keys=False, indent=2
    )
    yield from textwrap.indent(block.rstrip(), " " * indent).splitlines()


def flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("...\n").strip()


def comment(text: str, *, indent: int) -> Iterator[str]:
    start = " " * indent + "# "
    for line in textwrap.wrap(" ".join(text.split()), WIDTH - len(start)):
        yield start + line


def slug(name: str) -> str:
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())).strip("_")
