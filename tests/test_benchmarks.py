"""The benchmarks' command lines: what is not asked for runs all, what does not exist is refused by name."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import mails, models
from benchmarks.mail_faults import FAULTS
from tests.delivery.conftest import Publisher
from warehouse.database import Warehouse


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


@pytest.mark.slow
def test_mails_under_all_faults_and_real_kills_are_counted_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse
) -> None:
    monkeypatch.setattr(mails, "RECIPIENTS", 12)
    (fault,) = (each for each in FAULTS if each.name == "sender killed between two states")
    with warehouse.connect_admin() as connection:
        connection.execute("set role guanxi_owner")
        found = mails.measure(
            dataclasses.replace(fault, sends_until_killed=2), warehouse, Publisher(connection), seed=4
        )
    assert (found.lost, found.more_copies, found.foreign_rows) == (0, 0, 0)
    assert found.kills >= 3
    assert found.runs > found.kills
    assert found.once + found.one_copy + found.unknown_flagged == 12
    assert found.is_kept
    changes: list[dict[str, Any]] = [{"lost": 1}, {"more_copies": 1}, {"foreign_rows": 1}, {"once": found.once - 1}]
    for broken in changes:
        assert not dataclasses.replace(found, **broken).is_kept
