"""The simulated company beside its oracle: what share of what could be known at best the model reaches."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from rich.table import Table

from benchmarks.oracle import silence_probability
from ml.compare import MODEL
from ml.evaluate import calibration_error
from ml.grades.grading import Day, Grading
from simulator.accounts import Accounts, draw_accounts
from simulator.draws import Draws
from simulator.erp_rows import account_code
from simulator.seasons import day_number
from warehouse.settings import ROOT

HORIZON = 90
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Beside:
    """Model and oracle over the same rows; capture is the share of lost revenue among the tenth that loses most."""

    rows_count: int
    model_auc: float
    oracle_auc: float
    model_capture: float
    oracle_capture: float
    model_calibration_error: float
    oracle_calibration_error: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)

    def table(self) -> Table:
        table = Table("", "model", "oracle", "share", title="beside the oracle, all days", title_justify="left")
        for name, ours, best in (
            ("AUC", self.model_auc, self.oracle_auc),
            ("lost revenue in the top tenth", self.model_capture, self.oracle_capture),
        ):
            table.add_row(name, f"{ours:.4f}", f"{best:.4f}", f"{ours / best:.1%}")
        table.add_row(
            "calibration error", f"{self.model_calibration_error:.4f}", f"{self.oracle_calibration_error:.4f}", ""
        )
        return table


def beside_oracle(grading: Grading, *, home: Path, accounts: int) -> Beside:
    """Return how the model does beside the oracle on the graded days of the simulated example."""
    told = yaml.safe_load((ROOT / "examples" / "simulated" / "company.yml").read_text(encoding="utf-8"))
    truth = pd.read_parquet(next(home.rglob("truth.parquet")), columns=["account_id", "crm_account_ids"])
    codes = {str(each): str(code) for code, ids in truth.itertuples(index=False) for each in [code, *ids]}
    simulator = told["simulator"]
    first, until = day_number(simulator["first_day"]), day_number(told["first_as_of"])
    everybody = draw_accounts(
        Draws(simulator["seed"]), numbers=range(accounts), accounts=accounts, first_day=first, until=until
    )
    places = {account_code(number): place for place, number in enumerate(everybody.number.tolist())}
    churned, model, oracle, revenue = [], [], [], []
    for day in grading.days:
        known = day.rows["account_id"].map(codes).map(places)
        kept = known.notna().to_numpy()
        churned.append(day.rows["is_churned"].to_numpy(dtype=bool)[kept])
        model.append(day.forecasts[MODEL].probability[kept])
        revenue.append(np.maximum(0.0, day.rows["net_revenue_365d_amount"].to_numpy(dtype=np.float64)[kept]))
        oracle.append(_said(everybody, known[kept].to_numpy().astype(np.int64), day, kept))
    return _beside(*(np.concatenate(parts) for parts in (churned, model, oracle, revenue)))


def _said(everybody: Accounts, places: npt.NDArray[np.int64], day: Day, kept: npt.NDArray[np.bool_]) -> Floats:
    asked = Accounts(**{name: getattr(everybody, name)[places] for name in Accounts.__slots__})
    silent = day.rows["days_since_last_order"].to_numpy(dtype=np.int64)[kept]
    return silence_probability(asked, day=day_number(day.snapshot_date), silent_days=silent, horizon=HORIZON)


def _beside(churned: npt.NDArray[np.bool_], model: Floats, oracle: Floats, revenue: Floats) -> Beside:
    from sklearn.metrics import roc_auc_score

    return Beside(
        rows_count=len(churned),
        model_auc=float(roc_auc_score(churned, model)),
        oracle_auc=float(roc_auc_score(churned, oracle)),
        model_capture=_capture(churned, model, revenue),
        oracle_capture=_capture(churned, oracle, revenue),
        model_calibration_error=calibration_error(churned, model),
        oracle_calibration_error=calibration_error(churned, oracle),
    )


def _capture(churned: npt.NDArray[np.bool_], probability: Floats, revenue: Floats) -> float:
    """Return the share of all revenue lost that lies with the tenth of the highest expected loss."""
    loss = probability * revenue
    lost = revenue * churned
    top = np.argsort(-loss, kind="stable")[: len(loss) // 10]
    return float(lost[top].sum() / lost.sum())
