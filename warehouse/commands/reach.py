"""How a company's sources are reached: with the house open for a night, or with no warehouse at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from warehouse.company import Company, load_company
from warehouse.house import House, opened_house, token_folder
from warehouse.settings import load_settings

if TYPE_CHECKING:
    from sources.outside import Outside


@dataclass(frozen=True, slots=True)
class Reach:
    """A company, and what reading its sources needs of the world outside."""

    company: Company
    outside: Outside


def outside_of(house: House) -> Outside:
    """Return what reading a source needs, in an open house."""
    from sources.outside import Outside

    return Outside(
        house.tokens,
        data=house.settings.data,
        crm_folder=house.crm_folder if house.company.simulator else None,
        erp_url=house.erp_url(),
        allows_private=house.settings.allow_private_sources,
    )


@contextlib.contextmanager
def in_reach(company: str | None) -> Iterator[Reach]:
    """Give a company's sources without a warehouse; only a simulated company's ERP needs its server to run.

    Somebody is waiting: what does not answer is not tried as patiently as at night.
    """
    from sources.api.http import Patience
    from sources.outside import Outside

    settings, patience = load_settings(), Patience(attempts=3, longest_seconds=5, budget_seconds=60)
    chosen = load_company(company or settings.company, timezone=settings.timezone)
    if chosen.simulator is not None:
        with opened_house(settings, company=company) as house:
            yield Reach(house.company, replace(outside_of(house), patience=patience))
        return
    yield Reach(
        chosen,
        Outside(
            token_folder(settings, chosen),
            data=settings.data,
            erp_url=None if settings.erp_url is None else settings.erp_url.get_secret_value(),
            allows_private=settings.allow_private_sources,
            patience=patience,
        ),
    )
