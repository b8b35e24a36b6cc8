"""What a company is called, without what every company is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.texts import is_han, plain, words_of


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A name made comparable. `full` has its legal form, `core` has not; `is_han` tells the script of both."""

    full: str
    core: str
    is_han: bool


class LegalForms:
    """The endings and beginnings that say what a company is in law, longest first."""

    def __init__(self, forms: Sequence[str]) -> None:
        known = {words_of(plain(form)) for form in forms} - {""}
        self._han = sorted(
            (form.replace(" ", "") for form in known if is_han(form)), key=lambda each: (-len(each), each)
        )
        self._latin = sorted((form.split() for form in known if not is_han(form)), key=lambda each: (-len(each), each))

    def parse(self, name: str | None) -> CompanyName:
        """Return a name in its parts. A name that is nothing but legal forms keeps them: it has no other."""
        words = words_of(plain(name))
        if is_han(words):
            full = words.replace(" ", "")
            return CompanyName(full, self._without_han(full), is_han=True)
        return CompanyName(words, " ".join(self._without_latin(words.split())), is_han=False)

    def _without_han(self, name: str) -> str:
        """Chinese forms end a name; a name in Chinese may end in a Latin form too ('有限公司 Co Ltd')."""
        while name not in self._han:
            form = next((each for each in self._han if name.endswith(each) and len(name) > len(each)), None)
            if form is None:
                latin = next(
                    (joined for form in self._latin
                     if name.endswith(joined := "".join(form)) and len(joined) > 1 and is_han(name[: -len(joined)])),
                    None,
                )  # fmt: skip
                if latin is None:
                    return name
                form = latin
            name = name[: -len(form)]
        return name

    def _without_latin(self, words: list[str]) -> list[str]:
        """Forms stand at the end, in some countries at the beginning ('OOO Romashka', 'PT Astra')."""
        while True:
            form = next((each for each in self._latin if len(words) > len(each) and words[-len(each) :] == each), None)
            if form is not None:
                words = words[: -len(form)]
                continue
            form = next((each for each in self._latin if len(words) > len(each) and words[: len(each)] == each), None)
            if form is None:
                return words
            words = words[len(form) :]


def grams_of(name: CompanyName) -> frozenset[str]:
    """Return the parts by which two names are found to be alike: pairs of Chinese characters, or words."""
    if not name.is_han:
        return frozenset(word for word in name.core.split() if len(word) > 1)
    core = name.core
    return frozenset(core[at : at + 2] for at in range(len(core) - 1)) or frozenset({core} - {""})
