"""A disk that fills up in the middle of a publication."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.warehouse.nights import DAY, MARTS, ROWS, hand_of
from warehouse import cli
from warehouse.database import Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.migrate import create_database, migrate
from warehouse.published_tables import ensure_published_tables

pytestmark = pytest.mark.xdist_group("own server")

BIG = 100_000  # rows that need more than the tiny disk has


@pytest.fixture
def tiny_disk(own_folder: Path, own_server: EmbeddedServer) -> Iterator[Path]:
    """A file system of 4 MB that the embedded server may write to."""
    folder = own_folder / "tiny disk"
    folder.mkdir(exist_ok=True)
    owner = own_server.data.stat()
    options = f"size=4m,uid={owner.st_uid},gid={owner.st_gid},mode=0700"
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except OSError:
        pytest.skip("this machine has no mount command")
    if done.returncode != 0:
        pytest.skip("only root, outside of most containers, may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_the_live_generation_stays(
    own_server: EmbeddedServer,
    tiny_disk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with own_server.leased() as url:
        create_database(url, "full")
        warehouse = Warehouse(with_database(url, "full"), "a secret")
        migrate(warehouse, company_id="tiny")
        with warehouse.connect_admin() as connection:
            ensure_published_tables(connection, MARTS)
        with hand_of(warehouse, tmp_path) as hand:
            hand.whole("good", mark=1)
            with psycopg.connect(warehouse.admin_url, autocommit=True) as admin:
                admin.execute(f"create tablespace tiny location '{tiny_disk}'".encode())
                admin.execute("alter table pub.fct_account_rfm set tablespace tiny")
            night = hand.open("big", as_of=DAY + timedelta(days=1))
            hand.build(night, mark=2, rows=BIG)
            hand.audit(night)

            monkeypatch.setattr(cli, "app", lambda **_: hand.publish(night))
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert ended.value.code == 1
            told = capsys.readouterr().err
            assert "the warehouse's disk" in told
            assert "No space left on device" in told
            assert "readers keep the last good night" in told
            assert hand.live() == (1, [1], ROWS * len(MARTS))

            with psycopg.connect(warehouse.admin_url, autocommit=True) as admin:
                admin.execute("alter table pub.fct_account_rfm set tablespace pg_default")
                admin.execute("drop tablespace tiny")
            assert hand.publish(night)["fct_account_rfm"] == BIG
            assert hand.live()[:2] == (night.gen, [2])
