"""The letter of a manager whose list is empty: short, and once a week, so that silence is known to be good news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from delivery.letter import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietLetter(Letter):
    """Nothing to call. `accounts_count`: the customers that the manager looks after.

    `unlisted_count`: those at risk that are on no list, since they rest, were put off, or the list has no room.
    """

    kind: ClassVar[str] = "quiet_list"

    accounts_count: int
    unlisted_count: int

    @property
    def account_ids(self) -> tuple[str, ...]:
        return ()

    @property
    def told_count(self) -> int:
        return self.accounts_count
