"""The stage `match`: the records known by the night's day, decided and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from identity.decisions import bands_counted
from identity.history import Changes, read_ranks, read_records, write_decisions
from identity.policy import MatchPolicy, read_policy
from identity.resolve import resolve
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.night import Claim


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What the stage decided: records, accounts, records by band, and what changed since the day before."""

    records: int
    accounts: int
    bands: dict[str, int]
    changes: Changes
    unknown_overrides: int

    def lines(self) -> list[str]:
        """Return what a person wants to read of it."""
        bands = ", ".join(f"{count:,} {band}" for band, count in self.bands.items())
        told = [
            f"{self.records:,} records are {self.accounts:,} accounts: {bands}",
            f"since the day before: {self.changes.new:,} records new, {self.changes.moved:,} in another account,"
            f" {self.changes.other:,} for another reason",
        ]
        if self.unknown_overrides:
            told.append(
                f"warning: {self.unknown_overrides} lines of policy_account_overrides.csv name a record no source has"
            )
        return told


def match_accounts(
    warehouse: Warehouse,
    claim: Claim,
    company: Company,
    *,
    progress: Callable[[str], None],
    policy: MatchPolicy | None = None,
) -> MatchReport:
    """Decide for every record of an account to which account it belongs, and keep what is new of it for the day.

    `policy` is the seeds' unless given. Raises MatchPolicyError, SameKeyError, ContradictingOverridesError,
    MatchLevelsError, FencedError; then nothing is written.
    """
    night = claim.night
    with warehouse.connect(Role.MATCHER) as connection:
        records, ranks = read_records(connection, night), read_ranks(connection)
    progress(f"comparing {len(records):,} records")
    resolution = resolve(
        records, ranks=ranks, own_ids=frozenset(company.own_account_ids), policy=policy or read_policy(night.as_of)
    )
    progress("writing the decisions")
    with warehouse.connect(Role.MATCHER) as connection:
        claim.assert_held(connection)
        changes = write_decisions(connection, night, resolution.decisions)
    return MatchReport(
        records=len(resolution.decisions),
        accounts=len({decision.account_id for decision in resolution.decisions}),
        bands=bands_counted(resolution.decisions),
        changes=changes,
        unknown_overrides=resolution.unknown_overrides,
    )
