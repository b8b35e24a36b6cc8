"""What to do next about a night: from its state, what stopped it, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from operations.night_facts import PUBLISHED, NightFacts
from warehouse.plain_yaml import read_yaml

RUNBOOK = "nightly"
_CATALOGUE = Path(__file__).with_name("sentences") / "next_steps.yml"
_LEFT_UNFINISHED = "left unfinished"
_UNDELIVERED = ("pending", "sending", "unknown", "failed", "expired")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence in both languages, and the heading of the runbook that says more."""

    code: str
    text_en: str
    text_zh: str
    anchor: str

    @property
    def runbook(self) -> str:
        return f"docs/runbooks/{RUNBOOK}.md#{self.anchor}"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return the sentences by code: en, zh and anchor."""
    return dict(read_yaml(_CATALOGUE))


def next_steps(night: NightFacts) -> tuple[NextStep, ...]:
    """Return what to do, the most urgent first; never empty."""
    return tuple(_steps(night)) or (_say("nothing"),)


def _steps(night: NightFacts) -> Iterator[NextStep]:
    named: dict[str, object] = {"day": night.as_of, "run": night.run_id, "gen": night.gen}
    if night.state != PUBLISHED:
        yield _why_not_published(night, named)
    elif night.failed_stage is not None and not night.mailed(*_UNDELIVERED):
        yield _say("failed", stage=night.failed_stage.name, **named)
    yield from _about_mails(night, named)
    for source in night.sources:
        if source.is_stale and source.state == "carried":
            yield _say("stale", source=source.source, day=source.delivered_through)
    for drift in night.drift:
        if drift.is_worth_telling:
            yield _both("drift", drift.text_en, drift.text_zh)
    if refused := sum(each.rows for each in night.refusals):
        yield _say("quarantine", count=refused, **named)


def _about_mails(night: NightFacts, named: dict[str, object]) -> Iterator[NextStep]:
    if held := night.mailed("held"):
        because = "; ".join(sorted({each.because for each in night.mails if each.because}))
        yield _say("held", count=held, because=because, **named)
    for code, states in (("doubt", ("unknown", "sending")), ("refused", ("failed",)), ("waiting", ("pending",))):
        if (count := night.mailed(*states)) and night.is_live:
            yield _say(code, count=count)


def _why_not_published(night: NightFacts, named: dict[str, object]) -> NextStep:
    closed = next((gate for gate in night.gates if gate.is_closed), None)
    if night.note.startswith(_LEFT_UNFINISHED):
        return _say("unfinished")
    if closed is not None:
        return _say("gate", stage=closed.stage, **named)
    if night.failed_stage is not None:
        return _say("failed", stage=night.failed_stage.name, **named)
    running = night.stages[-1].name if night.stages else "open"
    return _say("at_work", stage=running)


def _say(code: str, **values: object) -> NextStep:
    told = {
        name: f"{value:,}" if isinstance(value, int) and name == "count" else value for name, value in values.items()
    }
    sentence = catalogue()[code]
    return NextStep(code, sentence["en"].format_map(told), sentence["zh"].format_map(told), sentence["anchor"])


def _both(code: str, text_en: str, text_zh: str) -> NextStep:
    sentence = catalogue()[code]
    return NextStep(code, sentence["en"].format(text=text_en), sentence["zh"].format(text=text_zh), sentence["anchor"])
