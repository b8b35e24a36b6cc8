"""Chance, addressed by place.

A draw is a pure function of (seed, stream, keys), so the fate of an account on a day is the same whichever block,
process or night asks for it. NumPy's own counter-based generators give one stream an object; this gives a whole array
of (account, day) addresses in one call. The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]
Singles = NDArray[np.float32]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


class Draws:
    """Random numbers of one seed. Every method takes a stream name and integer keys that broadcast, to an array."""

    def __init__(self, seed: int) -> None:
        self._seed = _mixed(np.array([seed], dtype=np.uint64) + _GOLDEN)

    def uniform(self, stream: str, *keys: ArrayLike) -> Floats:
        """Uniform numbers in the open interval (0, 1)."""
        bits = _mixed(self._seed ^ (np.array([crc32(stream.encode())], dtype=np.uint64) * _GOLDEN))
        for key in keys:
            bits = _mixed(bits ^ (np.atleast_1d(np.asarray(key)).astype(np.uint64) * _GOLDEN + _FIRST))
        return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def below(self, stream: str, limit: ArrayLike, *keys: ArrayLike) -> Ints:
        """Whole numbers from 0 to limit - 1."""
        result: Ints = np.floor(self.uniform(stream, *keys) * np.asarray(limit)).astype(np.int64)
        return result

    def chance(self, stream: str, probability: ArrayLike, *keys: ArrayLike) -> Bools:
        """True with the given probability."""
        return np.asarray(self.uniform(stream, *keys) < np.asarray(probability))

    def normal(self, stream: str, *keys: ArrayLike) -> Floats:
        """Standard normal numbers (Box and Muller)."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(stream, *keys)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(f"{stream}/angle", *keys)))

    def exponential(self, stream: str, *keys: ArrayLike) -> Floats:
        """Exponential numbers of mean 1."""
        return np.asarray(-np.log(self.uniform(stream, *keys)))

    def erlang(self, stream: str, shape: Ints, *keys: ArrayLike) -> Floats:
        """Erlang numbers of mean 1: the average of `shape` exponential ones. A large shape is a steady rhythm."""
        total = np.zeros(shape.shape)
        for part in range(int(shape.max(initial=0))):
            total += np.where(part < shape, self.exponential(f"{stream}/{part}", *keys), 0.0)
        return np.asarray(total / shape)

    def poisson(self, stream: str, mean: ArrayLike, *keys: ArrayLike) -> Ints:
        """Poisson numbers of small means, at most 30."""
        luck, rate = self.uniform(stream, *keys), np.asarray(mean, dtype=np.float64)
        term = np.exp(-rate)
        total, count = term, np.zeros(np.broadcast(luck, rate).shape, dtype=np.int64)
        for number in range(1, 31):
            is_above = luck > total
            if not is_above.any():
                break
            count += is_above
            term = term * rate / number
            total = total + term
        return count

    def picked(self, stream: str, weights: ArrayLike, *keys: ArrayLike) -> Ints:
        """Indices of `weights`, each as likely as its weight."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        found: Ints = np.searchsorted(edges, self.uniform(stream, *keys) * edges[-1], side="right").astype(np.int64)
        return np.minimum(found, edges.size - 1)
