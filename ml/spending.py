"""How much a customer spends on an order day: gamma-gamma, which draws few orders towards what all customers spend.

The amounts of a customer are gamma with a scale of its own, and the scales are gamma over the customers. How much is
taken to be independent of how often (Fader, Hardie and Lee, Journal of Marketing Research 42(4), 2005; the likelihood
as in Fader and Hardie, "The Gamma-Gamma Model of Monetary Value", 2013). Only days with a positive amount count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warehouse.errors import Problem

Floats = npt.NDArray[np.float64]

MIN_CUSTOMERS = 30
"""Three numbers cannot be found from fewer."""
_BOUND = 8.0
_PENALTY = 1.0


class SpendingModelError(Problem):
    """The amounts do not let the three numbers be found."""


@dataclass(frozen=True, slots=True)
class SpendingModel:
    """Fitted numbers; q is above 1, so that a mean exists. v is in the company's currency."""

    p: float
    q: float
    v: float

    @property
    def usual(self) -> float:
        """What an order day of a customer nobody knows is worth."""
        return self.p * self.v / (self.q - 1.0)

    def expected(self, days: Floats, mean: Floats) -> Floats:
        """Return what an order day of each customer is worth from now on.

        `days` are its order days with a positive amount, `mean` their mean amount; with 0 days it is the usual one.
        """
        weight = self.p * days / (self.p * days + self.q - 1.0)
        expected: Floats = (1.0 - weight) * self.usual + weight * np.where(days > 0, mean, 0.0)
        return expected

    def log_likelihood(self, days: Floats, mean: Floats) -> float:
        """Return the mean log-likelihood a customer with at least one day."""
        from scipy.special import gammaln

        shape = self.p * days
        each = (
            gammaln(shape + self.q) - gammaln(shape) - gammaln(self.q) + self.q * np.log(self.v)
            + (shape - 1) * np.log(mean) + shape * np.log(days) - (shape + self.q) * np.log(days * mean + self.v)
        )  # fmt: skip
        return float(np.mean(each))


def fit_spending(days: Floats, mean: Floats, *, penalty: float = _PENALTY) -> SpendingModel:
    """Fit by maximum likelihood on customers with a positive mean; the same customers give the same model.

    `penalty` draws the logs of the numbers towards nought with the weight of about one customer. Raises
    SpendingModelError.
    """
    from scipy.optimize import minimize

    known = (days > 0) & (mean > 0) & np.isfinite(mean)
    if int(known.sum()) < MIN_CUSTOMERS:
        raise SpendingModelError(
            "the model of spending",
            seen=f"{int(known.sum())} customers with a positive amount",
            expected=f"{MIN_CUSTOMERS} or more",
            next_step="wait for more orders; until then the simple formula tells the lifetime value",
        )
    unit = float(np.mean(mean[known]))
    counts, amounts = days[known], mean[known] / unit

    def loss(logs: Floats) -> float:
        p, above, v = np.exp(logs)
        return penalty * float(np.sum(logs**2)) / len(counts) - SpendingModel(p, 1.0 + above, v).log_likelihood(
            counts, amounts
        )

    starts = (np.zeros(3), np.log([4.0, 2.0, 0.5]))
    tries = [minimize(loss, start, method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 3) for start in starts]
    best = min(tries, key=lambda tried: float(tried.fun))
    p, above, v = (float(each) for each in np.exp(best.x))
    return SpendingModel(p, 1.0 + above, v * unit)
