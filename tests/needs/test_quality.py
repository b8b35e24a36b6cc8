"""Precision and recall of themes: against the simulator's truth, of a seed of its own, and on sentences of others."""

from __future__ import annotations

import pytest

from benchmarks.needs import Quality, WrittenText, qualities, written_texts
from needs.policy import read_policy
from needs.reading import Reader
from tests.needs.sentences import SENTENCES


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(read_policy())


def _found(reader: Reader, texts: list[WrittenText]) -> dict[str, Quality]:
    return qualities(texts, [frozenset(each.theme for each in reader.mentions(text.words)) for text in texts])


def test_the_simulators_themes_are_found_in_both_languages(reader: Reader) -> None:
    found = _found(reader, list(written_texts(3_000, seed=20)))
    for name in ("zh", "en", "all"):
        assert found[name].precision >= 0.88, (name, found[name])
        assert found[name].recall >= 0.85, (name, found[name])
    themes = set(read_policy().phrases)
    assert themes <= found.keys()
    assert all(found[theme].recall >= 0.6 for theme in themes), found


def test_sentences_of_others_are_understood_more_often_than_not(reader: Reader) -> None:
    texts = [WrittenText(words, "any", frozenset(themes)) for words, themes in SENTENCES]
    found = _found(reader, texts)["all"]
    assert found.precision >= 0.85, found
    assert found.recall >= 0.7, found


def test_nothing_is_found_where_nobody_says_anything(reader: Reader) -> None:
    for words in (None, "", "   ", "!?", "ok", "👍", "好的", "Feedback", "反馈"):
        assert reader.mentions(words) == (), words
