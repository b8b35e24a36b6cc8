"""Text from the business's systems, made harmless for mails, sheets and file names.

Nothing here changes what a name says. It only takes away characters that no name needs and that a mail
program, a spreadsheet or a terminal would act upon.
"""

from __future__ import annotations

import re
import unicodedata

NAME_LIMIT = 200
LONG_LIMIT = 2000  # a sentence or two

# Controls, surrogates, private and unassigned code points, line and paragraph separators.
_DROPPED = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# Of the invisible format characters only the joiners belong to names (Persian, Hindi, emoji); the others can
# turn the reading direction around and so make one name look like another.
_JOINERS = frozenset("\u200c\u200d")
# ASCII, full-width and mathematical forms that a spreadsheet may take for the beginning of a formula.
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b|%")
_NOT_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def clean(value: str, *, limit: int = NAME_LIMIT) -> str:
    """Return `value` as one line without control or invisible characters, at most `limit` characters long."""
    if not value.isprintable():
        value = "".join(" " if _breaks(each) else each for each in value if not _is_invisible(each))
    line = " ".join(value.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _DROPPED


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" and character not in _JOINERS


def looks_like_formula(value: str) -> bool:
    """Whether a spreadsheet might run `value` when a person types it again or a CSV is made of it."""
    return value.startswith(("\t", "\r", "\n")) or value.lstrip()[:1] in _FORMULA_STARTS


def file_name(value: str, *, suffix: str) -> str:
    """Return an ASCII file name of letters, digits, `_`, `-` and inner dots; never a path, never hidden."""
    stem = _NOT_IN_FILE_NAME.sub("_", value).strip("._-")[:100] or "unnamed"
    return f"{re.sub(r'[.]{2,}', '.', stem)}{suffix}"
