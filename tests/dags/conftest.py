"""Airflow wants a home before it is first imported; here it is one that ends with the run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DAGS = ROOT / "dags"

# Stands for `guanxi`: notes how it was called, then does what the file `script.json` says for its first word.
STAND_IN = """\
#!{python}
import json, os, signal, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
words = sys.argv[1:]
def note(**what):
    with open(os.path.join(folder, "calls.jsonl"), "a") as calls:
        calls.write(json.dumps(what) + "\\n")
note(words=words, secrets=[name for name in os.environ if name.startswith("AIRFLOW")],
     given={{name: value for name, value in os.environ.items() if name.startswith(("GUANXI_SOURCE_", "GUANXI_ERP_"))}})
script = json.load(open(os.path.join(folder, "script.json")))
name = " ".join(words[:2]) if words[0] == "check" else words[0]
does = script.get(name, {{}})
if does.get("once") and os.path.exists(os.path.join(folder, name + ".done")):
    does = {{}}
open(os.path.join(folder, name + ".done"), "a").close()
def interrupted(number, frame):
    note(interrupted=name)
    if not does.get("stubborn"):
        sys.exit(130)
signal.signal(signal.SIGINT, interrupted)
print(name + " at work", file=sys.stderr, flush=True)
end = time.monotonic() + does.get("seconds", 0)
while time.monotonic() < end:
    time.sleep(0.05)
if words[0] == "open":
    given = dict(zip(words[1::2], words[2::2]))
    print(json.dumps({{"run_id": given["--run-id"], "gen": 7, "attempt": 2, "fence": "f-2", "company": "c",
                      "as_of": given["--as-of"], "sources": ["crm", "erp"]}}))
if does.get("status"):
    print(does.get("words", "it broke"), file=sys.stderr)
sys.exit(does.get("status", 0))
"""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A `guanxi` that does what it is told."""

    folder: Path

    @property
    def command(self) -> str:
        return str(self.folder / "guanxi")

    def script(self, **stages: dict[str, Any]) -> None:
        """Say what each command does: seconds, status, words, stubborn (ignores SIGINT), once (only the first time)."""
        named = {name.replace("_", " "): does for name, does in stages.items()}
        (self.folder / "script.json").write_text(json.dumps(named))

    def notes(self) -> list[dict[str, Any]]:
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def calls(self) -> list[list[str]]:
        return [note["words"] for note in self.notes() if "words" in note]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "guanxi").write_text(STAND_IN.format(python=sys.executable))
    (folder / "guanxi").chmod(0o755)
    monkeypatch.setenv("GUANXI_COMMAND", str(folder / "guanxi"))
    made = StandIn(folder)
    made.script()
    return made


@pytest.fixture(scope="session", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(DAGS))
        yield


@pytest.fixture(scope="session")
def bag(_airflow_home: None) -> Any:
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags")
