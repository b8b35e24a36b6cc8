"""The export files (bulk read) of the Zoho server for tests."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.servers.framework import Reply, Request
from tests.servers.zoho_listing import refused
from tests.servers.zoho_store import Row

if TYPE_CHECKING:
    from tests.servers.zoho_crm import ZohoServer

_STATES = ("ADDED", "IN PROGRESS", "COMPLETED")


@dataclass(slots=True)
class _Job:
    id: str
    module: str
    fields: list[str]
    keys: list[int]
    token: str | None
    asked_count: int = 0


@dataclass(slots=True)
class Exports:
    """Jobs, which are done when they were asked for twice, and their files. Orphans are left out, as Zoho does."""

    server: ZohoServer
    jobs: dict[str, _Job] = field(default_factory=dict)
    rests: dict[str, list[int]] = field(default_factory=dict)
    downloads: deque[datetime] = field(default_factory=deque)

    def answer(self, request: Request, parts: list[str]) -> Reply:
        """Answer POST read, GET read/{id} and GET read/{id}/result."""
        if request.method == "POST":
            return self._order(request.json()["query"])
        job = self.jobs.get(parts[1])
        if job is None:
            raise refused(404, "RESOURCE_NOT_FOUND", "The requested resource doesn't exist", resource="job")
        return self._file(job) if parts[2:] == ["result"] else Reply({"data": [self._told(job)]})

    def _order(self, query: Any) -> Reply:
        store, name = self.server.store, query["module"]["api_name"]
        module = store.modules.get(name)
        if module is None:
            raise refused(400, "INVALID_MODULE", "the module name given seems to be invalid")
        unknown = [each for each in query["fields"] if each not in module.kinds]
        if unknown:
            raise refused(400, "FIELD_NOT_AVAILABLE", "field not available", api_name=unknown[0])
        if "page_token" in query:
            keys = self.rests[query["page_token"]]
        else:
            keys = [key for key in module.ids if not module.rows[key].get("Converted__s")][self.server.orphan_count :]
        size = self.server.limits.export_rows
        rest = keys[size:]
        token = f"export{len(self.rests)}" if rest else None
        if token is not None:
            self.rests[token] = rest
        job = _Job(str(len(self.jobs) + 1_000_000), name, query["fields"], keys[:size], token)
        self.jobs[job.id] = job
        user = {"id": store.users[0]["id"], "name": store.users[0]["full_name"]}
        details = {"id": job.id, "operation": "read", "state": "ADDED", "created_by": user}
        success = {"status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully."}
        data = [success | {"details": details | {"created_time": self.server.clock}}]
        return Reply({"data": data, "info": {}}, 201)

    def _told(self, job: _Job) -> Row:
        state = _STATES[min(job.asked_count, 2)]
        job.asked_count += 1
        query = {"module": {"api_name": job.module}, "fields": job.fields}
        row: Row = {"id": job.id, "operation": "read", "state": state, "query": query, "file_type": "csv"}
        if state == "COMPLETED":
            row["result"] = {
                "page": 1, "count": len(job.keys), "download_url": f"/crm/bulk/v8/read/{job.id}/result",
                "per_page": self.server.limits.export_rows, "more_records": job.token is not None,
                "next_page_token": job.token,
            }  # fmt: skip
        return row

    def _file(self, job: _Job) -> Reply:
        now = self.server.store.now
        while self.downloads and now - self.downloads[0] >= timedelta(minutes=1):
            self.downloads.popleft()
        if len(self.downloads) >= self.server.limits.downloads_a_minute:
            raise refused(429, "TOO_MANY_REQUESTS", "too many downloads")
        self.downloads.append(now)
        rows = self.server.store.modules[job.module].rows
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["Id", *job.fields])
        for key in job.keys:
            row = rows.get(key)
            if row is not None:
                writer.writerow([row["id"], *(_cell(row.get(name)) for name in job.fields)])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{job.id}.csv", text.getvalue())
        return Reply(packed.getvalue(), headers={"Content-Type": "application/x-download"})


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return value["id"]
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value
