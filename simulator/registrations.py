"""What tells one company from another: tax number, domain, phone, address, and the group it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from stdnum.cn import uscc

from simulator.draws import Bools, Draws, Ints
from simulator.words import CITIES, ROADS

OUTSIDERS = 5_000_000
"""Companies that only the CRM has met are numbered from here on."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Registrations:
    """One entry per company. `head` is the number of the company whose brand it bears, itself when it has no parent."""

    number: Ints
    head: Ints
    city: Ints
    tax_number: list[str]
    domain: list[str]
    phone: list[str]
    address: list[str]

    @property
    def is_subsidiary(self) -> Bools:
        return np.asarray(self.head != self.number)


def heads_of(draws: Draws, number: Ints) -> Ints:
    """Return the head of each company's group: one of twelve belongs to a company that came before it."""
    parent = 1 + draws.below("parent", np.maximum(number - 1, 1), number)
    belongs = draws.chance("subsidiary", 0.08, number) & (number > 1)
    is_free = ~(draws.chance("subsidiary", 0.08, parent) & (parent > 1))
    return np.where(belongs & is_free & (parent < number), parent, number)


def register(draws: Draws, number: Ints, head: Ints) -> Registrations:
    """Return the lasting facts of companies. A child often has its head's domain, sometimes its switchboard."""
    city = draws.below("city", len(CITIES), number)
    web = np.where(draws.chance("head's domain", 0.7, number), head, number)
    phone = np.where(draws.chance("head's phone", 0.4, number), head, number)
    place = np.where(draws.chance("head's address", 0.2, number), head, number)
    return Registrations(
        number=number,
        head=head,
        city=city,
        tax_number=_tax_numbers(draws, number),
        domain=[f"qy{each:06d}.example" for each in web.tolist()],
        phone=_phones(draws, phone),
        address=_addresses(draws, place),
    )


def _tax_numbers(draws: Draws, number: Ints) -> list[str]:
    areas = 110_000 + 100 * draws.below("tax area", 5_400, number)
    letters = [draws.below(f"tax letter {at}", len(_ALPHABET), number).tolist() for at in range(3)]
    return [
        (body := f"91{area}{''.join(_ALPHABET[letter] for letter in chosen)}{each % 1_000_000:06d}")
        + str(uscc.calc_check_digit(body))
        for each, area, *chosen in zip(number.tolist(), areas.tolist(), *letters, strict=True)
    ]


def _phones(draws: Draws, number: Ints) -> list[str]:
    area = 20 + draws.below("area code", 900, number)
    local = 60_000_000 + draws.below("phone", 29_000_000, number)
    return [f"0{code}-{line}" for code, line in zip(area.tolist(), local.tolist(), strict=True)]


def _addresses(draws: Draws, number: Ints) -> list[str]:
    city = draws.below("city", len(CITIES), number).tolist()
    road = draws.below("road", len(ROADS), number).tolist()
    house = (1 + draws.below("house", 1_999, number)).tolist()
    floor = draws.below("floor", 30, number).tolist()
    return [
        f"{CITIES[at]}市{ROADS[street]}{no}号" + (f"{level + 1}楼" if level < 12 else "")  # noqa: PLR2004 - floors of offices
        for at, street, no, level in zip(city, road, house, floor, strict=True)
    ]
