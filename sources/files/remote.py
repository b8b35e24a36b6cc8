"""Files that lie elsewhere: in an S3-compatible store, or wherever a protocol of fsspec leads."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import fsspec
from pydantic import SecretStr

from sources.api.address import AddressRule
from sources.api.settings import KindSettings, read_settings
from sources.credentials import Credentials, read_credentials, shown
from sources.errors import SourceUnreachableError
from sources.files.remote_errors import Doing, no_room, problem_of
from sources.files.store import SUFFIXES, FileStore, StoredFile
from sources.mapping.mapping import SourceMapping
from sources.mapping.reader import BadMappingError
from sources.outside import Outside
from warehouse.errors import Problem

_S3 = frozenset({"s3", "s3a"})
_OF_THIS_MACHINE = frozenset({"file", "local", "memory", "dir", "reference"})
_TIMES = ("LastModified", "mtime", "modified", "last_modified", "updated", "created")


class StoreSettings(KindSettings):
    """`settings` of a source whose `path` is an address."""

    endpoint: str | None = None
    region: str = "us-east-1"
    addressing: Literal["path", "virtual"] | None = None
    anonymous: bool = False


class S3Credentials(Credentials):
    """What an S3-compatible store wants to see."""

    access_key_id: SecretStr
    secret_access_key: SecretStr
    session_token: SecretStr | None = None


class ProtocolCredentials(Credentials):
    """What another protocol's file system takes, by its own names."""

    options: dict[str, SecretStr]


def open_remote(mapping: SourceMapping, *, outside: Outside, copies: Path) -> FileStore:
    """Return the store that a source's `path` names; nothing is asked yet.

    Raises BadMappingError, and SourceUnreachableError for an address that may not be asked or credentials that are
    not there.
    """
    address = mapping.options.path or ""
    settings = read_settings(mapping.options, StoreSettings)
    protocol, _, place = address.partition("://")
    if protocol in _OF_THIS_MACHINE or "::" in protocol or not place.strip("/"):
        raise BadMappingError(
            mapping.place.at("path"),
            seen=f"path: {protocol}://…",
            expected="a folder, or an address such as s3://bucket/folder",
            next_step=f"correct `path` in {mapping.place.file}; a folder of this machine is written without a protocol",
        )
    thing = f"source {mapping.name} ({protocol}://{place.rpartition('@')[2].partition('/')[0]})"
    if protocol in _S3:
        options = _s3_options(mapping, settings, outside, thing=thing)
    else:
        options = _other_options(mapping, address, settings, outside, thing=thing)
    try:
        system = fsspec.filesystem(protocol, skip_instance_cache=True, use_listings_cache=False, **options)
    except (ValueError, ImportError, TypeError):
        raise BadMappingError(
            mapping.place.at("path"),
            seen=f"protocol {protocol}, which nothing here can speak with these options",
            expected="s3, or a protocol of fsspec whose package is installed",
            next_step="install the package that fsspec names for it, or correct the credentials' options",
        ) from None
    return RemoteStore(thing, system, system._strip_protocol(address).rstrip("/"), copies)


