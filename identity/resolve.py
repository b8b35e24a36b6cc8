"""From records to decisions, without a database: the whole of matching as one function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from identity.clusters import join
from identity.decisions import Decision, decide
from identity.links import find_links, verdicts_of
from identity.parties import AccountRecord, make_parties
from identity.policy import MatchPolicy
from identity.scores import score_pairs


@dataclass(frozen=True, slots=True)
class Resolution:
    """Each record's decision, and how many of people's decisions name a record that is not there."""

    decisions: tuple[Decision, ...]
    unknown_overrides: int


def resolve(
    records: Iterable[AccountRecord], *, ranks: dict[str, int], own_ids: frozenset[str], policy: MatchPolicy
) -> Resolution:
    """Decide for every record to which account it belongs. The same records, in any order, give the same decisions.

    `ranks` are the sources' ranks, 1 the best; `own_ids` the sources whose account ids are theirs alone. Raises
    SameKeyError, ContradictingOverridesError, MatchLevelsError.
    """
    parties = make_parties(records, ranks=ranks, own_ids=own_ids, policy=policy)
    verdicts = verdicts_of(policy.overrides, parties)
    links = find_links(parties, score_pairs(parties, policy), verdicts, policy)
    joined = join(parties, links, verdicts, policy)
    return Resolution(tuple(decide(parties, joined, policy)), verdicts.unknown)
