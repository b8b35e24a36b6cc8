"""The house rules of dbt_project, read from the manifest: names, layers, grain, texts, policy. Needs no database."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml.catalogue import CATEGORICAL_NAMES, FEATURE_NAMES, NUMERIC
from tests.marts.policies import POLICIES, policy_rows

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"
MODEL_FILES = sorted((PROJECT / "models").rglob("*.sql"))
MODELS = [file.stem for file in MODEL_FILES]
MARTS = [file.stem for file in MODEL_FILES if "marts" in file.parts]

PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_")}
MAY_READ = {
    "staging": {"source"},
    "intermediate": {"stg", "int", "dim", "policy"},
    "marts": {"stg", "int", "dim", "fct", "policy"},
}
NUMBER_TYPES = ("integer", "bigint", "numeric", "double precision")

Node = dict[str, Any]

pytestmark = pytest.mark.xdist_group("dbt_manifest")  # one worker parses for all


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Parse the project into a folder of its own; dbt does not connect for that."""
    target = tmp_path_factory.mktemp("dbt")
    words = ("HOST", "USER", "PASSWORD", "DBNAME", "SCHEMA")
    nowhere = {**dict.fromkeys(words, "nowhere"), "PORT": "1", "THREADS": "1"}
    environment = {**os.environ, **{f"GUANXI_DBT_{name}": value for name, value in nowhere.items()}}
    command = [
        str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "--no-send-anonymous-usage-stats",
        "--warn-error", "parse", "--no-partial-parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(target), "--log-path", str(target),
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    parsed: Node = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return parsed


def _model(manifest: Node, name: str) -> Node:
    node: Node = manifest["nodes"][f"model.guanxi.{name}"]
    return node


def _tests_of(manifest: Node, unique_id: str) -> set[str]:
    tests = [node for node in manifest["nodes"].values() if node.get("attached_node") == unique_id]
    return {test["test_metadata"]["name"] for test in tests if test.get("test_metadata")}


def test_there_are_models_to_judge(manifest: Node) -> None:
    assert len(MARTS) >= 10
    assert len(POLICIES) >= 10
    assert {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_named_after_its_layer(manifest: Node, name: str) -> None:
    layer = _model(manifest, name)["fqn"][1]
    assert name.startswith(PREFIXES[layer])
    if layer == "staging":
        assert name.startswith(f"stg_{_model(manifest, name)['fqn'][2]}__"), "a folder a source"


@pytest.mark.parametrize("name", [*MODELS, *POLICIES])
def test_a_description_says_the_grain_first(manifest: Node, name: str) -> None:
    kind = "seed" if name in POLICIES else "model"
    assert manifest["nodes"][f"{kind}.guanxi.{name}"]["description"].startswith("One row per ")


@pytest.mark.parametrize("name", [*MODELS, *POLICIES])
def test_the_yml_lies_beside_under_the_same_name(manifest: Node, name: str) -> None:
    node = manifest["nodes"][f"{'seed' if name in POLICIES else 'model'}.guanxi.{name}"]
    patch = Path(node["patch_path"].split("://")[1])
    assert patch == Path(node["original_file_path"]).with_suffix(".yml")


@pytest.mark.parametrize("name", MODELS)
def test_the_grain_of_a_model_is_its_primary_key(manifest: Node, name: str) -> None:
    assert [each["columns"] for each in _model(manifest, name)["constraints"] if each["type"] == "primary_key"]


@pytest.mark.parametrize("name", POLICIES)
def test_the_grain_of_a_policy_is_proved(manifest: Node, name: str) -> None:
    assert _tests_of(manifest, f"seed.guanxi.{name}") & {"unique", "one_row_per"}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_reads_only_the_layers_it_may(manifest: Node, name: str) -> None:
    node = _model(manifest, name)
    read = set()
    for parent in node["depends_on"]["nodes"]:
        kind, _, called = parent.split(".", 2)
        # which records of raw changed is asked of the sources alone
        is_raw = kind == "source" or (called == "stg_raw__records_changed" and node["fqn"][1] == "staging")
        read.add("source" if is_raw else called.split("_")[0])
    assert read
    assert read <= MAY_READ[node["fqn"][1]]


def test_no_model_counts_accounts_that_were_merged_into_another(manifest: Node) -> None:
    readers = manifest["child_map"]["model.guanxi.dim_accounts"]
    assert [name for name in readers if name.startswith("model.")] == [], "read int_accounts_measured"
    assert len(manifest["child_map"]["model.guanxi.int_accounts_measured"]) > 20


def test_no_mart_shows_a_past_of_which_only_a_part_is_in_hand(manifest: Node) -> None:
    """What is measured only for days that are not taken over is joined by the rest before a reader sees it."""
    codes = {name: _model(manifest, name)["raw_code"] for name in MODELS}
    lists_of_days = {
        "int_snapshot_dates_listed", "int_category_months_listed", "int_relationship_days_held",
        "int_relationship_months_held", "int_churn_days_listed", "int_relationship_comparisons_listed",
        "int_account_revenues_measured",  # the days of values in full, those of relationships besides
    }  # fmt: skip
    of_the_day = {name for name, code in codes.items() if re.search(r"(where|and) (\w+\.)?is_current\b", code)}
    in_part = {
        name for name, code in codes.items()
        if re.search(r"\.is_carried|is_measured_anew", code) and "final_and_carried" not in code
    } - lists_of_days  # fmt: skip
    assert len(in_part) > 4
    waiting = sorted(in_part)
    while waiting:
        for child in manifest["child_map"][f"model.guanxi.{waiting.pop()}"]:
            kind, _, name = child.split(".")[:3]
            in_full = name in in_part | of_the_day | lists_of_days or "final_and_carried" in codes.get(name, "")
            if kind == "model" and not in_full:
                in_part.add(name)
                waiting.append(name)
    assert in_part & set(MARTS) == set()
    assert "int_account_peer_gaps_found" in in_part


@pytest.mark.parametrize("name", MODELS)
def test_a_model_does_not_ask_the_clock(manifest: Node, name: str) -> None:
    code = _model(manifest, name)["raw_code"].lower()
    assert not re.search(r"current_date|current_timestamp|\bnow\(\)|::|distinct on", code)


@pytest.mark.parametrize("name", MARTS)
def test_a_mart_keeps_a_contract_with_a_text_and_labels_for_each_column(manifest: Node, name: str) -> None:
    mart = _model(manifest, name)
    assert mart["config"]["contract"]["enforced"]
    assert {"label_en", "label_zh"} <= set(mart["config"]["meta"])
    assert "as_of_date" in mart["columns"]
    for column in mart["columns"].values():
        assert column["description"], column["name"]
        assert column["data_type"], column["name"]
        assert {"label_en", "label_zh"} <= set(column["config"]["meta"]), column["name"]
    assert "select *" not in mart["raw_code"].split("final as (")[1].split("select * from final")[0]


def test_the_star_holds_every_account_of_a_mart_is_in_the_dimension(manifest: Node) -> None:
    of_the_house = {"dim_accounts", "fct_account_match_changes"}  # the dimension itself; keys of then
    joined = {
        node["attached_node"].split(".")[-1]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "relationships"
        and (node["column_name"], node["test_metadata"]["kwargs"]["field"]) == ("account_id", "account_id")
        and "model.guanxi.dim_accounts" in node["depends_on"]["nodes"]
    }
    marts = {name: _model(manifest, name) for name in MARTS}
    named = {
        name
        for name, mart in marts.items()
        if "account_id" in mart["columns"] and mart["config"]["meta"].get("publish", True)
    }
    assert len(named) > 25
    assert named - of_the_house == joined


def test_the_metrics_of_the_semantic_layer_are_read_by_dbt(manifest: Node) -> None:
    """dbt itself resolves each metric to a measure, each measure to a table, and has a spine of days."""
    measures = {
        measure["name"]: model["depends_on"]["nodes"]
        for model in manifest["semantic_models"].values()
        for measure in model["measures"]
    }
    metrics = {metric["name"]: metric["type_params"]["measure"]["name"] for metric in manifest["metrics"].values()}
    assert len(metrics) >= 6
    assert set(metrics.values()) == set(measures)
    for tables in measures.values():
        assert [table.split(".")[-1] in MARTS for table in tables] == [True]
    for model in manifest["semantic_models"].values():
        table = manifest["nodes"][model["depends_on"]["nodes"][0]]
        named = {each.get("expr") or each["name"] for each in (*model["entities"], *model["dimensions"])}
        assert named <= set(table["columns"]), model["name"]
    assert _model(manifest, "dim_dates")["time_spine"]["standard_granularity_column"] == "calendar_date"


PERSONAL = {
    name
    for file in sorted((ROOT / "sources" / "contracts").glob("*.yml"))
    for name, field in yaml.safe_load(file.read_text(encoding="utf-8"))["columns"].items()
    if field.get("personal")
}


def test_personal_columns_are_restricted(manifest: Node) -> None:
    assert {"email", "phone", "contact_name", "job_title", "comment"} <= PERSONAL
    for name in MARTS:
        if not _model(manifest, name)["config"]["meta"].get("restricted"):
            for column in _model(manifest, name)["columns"].values():
                if column["name"] in PERSONAL or "email" in column["name"] or "phone" in column["name"]:
                    assert column["config"]["meta"].get("restricted"), f"{name}.{column['name']}"


def test_every_mart_tells_which_records_it_needs(manifest: Node) -> None:
    told = {(row["mart"], row["entity"]) for row in policy_rows("policy_mart_inputs")}
    of_the_house = {  # they are never empty, or tell of no source's records
        "dim_dates", "dim_sources", "dim_mart_inputs", "dim_lifecycle_stages", "dim_segments", "dim_metric_definitions",
        "dim_churn_features", "fct_account_match_changes",
    }  # fmt: skip
    assert {mart for mart, _ in told} == set(MARTS) - of_the_house
    for mart, entity in told:
        assert f"model.guanxi.stg_raw__{entity}" in _ancestors(manifest, f"model.guanxi.{mart}"), (mart, entity)


def _ancestors(manifest: Node, unique_id: str) -> set[str]:
    found: set[str] = set()
    open_ends = [unique_id]
    while open_ends:
        for parent in manifest["parent_map"].get(open_ends.pop(), []):
            if parent not in found:
                found.add(parent)
                open_ends.append(parent)
    return found


def test_every_entity_is_looked_for(manifest: Node) -> None:
    read = {source.split(".")[-1] for source in _model(manifest, "stg_raw__entities")["depends_on"]["nodes"]}
    assert read == {file.stem for file in (ROOT / "sources" / "contracts").glob("*.yml")}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_asks_only_for_parameters_that_the_policy_has(manifest: Node, name: str) -> None:
    known = {row["parameter"] for row in policy_rows("policy_parameters")}
    asked = re.findall(r"policy_values\(\[(.*?)\]\)", _model(manifest, name)["raw_code"], re.DOTALL)
    assert {word for each in asked for word in re.findall(r"'(\w+)'", each)} <= known


def test_every_number_of_the_churn_features_can_be_given_as_a_reason(manifest: Node) -> None:
    columns = _model(manifest, "fct_churn_features")["columns"].values()
    numbers = {column["name"] for column in columns if column["data_type"].startswith(NUMBER_TYPES)}
    assert numbers == {row["reason_code"] for row in policy_rows("policy_churn_reasons")}


def test_the_catalogue_tells_of_every_feature_what_the_model_takes_it_for() -> None:
    numbers = [(each.name, each.theme.value, str(each.direction), str(each.is_told).lower()) for each in NUMERIC]
    told = [
        (row["feature_code"], row["theme"], row["direction"], row["is_told"])
        for row in policy_rows("policy_churn_features")
    ]
    assert {*told} == {*numbers, *((name, "profile", "0", "false") for name in CATEGORICAL_NAMES)}
    assert len(told) == len(FEATURE_NAMES)
    themes = {row["reason_code"]: row["theme"] for row in policy_rows("policy_churn_reasons")}
    assert themes == {each.name: each.theme for each in NUMERIC if each.is_told}


def test_a_model_fits_in_the_head() -> None:
    models = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))
    lengths = {file.name: file.read_text(encoding="utf-8").count("\n") for file in models}
    assert len(lengths) > 100
    assert {name: count for name, count in lengths.items() if count > 100} == {}