def _s3_options(mapping: SourceMapping, settings: StoreSettings, outside: Outside, *, thing: str) -> dict[str, Any]:
    # always said, so that what is checked is what is asked, whatever the machine's own settings name
    endpoint = settings.endpoint or f"https://s3.{settings.region}.amazonaws.com"
    AddressRule(outside.allows_private).assert_allowed(endpoint, thing=thing)
    found: dict[str, Any] = {"anon": True}
    if not settings.anonymous:
        given = read_credentials(mapping.name, S3Credentials, outside.environment)
        found = {
            "key": shown(given.access_key_id),
            "secret": shown(given.secret_access_key),
            "token": None if given.session_token is None else shown(given.session_token),
        }
    addressing = settings.addressing or ("path" if settings.endpoint else "virtual")
    return found | {
        "endpoint_url": endpoint,
        "client_kwargs": {"region_name": settings.region},
        "config_kwargs": {
            "s3": {"addressing_style": addressing},
            "connect_timeout": 15,
            "read_timeout": 120,
            "retries": {"total_max_attempts": outside.patience.attempts, "mode": "standard"},
            # newer checksums are unknown to many stores that speak S3
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
    }


def _other_options(
    mapping: SourceMapping, address: str, settings: StoreSettings, outside: Outside, *, thing: str
) -> dict[str, Any]:
    """Return what another protocol is opened with. Where it leads cannot be told, so the settings must allow it."""
    if settings.endpoint or settings.addressing:
        raise BadMappingError(
            mapping.place.at("settings"),
            seen="endpoint or addressing, which only s3 has a use for",
            expected="only `anonymous` beside another protocol",
            next_step="give the file system's own options with the credentials",
        )
    if urlsplit(address).scheme == "https":
        AddressRule(outside.allows_private).assert_allowed(address, thing=thing)
    elif not outside.allows_private:
        raise SourceUnreachableError(
            thing,
            seen="an address of which nobody can say beforehand where it leads",
            expected="s3 or https, whose addresses are checked",
            next_step="if that is right, set GUANXI_ALLOW_PRIVATE_SOURCES=true",
        )
    if settings.anonymous:
        return {}
    given = read_credentials(mapping.name, ProtocolCredentials, outside.environment)
    return {name: shown(value) for name, value in given.options.items()}


@dataclass(frozen=True, slots=True)
class RemoteStore:
    """A place behind an address. Files are copied here one at a time, and each copy is gone when it has been read."""

    thing: str
    system: Any
    root: str
    copies: Path

    def __str__(self) -> str:
        return self.thing.partition("(")[2].rstrip(")")

    def matching(self, patterns: Sequence[str]) -> list[StoredFile]:
        with self._told("listing"):
            info = self.system.info(self.root)
            if info["type"] == "file":
                return [_stored(self.root.rpartition("/")[2], info)]
            found = {
                name: each
                for pattern in patterns
                for name, each in self.system.glob(f"{_literal(self.root)}/{pattern}", detail=True).items()
            }
        return self._files(found)

    def everything(self) -> list[StoredFile]:
        with self._told("listing"):
            info = self.system.info(self.root)
            if info["type"] == "file":
                return [_stored(self.root.rpartition("/")[2], info)]
            found = self.system.find(self.root, detail=True)
        return self._files(found)

    def identity(self, file: StoredFile) -> str:
        """Return a hash of what the store says of the content: its tag, else when it was written; and the size."""
        said = file.tag or file.modified_at.isoformat()
        return hashlib.sha256(f"{said} {file.size}".encode()).hexdigest()

    @contextlib.contextmanager
    def copied(self, file: StoredFile) -> Iterator[Path]:
        self.copies.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._refuse_too_large(file)
        lower = file.name.lower()
        suffix = max((each for each in SUFFIXES if lower.endswith(each)), key=len, default=Path(lower).suffix)
        with tempfile.TemporaryDirectory(dir=self.copies) as folder:
            copy = Path(folder) / f"copy{suffix}"
            with self._told("reading", file.name):
                self.system.get_file(self._full(file.name), str(copy))
            self._refuse_cut(file, copy.stat().st_size)
            yield copy

    def _full(self, name: str) -> str:
        is_the_root = self.root.rpartition("/")[2] == name and self.system.isfile(self.root)
        return self.root if is_the_root else f"{self.root}/{name}"

    def _files(self, found: Mapping[str, Mapping[str, Any]]) -> list[StoredFile]:
        start = len(self.root) + 1
        files = [_stored(name[start:], info) for name, info in found.items() if info["type"] == "file"]
        return sorted((file for file in files if not file.name.endswith("/")), key=lambda file: file.name)

    def _refuse_too_large(self, file: StoredFile) -> None:
        free = shutil.disk_usage(self.copies).free
        if file.size > free:
            raise no_room(f"{file.name} of {self.thing}", f"{file.size:,} bytes, and {free:,} free for its copy")

    def _refuse_cut(self, file: StoredFile, size: int) -> None:
        if size != file.size:
            raise SourceUnreachableError(
                f"{file.name} of {self.thing}",
                seen=f"{size:,} bytes came, {file.size:,} were listed",
                expected="the whole file, unchanged since it was listed",
                next_step="run the extract again; let the export write another name first, and rename when done",
            )

    @contextlib.contextmanager
    def _told(self, doing: Doing, name: str = "") -> Iterator[None]:
        """Turn what any protocol may raise into what a person can mend; the texts may quote keys and are not told."""
        thing = f"{name} of {self.thing}" if name else self.thing
        try:
            yield
        except Problem:
            raise
        except Exception as error:  # noqa: BLE001 - each protocol has errors of its own
            raise problem_of(error, doing, thing=thing, is_bucket="/" not in self.root) from None


def _stored(name: str, info: Mapping[str, Any]) -> StoredFile:
    moment = next((info[key] for key in _TIMES if info.get(key) is not None), 0)
    if isinstance(moment, int | float):
        moment = datetime.fromtimestamp(moment, tz=UTC)
    elif isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return StoredFile(name, int(info["size"]), moment.astimezone(UTC), str(info.get("ETag") or info.get("etag") or ""))


def _literal(place: str) -> str:
    """Return a place as a pattern that matches nothing else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in place)
