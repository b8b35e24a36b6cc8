"""Domains, phones and addresses, made comparable."""

from __future__ import annotations

import re
import unicodedata

from warehouse.texts import plain, words_of

_PHONE_DIGITS = 8
"""Two writings of a phone agree in so many last digits, whatever stands before them: country, area, a zero."""
_LEAST_PHONE_DIGITS = 7
# under a country's ending these are no company's name, but what kind of name is sold there
_KINDS_OF_NAME = frozenset({"com", "co", "net", "org", "gov", "edu", "ac", "or", "ne", "gmbh"})
_COUNTRY_LETTERS = 2


def domain_of(text: str | None) -> str | None:
    """Return the domain a company has bought, of an address of the web or of mail: a.b.co.uk is b.co.uk."""
    if not text:
        return None
    bare = unicodedata.normalize("NFKC", text).strip().casefold().replace("。", ".")
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", bare).rsplit("@", 1)[-1]
    host = re.split(r"[/?#:\s,;]", bare, maxsplit=1)[0].strip(".")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = host.split(".")
    if len(labels) < 2 or not all(re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", label) for label in labels):  # noqa: PLR2004 - a name and its ending
        return None
    if labels[-1].isdigit():
        return None
    kept = 3 if len(labels[-1]) == _COUNTRY_LETTERS and labels[-2] in _KINDS_OF_NAME else 2
    return ".".join(labels[-kept:]) if len(labels) >= kept else None


def phone_of(text: str | None) -> str | None:
    """Return the last digits of the first phone in a text, without its extension; None when there are too few."""
    if not text:
        return None
    bare = unicodedata.normalize("NFKC", text)
    first = re.split(r"[;,/、]|ext|转|轉|分机|分機|#|x", bare, maxsplit=1, flags=re.IGNORECASE)[0]
    digits = "".join(letter for letter in first if letter.isascii() and letter.isdigit())
    if len(digits) < _LEAST_PHONE_DIGITS or len(set(digits[-_PHONE_DIGITS:])) == 1:
        return None
    return digits[-_PHONE_DIGITS:]


def address_of(text: str | None) -> str:
    """Return an address as one text of letters and digits, without the words that some write and some do not."""
    words = words_of(plain(text))
    return re.sub(r"中国|中华人民共和国|省|市|区|县|\s", "", words) if words else ""
