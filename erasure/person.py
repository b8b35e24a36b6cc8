"""Who is to be erased: the id, and what else a text may name the person by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_DISTINCT_ID = 5
_SAMPLES = re.compile(rb"\(e\.g\. [^)]*\)")


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of one source. No part of it is ever printed.

    `addresses` are the person's alone, and are looked for everywhere; `names` others may have too, so they are looked
    for only beside an id or an address.
    """

    source: str
    contact_id: str = field(repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    addresses: tuple[str, ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        """The person's key in the marts."""
        return f"{self.source}|{self.contact_id}"

    def spans(self, content: bytes) -> list[tuple[int, int]]:
        """Return from where to where a file's content holds the person; empty when it does not."""
        found = [match.span() for pattern in self._sure() for match in pattern.finditer(content)]
        found += [
            (samples.start() + match.start(), samples.start() + match.end())
            for samples in _SAMPLES.finditer(content)
            for match in _token(self.contact_id).finditer(samples.group())
        ]
        if found:
            found += [match.span() for pattern in map(_text, self.names) for match in pattern.finditer(content)]
        return sorted(found)

    def masked(self, content: bytes) -> bytes:
        """Return a content of the same length in which every byte that tells of the person is an x."""
        clean = bytearray(content)
        for start, end in self.spans(content):
            clean[start:end] = b"x" * (end - start)
        return bytes(clean)

    def _sure(self) -> Iterator[re.Pattern[bytes]]:
        # a short id is a number in any log
        yield _token(self.contact_id if len(self.contact_id) >= _DISTINCT_ID else self.key)
        yield from map(_text, self.addresses)


def _token(word: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w-])" + re.escape(word.encode()) + rb"(?![\w-])")


def _text(words: str) -> re.Pattern[bytes]:
    """A text as it is, and as JSON may spell it."""
    forms = {words.encode(), json.dumps(words)[1:-1].encode()}
    return re.compile(b"|".join(map(re.escape, sorted(forms))))
