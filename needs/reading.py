"""Which themes a text is about. A text is read by itself: the same text and policy give the same themes for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from needs.policy import NeedPolicy
from warehouse.texts import is_han, plain

_CLAUSE = re.compile(r"[,.;:!?()\n，。；：！？（）、]+")
_WORD = re.compile(r"[0-9a-z]+|[\u3400-\u9fff]+")
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ies|ing|ed|es|s|y|e)$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A theme that a text is about: how alike its clause and the phrase are (0 to 1), and the policy's phrase."""

    theme: str
    score: float
    phrase: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    theme: str | None  # None: it denies what else its clause says
    words: str
    tokens: frozenset[str]
    joined: str


class Reader:
    """Reads texts by a policy."""

    def __init__(self, policy: NeedPolicy) -> None:
        self._minimum = 100 * policy.score_minimum
        self._by_token: dict[str, list[_Phrase]] = {}
        listed = [(theme, phrase) for theme, phrases in policy.phrases.items() for phrase in phrases]
        for theme, words in [*listed, *((None, denial) for denial in policy.denials)]:
            tokens = frozenset(_tokens(plain(words)))
            phrase = _Phrase(theme, words, tokens, _joined(tokens))
            for token in tokens:
                self._by_token.setdefault(token, []).append(phrase)

    def mentions(self, text: str | None) -> tuple[Mention, ...]:
        """The themes of a text, each once. A clause is about one theme at most, and none when it denies it."""
        best: dict[str, Mention] = {}
        for clause in _CLAUSE.split(plain_lines(text)):
            found = self._of_clause(clause)
            if found is not None and (found.theme not in best or best[found.theme].score < found.score):
                best[found.theme] = found
        return tuple(best[theme] for theme in sorted(best))

    def _of_clause(self, clause: str) -> Mention | None:
        tokens = frozenset(_tokens(clause))
        joined = _joined(tokens)
        likely = {id(phrase): phrase for token in tokens for phrase in self._by_token.get(token, ())}
        scored = [
            (score, len(phrase.joined), phrase)
            for phrase in likely.values()
            if (score := _likeness(phrase, tokens, joined)) >= self._minimum
        ]
        if not scored or any(phrase.theme is None for _, _, phrase in scored):
            return None
        # Of equal ones the longer phrase says more; then the alphabet decides, so that no order of lines does.
        score, _, phrase = min(scored, key=lambda each: (-each[0], -each[1], each[2].theme or "", each[2].words))
        return Mention(phrase.theme or "", round(score / 100, 4), phrase.words)


def _likeness(phrase: _Phrase, tokens: frozenset[str], joined: str) -> float:
    """How much of the phrase the clause has, or how alike both are as a whole, as with a typing error; up to 100."""
    shared = _joined(phrase.tokens & tokens)
    return max(fuzz.ratio(shared, phrase.joined), fuzz.ratio(joined, phrase.joined))


def _joined(tokens: frozenset[str]) -> str:
    return " ".join(sorted(tokens))


def plain_lines(text: str | None) -> str:
    """A text made comparable, of which a new line ends a clause."""
    return "\n".join(plain(line) for line in (text or "").splitlines())


def _tokens(clause: str) -> Iterator[str]:
    """Words without their endings; of Chinese every two characters that follow each other."""
    for run in _WORD.findall(clause):
        if is_han(run):
            yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))
        else:
            yield _ENDING.sub("", run)


def named_in(texts: Iterable[tuple[str, str]], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """For each (key, text) the names it has, as (key, name). A name is found without its last word too.

    'Deep groove bearing 6204' is found in 'the deep groove bearing is loud'; a single Latin word left over is not
    looked for, as it may be any word.
    """
    forms: dict[str, dict[str, list[str]]] = {}
    for name in names:
        for form in _forms(plain(name)):
            forms.setdefault(form[:2], {}).setdefault(form, []).append(name)
    for key, text in texts:
        line = plain(text)
        found = {
            name
            for at in range(len(line) - 1)
            for form, owners in forms.get(line[at : at + 2], {}).items()
            if line.startswith(form, at) and _stands_alone(line, at, at + len(form))
            for name in owners
        }
        yield from ((key, name) for name in sorted(found))


_SHORTEST_HAN, _SHORTEST_LATIN = 2, 4


def _forms(name: str) -> set[str]:
    head, _, last = name.rpartition(" ")
    forms = {name} | ({head} if last and (is_han(head) or " " in head) else set())
    return {form for form in forms if len(form) >= (_SHORTEST_HAN if is_han(form) else _SHORTEST_LATIN)}


def _stands_alone(line: str, start: int, end: int) -> bool:
    """A Latin name must not begin or end within a word."""

    def joins(one: str, other: str) -> bool:
        return one.isascii() and one.isalnum() and other.isascii() and other.isalnum()

    before = start > 0 and joins(line[start - 1], line[start])
    after = end < len(line) and joins(line[end - 1], line[end])
    return not before and not after
