"""The decision about each record: its account, why, how sure, and who else might be meant."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from identity.clusters import Doubt, Joined
from identity.links import SAME, Link
from identity.parties import Party
from identity.policy import MatchPolicy

OWN_KEY, ACCOUNT_KEY, SHARED_ID = "own_key", "account_key", "shared_id"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another account that may be the same customer, as a person will read of it."""

    account_id: str
    score: float | None
    reason_en: str
    reason_zh: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A record's account. `band` is manual, automatic, review (a candidate waits for a person) or single."""

    source: str
    source_account_id: str
    account_id: str
    rule: str
    band: str
    score: float | None
    reason_en: str
    reason_zh: str
    candidate: Candidate | None


def decide(parties: Sequence[Party], joined: Joined, policy: MatchPolicy) -> list[Decision]:
    """Return a decision for every record, by source and id."""
    links = _links_towards_the_key(parties, joined)
    candidates = _candidates(parties, joined, policy)
    sizes: dict[str, int] = defaultdict(int)
    for party in parties:
        sizes[joined.account_of[party.key]] += 1
    decisions = []
    for party in parties:
        account_id = joined.account_of[party.key]
        link, candidate = links.get(party.key), candidates.get(party.key)
        for at, (source, source_account_id) in enumerate(party.records):
            rule, score, said = OWN_KEY, None, ("", "")
            if at > 0:
                rule = SHARED_ID
            elif link is not None:
                rule, score, said = link.rule, _score_of(link), _evidence(link)
            elif sizes[account_id] > 1 or len(party.records) > 1:
                rule = ACCOUNT_KEY
            found = policy.rules[rule]
            decisions.append(
                Decision(
                    source=source,
                    source_account_id=source_account_id,
                    account_id=account_id,
                    rule=rule,
                    band="review" if candidate is not None else found.band,
                    score=score,
                    reason_en=_said(found.reason_en, said[0], "; "),
                    reason_zh=_said(found.reason_zh, said[1], "；"),
                    candidate=candidate,
                )
            )
    return sorted(decisions, key=lambda each: (each.source, each.source_account_id))


def _links_towards_the_key(parties: Sequence[Party], joined: Joined) -> dict[str, Link]:
    """Return for each party that does not give its account the key the link by which it came to it."""
    beside: dict[str, list[Link]] = defaultdict(list)
    for link in joined.followed:
        beside[link.one].append(link)
        beside[link.other].append(link)
    towards: dict[str, Link] = {}
    for party in parties:
        if joined.account_of[party.key] != party.key:
            continue
        reached = deque([party.key])
        while reached:
            key = reached.popleft()
            for link in beside[key]:
                other = link.beside(key)
                if other != party.key and other not in towards:
                    towards[other] = link
                    reached.append(other)
    return towards


def _candidates(parties: Sequence[Party], joined: Joined, policy: MatchPolicy) -> dict[str, Candidate]:
    """Return the best open doubt of each party, told at the one of the two that came to the other."""
    by_key = {party.key: party for party in parties}
    best: dict[str, tuple[tuple[int, float, str], Doubt, str]] = {}
    for doubt in joined.doubts:
        one, other = sorted((by_key[doubt.link.one], by_key[doubt.link.other]), key=lambda party: party.order)
        order = (policy.rules[doubt.link.rule].precedence, -doubt.link.bits, one.key)
        if other.key not in best or order < best[other.key][0]:
            best[other.key] = (order, doubt, joined.account_of[one.key])
    return {key: _candidate(doubt, account, policy) for key, (_, doubt, account) in best.items()}


def _candidate(doubt: Doubt, account_id: str, policy: MatchPolicy) -> Candidate:
    rule, (english, chinese) = policy.rules[doubt.rule], _evidence(doubt.link)
    if not english:
        found = policy.rules[doubt.link.rule]
        english, chinese = found.reason_en, found.reason_zh
    return Candidate(
        account_id, _score_of(doubt.link), _said(rule.reason_en, english, "; "), _said(rule.reason_zh, chinese, "；")
    )


def _score_of(link: Link) -> float | None:
    """A rule is sure, and so is a person; what was likely is as likely as it was."""
    if link.rule in ("probability", "doubtful"):
        return None if link.score is None else link.score.probability
    return 1.0


def _evidence(link: Link) -> tuple[str, str]:
    if link.score is None or link.rule == SAME:
        return "", ""
    levels = link.score.levels
    return ", ".join(level.evidence_en for level in levels), "、".join(level.evidence_zh for level in levels)


def _said(reason: str, evidence: str, joint: str) -> str:
    """A reason that ends in a colon is completed by what was found; of the others it is the whole."""
    if reason.endswith((":", "：")):
        return f"{reason} {evidence}" if reason.endswith(":") else f"{reason}{evidence}"
    return f"{reason}{joint}{evidence}" if evidence else reason


def bands_counted(decisions: Iterable[Decision]) -> dict[str, int]:
    """Return how many records are in each band, in the order in which they are told."""
    counts = dict.fromkeys(("automatic", "manual", "review", "single"), 0)
    for decision in decisions:
        counts[decision.band] += 1
    return counts
