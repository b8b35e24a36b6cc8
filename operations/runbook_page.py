"""A runbook beside the pages that name it, so that a link leads to the right heading without another machine."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from warehouse.settings import ROOT

_HEADING = re.compile(r"^(#+) (.+)$")
_STYLE = (
    "body{margin:0 auto;max-width:60rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif}"
    "pre{white-space:pre-wrap;font:inherit}h2{font-size:1.2rem}"
)


def runbook_file(name: str) -> Path:
    return ROOT / "docs" / "runbooks" / f"{name}.md"


def anchors_of(text: str) -> list[str]:
    """Return the anchors of a Markdown text's headings: lower case, words joined by hyphens."""
    return [anchor_of(found.group(2)) for line in text.splitlines() if (found := _HEADING.match(line))]


def anchor_of(heading: str) -> str:
    return "-".join(re.findall(r"[a-z0-9_]+", heading.lower()))


def write_runbook(name: str, folder: Path) -> Path:
    """Write a runbook as a page with its headings as anchors and its text as it stands; return the file."""
    parts: list[str] = []
    for line in runbook_file(name).read_text(encoding="utf-8").splitlines():
        found = _HEADING.match(line)
        if found is None:
            parts.append(escape(line))
            continue
        level = min(len(found.group(1)), 3)
        heading = escape(found.group(2))
        parts.append(f'</pre><h{level} id="{anchor_of(found.group(2))}">{heading}</h{level}><pre>')
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.html"
    file.write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Runbook: {name}</title>'
        f"<style>{_STYLE}</style></head><body><pre>" + "\n".join(parts) + "</pre></body></html>\n",
        encoding="utf-8",
    )
    return file
