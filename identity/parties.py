"""Parties: who the sources say there is, each once a namespace of account ids, made comparable."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from identity.contacts import address_of, domain_of, phone_of
from identity.names import CompanyName
from identity.policy import MatchPolicy, Record
from identity.tax_numbers import valid_tax_number
from warehouse.errors import Problem
from warehouse.texts import plain

SHARED = ""
"""The namespace of the sources that share their account ids; any other is a source that has its own."""


class SameKeyError(Problem):
    """Two different parties would get the same account key."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What a source knows of a customer at the end of the night's day, or knew last before it was gone."""

    source: str
    account_id: str
    first_known: date
    account_name: str | None = None
    tax_number: str | None = None
    web_domain: str | None = None
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    linked_account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """One customer as one namespace knows it. `key` is its account's if it stands alone.

    `rank` is the best of its namespace's sources, 1 the best of all; `leads` says that no namespace ranks higher.
    Of several sources with one value each, the first by rank is believed.
    """

    key: str
    rank: int
    leads: bool
    first_known: date
    records: tuple[Record, ...]
    name: CompanyName
    tax_number: str | None
    domain: str | None
    phone: str | None
    address: str
    city: str
    linked_key: str | None

    @property
    def order(self) -> tuple[int, date, str]:
        """The first of an account's parties in this order gives the account its key, whenever the others came."""
        return (self.rank, self.first_known, self.key)


def account_key(namespace: str, account_id: str) -> str:
    """Return the key of a party; dbt_project/macros/resolved_accounts.sql says the same of accounts not yet known."""
    return account_id if namespace == SHARED else f"{namespace}|{account_id}"


def make_parties(
    records: Iterable[AccountRecord], *, ranks: dict[str, int], own_ids: frozenset[str], policy: MatchPolicy
) -> list[Party]:
    """Return the parties of records, by key. Raises SameKeyError."""
    grouped: dict[tuple[str, str], list[AccountRecord]] = defaultdict(list)
    for record in records:
        grouped[record.source if record.source in own_ids else SHARED, record.account_id].append(record)
    rank_of = {namespace: _rank_of(namespace, ranks, own_ids) for namespace, _ in grouped}
    best = min(rank_of.values(), default=0)
    parties = [
        _party(namespace, account_id, same, rank=rank_of[namespace], leads=rank_of[namespace] == best,
               ranks=ranks, policy=policy)
        for (namespace, account_id), same in grouped.items()
    ]  # fmt: skip
    _refuse_same_keys(parties)
    return _without_common_values(sorted(parties, key=lambda party: party.key), policy)


def _rank_of(namespace: str, ranks: dict[str, int], own_ids: frozenset[str]) -> int:
    if namespace != SHARED:
        return ranks[namespace]
    return min(rank for source, rank in ranks.items() if source not in own_ids)


def _party(
    namespace: str,
    account_id: str,
    records: Sequence[AccountRecord],
    *,
    rank: int,
    leads: bool,
    ranks: dict[str, int],
    policy: MatchPolicy,
) -> Party:
    ordered = sorted(records, key=lambda record: ranks[record.source])

    def first(values: Iterable[str | None]) -> str | None:
        return next((value for value in values if value), None)

    linked = first(record.linked_account_id and record.linked_account_id.strip() for record in ordered)
    domain = first(map(domain_of, (record.web_domain for record in ordered)))
    return Party(
        key=account_key(namespace, account_id),
        rank=rank,
        leads=leads,
        first_known=min(record.first_known for record in ordered),
        records=tuple((record.source, record.account_id) for record in ordered),
        name=policy.legal_forms.parse(first(record.account_name for record in ordered)),
        tax_number=first(map(valid_tax_number, (record.tax_number for record in ordered))),
        domain=None if domain in policy.shared_domains else domain,
        phone=first(map(phone_of, (record.phone for record in ordered))),
        address=address_of(first(record.address for record in ordered)),
        city=plain(first(record.city for record in ordered)).removesuffix("市"),
        linked_key=account_key(SHARED, linked) if linked and namespace != SHARED else None,
    )


def _without_common_values(parties: list[Party], policy: MatchPolicy) -> list[Party]:
    """Take away phones and domains that stand under many names: an agent's, an office block's, a placeholder."""
    from dataclasses import replace

    names_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for party in parties:
        for kind, value in (("domain", party.domain), ("phone", party.phone)):
            if value:
                names_of[kind, value].add(party.name.core)
    common = {value for value, names in names_of.items() if len(names) > policy.shared_value_limit}
    return [
        replace(
            party,
            domain=None if ("domain", party.domain) in common else party.domain,
            phone=None if ("phone", party.phone) in common else party.phone,
        )
        for party in parties
    ]


def _refuse_same_keys(parties: Sequence[Party]) -> None:
    twice = [key for key, count in Counter(party.key for party in parties).items() if count > 1]
    if twice:
        sources = sorted({source for party in parties if party.key in twice for source, _ in party.records})
        raise SameKeyError(
            f"account ids of {' and '.join(sources)}",
            seen=f"{len(twice)} of them would become the key of two accounts",
            expected="no account id that begins with the name of another source and '|'",
            next_step="give these accounts other ids in the mapping, with a prefix for instance",
        )
