"""What companies are called, and how people mistype it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.accounts import Accounts
from simulator.draws import Draws
from simulator.seasons import NEVER
from simulator.words import (
    BRAND_FIRST,
    BRAND_SECOND,
    CITIES,
    COMPANY_SUFFIX_WEIGHTS,
    COMPANY_SUFFIXES,
    ENGLISH_FIRST,
    ENGLISH_SECOND,
    ENGLISH_SUFFIXES,
    INDUSTRIES,
)

_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


def rename_days(draws: Draws, accounts: Accounts) -> np.typing.NDArray[np.int64]:
    """The day each account changes its registered name; NEVER for most."""
    renames = draws.chance("renames", 0.03, accounts.number)
    return np.where(renames, accounts.starts + 100 + draws.below("rename day", 1_400, accounts.number), NEVER)


def company_names(
    draws: Draws, accounts: Accounts, *, day: int, heads: np.typing.NDArray[np.int64] | None = None
) -> list[str]:
    """The registered names on a day; with `heads`, a company bears the brand of the head of its group."""
    number = accounts.number
    head = number if heads is None else heads
    is_english = draws.chance("english name", 0.12, head)
    is_renamed = rename_days(draws, accounts) <= day
    city = draws.below("city", len(CITIES), number)
    first = draws.below("brand", len(BRAND_FIRST), head)
    second = draws.below("brand end", len(BRAND_SECOND), head)
    third = draws.below("brand third", 3 * len(BRAND_SECOND), head)
    suffix = draws.picked("suffix", COMPANY_SUFFIX_WEIGHTS, number)
    english_first = draws.below("english brand", len(ENGLISH_FIRST), head)
    english_second = draws.below("english brand end", len(ENGLISH_SECOND), head)
    english_suffix = draws.picked("english suffix", (55, 20, 15, 10), number)
    names = []
    for at, industry in enumerate(accounts.industry.tolist()):
        _, _, chinese_word, english_word, *_ = INDUSTRIES[industry]
        if is_english[at]:
            ending = ENGLISH_SUFFIXES[(english_suffix[at] + is_renamed[at]) % len(ENGLISH_SUFFIXES)]
            brand = f"{ENGLISH_FIRST[english_first[at]]} {ENGLISH_SECOND[english_second[at]]}"
            names.append(f"{brand} {english_word} {ending}")
            continue
        brand = BRAND_FIRST[first[at]] + BRAND_SECOND[second[at]]
        if third[at] < len(BRAND_SECOND):
            brand += BRAND_SECOND[third[at]]
        ending = COMPANY_SUFFIXES[(suffix[at] + is_renamed[at]) % len(COMPANY_SUFFIXES)]
        names.append(f"{CITIES[city[at]]}{brand}{chinese_word}{ending}")
    return names


def mistyped(draws: Draws, accounts: Accounts, names: list[str], *, stream: str, share: float) -> list[str]:
    """The names as somebody typed them: a share of them with stray spaces, wide letters, case or a shortened ending."""
    how = draws.below(f"{stream}/how", len(_MISTAKES), accounts.number).tolist()
    is_wrong = draws.chance(stream, share, accounts.number).tolist()
    return [
        _MISTAKES[mistake](name) if wrong else name for name, mistake, wrong in zip(names, how, is_wrong, strict=True)
    ]


def _wide(name: str) -> str:
    return name.translate(_FULL_WIDTH) if name.isascii() else name.replace("有限公司", "（有限公司）", 1)


def _short(name: str) -> str:
    for ending in ("有限公司", "Co., Ltd.", "Limited"):
        if name.endswith(ending):
            return name.removesuffix(ending).rstrip() or name
    return name


_MISTAKES: tuple[Callable[[str], str], ...] = (
    lambda name: f" {name}",
    lambda name: f"{name}  ",
    lambda name: f"{name[:2]} {name[2:]}",
    lambda name: f"{name}\u3000",
    str.upper,
    str.lower,
    _wide,
    _short,
    lambda name: name.replace("有限公司", "有限责任公司"),
)
