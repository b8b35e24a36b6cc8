"""The pages of the nights as Airflow's server shows them, to whoever may see the runs of the DAG `nightly`."""

from __future__ import annotations

from pathlib import Path

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, RedirectResponse, Response

from warehouse.company import load_company
from warehouse.settings import load_settings

PREFIX = "/nights"
# a page has its own styles and no script, and may ask no machine for anything
_NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
may_see_runs = Depends(requires_access_dag("GET", DagAccessEntity.RUN, "nightly"))


@app.get("/", dependencies=[may_see_runs])
def index() -> Response:
    """Lead to the index of the last nights."""
    return RedirectResponse(f"{PREFIX}/index.html")


@app.get("/{path:path}", dependencies=[may_see_runs])
def page(path: str) -> Response:
    """Return a page of the folder `runs`; nothing else that lies there, and nothing outside."""
    runs = _runs()
    file = (runs / path).resolve()
    if file.suffix != ".html" or not file.is_relative_to(runs) or not file.is_file():
        raise HTTPException(404, "no such page")
    return FileResponse(file, media_type="text/html", headers={"content-security-policy": _NO_SCRIPTS})


def _runs() -> Path:
    settings = load_settings()
    company = load_company(settings.company, timezone=settings.timezone)
    return (settings.home.absolute() / "company" / company.id / "runs").resolve()
