"""How people write down a company in a CRM: short, from memory, in another script, with slips."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from opencc import OpenCC

from simulator.words import BRAND_SECOND, CITIES, COMPANY_SUFFIXES, ENGLISH_FIRST, ENGLISH_SECOND, ENGLISH_SUFFIXES

NAME_DIRT = (62, 8, 6, 6, 5, 4, 5, 4)
"""Weights of: as registered, spaced or in wide letters, other legal form, no legal form, traditional characters,
without its city, one letter wrong, in English."""

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


@cache
def _to_traditional() -> OpenCC:
    return OpenCC("s2t")


def dirty_name(name: str, kind: int, pick: int) -> str:
    """Return a name as somebody wrote it; `kind` is an index of NAME_DIRT, `pick` any number that varies the slip."""
    return _WAYS[kind](name, pick)


def _spaced(name: str, pick: int) -> str:
    if name.isascii():
        return (name.upper(), name.translate(_WIDE), f"  {name.replace(' ', '  ')}")[pick % 3]
    return (f"{name[:2]} {name[2:]}", f"{name}\u3000", name.replace("有限公司", "（有限公司）"))[pick % 3]


def _other_form(name: str, pick: int) -> str:
    if name.endswith("有限公司"):
        bare = name.removesuffix("有限公司").removesuffix("股份")
        return bare + ("有限责任公司", "股份有限公司", "有限公司")[pick % 3]
    return _unformed(name, pick) + (" Ltd", " Company Limited", " Co Ltd")[pick % 3]


def _unformed(name: str, _: int) -> str:
    for ending in (*COMPANY_SUFFIXES[1::-1], *ENGLISH_SUFFIXES):
        if name.endswith(ending):
            return name.removesuffix(ending).strip() or name
    return name


def _uncitied(name: str, pick: int) -> str:
    city = next((each for each in CITIES if name.startswith(each)), "")
    return _unformed(name.removeprefix(city), pick) if pick % 2 else name.removeprefix(city)


def _mistyped(name: str, pick: int) -> str:
    """One letter of the brand is another: it stands after the city, or is among the first of an English name."""
    city = next((each for each in CITIES if name.startswith(each)), "")
    at = len(city) + pick % 2 if city else 1 + pick % 4
    if name.isascii():
        return name[:at] + "aeiou"[pick % 5] + name[at + 1 :]
    return name[:at] + BRAND_SECOND[pick % len(BRAND_SECOND)] + name[at + 1 :]


def _english(name: str, pick: int) -> str:
    if name.isascii():
        return _unformed(name, pick)
    return f"{ENGLISH_FIRST[pick % len(ENGLISH_FIRST)]} {ENGLISH_SECOND[pick % len(ENGLISH_SECOND)]} Co., Ltd."


_WAYS: tuple[Callable[[str, int], str], ...] = (
    lambda name, _: name,
    _spaced,
    _other_form,
    _unformed,
    lambda name, _: _to_traditional().convert(name),
    _uncitied,
    _mistyped,
    _english,
)


def dirty_tax_number(number: str, pick: int) -> str:
    """Return a tax number with two neighbouring letters exchanged, or one left out: its check digit tells."""
    at = 8 + pick % 8
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :] if pick % 2 else number[:at] + number[at + 1 :]


def dirty_phone(phone: str, pick: int) -> str:
    """Return a phone in one of the ways people write it."""
    return (phone, f"+86 {phone[1:].replace('-', ' ')}", f"{phone}转{pick % 90 + 10}", phone.replace("-", "－"))[
        pick % 4
    ]


def dirty_address(address: str, pick: int) -> str:
    """Return an address in one of the ways people write it."""
    short = address.split("号", maxsplit=1)[0] + "号"
    return (address, f"中国 {address}", short, _to_traditional().convert(address), f"{address}（东门）")[pick % 5]


def dirty_domain(domain: str, pick: int) -> str:
    """Return a domain as the address of a page or of a mailbox."""
    return (domain, f"https://www.{domain}/", f"http://{domain}/about?from=crm", f"info@{domain}", domain.upper())[
        pick % 5
    ]
