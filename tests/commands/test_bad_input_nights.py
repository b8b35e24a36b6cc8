"""What a person sees who names a night, a company, a setting or a model that cannot be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import sklearn

from ml.catalogue import FEATURE_NAMES
from tests.commands.corner_shop import GOOD_DAY, GOOD_RUN, NEXT_DAY, Shop

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("corner shop")]

ROOT = Path(__file__).resolve().parents[2]
MODEL = "churn-2025-10-31-0123456789"


def test_a_night_before_the_live_one_is_refused_with_the_way_back(shop: Shop) -> None:
    said = shop.refused("open", "--run-id", "older", "--as-of", "2025-10-30")
    assert said.startswith("error: a night for 2025-10-30")
    assert f"generation 1 answers for {GOOD_DAY}" in said
    assert "guanxi rollback GENERATION" in said
    assert shop.query("select 1 from ops.runs where run_id = 'older'") == []


@pytest.mark.parametrize("command", ["open", "nightly"])
def test_a_day_that_has_not_ended_is_refused(shop: Shop, command: str) -> None:
    said = shop.refused(command, "--run-id", "future", "--as-of", "2999-01-01")
    assert said.startswith("error: a night for 2999-01-01")
    assert "that day has not ended" in said
    assert "--as-of" in said
    assert shop.query("select 1 from ops.runs where run_id = 'future'") == []


@pytest.mark.parametrize(
    ("words", "thing", "seen"),
    [
        (("open", "--run-id", "x", "--as-of", "31.10.2025"), "guanxi open", "'31.10.2025' does not match"),
        (("extract", "--sauce", "till"), "guanxi extract", "No such option: --sauce"),
        (("check", "sales"), "guanxi check", "'sales' is not one of 'raw', 'marts', 'scores'"),
        (("rollback", "yesterday"), "guanxi rollback", "a valid integer"),
        (("ngihtly",), "guanxi", "No such command 'ngihtly'. Did you mean 'nightly'?"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_a_command_that_was_misspelt_is_told_in_four_lines_too(
    shop: Shop, words: tuple[str, ...], thing: str, seen: str
) -> None:
    said = shop.refused(*words, status=2)
    assert said.splitlines()[0] == f"error: {thing}"
    assert seen in said
    assert said.splitlines()[-1] == f"  next:     {thing} --help"


@pytest.mark.parametrize(
    ("words", "settings", "thing", "told"),
    [
        (("status",), {"GUANXI_COMPANY": "corner_shoe"}, "company corner_shoe", "online_retail"),
        (("extract", "--source", "erp"), {}, "source erp of corner_shop", "one of: till"),
        (("status",), {"GUANXI_COMPNAY": "x"}, "settings", "GUANXI_COMPNAY is not a setting"),
        (("status",), {"GUANXI_THREADS": "many"}, "settings", "GUANXI_THREADS"),
        (("status",), {"GUANXI_TIMEZONE": "Mars/Base"}, "settings", "'Mars/Base' is not a time zone"),
        (("extract", "--run-id", "nobody"), {}, "run nobody", "guanxi status"),
        (("check", "raw", "--run-id", "nobody"), {}, "run nobody", "no such run"),
        (("publish", "--run-id", GOOD_RUN, "--fence", "other"), {}, "run good", "a later attempt"),
        (("rollback", "99"), {}, "generation 99", "expected: one of: 1\n"),
        (("simulate",), {}, "company corner_shop", "no simulator section"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_name_that_nobody_knows_is_told_with_those_that_are_known(
    shop: Shop, words: tuple[str, ...], settings: dict[str, str], thing: str, told: str
) -> None:
    said = shop.with_settings(**settings).refused(*words)
    assert said.splitlines()[0] == f"error: {thing}"
    assert told in said


def test_a_company_file_that_cannot_be_understood_is_named_with_its_field(shop: Shop, tmp_path: Path) -> None:
    text = (ROOT / "tests" / "data" / "corner_shop" / "company.yml").read_text(encoding="utf-8")
    (tmp_path / "company.yml").write_text(text.replace("currency: EUR", "currency: euros"), encoding="utf-8")
    said = shop.with_settings(GUANXI_COMPANY=tmp_path).refused("status")
    assert said.splitlines()[0] == f"error: {tmp_path / 'company.yml'}:4"
    assert "currency" in said


def test_a_programme_that_the_policy_does_not_have_is_refused_before_the_night_begins(
    shop: Shop, tmp_path: Path
) -> None:
    text = (ROOT / "tests" / "data" / "corner_shop" / "company.yml").read_text(encoding="utf-8")
    (tmp_path / "company.yml").write_text(f"{text}holdouts: [save, keep_all]\n", encoding="utf-8")
    before = shop.state()
    said = shop.with_settings(GUANXI_COMPANY=tmp_path).refused(
        "open", "--run-id", "odd programme", "--as-of", NEXT_DAY.isoformat()
    )
    assert "seen:     keep_all" in said
    assert str(tmp_path / "company.yml") in said
    assert shop.state() == before


def test_stages_out_of_order_name_the_one_that_comes_first(shop: Shop) -> None:
    other = shop.copy("out_of_order")
    other.succeed("open", "--run-id", "early", "--as-of", NEXT_DAY.isoformat())
    assert "guanxi transform" in other.refused("score", "--run-id", "early")
    assert "an audited generation" in other.refused("publish", "--run-id", "early")
    assert "lists are sent of the live generation only" in other.with_settings(
        GUANXI_SMTP_URL="smtp://127.0.0.1:9"
    ).refused("deliver", "--run-id", "early")


def test_a_model_file_that_is_gone_or_changed_lets_the_rule_score_and_says_so(shop: Shop) -> None:
    other = shop.copy("model_file")
    _crown_a_model(other)
    said = other.succeed("score", "--run-id", GOOD_RUN)
    assert f"fell back: model {MODEL}" in said
    assert "model.skops cannot be read (No such file or directory)" in said
    assert "by the overdue rule" in said

    folder = other.home / "company" / "corner_shop" / "models" / MODEL
    folder.mkdir(parents=True)
    (folder / "model.skops").write_bytes(b"a model of somebody else")
    said = other.succeed("score", "--run-id", GOOD_RUN)
    assert f"fell back: model {MODEL}" in said
    assert hashlib.sha256(b"a model of somebody else").hexdigest()[:12] in said
    assert "scores in its stead: guanxi train" in said
    assert other.query("select distinct method_code from build_1_1.fct_churn_scores") == [("overdue",)]


def _crown_a_model(shop: Shop) -> None:
    """Register a model for the good day, as a training on a longer history would have."""
    with shop.warehouse.connect_admin() as connection:
        connection.execute("update ops.models set is_champion = false")
        connection.execute(
            "insert into ops.models (model_id, kind, as_of, file_sha256, features, sklearn_version, metrics, best_rule,"
            " beats_rule, grade, note, is_champion, was_champion)"
            " values (%s, 'model', %s, %s, %s, %s, '{}', 'overdue', true, 'A', 'for a test', true, true)",
            (MODEL, GOOD_DAY, "0" * 64, list(FEATURE_NAMES), sklearn.__version__),
        )
