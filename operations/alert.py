"""One thing that operators are told, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from warehouse.plain_yaml import read_yaml

WORTH_TELLING = timedelta(hours=36)
"""How long a channel that fails is tried again: by then the next night has news of its own."""

_CATALOGUE = Path(__file__).with_name("sentences") / "alerts.yml"
_LONGEST_SEEN = 600


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told, once for each `key`. No text holds a customer's data or a secret.

    `tries` and `told_by` are of earlier looks: how often it was tried, and the channels that took it.
    """

    key: str
    kind: str
    title_en: str
    title_zh: str
    seen: str
    next_en: str
    next_zh: str
    runbook: str
    noted_at: datetime
    not_after: datetime
    tries: int = 0
    told_by: frozenset[str] = field(default_factory=frozenset)

    def text(self, company: str) -> str:
        """Return all of it as a few plain lines, the company first."""
        return "\n".join(
            (
                f"Guanxi 关系 · {company}",
                self.title_en,
                self.title_zh,
                "",
                f"seen 实际: {self.seen}",
                f"next 下一步: {self.next_en}",
                f"  {self.next_zh}",
                f"runbook 手册: docs/runbooks/{self.runbook}",
            )
        )


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    return dict(read_yaml(_CATALOGUE))


def make_alert(key: str, kind: str, *, now: datetime, seen: str, sentence: str | None = None, **named: object) -> Alert:
    """Return an alert with the sentences of its kind, or of `sentence` where a kind has several."""
    said = _catalogue()[sentence or kind]
    texts = {name: said[name].format_map(named) for name in ("en", "zh", "next_en", "next_zh")}
    return Alert(
        key=key,
        kind=kind,
        title_en=texts["en"],
        title_zh=texts["zh"],
        seen=seen if len(seen) <= _LONGEST_SEEN else seen[: _LONGEST_SEEN - 1] + "…",
        next_en=texts["next_en"],
        next_zh=texts["next_zh"],
        runbook=said["runbook"],
        noted_at=now,
        not_after=now + WORTH_TELLING,
    )
