"""How good the churn model is on a company: a page with plots for people, figures for a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.commands.work import CompanyPath, Teller, live_build, open_prepared_house, shown
from warehouse.database import Role

if TYPE_CHECKING:
    from ml.grades.evaluation import Evaluation

Json = Annotated[Path | None, typer.Option("--json", help="Write the same figures to this file, for a program.")]
Page = Annotated[Path | None, typer.Option(help="Where to write the page; in the state folder when not given.")]

_COLUMNS = {"auc": "AUC", "average_precision": "AP", "top_decile_lift": "lift", "brier": "Brier"}


def evaluate(company: CompanyPath = None, page: Page = None, json_file: Json = None) -> None:
    """Grade the churn model on the live night beside every rule, and write a page with plots."""
    from ml.features import read_training_rows
    from ml.grades.evaluation import evaluate as evaluate_rows
    from ml.grades.page import write_page
    from ml.policy import read_capacity, read_feature_names

    teller = Teller()
    with open_prepared_house(company) as house:
        schema, as_of = live_build(house, "the evaluation")
        with house.warehouse.connect(Role.SCORER) as connection:
            rows = read_training_rows(connection, schema=schema, as_of=as_of)
            capacity = read_capacity(connection, schema)
            names = read_feature_names(connection, schema)
        evaluation = evaluate_rows(rows, capacity=capacity, say=teller.progress)
        file = page or house.folder / "evaluations" / str(as_of) / "index.html"
        write_page(evaluation, file, company=house.company, as_of=as_of, names=names)
        if json_file is not None:
            told = {"company": house.company.id, "as_of": as_of.isoformat(), **evaluation.as_dict()}
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for line in (*evaluation.sufficiency.lines(), *_ladder(evaluation), evaluation.verdict()):
        teller.say(line)
    teller.say(f"page: {shown(file.absolute())}")


def _ladder(evaluation: Evaluation) -> list[str]:
    grading = evaluation.grading
    if grading is None:
        return []
    heads = "".join(f"{name:>8}" for name in _COLUMNS.values())
    lines = [f"{'method':<12}{heads}   means of {len(grading.days)} tested days"]
    for method in grading.methods:
        means = [grading.mean(method, metric) for metric in _COLUMNS]
        lines.append(f"{method:<12}" + "".join(" " * 8 if mean is None else f"{mean:>8.3f}" for mean in means))
    return lines if evaluation.unseen is None else [*lines, evaluation.unseen.line()]
