"""A company of one source, written by each test, and nights to extract it in."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql

from sources.extract import extract_source
from sources.loading.report import EntityReport, ExtractReport
from sources.outside import Outside
from warehouse import ledger
from warehouse.company import Company, load_company
from warehouse.database import Role, Warehouse
from warehouse.night import Claim, Night

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where real data lie that are no part of this project."""
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

LINES = {
    "files": ["*.csv", "*.csv.gz", "*.xlsx", "*.parquet"],
    "columns": ["order", "customer", "day", "amount"],
    "mode": "append",
    "happened_at": "day",
}
ORDER_LINES = {
    "from": "lines",
    "fields": {
        "order_line_id": "order",
        "order_id": "order",
        "quantity": {"value": 1},
        "net_amount": "amount",
        "line_kind": {"value": "product"},
    },
}


@dataclass
class Workshop:
    """One company in a folder of its own, and its warehouse."""

    warehouse: Warehouse
    folder: Path
    source: dict[str, Any] = field(default_factory=dict)
    progress: list[str] = field(default_factory=list)
    outside: dict[str, Any] = field(default_factory=dict)
    tell: Callable[[str], None] | None = None

    @property
    def data(self) -> Path:
        (self.folder / "data").mkdir(exist_ok=True)
        return self.folder / "data"

    def company(self) -> Company:
        entry = {"name": "shop", "kind": "files", "path": "data"} | self.source
        content = {
            "company": "workshop",
            "name": {"en": "Workshop", "zh": "作坊"},
            "currency": "EUR",
            "timezone": "Europe/Berlin",
            "sources": [entry],
        }
        (self.folder / "company.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return load_company(str(self.folder))

    def open(self, day: str, run_id: str | None = None) -> Night:
        return ledger.open_night(
            self.warehouse,
            run_id=run_id or uuid.uuid4().hex,
            as_of=date.fromisoformat(day),
            timezone="Europe/Berlin",
            company_id="workshop",
            runs_folder=self.folder / "runs",
        )

    @contextlib.contextmanager
    def claimed(self, night: Night) -> Iterator[Claim]:
        with ledger.stage(self.warehouse, night, "extract", "shop") as claim:
            yield claim

    def extract(
        self, day: str, *, night: Night | None = None, erp_url: str | None = None, is_last_try: bool = False
    ) -> ExtractReport:
        with self.claimed(night or self.open(day)) as claim:
            return extract_source(
                self.company(),
                "shop",
                claim=claim,
                warehouse=self.warehouse,
                outside=Outside(self.folder / "tokens", erp_url=erp_url, **self.outside),
                is_last_try=is_last_try,
                progress=self.tell or self.progress.append,
            )

    def counts(self, day: str, *, night: Night | None = None, erp_url: str | None = None) -> dict[str, EntityReport]:
        return {each.entity: each for each in self.extract(day, night=night, erp_url=erp_url).entities}

    def load(
        self, example: str | Path, source: str, day: str, *, data: Path | None = None, erp_url: str | None = None
    ) -> dict[str, EntityReport]:
        """Extract a source of one of the examples, or of a company in another folder."""
        night = self.open(day)
        with ledger.stage(self.warehouse, night, "extract", source) as claim:
            report = extract_source(
                load_company(str(EXAMPLES / example)),
                source,
                claim=claim,
                warehouse=self.warehouse,
                outside=Outside(self.folder / "tokens", data=data, erp_url=erp_url),
            )
        return {each.entity: each for each in report.entities}

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.warehouse.connect(Role.LOADER) as connection:
            return connection.execute(sql.SQL(statement), parameters or None).fetchall()

    def csv(self, name: str, lines: Sequence[str], *, encoding: str = "utf-8") -> Path:
        path = self.data / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path
