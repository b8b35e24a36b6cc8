"""Why two parties may be one customer: what people said, what rules find, and what is likely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from identity.parties import Party
from identity.policy import MatchPolicy, Override, Record
from identity.scores import Score
from warehouse.errors import Problem

SAME, LINKED_ID, PROBABLE, DOUBTFUL = "override_same", "linked_id", "probability", "doubtful"


class ContradictingOverridesError(Problem):
    """Two decisions of people that cannot both hold."""


@dataclass(frozen=True, slots=True)
class Link:
    """A reason to join two parties, by key, the lesser key first.

    `score` is there for every pair that was compared, so that of two links of one rule the likelier goes first.
    """

    one: str
    other: str
    rule: str
    score: Score | None

    @property
    def bits(self) -> float:
        return 0.0 if self.score is None else self.score.bits

    def beside(self, key: str) -> str:
        """Return the other end."""
        return self.other if key == self.one else self.one


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What people decided, about parties: pairs of keys, the lesser first. `unknown` counts what names no record."""

    same: frozenset[tuple[str, str]]
    different: frozenset[tuple[str, str]]
    unknown: int


def find_links(
    parties: Sequence[Party], scores: Iterable[Score], verdicts: Verdicts, policy: MatchPolicy
) -> list[Link]:
    """Return one link a pair, by the rule that goes first, in the order in which they are to be followed."""
    score_of = {(score.one, score.other): score for score in scores}
    rule_of: dict[tuple[str, str], str] = dict.fromkeys(verdicts.same, SAME)
    for rule, pairs in (
        (LINKED_ID, _linked(parties)),
        ("tax_number", _sharing(parties, lambda party: party.tax_number)),
        ("domain_and_name", _sharing(parties, lambda party: _both(party.domain, party))),
        ("phone_and_name", _sharing(parties, lambda party: _both(party.phone, party))),
        ("address_and_name", _sharing(parties, lambda party: _both(party.address, party))),
    ):
        for pair in pairs:
            rule_of.setdefault(pair, rule)
    for pair, score in score_of.items():
        if score.probability >= policy.review_probability:
            is_sure = score.probability >= policy.automatic_probability
            rule_of.setdefault(pair, PROBABLE if is_sure else DOUBTFUL)
    links = [Link(*pair, rule, score_of.get(pair)) for pair, rule in rule_of.items() if pair not in verdicts.different]
    links.sort(key=lambda link: (policy.rules[link.rule].precedence, -link.bits, link.one, link.other))
    return links


def verdicts_of(overrides: Iterable[Override], parties: Sequence[Party]) -> Verdicts:
    """Return people's decisions about the parties there are. Raises ContradictingOverridesError."""
    key_of: dict[Record, str] = {record: party.key for party in parties for record in party.records}
    pairs: dict[str, set[tuple[str, str]]] = {"same": set(), "different": set()}
    unknown = 0
    for override in overrides:
        if override.one not in key_of or override.other not in key_of:
            unknown += 1
            continue
        one, other = sorted((key_of[override.one], key_of[override.other]))
        if one == other:
            if override.verdict == "different":
                raise contradicting("two records whose sources share their ids are one customer by their id")
            continue
        pairs[override.verdict].add((one, other))
    if pairs["same"] & pairs["different"]:
        raise contradicting("two records are both the same customer and different ones")
    return Verdicts(frozenset(pairs["same"]), frozenset(pairs["different"]), unknown)


def contradicting(seen: str) -> ContradictingOverridesError:
    return ContradictingOverridesError(
        "dbt_project/seeds/policy/policy_account_overrides.csv",
        seen=seen,
        expected="decisions that can all hold on one day",
        next_step="end one of them with valid_until, or take it out",
    )


def _linked(parties: Sequence[Party]) -> Iterator[tuple[str, str]]:
    keys = {party.key for party in parties}
    for party in parties:
        if party.linked_key in keys and party.linked_key != party.key:
            one, other = sorted((party.key, party.linked_key))
            yield one, other


def _both(value: str | None, party: Party) -> tuple[str, str] | None:
    return (value, party.name.core) if value and party.name.core else None


def _sharing(parties: Sequence[Party], value_of: Callable[[Party], object | None]) -> Iterator[tuple[str, str]]:
    """Yield the pairs with the same value. Of two leading parties only a tax number says something."""
    groups: dict[object, list[Party]] = defaultdict(list)
    for party in parties:
        value = value_of(party)
        if value is not None:
            groups[value].append(party)
    for value, group in groups.items():
        for at, party in enumerate(group):
            for other in group[at + 1 :]:
                if not (party.leads and other.leads) or isinstance(value, str):
                    one, two = sorted((party.key, other.key))
                    yield one, two
