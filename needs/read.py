"""The half of the stage `match` that reads texts: those that are new, and new names in those that are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from needs.policy import NeedPolicy, read_policy
from needs.reading import Reader, named_in
from needs.records import known_names, read_texts, unread_texts, write_readings
from warehouse.database import Role, Warehouse
from warehouse.night import Claim


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """What was read: texts, those of them about a theme, and texts in which a product was named."""

    texts: int
    with_theme: int
    with_name: int

    def lines(self) -> list[str]:
        """Return what a person wants to read of it."""
        if not self.texts and not self.with_name:
            return ["no text is new"]
        return [
            f"read {self.texts:,} new texts: {self.with_theme:,} are about a theme;"
            f" products newly found in {self.with_name:,} texts"
        ]


def read_new_texts(
    warehouse: Warehouse, claim: Claim, *, progress: Callable[[str], None], policy: NeedPolicy | None = None
) -> ReadingReport:
    """Read the texts known by the night's day that were not read yet, and keep what they are about.

    `policy` is the seeds' unless given; another than last time lets every text be read again. A re-run adds nothing.
    Raises NeedPolicyError, FencedError; then nothing is written.
    """
    policy = policy or read_policy()
    with warehouse.connect(Role.MATCHER) as connection:
        unread = unread_texts(connection, claim.night, policy.version)
        names, looked_for = known_names(connection, claim.night)
        new_names = names - looked_for
        before = read_texts(connection, claim.night, policy.version) if new_names else []
    if not unread and not new_names:
        return ReadingReport(texts=0, with_theme=0, with_name=0)
    progress(f"reading {len(unread):,} texts")
    reader = Reader(policy)
    mentions = {text.digest: reader.mentions(text.words) for text in unread}
    named = [
        *named_in(((text.digest, text.words) for text in unread), names),
        *named_in(((text.digest, text.words) for text in before), new_names),
    ]
    with warehouse.connect(Role.MATCHER) as connection:
        claim.assert_held(connection)
        write_readings(connection, version=policy.version, mentions=mentions, named=named, names=sorted(new_names))
    return ReadingReport(
        texts=len(unread),
        with_theme=sum(bool(own) for own in mentions.values()),
        with_name=len({digest for digest, _ in named}),
    )
