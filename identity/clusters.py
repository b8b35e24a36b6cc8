"""Parties joined to accounts, link by link, and what is left for a person to decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from identity.links import DOUBTFUL, LINKED_ID, SAME, Link, Verdicts, contradicting
from identity.parties import Party
from identity.policy import MatchPolicy

NEAR_TWINS, TAX_CONFLICT, TWO_CUSTOMERS = "near_twins", "different_tax_numbers", "two_customers"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A link that was not followed, and by which rule; a person may decide it."""

    link: Link
    rule: str


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of the links. `account_of` gives each party's key the key of its account."""

    account_of: dict[str, str]
    followed: tuple[Link, ...]
    doubts: tuple[Doubt, ...]


@dataclass(slots=True)
class _Cluster:
    members: list[Party]
    tax_numbers: set[str]
    leaders: int

    def conflict_with(self, other: _Cluster) -> str | None:
        mine, theirs = self.tax_numbers, other.tax_numbers
        if mine and theirs and not (mine <= theirs or theirs <= mine):
            return TAX_CONFLICT
        return TWO_CUSTOMERS if self.leaders and other.leaders else None


def join(parties: Sequence[Party], links: Sequence[Link], verdicts: Verdicts, policy: MatchPolicy) -> Joined:
    """Follow the links in their order where nothing forbids it. Raises ContradictingOverridesError.

    People's decisions hold in any case. Two valid tax numbers, and two customers of the leading namespace, are never
    joined by a rule; nor are two parties joined that others link, when a person said they are different.
    """
    clusters = {
        party.key: _Cluster([party], {party.tax_number} - {None}, int(party.leads))  # type: ignore[arg-type]
        for party in parties
    }
    apart = defaultdict(set)
    for one, other in verdicts.different:
        apart[one].add(other)
        apart[other].add(one)
    by_key = {party.key: party for party in parties}
    twins = _near_twins(links, by_key, policy)
    followed, doubts = [], []
    for link in links:
        mine, theirs = clusters[link.one], clusters[link.other]
        if mine is theirs:
            continue
        are_apart = any(member.key in apart[other.key] for member in mine.members for other in theirs.members if apart)
        if link.rule == SAME:
            if are_apart:
                raise contradicting("some records are the same customer by a chain of decisions, and different by one")
        elif are_apart:
            continue
        elif link.rule == DOUBTFUL:
            doubts.append(Doubt(link, DOUBTFUL))
            continue
        elif conflict := mine.conflict_with(theirs):
            doubts.append(Doubt(link, conflict))
            continue
        elif (link.one, link.other) in twins:
            doubts.append(Doubt(link, NEAR_TWINS))
            continue
        followed.append(link)
        _merge(clusters, mine, theirs)
    account_of = {key: min(cluster.members, key=lambda one: one.order).key for key, cluster in clusters.items()}
    return Joined(account_of, tuple(followed), tuple(_open(doubts, clusters, by_key)))


def _merge(clusters: dict[str, _Cluster], mine: _Cluster, theirs: _Cluster) -> None:
    large, small = (mine, theirs) if len(mine.members) >= len(theirs.members) else (theirs, mine)
    large.members += small.members
    large.tax_numbers |= small.tax_numbers
    large.leaders += small.leaders
    for member in small.members:
        clusters[member.key] = large


def _near_twins(links: Iterable[Link], by_key: dict[str, Party], policy: MatchPolicy) -> set[tuple[str, str]]:
    """Return the links to leading parties of which another is about as good: which one is meant, nobody can tell."""
    to_leaders: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        for key in (link.one, link.other):
            if not by_key[key].leads and by_key[link.beside(key)].leads and link.rule != SAME:
                to_leaders[key].append(link)
    twins: set[tuple[str, str]] = set()
    for key, each in to_leaders.items():
        # the links come in the order of their rules: the best is the first that may be followed
        possible = [link for link in each if not _are_known_apart(by_key[key], by_key[link.beside(key)])]
        if not possible or possible[0].rule == LINKED_ID:
            continue
        best, *others = possible
        rivals = [link for link in others if _is_rival(link, best, policy)]
        if rivals:
            twins |= {(link.one, link.other) for link in (best, *rivals)}
    return twins


def _is_rival(link: Link, best: Link, policy: MatchPolicy) -> bool:
    order = policy.rules[link.rule].precedence - policy.rules[best.rule].precedence
    both_scores = best.score is not None and link.rule in ("probability", DOUBTFUL) and best.rule == "probability"
    return (order == 0 or both_scores) and link.bits > best.bits - policy.margin_bits


def _are_known_apart(one: Party, other: Party) -> bool:
    return bool(one.tax_number and other.tax_number and one.tax_number != other.tax_number)


def _open(doubts: Iterable[Doubt], clusters: dict[str, _Cluster], by_key: dict[str, Party]) -> Iterable[Doubt]:
    """Yield the doubts that are still worth a person's time.

    Those of a record that has found its customer elsewhere are not, unless its source says otherwise itself; that two
    customers of the leading namespace may be one is.
    """
    for doubt in doubts:
        mine, theirs = clusters[doubt.link.one], clusters[doubt.link.other]
        if mine is theirs:
            continue
        is_settled = mine.leaders and theirs.leaders
        both_lead = by_key[doubt.link.one].leads and by_key[doubt.link.other].leads
        if not is_settled or both_lead or doubt.link.rule == LINKED_ID:
            yield doubt
