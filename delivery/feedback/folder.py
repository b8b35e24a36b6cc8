"""A folder that answers are laid into: filled sheets and mails as files, or a Maildir."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from delivery.feedback.answer import Document
from delivery.feedback.reply import read_reply
from delivery.feedback.sheet import SIZE_LIMIT, UnreadableSheetError, read_sheet
from delivery.safe_text import clean
from warehouse.errors import Problem

DONE, REFUSED = "done", "refused"
_MAILDIR = ("cur", "new", "tmp")
_STILL_WRITTEN_SECONDS = 60
_LABEL_LIMIT = 80


class BadFeedbackFolderError(Problem):
    """The folder that answers are laid into cannot be used."""


class FolderInbox:
    """The files of a folder, oldest first.

    A sheet in a folder of its own is of the manager whose id the folder is named by. What was looked at is moved: into
    `done` when all of it was taken, else into `refused`; a mail of a Maildir into `cur`.
    """

    def __init__(self, folder: Path, *, now: datetime) -> None:
        self.folder = folder
        self.now = now
        self._files: dict[str, Path] = {}
        if not folder.is_dir():
            raise self._bad("no such folder")

    @property
    def is_maildir(self) -> bool:
        return all((self.folder / name).is_dir() for name in _MAILDIR)

    def documents(self) -> Iterator[Document]:
        try:
            files = self._found()
        except OSError as error:
            raise self._bad(f"it cannot be listed ({error.strerror})") from None
        for file in files:
            try:
                document = self._read(file)
            except FileNotFoundError:  # somebody took it away meanwhile
                continue
            except OSError as error:
                raise self._bad(f"a file in it cannot be read ({error.strerror})") from None
            if document is not None:
                self._files[document.reference] = file
                yield document

    def done(self, document: Document, *, is_clean: bool) -> None:
        file = self._files.pop(document.reference, None)
        if file is None:  # the same file lay there twice
            return
        try:
            self._put_away(file, is_clean=is_clean)
        except OSError as error:
            raise self._bad(f"a file in it cannot be moved ({error.strerror})") from None

    def _put_away(self, file: Path, *, is_clean: bool) -> None:
        if self.is_maildir and file.parent.name == "new":
            file.replace(self.folder / "cur" / f"{file.name.partition(':')[0]}:2,S")
            return
        into = self.folder / (DONE if is_clean else REFUSED) / file.parent.relative_to(self.folder)
        into.mkdir(parents=True, exist_ok=True)
        file.replace(_free_name(into / file.name))

    def _bad(self, seen: str) -> BadFeedbackFolderError:
        return BadFeedbackFolderError(
            f"GUANXI_FEEDBACK_FOLDER, {self.folder}",
            seen=seen,
            expected="a folder into which account managers' sheets or mails are laid, and in which files can be moved",
            next_step="make the folder and give us the right to write in it, or correct the setting; nothing is lost",
        )

    def _found(self) -> list[Path]:
        if self.is_maildir:
            found = [*(self.folder / "new").iterdir(), *self.folder.iterdir()]
        else:
            folders = [each for each in self.folder.iterdir() if _is_a_managers(each)]
            found = [file for place in (self.folder, *folders) for file in place.iterdir()]
        files = [file for file in found if file.is_file() and not file.is_symlink() and self._is_meant(file)]
        return sorted(files, key=lambda file: (file.stat().st_mtime_ns, str(file)))

    def _is_meant(self, file: Path) -> bool:
        if file.name.startswith((".", "~$")):  # what an office program leaves beside an open sheet
            return False
        return file.suffix.lower() in {".xlsx", ".eml"} or (self.is_maildir and file.parent.name == "new")

    def _read(self, file: Path) -> Document | None:
        """Return a file as a document; None for one that is still being written."""
        if file.suffix.lower() != ".xlsx":
            return read_reply(file.read_bytes())
        label = f"the file {clean(file.name, limit=_LABEL_LIMIT)}"
        manager_id = None if file.parent == self.folder else file.parent.name
        content = file.read_bytes() if file.stat().st_size <= SIZE_LIMIT else b""
        reference = f"sheet {hashlib.sha256(content or str(file.stat()).encode()).hexdigest()}"
        try:
            answers = read_sheet(content) if content else []
            problem = None if content else "too_large" if file.stat().st_size else "no_sheet"
        except UnreadableSheetError as error:
            answers, problem = [], str(error)
        if problem == "no_sheet" and self.now.timestamp() - file.stat().st_mtime < _STILL_WRITTEN_SECONDS:
            return None
        return Document(reference, "sheet", label, answers=tuple(answers), manager_id=manager_id, problem=problem)


def _is_a_managers(folder: Path) -> bool:
    is_real = folder.is_dir() and not folder.is_symlink()
    return is_real and folder.name not in {DONE, REFUSED} and not folder.name.startswith(".")


def _free_name(wanted: Path) -> Path:
    number, path = 1, wanted
    while path.exists():
        number += 1
        path = wanted.with_stem(f"{wanted.stem}_{number}")
    return path
