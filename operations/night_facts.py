"""What there is to know of one night: the page, the terminal and the alerts all tell of these facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from warehouse.errors import Problem

PUBLISHED = "published"
AT_WORK = frozenset({"building", "audited"})

_SAMPLES = re.compile(r"\(e\.g\. .*\)")
_ADDRESS = re.compile(r"[^\s<>\"']+@[^\s<>\"',;]+")


class UnknownNightError(Problem):
    """The ledger has no such night to tell of."""


@dataclass(frozen=True, slots=True)
class StageFact:
    """The newest start of a part of a stage. `tries` counts its starts, former attempts too.

    `usual_seconds` is the median of the ten newest published nights before, None where there is none.
    """

    stage: str
    part: str
    state: str
    tries: int
    seconds: float | None
    usual_seconds: float | None
    peak_mb: int | None
    note: str
    finished_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.stage} {self.part}".strip()

    @property
    def is_over(self) -> bool:
        return self.state != "running"


@dataclass(frozen=True, slots=True)
class LoadFact:
    """What a source brought of an entity: extracted is the sum of the four counts after it."""

    source: str
    entity: str
    extracted: int
    new: int
    changed: int
    unchanged: int
    quarantined: int
    held_back: int


@dataclass(frozen=True, slots=True)
class PromiseFact:
    """A promise that was not kept; observed and expected are figures, never a value of a row."""

    suite: str
    severity: str
    observed: str
    expected: str
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class GateFact:
    """What a gate found; it is closed when a critical promise is broken."""

    stage: str
    kept: int
    broken: tuple[PromiseFact, ...]

    @property
    def is_closed(self) -> bool:
        return any(each.severity == "critical" for each in self.broken)


@dataclass(frozen=True, slots=True)
class SampleFact:
    """A refused row: ten digits of a digest of its key, and the shape of what was seen (x a letter, 9 a digit)."""

    key_digest: str
    seen_shape: str | None


@dataclass(frozen=True, slots=True)
class RefusalFact:
    """What a rule refused of an entity. `column` is the one the rule is about, None when it is about the whole row."""

    source: str
    entity: str
    rule: str
    column: str | None
    rows: int
    samples: tuple[SampleFact, ...]


@dataclass(frozen=True, slots=True)
class SourceFact:
    """How old what is known of a source was. `stale_days` is None when it has never been read."""

    source: str
    state: str | None
    stale_days: int | None
    delivered_through: date | None
    newest_event: date | None
    holds_mails: bool

    @property
    def is_stale(self) -> bool:
        return self.stale_days is None or self.stale_days > 0


@dataclass(frozen=True, slots=True)
class ModelFact:
    """Who makes the scores, and what its training measured; figures are None where too little could be tested."""

    model_id: str
    method: str
    as_of: date
    grade: str | None
    best_rule: str | None
    beats_rule: bool | None
    auc: float | None
    average_precision: float | None
    note: str


@dataclass(frozen=True, slots=True)
class OutcomeFact:
    """What the scores of a past month said and what came of them; rates from 0 to 1, limits by Wilson's score."""

    month: date
    model_id: str
    accounts: int
    churned: int
    predicted: float | None
    realised: float | None
    low: float | None
    high: float | None
    capacity: int | None
    precision: float | None
    is_enough: bool


TOLD_FROM = 0.1
"""From this index of stability, or this change of the number of accounts, a drift is told."""


@dataclass(frozen=True, slots=True)
class DriftFact:
    """Something of the scored accounts that differs from before by more than chance explains."""

    kind: str
    feature: str
    value: float
    limit: float
    text_en: str
    text_zh: str
    model_id: str

    @property
    def is_worth_telling(self) -> bool:
        """Whether the score or the number of accounts drifts, and by so much that somebody should look.

        Of many features one or another drifts by chance; and of many accounts even a change that means nothing is
        surely no chance: 0.1 is where an index of stability is usually called a moderate change.
        """
        return self.feature in {"churn_probability", "accounts"} and self.value >= TOLD_FROM


@dataclass(frozen=True, slots=True)
class MailFact:
    """How many mails of a kind are in a state, and why those that are held are held."""

    kind: str
    state: str
    count: int
    because: str | None


@dataclass(frozen=True, slots=True)
class NightFacts:
    """One night. `seconds` is the work of the newest attempt's stages, `marts` and `rows` what was audited.

    `outcomes` are of the newest months, `drift` and `mails` of this night; all are empty where a night did not get
    that far.
    """

    company_en: str
    company_zh: str
    run_id: str
    gen: int
    as_of: date
    timezone: str
    attempt: int
    state: str
    note: str
    started_at: datetime
    published_at: datetime | None
    is_live: bool
    live_as_of: date | None
    is_backfill: bool
    stages: tuple[StageFact, ...]
    loads: tuple[LoadFact, ...]
    gates: tuple[GateFact, ...]
    refusals: tuple[RefusalFact, ...]
    sources: tuple[SourceFact, ...]
    model: ModelFact | None
    outcomes: tuple[OutcomeFact, ...]
    drift: tuple[DriftFact, ...]
    mails: tuple[MailFact, ...]
    marts: int
    rows: int

    @property
    def seconds(self) -> float:
        return sum(each.seconds or 0.0 for each in self.stages)

    @property
    def failed_stage(self) -> StageFact | None:
        """The stage that the night stopped at, or that failed after it was published."""
        return next((each for each in reversed(self.stages) if each.state == "failed"), None)

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK and self.failed_stage is None

    @property
    def verdict(self) -> str:
        """One word: published, at_work or failed; published also where a stage after the publication failed."""
        if self.state == PUBLISHED:
            return PUBLISHED
        return "at_work" if self.is_at_work else "failed"

    def mailed(self, *states: str) -> int:
        return sum(each.count for each in self.mails if each.state in states)


def plain(text: str | None) -> str:
    """Return a note of the ledger without what may be a mail address, a login, or the key of a person's record."""
    return _ADDRESS.sub("…", _SAMPLES.sub("(e.g. …)", text or ""))
