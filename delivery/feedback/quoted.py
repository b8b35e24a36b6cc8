"""What the sender of a reply wrote, without the mail that was answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

# Where a mail program begins to show the mail that is answered; what stands below is not the sender's.
_CUT = re.compile(
    r"^\s*(?:"
    r"-{2,}\s*(?:original message|forwarded message|original-?nachricht|原始邮件|原邮件|转发邮件)\s*-{2,}"
    r"|-{4,}\s*回复的原邮件\s*-{4,}|_{20,}"
    r"|\*?(?:from|von|发件人)\*?\s*[:：].*"
    r")\s*$",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"^\s*(?:on\b.{5,200}\bwrote\s*:|am\b.{5,200}\bschrieb\b.*:|.{0,200}于?.{0,60}写道\s*[:：])\s*$", re.IGNORECASE
)
_SIGNATURE = re.compile(r"^-- ?$")
_WRAPPED_FROM = 60
"""A line so long was broken by the mail program, not by the sender."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the sender's own, with its place in the mail from 1."""

    place: int
    text: str


def own_lines(text: str) -> list[Line]:
    """Return the sender's own lines in order; empty ones are among them.

    A quoted line is none; under "... wrote:" only lines are the sender's that stand between quoted ones, and none where
    the program does not mark what it quotes.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").split("\n")
    own: list[Line] = []
    for place, line in enumerate(lines, start=1):
        if _CUT.match(line) or _SIGNATURE.match(line):
            break
        if _is_attribution(lines, place - 1):
            if not _quotes_below(lines, place):
                break
            continue
        if line.lstrip().startswith((">", "＞", "|")):
            continue
        own.append(Line(place, line))
    return own


def _is_attribution(lines: list[str], position: int) -> bool:
    """Whether "On … wrote:" stands in a line, or is broken over it and the next one."""
    both = " ".join(lines[position : position + 2])
    return bool(
        _ATTRIBUTION.match(lines[position])
        or (re.match(r"^\s*(?:on|am)\b", lines[position], re.IGNORECASE) and _ATTRIBUTION.match(both))
    )


def _quotes_below(lines: list[str], position: int) -> bool:
    following = [line for line in lines[position:] if line.strip()]
    return any(line.lstrip().startswith(">") for line in following[:3])


def is_broken(line: str) -> bool:
    """Whether the mail program broke a line here, so that the next one goes on with it."""
    return line.endswith(" ") or len(line) >= _WRAPPED_FROM


@dataclass(slots=True)
class _Words(HTMLParser):
    """The text of a page of HTML, without what a mail program marks as quoted."""

    parts: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    _BREAKS = frozenset({"br", "p", "div", "tr", "li", "table", "h1", "h2", "h3"})
    _HIDDEN = frozenset({"blockquote", "script", "style", "head", "title"})
    _VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr"})

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._BREAKS:
            self.parts.append("\n")
        if tag in self._VOID:
            if tag == "hr":
                self.parts.append("\n" + "_" * 30 + "\n")
            return
        if self.hidden or tag in self._HIDDEN or _is_quote(dict(attrs)):
            self.hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and tag in self.hidden:
            while self.hidden and self.hidden.pop() != tag:
                pass
        elif tag in self._BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(" ".join(data.split("\n")))


def _is_quote(attributes: dict[str, str | None]) -> bool:
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return any(
        word in names for word in ("gmail_quote", "yahoo_quoted", "divRplyFwdMsg", "mailContextMenu", "moz-cite")
    )


def words_of(html: str) -> str:
    """Return the text of HTML that the sender wrote, line by line."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "\n".join(_lines("".join(reader.parts)))


def _lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield line.replace("\xa0", " ").strip()
