"""Records by export file (bulk read), for first loads: 200,000 rows for fifty credits, made while we wait."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sources.api.connector import Page, Record, State, StateExpiredError
from sources.api.http import AgainError, Answer
from sources.api.pace import Pace
from sources.errors import UndeliveredError
from sources.zoho_crm.answers import RefusedRequestError, Told
from sources.zoho_crm.asking import MODIFIED, Asking, begun
from sources.zoho_crm.door import VERSION, Door
from sources.zoho_crm.values import plain_cell, utc

WAY = "export"
_READ = f"/crm/bulk/{VERSION}/read"
_COST = 50
_WAITS = (5, 10, 20, 30)
_LONGEST = 3600


class UnfinishedExportError(UndeliveredError):
    """An export job failed, or is not done after an hour."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk stands: `row` rows of the job's file were yielded, `count` of the jobs before it.

    `asked_at` is the system's own clock when the first job was ordered: what it gives is at least as new.
    """

    job: str | None = None
    token: str | None = None
    row: int = 0
    count: int = 0
    asked_at: str | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class ExportWalk:
    """A walk over a whole module by export files. `downloads` keeps Zoho's limit of ten a minute."""

    door: Door
    asking: Asking
    downloads: Pace

    def pages(self, state: State | None) -> Iterator[Page]:
        """Yield every record that the export has. A state outlives a process, but not the job's file at Zoho."""
        kept = begun(state, way=WAY, digest=self.asking.digest)
        place = _Place(**kept["at"]) if kept else _Place()
        while not place.is_done:
            if place.job is None:
                place = self._ordered(place)
                yield self._page(place, ())  # so that a job that was paid for is found again
            result = self._finished(str(place.job))
            rows = self._rows(str(place.job), count=int(result["count"]))
            next(islice(rows, place.row, place.row), None)
            while chunk := tuple(islice(rows, self.door.settings.query_size)):
                place = replace(place, row=place.row + len(chunk))
                yield self._page(place, chunk)
            token = result.get("next_page_token") if result["more_records"] else None
            place = replace(place, job=None, token=token, row=0, count=place.count + place.row, is_done=token is None)
        yield self._page(place, ())

    def row_count(self, state: State) -> int:
        """Return how many rows a walk had yielded with this state."""
        at = state["at"]
        return int(at["count"]) + int(at["row"])

    def _page(self, place: _Place, records: tuple[Record, ...]) -> Page:
        asked_at = datetime.fromisoformat(place.asked_at) if place.asked_at is not None else None
        return Page(records, {"way": WAY, "ask": self.asking.digest, "at": asdict(place)}, asked_at)

    def _ordered(self, place: _Place) -> _Place:
        query: dict[str, Any] = {"module": {"api_name": self.asking.module}, "fields": list(self.asking.fields)}
        if place.token is not None:
            query["page_token"] = place.token
        body = {"query": query, "file_type": "csv"}
        told = self.door.ask(_READ, method="POST", json=body, cost=_COST, check=_job_id)
        asked_at = place.asked_at or (told.answered_at.isoformat() if told.answered_at is not None else None)
        return replace(place, job=_job_id(told), asked_at=asked_at)

    def _finished(self, job: str) -> Mapping[str, Any]:
        """Return a job's result, waiting for it. Raises StateExpiredError when Zoho has forgotten the job."""
        waited, waits = 0, iter(_WAITS)
        while True:
            try:
                told = self.door.ask(f"{_READ}/{job}", check=_job_state)
            except RefusedRequestError as error:
                if error.code == "RESOURCE_NOT_FOUND":
                    raise StateExpiredError("the export's file is gone") from None
                raise
            state = _job_state(told)
            if state == "COMPLETED":
                result: Mapping[str, Any] = told.rows()[0]["result"]
                return result
            if state == "FAILURE" or waited >= _LONGEST:
                raise UnfinishedExportError(
                    f"{self.door.thing}, module {self.asking.module}",
                    seen=f"an export that is {state} after {waited} s",
                    expected="a file",
                    next_step="run the extract again; if it stays so, set `first_load: pages`",
                )
            wait = next(waits, _WAITS[-1])
            self.door.http.sleep(wait)
            waited += wait

    def _rows(self, job: str, *, count: int) -> Iterator[Record]:
        """Return the records of a job's file, which has come whole."""
        self.downloads.take()
        # the address is ours: the one in the answer might lead elsewhere
        file: bytes = self.door.download(f"{_READ}/{job}/result", lambda answer: _whole_file(answer, count=count))
        return (self._record(row) for row in _table(file))

    def _record(self, row: Mapping[str, str]) -> Record:
        key = row.get("Id") or row["id"]
        kinds = self.asking.kinds
        values = {name: plain_cell(row.get(name) or "", kind) for name, kind in kinds.items()}
        return Record(key, utc(row.get(MODIFIED)), {"id": key} | values)


def _job_id(told: Told) -> str:
    jobs = told.rows()
    job = str((jobs[0].get("details") or {}).get("id", "")) if jobs else ""
    if not job.isdigit():
        raise AgainError("an export job without a number")
    return job


def _job_state(told: Told) -> str:
    jobs = told.rows()
    state = str(jobs[0].get("state", "")) if jobs else ""
    if state not in ("ADDED", "IN PROGRESS", "COMPLETED", "FAILURE"):
        raise AgainError("an export job without a state")
    result = jobs[0].get("result")
    if state == "COMPLETED" and not (isinstance(result, dict) and {"count", "more_records"} <= result.keys()):
        raise AgainError("an export job without a result")
    return state


def _whole_file(answer: Answer, *, count: int) -> bytes:
    """Return a zip that can be read and has all its rows. Raises AgainError otherwise."""
    try:
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            is_bad = archive.testzip() is not None or len(archive.namelist()) != 1
        row_count = -1 if is_bad else sum(1 for _ in _table(answer.body))
    except (zipfile.BadZipFile, csv.Error, UnicodeDecodeError):
        row_count = -1
    if row_count != count:
        raise AgainError("an export file that did not come whole")
    return answer.body


def _table(file: bytes) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(file)) as archive, archive.open(archive.namelist()[0]) as packed:
        yield from csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8-sig", newline=""))
