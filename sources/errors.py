"""What can be wrong with a source, whatever its kind."""

from __future__ import annotations

from warehouse.errors import GateClosedError, Problem


class UndeliveredError(Problem):
    """The source gave nothing tonight; what is known of it may be carried forward."""


class SourceUnreachableError(UndeliveredError):
    """The source's server does not answer, or does not let us in."""


class MissingTableError(Problem):
    """The source has no such table or object, or we may not read it."""


class RetypedColumnError(GateClosedError):
    """A source column is of another type than what the mapping makes of it."""
