"""The night's stages, once: the DAG, `guanxi nightly` and the tests all read this list."""

from __future__ import annotations

from dataclasses import dataclass

GATE_CLOSED_STATUS = 3
"""Exit status of a stage that a broken critical promise stopped: trying again cannot help."""
NO_RETRY_STATUS = 4
"""Exit status of any other command that would meet the same problem again, until a person has done something."""

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Stage:
    """One command of the night, run as a process of its own.

    `words` is what follows `guanxi`. A stage that is `per_source` runs once for each source of the company, with
    `--source <name>`. One that `knows_last_try` is told by `--last-try` that no other try will follow. `retries` are
    tries after the first one, `retry_seconds` apart (doubled each time when `backs_off`). `timeout_minutes` is for
    one try.
    """

    name: str
    words: tuple[str, ...]
    retries: int
    timeout_minutes: int
    retry_seconds: int = 10
    backs_off: bool = False
    per_source: bool = False
    knows_last_try: bool = False

    def arguments(
        self,
        *,
        run_id: str,
        attempt: int,
        fence: str,
        source: str | None = None,
        company: str | None = None,
        is_last_try: bool = False,
    ) -> tuple[str, ...]:
        """Return the words after `guanxi`. `source` must be given exactly when the stage is per_source."""
        if self.per_source != (source is not None):
            raise ValueError(f"stage {self.name}: a source must be given exactly when per_source is set")
        one_source = () if source is None else ("--source", source)
        whose = () if company is None else ("--company", company)
        night = ("--run-id", run_id, "--attempt", str(attempt), "--fence", fence)
        last = ("--last-try",) if self.knows_last_try and is_last_try else ()
        return (*self.words, *last, *night, *one_source, *whose)


# A check that fails for another reason than a broken promise (a lost connection, say) is worth one more try.
STAGES: tuple[Stage, ...] = (
    Stage(
        "extract",
        ("extract",),
        retries=3,
        timeout_minutes=60,
        retry_seconds=30,
        backs_off=True,
        per_source=True,
        knows_last_try=True,
    ),
    Stage("check_raw", ("check", "raw"), retries=1, timeout_minutes=20),
    Stage("match", ("match",), retries=1, timeout_minutes=30),
    Stage("transform", ("transform",), retries=1, timeout_minutes=90),
    Stage("check_marts", ("check", "marts"), retries=1, timeout_minutes=20),
    Stage("score", ("score",), retries=1, timeout_minutes=30),
    Stage("check_scores", ("check", "scores"), retries=1, timeout_minutes=20),
    Stage("publish", ("publish",), retries=2, timeout_minutes=30),
    Stage("deliver", ("deliver",), retries=5, timeout_minutes=60, retry_seconds=30, backs_off=True),
)

REBUILDING: tuple[Stage, ...] = tuple(
    stage for stage in STAGES if stage.name in {"transform", "check_marts", "score", "check_scores"}
)
"""The stages that build a past day anew from what raw holds: nothing is read from a source, nobody gets a mail."""


def open_arguments(*, run_id: str, as_of: str | None, company: str | None) -> tuple[str, ...]:
    """Return the words after `guanxi` that open a night; it answers with one line of JSON on stdout."""
    day = () if as_of is None else ("--as-of", as_of)
    whose = () if company is None else ("--company", company)
    return (OPEN, "--run-id", run_id, *day, *whose, "--json")
