"""What people write: a sentence or two in the language of the house, on one theme, on two, or on one that is denied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.crm.themes import CLOSERS, ITEMS, OPENERS, SUBJECTS, THEME_NAMES, THEMES, TURNS, Sentences
from simulator.draws import Bools, Draws, Ints

NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1
"""Sentiments: a complaint, a wish or question, a praise."""

_SENTENCES = tuple(THEMES.values())


@dataclass(frozen=True, slots=True)
class Meanings:
    """What texts mean, one entry each. `second` is -1 for a text of one theme, `denied` for no theme denied."""

    theme: Ints
    sentiment: Ints
    second: Ints
    second_sentiment: Ints
    denied: Ints

    def only(self, keep: Bools | Ints) -> Meanings:
        """The meanings that `keep` picks."""
        return Meanings(
            self.theme[keep], self.sentiment[keep], self.second[keep], self.second_sentiment[keep], self.denied[keep]
        )


def draw_meanings(draws: Draws, stream: str, theme: Ints, sentiment: Ints, *keys: Ints) -> Meanings:
    """Meanings about given themes: an eighth speak of a second one too, a tenth say first what is not the matter."""
    other = (theme + 1 + draws.below(f"{stream} other theme", len(THEME_NAMES) - 1, *keys)) % len(THEME_NAMES)
    form = draws.picked(f"{stream} form", (78, 12, 10), *keys)
    turned = np.where(draws.chance(f"{stream} mixed", 0.6, *keys), -sentiment, sentiment)
    return Meanings(
        theme=theme,
        sentiment=sentiment,
        second=np.where(form == 1, other, -1),
        second_sentiment=np.where(form == 1, turned, 0),
        denied=np.where(form == 2, other, -1),
    )


def write_texts(draws: Draws, stream: str, meanings: Meanings, language: Ints, *keys: Ints) -> list[str]:
    """The texts of the meanings, in language 0 (Chinese) or 1 (English)."""
    first, second, opener, closer, turn, item = (
        draws.below(f"{stream}/{part}", 1_000, *keys).tolist()
        for part in ("sentence", "second", "opener", "closer", "turn", "item")
    )
    texts = []
    for at, tongue in enumerate(language.tolist()):
        theme, also, denied = meanings.theme[at].item(), meanings.second[at].item(), meanings.denied[at].item()
        text = _picked(_kind(_SENTENCES[theme][tongue], meanings.sentiment[at].item()), first[at])
        link = _picked(TURNS[tongue], turn[at])
        if denied >= 0:
            text = f"{_picked(_SENTENCES[denied][tongue].denied, second[at])}{link}{_inside(text)}"
        if also >= 0:
            more = _picked(_kind(_SENTENCES[also][tongue], meanings.second_sentiment[at].item()), second[at])
            text = f"{text}{link}{_inside(more)}"
        text = f"{_picked(OPENERS[tongue], opener[at])}{text}{_picked(CLOSERS[tongue], closer[at])}"
        texts.append(text.replace("{item}", _picked(ITEMS[tongue], item[at])))
    return texts


def write_subjects(draws: Draws, stream: str, language: Ints, *keys: Ints) -> list[str]:
    """Headlines, which say little."""
    subject = draws.below(f"{stream}/subject", 1_000, *keys).tolist()
    item = draws.below(f"{stream}/item", 1_000, *keys).tolist()
    return [
        _picked(SUBJECTS[tongue], subject[at]).replace("{item}", _picked(ITEMS[tongue], item[at]))
        for at, tongue in enumerate(language.tolist())
    ]


def _kind(sentences: Sentences, sentiment: int) -> tuple[str, ...]:
    return {NEGATIVE: sentences.complaints, NEUTRAL: sentences.wishes, POSITIVE: sentences.praises}[sentiment]


def _picked(words: tuple[str, ...], luck: int) -> str:
    return words[luck % len(words)]


def _inside(text: str) -> str:
    """An English sentence that goes on from another begins small."""
    return text[0].lower() + text[1:] if text[1:2].islower() else text
