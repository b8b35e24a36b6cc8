"""The benchmarks' command lines: what is not asked for runs all, what does not exist is refused by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import models


def test_without_a_part_all_parts_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[str] = []

    def runs(part: str) -> Callable[..., dict[str, Any]]:
        def run(*_: object) -> dict[str, Any]:
            ran.append(part)
            return {}

        return run

    for name in ("_online_retail", "_simulated", "_ravenstack", "_cdnow", "_speed", "_lifetime"):
        monkeypatch.setattr(models, name, runs(name))
    monkeypatch.setenv("GUANXI_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["benchmarks.models"])
    models.main()
    assert ran == ["_online_retail", "_simulated", "_ravenstack", "_cdnow", "_speed", "_lifetime"]
    ran.clear()
    monkeypatch.setattr(sys, "argv", ["benchmarks.models", "cdnow"])
    models.main()
    assert ran == ["_cdnow"]


def test_an_unknown_part_is_refused_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.models", "nonsense"])
    with pytest.raises(SystemExit):
        models.main()
    assert "no such part: nonsense; there are online_retail, simulated" in capsys.readouterr().err
