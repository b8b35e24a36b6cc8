"""The search for secrets finds what is there, also where it is packed or encoded."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import psycopg

from tests.canaries import canary, found_in_database, found_in_folder


def test_the_search_finds_what_is_there(scratch_database: str, tmp_path: Path) -> None:
    planted = {"a": canary("a"), "b": canary("b"), "c": canary("c"), "gone": canary("gone")}
    with psycopg.connect(scratch_database) as connection:
        connection.execute("create schema s; create table s.t (x jsonb, y bytea, z text[])")
        connection.execute("insert into s.t (x) values (%s)", (json.dumps({"deep": ["", planted["a"]]}),))
        connection.execute("insert into s.t (y) values (%s)", (f"x{planted['b']}".encode(),))
        connection.execute("insert into s.t (z) values (%s)", ([f"Bearer {planted['c']}"],))
    assert found_in_database(scratch_database, planted) == ["s.t: a", "s.t: b", "s.t: c"]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "stage.log").write_text(f"postgresql://reader:{planted['a']}@host")
    (tmp_path / "logs" / "old.gz").write_bytes(gzip.compress(planted["b"].encode()))
    for shift in range(3):
        header = base64.b64encode(b"x" * shift + planted["c"].encode() + b":secret")
        (tmp_path / f"header{shift}").write_bytes(b"Authorization: Basic " + header)
    assert found_in_folder(tmp_path, planted, but=[tmp_path / "header1"]) == [
        "header0: c", "header2: c", "logs/old.gz: b", "logs/stage.log: a",
    ]  # fmt: skip
