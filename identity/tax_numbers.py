"""Tax numbers, believed only where their check digit agrees."""

from __future__ import annotations

import unicodedata

from stdnum.ch import vat as swiss_vat
from stdnum.cn import uscc
from stdnum.eu import vat as european_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as british_vat


def valid_tax_number(text: str | None) -> str | None:
    """Return a tax number in its one written form, or None when it is not one whose check digit agrees.

    A 统一社会信用代码 stands as it is; a VAT number begins with its country, without which it could be of several.
    """
    if not text:
        return None
    bare = "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())
    if not bare.isascii():
        return None
    for compact in (_chinese, _european, _british, _swiss):
        number = compact(bare)
        if number is not None:
            return number
    return None


def _chinese(bare: str) -> str | None:
    # nobody may be named by zeros: forms are filled with them where a number is demanded and none is at hand
    if uscc.is_valid(bare) and len(set(bare[8:17])) > 1:
        return str(uscc.compact(bare))
    return None


def _european(bare: str) -> str | None:
    try:
        return str(european_vat.validate(bare))
    except ValidationError:
        return None


def _british(bare: str) -> str | None:
    number = bare.removeprefix("GB")
    return f"GB{number}" if bare.startswith("GB") and british_vat.is_valid(number) else None


def _swiss(bare: str) -> str | None:
    # what follows the digits is the tax's name in one of the country's languages
    return str(swiss_vat.compact(bare))[:12] if bare.startswith("CHE") and swiss_vat.is_valid(bare) else None
