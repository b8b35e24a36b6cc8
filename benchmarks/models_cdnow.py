"""CDNOW: the repeats of the second half of the data as the published BG/NBD fit and ours foresee them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from ml.buying import BuyingModel, Histories, fit_buying

_WEEKS = 39
PUBLISHED = BuyingModel(0.243, 4.414, 0.793, 2.426, leaves_at_once=False)
"""Fader, Hardie and Lee, Marketing Science 24(2), 2005, table 2."""


def grade_cdnow() -> dict[str, Any]:
    """Return the order days that happened in weeks 40 to 78, and what each method foresaw, all and by customer."""
    histories, happened = read_cdnow()
    models = {
        "published BG/NBD": PUBLISHED,
        "our BG/NBD": fit_buying(histories, leaves_at_once=False),
        "our MBG/NBD": fit_buying(histories),
    }
    methods = {}
    for name, model in models.items():
        foreseen = model.purchases(histories, _WEEKS)
        error = float(np.mean(np.abs(foreseen - happened)))
        methods[name] = {"foreseen": float(foreseen.sum()), "mean_absolute_error": error}
    return {"happened": int(happened.sum()), "customers": len(histories), "methods": methods}


def read_cdnow() -> tuple[Histories, np.ndarray[Any, Any]]:
    """Return the first 39 weeks of each customer, in weeks, and its order days of the 39 weeks after."""
    file = resources.files("lifetimes") / "datasets" / "CDNOW_sample.txt"
    days = pd.read_csv(str(file), header=None, sep=r"\s+", usecols=[1, 2], names=["who", "day"])
    days = days.assign(day=pd.to_datetime(days["day"], format="%Y%m%d")).drop_duplicates()
    end = pd.Timestamp("1997-09-30")
    before = days[days["day"] <= end].groupby("who")["day"].agg(["min", "max", "count"])
    after = days[days["day"] > end].groupby("who").size().reindex(before.index, fill_value=0)
    weeks = [(before["max"] - before["min"]).dt.days / 7, (end - before["min"]).dt.days / 7]
    histories = Histories(
        before["count"].to_numpy(dtype=np.float64) - 1, *(each.to_numpy(dtype=np.float64) for each in weeks)
    )
    return histories, after.to_numpy(dtype=np.float64)
