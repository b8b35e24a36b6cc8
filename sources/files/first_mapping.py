"""A first mapping of a folder of files: which look alike, what stands in their headers, and a frame to fill in."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path
from typing import Any

from sources.feed import Progress
from sources.files.csv_file import first_look
from sources.files.parquet_file import open_parquet
from sources.files.spreadsheet import open_spreadsheet
from sources.files.store import SUFFIXES, FileStore, MissingDataError
from sources.mapping.mapping import SourceOptions
from sources.mapping.skeleton import skeleton
from sources.mapping.yaml_lines import slug
from warehouse.errors import Problem


@dataclass(frozen=True, slots=True)
class _Look:
    """What one file shows at first sight: its header, and how it is written. `note` says what is doubtful."""

    header: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()
    note: str = ""


def files_skeleton(
    store: FileStore, options: SourceOptions, *, patterns: Sequence[str] = (), progress: Progress = lambda _: None
) -> tuple[str, list[str]]:
    """Return an entry for company.yml with a dataset for all files that look alike, and what could not be opened.

    With `patterns` only files that match one are looked at.
    Raises MissingDataError when there is no file to look at.
    """
    name = options.name
    groups: dict[_Look, list[str]] = {}
    unreadable: list[str] = []
    for file in store.everything():
        if not _is_wanted(file.name, patterns):
            continue
        progress(f"{name}: looking at {file.name}")
        try:
            with store.copied(file) as copy:
                groups.setdefault(_look(copy), []).append(file.name)
        except (Problem, OSError, EOFError, zlib.error) as error:
            seen = error.seen if isinstance(error, Problem) else f"it cannot be read ({type(error).__name__})"
            unreadable.append(f"{file.name}: {seen}")
    if not groups:
        raise MissingDataError(
            f"source {name}",
            seen=f"no file to look at in {store}" + "".join(f"; {each}" for each in unreadable),
            expected=f"files that end in {', '.join(SUFFIXES)}",
            next_step="name the folder with --path, or with `path` in company.yml",
        )
    datasets: dict[str, dict[str, Any]] = {}
    headers: dict[str, dict[str, str]] = {}
    for look, files in groups.items():
        others = [file for group in groups.values() if group is not files for file in group]
        told = _patterns(files, others)
        mode = "full" if len(files) == 1 else "append"
        datasets[_dataset_name(files, datasets)] = {"files": told, **dict(look.options), "mode": mode}
        headers[f"{', '.join(told)}{look.note}:"] = dict.fromkeys(look.header, "")
    return skeleton("files", name=name, options=_place(options), datasets=datasets, seen=headers), unreadable


def _place(options: SourceOptions) -> dict[str, str]:
    settings = {"settings": json.dumps(options.settings, ensure_ascii=False)} if options.settings else {}
    return {"path": options.path or "."} | settings


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    return name.lower().endswith(SUFFIXES) and (not patterns or any(fnmatchcase(name, one) for one in patterns))


def _look(path: Path) -> _Look:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        header, delimiter, encodings = first_look(path)
        options = [("encoding", encodings[0])] if encodings[0] != "utf-8" else []
        options += [("delimiter", delimiter)] if delimiter != "," else []
        note = f" (its bytes fit {' and '.join(encodings)}: look which is right)" if len(encodings) > 1 else ""
        return _Look(header, tuple(options), note)
    opened = open_parquet(path, thing=name) if name.endswith(".parquet") else None
    table = opened or open_spreadsheet(path, thing=name, sheet=None)
    return _Look(tuple(each.strip() for each in table.header))


def _patterns(files: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return one pattern for several files, where no other file matches it; else their names."""
    if len(files) > 1:
        suffix = next(each for each in SUFFIXES if files[0].lower().endswith(each))
        pattern = f"{_common_start(files).rstrip('0123456789')}*{suffix}"
        if all(fnmatchcase(file, pattern) for file in files) and not any(fnmatchcase(one, pattern) for one in others):
            return [pattern]
    return list(files)


def _common_start(names: Sequence[str]) -> str:
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def _dataset_name(files: Sequence[str], taken: dict[str, dict[str, Any]]) -> str:
    stem = Path(_common_start(files) if len(files) > 1 else files[0].partition(".")[0]).name
    name = slug(stem.rstrip("0123456789-_")) or "files"
    return name if name not in taken else f"{name}_{len(taken) + 1}"
