"""CSV, plain or gzipped, as batches of text."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NoReturn

import pyarrow as pa
import pyarrow.csv as pa_csv

from sources.tables import BadFileError, OpenTable, TruncatedFileError, WrongEncodingError, empty_file

_ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "cp1252")
_DELIMITERS = (",", ";", "\t", "|")
# What these two would leave in the first name of the header.
_MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_BLOCK = 4 << 20
_LOOK = 1 << 18


def open_csv(path: Path, *, thing: str, encoding: str, delimiter: str) -> OpenTable:
    """Open a CSV file whose first record is its header; an empty cell is null.

    Raises EmptyFileError, TruncatedFileError, WrongEncodingError, BadFileError; none holds a word of the content.
    """
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise BadFileError(
            thing,
            seen=f"encoding: {encoding}, which is not known",
            expected="a Python encoding name such as utf-8, gb18030 or utf-16",
            next_step="correct `encoding` of the dataset in company.yml",
        ) from None
    doubtful = _Doubtful(path, thing, encoding, delimiter)
    try:
        with _text(path, encoding) as stream:
            header = next(csv.reader(stream, delimiter=delimiter), None)
    except (UnicodeError, EOFError, OSError, zlib.error, csv.Error) as error:
        doubtful.explain(error)
    if not header:
        raise empty_file(thing, "no content at all" if path.stat().st_size == 0 else "no header")
    width = len(header)

    def read(positions: Sequence[int]) -> Iterator[pa.RecordBatch]:
        try:
            yield from _batches(path, encoding=encoding, delimiter=delimiter, width=width, positions=positions)
        except (UnicodeError, EOFError, OSError, zlib.error, pa.ArrowInvalid) as error:
            doubtful.explain(error)

    return OpenTable(tuple(header), read)


def first_look(path: Path) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Return the header of a CSV file that nothing is known of, its likely delimiter and its likely encodings.

    Where the bytes fit several encodings the first is taken for the header; only a person can tell which is right.
    """
    with _binary(path) as stream:
        start = stream.read(_LOOK)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        fitting = ["utf-16"]
    else:
        fitting = [each for each in _ENCODINGS if each != "utf-16" and _decodes(start, each)]
    if "utf-8" in fitting or not fitting:
        fitting = ["utf-8"]
    text = start.decode("utf-8-sig" if fitting[0] == "utf-8" else fitting[0], errors="replace")
    line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=line.count)
    header = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    return tuple(name.strip() for name in header), delimiter, tuple(fitting)


def _decodes(start: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError:
        return False
    return True


def encodings_that_show(path: Path, columns: Sequence[str], *, delimiter: str) -> list[str]:
    """Return the encodings in which a file's header has all these columns."""
    found = []
    for encoding in _ENCODINGS:
        try:
            with _text(path, encoding) as stream:
                header = next(csv.reader(stream, delimiter=delimiter), [])
        except (UnicodeError, EOFError, OSError, zlib.error, csv.Error):
            continue
        if set(columns) <= {name.strip() for name in header}:
            found.append(encoding)
    return found


def _batches(
    path: Path, *, encoding: str, delimiter: str, width: int, positions: Sequence[int]
) -> Iterator[pa.RecordBatch]:
    names = [f"p{position}" for position in range(width)]
    wanted = [names[position] for position in positions]
    with _binary(path) as stream:
        reader = pa_csv.open_csv(
            stream,
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK,
                column_names=names,
                skip_rows_after_names=1,
                encoding="utf8" if _is_utf8(encoding) else encoding,
            ),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        for batch in reader:
            columns = [batch.column(number) for number in range(batch.num_columns)]
            yield pa.record_batch(columns, names=[f"c{number}" for number in range(1, len(columns) + 1)])


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _binary(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    stream = _binary(path)
    mark = _MARKS.get(codecs.lookup(encoding).name)
    if mark is not None and stream.read(len(mark)) != mark:
        stream.seek(0)
    return io.TextIOWrapper(stream, encoding="utf-8-sig" if _is_utf8(encoding) else encoding, newline="")


class _Doubtful:
    """A file that could not be read: finds out why, in a second pass."""

    def __init__(self, path: Path, thing: str, encoding: str, delimiter: str) -> None:
        self.path, self.thing, self.encoding, self.delimiter = path, thing, encoding, delimiter

    def explain(self, error: Exception) -> NoReturn:
        """Raise the problem that `error` is a sign of; errors of the libraries may quote the content."""
        if isinstance(error, EOFError):
            raise TruncatedFileError(
                self.thing,
                seen="the compressed data end in the middle",
                expected="a whole gzip file",
                next_step="copy the file again; if it is still being written, let the export rename it when done",
            ) from None
        if isinstance(error, gzip.BadGzipFile | zlib.error):
            raise BadFileError(
                self.thing,
                seen="no gzip data, or damaged ones",
                expected="a gzip file, as its name says",
                next_step="copy the file again, or give it the suffix of what it is",
            ) from None
        if isinstance(error, OSError) and not isinstance(error, UnicodeError) and error.errno is not None:
            raise BadFileError(
                self.thing,
                seen=f"it cannot be read ({error.strerror})",
                expected="a readable file",
                next_step="mend the rights of the file or the disk it lies on",
            ) from None
        self._refuse_encoding()
        self._refuse_field_count()
        raise BadFileError(
            self.thing,
            seen="it cannot be read as CSV",
            expected=f'records of fields between {self.delimiter!r}, quoted by "',
            next_step="open the file where it was made and export it again",
        ) from None

    def _refuse_encoding(self) -> None:
        offset = _first_bad_byte(self.path, self.encoding)
        if offset is None:
            return
        others = [
            other
            for other in _ENCODINGS
            if other != codecs.lookup(self.encoding).name and _first_bad_byte(self.path, other) is None
        ]
        found = f"; {' and '.join(others)} can read the whole file" if others else ""
        raise WrongEncodingError(
            self.thing,
            seen=f"byte {offset} is not {self.encoding}{found}",
            expected=self.encoding,
            next_step="write the right `encoding` in company.yml"
            + (f", probably {others[0]}" if others else ", or export the file as utf-8"),
        ) from None

    def _refuse_field_count(self) -> None:
        with _text(self.path, self.encoding) as stream:
            reader = csv.reader(stream, delimiter=self.delimiter)
            width = len(next(reader))
            for record in reader:
                if record and len(record) != width:
                    raise BadFileError(
                        self.thing,
                        seen=f"line {reader.line_num} has {len(record)} fields",
                        expected=f"{width} fields, as in the header",
                        next_step="look at that line: a missing quote, a stray separator, or the end was cut off",
                    ) from None


def _first_bad_byte(path: Path, encoding: str) -> int | None:
    """Return the offset (in the uncompressed file) of the first byte that is not in an encoding."""
    if encoding == "utf-16":
        with _binary(path) as stream:
            if stream.read(2) not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return 0  # without its mark almost any bytes would pass
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    with _binary(path) as stream:
        while True:
            block = stream.read(1 << 20)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return offset - waiting + error.start
            if not block:
                return None
            offset += len(block)
