"""What can be wrong with a source, whatever its kind."""

from __future__ import annotations

from warehouse.errors import GateClosedError, Problem


class UndeliveredError(Problem):
    """The source gave nothing tonight; what it gave last may be carried forward.

    Never for data that came and are wrong: these stop the night.
    """


class TooStaleError(UndeliveredError):
    """The source has given nothing for more days than it may be carried forward."""


class SourceUnreachableError(UndeliveredError):
    """The source's server does not answer, or does not let us in."""


class MissingTableError(Problem):
    """The source has no such table or object, or we may not read it."""


class RetypedColumnError(GateClosedError):
    """A source column is of another type than what the mapping makes of it."""
