"""What the test of a folder of files finds: every file is read to its end, as the night would, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sources.api.connector import Finding
from sources.feed import Progress
from sources.files.folder import SourceFile, file_feed, list_files, source_folder
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.outside import Outside
from warehouse.errors import Problem


def file_findings(
    mapping: SourceMapping, *, company_folder: Path, outside: Outside, progress: Progress
) -> Iterator[Finding]:
    """Yield whether the folder is there, then each dataset's files, rows, columns and newest file."""
    try:
        folder = source_folder(mapping, company_folder=company_folder, data=outside.data, crm_folder=outside.crm_folder)
    except Problem as problem:
        yield Finding("path", is_well=False, told=problem.seen, next_step=problem.next_step)
        return
    yield Finding("path", is_well=True, told=str(folder))
    for dataset in mapping.datasets:
        what = f"dataset {dataset.name}"
        try:
            yield Finding(what, is_well=True, told=_read(mapping, dataset, folder, progress))
        except Problem as problem:
            is_of_a_file = not problem.thing.startswith("source ")
            told = f"{problem.thing}: {problem.seen}" if is_of_a_file else problem.seen
            yield Finding(what, is_well=False, told=told, next_step=problem.next_step)


def _read(mapping: SourceMapping, dataset: DatasetMapping, folder: Path, progress: Progress) -> str:
    files = list_files(dataset, folder, thing=f"source {mapping.name}, dataset {dataset.name}")
    warnings: list[str] = []
    feed = file_feed(dataset, files, source=mapping.name, progress=progress, warnings=warnings)
    for _ in feed.batches:
        pass  # the feed itself finds what is wrong, and counts
    newest = max(files, key=_written_at)
    files_told = f"{len(files):,} file{'s' if len(files) > 1 else ''}"
    told = f"{files_told}, {sum(feed.row_counts.values()):,} rows, {len(dataset.columns)} columns are there"
    return "; ".join([f"{told}; newest file {newest.name} of {_written_at(newest):%Y-%m-%d %H:%M} UTC", *warnings])


def _written_at(file: SourceFile) -> datetime:
    return datetime.fromtimestamp(file.path.stat().st_mtime, tz=UTC)
