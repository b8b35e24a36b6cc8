"""Runs the installed command as a person would, in a state folder of its own."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

GUANXI = Path(sys.executable).with_name("guanxi")


@dataclass(frozen=True, slots=True)
class NightHouse:
    """A state folder and the settings that go with it."""

    home: Path
    settings: tuple[tuple[str, str], ...] = ()

    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("GUANXI_", "AIRFLOW"))}
        return plain | {"GUANXI_HOME": str(self.home)} | dict(self.settings)

    def run(self, *words: str, timeout: float = 1500) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(GUANXI), *words], env=self.environment(), capture_output=True, text=True, timeout=timeout, check=False
        )

    def succeed(self, *words: str, timeout: float = 1500) -> str:
        done = self.run(*words, timeout=timeout)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def rows(self, query: str) -> list[dict[str, str]]:
        """Return what the BI reader sees."""
        return list(csv.DictReader(io.StringIO(self.succeed("sql", query))))

    def one(self, query: str) -> dict[str, str]:
        (row,) = self.rows(query)
        return row

    def checksums(self) -> dict[str, tuple[str, str]]:
        """Return rows and checksum of every live mart."""
        rows = self.rows("select mart, row_count, checksum from mart_checksums order by mart")
        return {row["mart"]: (row["row_count"], row["checksum"]) for row in rows}
