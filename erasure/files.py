"""The files of a state folder that hold something of a person: run folders, logs, pages and kept mails."""

from __future__ import annotations

import email
import email.policy
import gzip
import io
import shutil
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from erasure.person import Person

_COPIES = "files-"
"""How the folders begin in which an extract copies the files of an object store; a killed one leaves them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What files hold of a person. `left` cannot be changed by a program: somebody has to decide."""

    masked: tuple[Path, ...]
    removed: tuple[Path, ...]
    left: tuple[Path, ...]


def find_files(folder: Path, person: Person, *, but: Collection[Path]) -> Found:
    """Return the files below a folder that hold the person; `but` are folders that are not ours to look into.

    A text is masked where it lies, byte for byte, so that who is writing a log goes on writing it. A mail or a packed
    file is removed, and so is a source's file that a killed extract has left.
    """
    masked: list[Path] = []
    removed: list[Path] = []
    left: list[Path] = []
    for file in _files(folder, but):
        if (copies := _copies_of(file)) is not None:
            if copies not in removed and _holds(file, person):
                removed.append(copies)
        elif file.suffix == ".eml":
            if any(person.spans(part) for part in _letter(file.read_bytes())):
                removed.append(file)
        elif _is_packed(content := file.read_bytes()):
            if any(person.spans(part) for part in _unpacked(content)):
                (removed if file.suffix == ".gz" else left).append(file)
        elif person.spans(content):
            (left if b"\0" in content else masked).append(file)
    return Found(tuple(masked), tuple(removed), tuple(left))


def clean_files(found: Found, person: Person) -> None:
    """Mask and remove what was found."""
    for file in found.masked:
        with file.open("r+b") as open_file:
            content = open_file.read()
            open_file.seek(0)
            open_file.write(person.masked(content))  # as long as before: what is being appended stays behind it
    for path in found.removed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _files(folder: Path, but: Collection[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() or path in but:
            continue
        if path.is_dir():
            yield from _files(path, but)
        elif path.is_file():
            yield path


def _copies_of(file: Path) -> Path | None:
    return next((parent for parent in file.parents if parent.name.startswith(_COPIES)), None)


def _holds(file: Path, person: Person) -> bool:
    content = file.read_bytes()
    return any(person.spans(part) for part in (content, *(_unpacked(content) if _is_packed(content) else ())))


def _letter(content: bytes) -> Iterator[bytes]:
    """A mail as it was sent, and each part of it as it is read."""
    yield content
    for part in email.message_from_bytes(content, policy=email.policy.default).walk():
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            yield body
            if _is_packed(body):  # a workbook
                yield from _unpacked(body)


def _is_packed(content: bytes) -> bool:
    return content.startswith((b"\x1f\x8b", b"PK\x03\x04"))


def _unpacked(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
        return
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        yield from (packed.read(name) for name in packed.namelist())
