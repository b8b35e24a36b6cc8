"""bench.json in the state folder: what each benchmark measured last, on which machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any


def keep(home: Path, figures: dict[str, Any]) -> Path:
    """Write figures beside those of the other benchmarks; return the file."""
    file = home / "bench.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known | {"machine": machine} | figures, indent=2), encoding="utf-8")
    return file
