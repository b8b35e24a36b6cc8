"""How often customers buy and when they stop: (M)BG/NBD, fitted on order days alone, without a label.

While a customer is with us it buys at random at a rate of its own; after each purchase it may leave for good. Rates
differ by a gamma distribution, the chances to leave by a beta distribution. In BG/NBD (Fader, Hardie and Lee,
Marketing Science 24(2), 2005) nobody leaves after the first purchase, so one-time buyers are all taken for present; in
MBG/NBD (Batislam, Denizel and Filiztekin, International Journal of Research in Marketing 24(3), 2007) they may.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warehouse.errors import Problem

Floats = npt.NDArray[np.float64]

MIN_CUSTOMERS = 30
"""Four numbers cannot be found from fewer."""
_BOUND = 8.0
_PENALTY = 1.0
_NEAR_ONE = 1e-6
"""So near to it, a is taken to be a little above one: at one the expected order days are a limit."""


class BuyingModelError(Problem):
    """The order days do not let the four numbers be found."""


@dataclass(frozen=True, slots=True)
class Histories:
    """Order days of customers until today, an element a customer, all in days.

    `repeats` are order days after the first, `last` the days from the first to the last of them (0 without one), `age`
    the days from the first until today.
    """

    repeats: Floats
    last: Floats
    age: Floats

    def __len__(self) -> int:
        return len(self.repeats)


@dataclass(frozen=True, slots=True)
class BuyingModel:
    """Fitted numbers: rates are gamma(r, alpha) a day, chances to leave beta(a, b).

    `leaves_at_once` makes it MBG/NBD: a customer may leave after its first purchase.
    """

    r: float
    alpha: float
    a: float
    b: float
    leaves_at_once: bool = True

    def presence(self, histories: Histories) -> Floats:
        """Return the probability that each customer is still with us, 0 to 1."""
        x, last, age = histories.repeats, histories.last, histories.age
        gone = (self.a / np.maximum(self._chances(x), 1e-12)) * _power(
            (self.alpha + age) / (self.alpha + last), self.r + x
        )
        present: Floats = 1.0 / (1.0 + np.where((x > 0) | self.leaves_at_once, gone, 0.0))
        return present

    def silence(self, histories: Histories, days: float) -> Floats:
        """Return the probability that a customer buys nothing in the next so many days, 0 to 1."""
        x, age = histories.repeats, histories.age
        quiet = _power((self.alpha + age) / (self.alpha + age + days), self.r + x)
        silent: Floats = 1.0 - self.presence(histories) * (1.0 - quiet)
        return silent

    def purchases(self, histories: Histories, days: float) -> Floats:
        """Return how many order days are to be expected in the next so many days."""
        from scipy.special import hyp2f1

        x, age = histories.repeats, histories.age
        chances = self._chances(x)
        # Euler's transformation of the published form, whose parts overflow after many order days
        above = self.a - 1 if abs(self.a - 1) > _NEAR_ONE else _NEAR_ONE
        a, left = 1 + above, (self.alpha + age) / (self.alpha + age + days)
        with np.errstate(over="ignore", invalid="ignore"):
            grown = hyp2f1(a + chances - self.r - x, above, a + chances, 1 - left)
            told = (a + chances) / above * (1.0 - np.exp(above * np.log(left)) * grown)
        # where a is so large that this is no number, every customer's chance to leave is as good as the same
        leaves = a / (a + chances + 1)
        of_one = (1.0 - _power(1.0 + leaves * days / (self.alpha + age), -(self.r + x))) / leaves
        expected: Floats = np.where(np.isfinite(told) & (told >= 0), told, of_one) * self.presence(histories)
        return expected

    def log_likelihood(self, histories: Histories) -> float:
        """Return the mean log-likelihood a customer."""
        from scipy.special import betaln, gammaln

        x, last, age = histories.repeats, histories.last, histories.age
        rate = gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha)
        chances = self._chances(x)
        stays = betaln(self.a, chances + 1) - (self.r + x) * np.log(self.alpha + age)
        can_leave = (x > 0) | self.leaves_at_once
        left = betaln(self.a + 1, np.maximum(chances, 1e-12)) - (self.r + x) * np.log(self.alpha + last)
        either = np.where(can_leave, np.logaddexp(stays, left), stays)
        return float(np.mean(rate + either - betaln(self.a, self.b)))

    def _chances(self, x: Floats) -> Floats:
        """b grown by the chances to leave that the customer has let pass, but for the last one."""
        chances: Floats = self.b + x - (0.0 if self.leaves_at_once else 1.0)
        return chances


def fit_buying(histories: Histories, *, leaves_at_once: bool = True, penalty: float = _PENALTY) -> BuyingModel:
    """Fit by maximum likelihood; the same histories give the same model.

    `penalty` draws the logs of the numbers towards nought with the weight of about one customer, so that regular
    buyers, whom random rates fit badly, do not let them run away. Raises BuyingModelError.
    """
    from scipy.optimize import minimize

    if len(histories) < MIN_CUSTOMERS or not (histories.repeats > 0).any():
        raise BuyingModelError(
            "the model of buying",
            seen=f"{len(histories)} customers, {int((histories.repeats > 0).sum())} of whom bought again",
            expected=f"{MIN_CUSTOMERS} customers, some of whom bought again",
            next_step="wait for more orders; until then the rules by silence make the lists",
        )
    unit = float(np.mean(histories.age)) or 1.0
    scaled = Histories(histories.repeats, histories.last / unit, histories.age / unit)

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        found = BuyingModel(r, alpha, a, b, leaves_at_once).log_likelihood(scaled)
        return penalty * float(np.sum(logs**2)) / len(scaled) - found

    starts = (np.zeros(4), np.log([0.3, 0.1, 0.5, 2.0]))
    tries = [minimize(loss, start, method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 4) for start in starts]
    best = min(tries, key=lambda tried: float(tried.fun))
    if not np.isfinite(best.fun):
        raise BuyingModelError(
            "the model of buying",
            seen=f"no maximum of the likelihood over {len(histories)} customers",
            expected="four numbers",
            next_step="look for order days that lie before a customer's first",
        )
    r, alpha, a, b = (float(each) for each in np.exp(best.x))
    return BuyingModel(r, alpha * unit, a, b, leaves_at_once)


def _power(base: Floats, exponent: Floats) -> Floats:
    raised: Floats = np.exp(exponent * np.log(base))
    return raised
