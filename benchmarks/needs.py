"""How well themes of texts are found: `python -m benchmarks.needs`. Precision and recall against the simulator's truth.

The simulator writes tickets and remarks of one theme, of two, or of one beside another that is denied; a theme found
is right when the text is about it, and one denied is not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from needs.policy import read_policy
from needs.reading import Reader
from simulator.crm.texts import draw_meanings, write_texts
from simulator.crm.themes import THEME_NAMES
from simulator.draws import Draws

OURS = {"new_need": "range", "invoice": "invoicing"}
"""Themes that the policy calls otherwise than the simulator."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text of the simulator, its language, and the themes it is about."""

    words: str
    language: str
    themes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """Themes found: right ones, wrong ones, and those missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


def main() -> None:
    """Print precision and recall by theme and by language."""
    parser = argparse.ArgumentParser(prog="benchmarks.needs", description=__doc__)
    parser.add_argument("texts", type=int, nargs="?", default=20_000, help="how many texts")
    parser.add_argument("--seed", type=int, default=11, help="seed of the simulator")
    given = parser.parse_args()
    texts = list(written_texts(given.texts, seed=given.seed))
    reader = Reader(read_policy())
    started = time.perf_counter()
    found = [frozenset(each.theme for each in reader.mentions(text.words)) for text in texts]
    seconds = time.perf_counter() - started
    table = Table("of", "mentions", "precision", "recall", title=f"{len(texts):,} texts read in {seconds:.1f} s")
    for name, quality in qualities(texts, found).items():
        mentions = f"{quality.right + quality.missed:,}"
        table.add_row(name, mentions, f"{quality.precision:.3f}", f"{quality.recall:.3f}")
    Console().print(table)


def written_texts(count: int, *, seed: int) -> Iterator[WrittenText]:
    """Texts of the simulator, half of them Chinese."""
    draws, number = Draws(seed), np.arange(count, dtype=np.int64)
    theme = draws.below("benchmark theme", len(THEME_NAMES), number)
    sentiment = draws.below("benchmark sentiment", 3, number) - 1
    meanings = draw_meanings(draws, "benchmark", theme, sentiment, number)
    language = number % 2
    words = write_texts(draws, "benchmark", meanings, language, number)
    for text, tongue, first, second in zip(
        words, language.tolist(), theme.tolist(), meanings.second.tolist(), strict=True
    ):
        names = {THEME_NAMES[each] for each in (first, second) if each >= 0}
        yield WrittenText(text, ("zh", "en")[tongue], frozenset(OURS.get(name, name) for name in names))


def qualities(texts: Iterable[WrittenText], found: Iterable[frozenset[str]]) -> dict[str, Quality]:
    """Quality by theme, by language and of all."""
    rows = [(text.language, text.themes, own) for text, own in zip(texts, found, strict=True)]
    themes = sorted({theme for _, truth, own in rows for theme in truth | own})
    languages = sorted({language for language, _, _ in rows})
    return (
        {theme: _counted((truth & {theme}, own & {theme}) for _, truth, own in rows) for theme in themes}
        | {tongue: _counted((truth, own) for of, truth, own in rows if of == tongue) for tongue in languages}
        | {"all": _counted((truth, own) for _, truth, own in rows)}
    )


def _counted(pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> Quality:
    pairs = list(pairs)
    return Quality(
        right=sum(len(truth & own) for truth, own in pairs),
        wrong=sum(len(own - truth) for truth, own in pairs),
        missed=sum(len(truth - own) for truth, own in pairs),
    )


if __name__ == "__main__":
    main()
