"""A real wholesaler's year, in one night, against a computation that never saw our SQL."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.marts import independent
from tests.night.house_for_nights import NightHouse

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "online_retail"
AS_OF = date(2011, 9, 9)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.night,
    pytest.mark.xdist_group("online-retail"),
    pytest.mark.skipif(not DATA.exists(), reason=f"the real files are not at {DATA}"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> NightHouse:
    home = tmp_path_factory.mktemp("retail")
    for folder in (home, *home.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    return NightHouse(home, (("GUANXI_COMPANY", "examples/online_retail"), ("GUANXI_DATA", str(DATA))))
