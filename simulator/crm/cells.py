"""From codes and days to the cells of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.draws import Bools, Draws, Ints
from simulator.erp_rows import account_code, moments
from simulator.seasons import NEVER


def chosen(words: Sequence[str | None], index: Ints) -> pa.Array:
    """The word of each index; none for -1."""
    return pa.array([*words, None], pa.string()).take(pa.array(np.where(index < 0, len(words), index)))


def blanked(array: pa.Array, where: Bools) -> pa.Array:
    """The array, with nothing in the places where it is so."""
    return pc.if_else(pa.array(where), pa.scalar(None, array.type), array)


def moments_of(day: Ints, minute: Ints) -> pa.Array:
    """Moments; none for NEVER."""
    return blanked(moments(np.where(day == NEVER, 0, day), minute), day == NEVER)


def accounts_of(number: Ints) -> pa.Array:
    """The number under which the CRM knows each account."""
    return pa.array([account_code(one) for one in number.tolist()], pa.string())


def numbered(prefix: str, *parts: Ints, widths: Sequence[int]) -> pa.Array:
    """Numbers such as TK000123-0007; nothing where the first part is negative."""
    pattern = prefix + "-".join(f"{{:0{width}d}}" for width in widths)
    columns = [part.tolist() for part in parts]
    return pa.array(
        [None if each[0] < 0 else pattern.format(*each) for each in zip(*columns, strict=True)], pa.string()
    )


def contacts_of(number: Ints, slot: Ints) -> pa.Array:
    """The contact's number; nothing for slot -1."""
    return numbered("CT", np.where(slot < 0, -1, number), slot, widths=(6, 2))


def money(amount: np.typing.NDArray[np.float64]) -> pa.Array:
    """Amounts in yuan and cents."""
    return pa.array(np.round(amount, 2))


def office_minute(draws: Draws, stream: str, *keys: Ints) -> Ints:
    """A minute between half past eight and half past six."""
    return 510 + draws.below(f"{stream} minute", 600, *keys)
