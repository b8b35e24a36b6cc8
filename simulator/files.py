"""Files that appear whole, and are left alone when nothing in them would change."""

from __future__ import annotations

from filecmp import cmp
from pathlib import Path


def part_of(path: Path) -> Path:
    """Where a file is written before it takes its place. The suffix keeps it out of every reader's pattern."""
    return path.with_name(f".{path.name}.part")


def settle(path: Path) -> None:
    """Let the finished part take the file's place, unless the file already says the same."""
    part = part_of(path)
    if path.exists() and cmp(path, part, shallow=False):
        part.unlink()
        return
    part.replace(path)
