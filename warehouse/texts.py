"""Texts as people type them, made comparable: one width, one script, one case, one kind of space."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Protocol


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _to_simplified() -> _Converter:
    """The tables of OpenCC take a moment to load, and one load serves."""
    from opencc import OpenCC

    converter: _Converter = OpenCC("t2s")
    return converter


def plain(text: str | None) -> str:
    """Return a text in half width, simplified characters and lower case, without accents or invisible characters."""
    if not text:
        return ""
    wide = unicodedata.normalize("NFKC", text)
    visible = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in wide)
    simplified = visible if visible.isascii() else _to_simplified().convert(visible)
    folded = simplified.casefold()
    if not folded.isascii():
        parts = unicodedata.normalize("NFD", folded)
        folded = unicodedata.normalize("NFC", "".join(each for each in parts if unicodedata.category(each) != "Mn"))
    return " ".join(folded.split())


def words_of(text: str) -> str:
    """Return a plain text with every sign that is no letter and no digit made a space, and '&' made 'and'."""
    return " ".join(re.sub(r"[^\w]|_", " ", text.replace("&", " and ")).split())


def is_han(text: str) -> bool:
    """Say whether a text is written in Chinese characters, be it with some Latin ones among them."""
    return any("\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff" for letter in text)
