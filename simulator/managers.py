"""Account managers, and who looks after whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.accounts import Accounts
from simulator.draws import Draws, Ints
from simulator.seasons import NEVER
from simulator.words import ENGLISH_GIVEN_NAMES, GIVEN_NAMES, REGIONS, SURNAMES

ACCOUNTS_A_MANAGER = 90


@dataclass(frozen=True, slots=True)
class Manager:
    """A simulated person. `leaves` is the day the successor takes the accounts over."""

    code: str
    name: str
    email: str
    language: str
    list_capacity: int
    region: int
    hired: int
    leaves: int
    successor: int


def draw_managers(draws: Draws, *, accounts: int, first_day: int) -> list[Manager]:
    """The managers of a company of that many accounts, region by region."""
    regions = _regions_of(max(4, round(accounts / ACCOUNTS_A_MANAGER)))
    at = np.arange(len(regions), dtype=np.int64)
    surname = draws.below("manager surname", len(SURNAMES), at).tolist()
    given = draws.below("manager given name", len(GIVEN_NAMES), at).tolist()
    english = draws.below("manager english name", len(ENGLISH_GIVEN_NAMES), at).tolist()
    hired = (first_day - draws.below("manager hired", 2_000, at)).tolist()
    leaves = np.where(
        draws.chance("manager leaves", 0.15, at), first_day + 200 + draws.below("manager leave day", 1_500, at), NEVER
    ).tolist()
    managers = []
    for index, region in enumerate(regions):
        chinese, pinyin = SURNAMES[surname[index]]
        chinese_given, pinyin_given = GIVEN_NAMES[given[index]]
        # Every third, so that even a small company has both.
        reads_english = index % 3 == 1
        if reads_english:
            first = ENGLISH_GIVEN_NAMES[english[index]]
            name, address = f"{first} {pinyin.title()}", f"{first.lower()}.{pinyin}"
        else:
            name, address = chinese + chinese_given, f"{pinyin_given}.{pinyin}"
        managers.append(
            Manager(
                code=f"M{index + 1:04d}",
                name=name,
                email=f"{address}.{index + 1}@example.com",
                language="en" if reads_english else "zh",
                list_capacity=(15, 20, 20, 25)[index % 4],
                region=region,
                hired=hired[index],
                # The successor stays, so an account changes hands once.
                leaves=leaves[index],
                successor=_successor(index, regions, leaves),
            )
        )
    return managers


def managers_of(draws: Draws, accounts: Accounts, managers: list[Manager], *, day: int) -> Ints:
    """The index of the manager of each account on a day."""
    result = np.zeros(len(accounts), dtype=np.int64)
    regions = np.array([manager.region for manager in managers])
    for region in range(len(REGIONS)):
        rows = np.flatnonzero(accounts.region == region)
        team = np.flatnonzero(regions == region)
        if team.size == 0:
            team = np.array([region % len(managers)])
        result[rows] = team[draws.below("manager", team.size, accounts.number[rows])]
    current = np.array(
        [index if manager.leaves > day else manager.successor for index, manager in enumerate(managers)],
        dtype=np.int64,
    )
    return np.asarray(current[result])


def _regions_of(count: int) -> list[int]:
    """A region for each manager, in proportion to the regions' shares (highest averages)."""
    shares = [share for *_, share in REGIONS]
    seats = [0] * len(shares)
    for _ in range(count):
        best = max(range(len(shares)), key=lambda region: shares[region] / (seats[region] + 1))
        seats[best] += 1
    return [region for region, taken in enumerate(seats) for _ in range(taken)]


def _successor(index: int, regions: list[int], leaves: list[int]) -> int:
    stays = [other for other in range(len(regions)) if leaves[other] == NEVER]
    near = [other for other in stays if regions[other] == regions[index]]
    choice = near or stays or [index]
    return choice[index % len(choice)]
