"""What the test of a folder of files finds: every file is read to its end, as the night would, and forgotten."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sources.api.connector import Finding
from sources.feed import Progress
from sources.files.folder import file_feed, list_files
from sources.files.place import opened_store
from sources.files.store import FileStore
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.outside import Outside
from warehouse.errors import Problem


def file_findings(
    mapping: SourceMapping, *, company_folder: Path, outside: Outside, progress: Progress
) -> Iterator[Finding]:
    """Yield whether the folder is there, then each dataset's files, rows, columns and newest file."""
    with tempfile.TemporaryDirectory(prefix="guanxi-") as folder, contextlib.ExitStack() as stack:
        try:
            store = stack.enter_context(
                opened_store(mapping, company_folder=company_folder, outside=outside, copies=Path(folder) / "copies")
            )
        except Problem as problem:
            yield Finding("path", is_well=False, told=problem.seen, next_step=problem.next_step)
            return
        yield Finding("path", is_well=True, told=str(store))
        for dataset in mapping.datasets:
            what = f"dataset {dataset.name}"
            try:
                yield Finding(what, is_well=True, told=_read(mapping, dataset, store, progress))
            except Problem as problem:
                is_of_a_file = not problem.thing.startswith("source ")
                told = f"{problem.thing}: {problem.seen}" if is_of_a_file else problem.seen
                yield Finding(what, is_well=False, told=told, next_step=problem.next_step)


def _read(mapping: SourceMapping, dataset: DatasetMapping, store: FileStore, progress: Progress) -> str:
    files = list_files(dataset, store, thing=f"source {mapping.name}, dataset {dataset.name}")
    headers: dict[str, bool] = {}
    feed = file_feed(dataset, files, store, source=mapping.name, progress=progress, headers=headers)
    for _ in feed.batches:
        pass  # the feed itself finds what is wrong, and counts
    newest = max((each.stored for each in files), key=lambda file: (file.modified_at, file.name))
    files_told = f"{len(files):,} file{'s' if len(files) > 1 else ''}"
    told = f"{files_told}, {sum(feed.row_counts.values()):,} rows, {len(dataset.columns)} columns are there"
    others = sorted(set(headers) - set(dataset.columns))
    ignored = f"; not mapped: {', '.join(others)}" if others else ""
    return f"{told}; newest file {newest.name} of {newest.modified_at:%Y-%m-%d %H:%M} UTC{ignored}"
