"""The key under which erased persons are known again: of the house's secret, never in the database."""

from __future__ import annotations

import hashlib
import hmac

from warehouse.database import Warehouse
from warehouse.errors import Problem

_BLOCK = 64

# SQLSTATE of ops.use_erasures under another key.
OTHER_KEY = "GX004"


class ErasureKeyError(Problem):
    """The house's secret is not the one under which persons were erased."""


def erasure_key(warehouse: Warehouse) -> str:
    """Return the key as ops.keyed_digest wants it: both padded forms that HMAC-SHA256 makes of it, in hexadecimal."""
    key = hmac.new(warehouse.role_secret.encode(), b"erased persons", hashlib.sha256).digest().ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in key).hex() + bytes(byte ^ 0x5C for byte in key).hex()


def other_key(thing: str) -> ErasureKeyError:
    """Return what to tell when the secret was changed: erased persons would come back unrecognised."""
    return ErasureKeyError(
        thing,
        seen="persons were erased under another secret than the house has now",
        expected="the secret of then: GUANXI_ROLE_SECRET, or the file secrets/role_secret of the state folder",
        next_step="set the former secret again; see docs/runbooks/erase_personal_data.md, section Another secret",
    )
