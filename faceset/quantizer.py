"""Quantise vectors so that a quick look at a few bytes rules most of them out, and never one that is near.

The proof, for a query q and a vector v at most t apart (docs/decisions/0011 has it at length):

1. An orthogonal Q keeps distances, and dropping coordinates only shrinks them: |P Q (q - v)| <= t for any prefix P.
2. What is stored is not Q v but s * c + m: int8 codes c, one scale s, one centre m. The centre cancels in a difference.
   e(v) >= |P (Q v - m - s c(v))| is computed with each vector; so |P (c(q) - c(v))| <= (t + e(q) + e(v)) / s.
3. The left side is a sum of squares of integers, exact; the right side is rounded up.

e has two parts. The quantisation's is computed from the turned float32 vector itself, in float64. The turning's is
bounded: the rotation held, R, is at most eta = |R'R - I| (Frobenius, computed) from an orthogonal matrix, and a
float32 product of `dim` terms is off by at most gamma = n u / (1 - n u) times |R| |v| in whatever order it is summed,
n = dim + 2, u = 2**-24 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). Nothing is assumed of
the vectors: what the sample for Q did not foresee gets a larger error, which costs time and never an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceset.blocks import LANES, LARGEST, quantise

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]
Bytes = NDArray[np.int8]

STAGE_ENDS = (16, 48)
"""Dimensions after which a block is given up when none of its vectors is near; the third stage sees them all."""

UNIT = 2.0**-24

SMALLEST_SCALE = 1e-25

UNDERFLOW = 1e-30
"""More than all that a product of float32 numbers can lose to numbers too small for float32."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Hold the codes of some blocks, int8 (blocks, pairs, 16, 2) a stage, and their errors, float64 (blocks, 3)."""

    first: Bytes
    second: Bytes
    third: Bytes
    errors: Wide

    @classmethod
    def empty(cls, dim: int, rows: int) -> Codes:
        """Return room for `rows` vectors, a multiple of 16."""
        pairs, blocks = (dim + 1) // 2, rows // LANES
        one, two = (min(end // 2, pairs) for end in STAGE_ENDS)
        first, second, third = (np.zeros((blocks, count, LANES, 2), np.int8) for count in (one, two - one, pairs - two))
        return cls(first, second, third, np.zeros((blocks, 3)))

    def grown(self, rows: int) -> Codes:
        """Return a copy with room for more rows."""
        larger = Codes.empty(2 * sum(stage.shape[1] for stage in self.stages()), rows)
        for mine, theirs in zip(self.stages(), larger.stages(), strict=True):
            theirs[: len(mine)] = mine
        larger.errors[: len(self.errors)] = self.errors
        return larger

    def cut(self, rows: int) -> Codes:
        """Return a view of the first rows, a multiple of 16."""
        first, second, third = (stage[: rows // LANES] for stage in self.stages())
        return Codes(first, second, third, self.errors[: rows // LANES])

    def stages(self) -> tuple[Bytes, Bytes, Bytes]:
        return self.first, self.second, self.third

    def clear(self, row: int) -> None:
        """Forget a vector's codes; nothing else about its block changes."""
        for stage in self.stages():
            stage[row // LANES, :, row % LANES] = 0


@dataclass(frozen=True, slots=True)
class CodedQuery:
    """Hold a query as codes, int16, and how far a vector's codes may be from them at each stage, code units."""

    codes: NDArray[np.int16]
    reaches: Wide


class Quantizer:
    """Turn vectors so that the first coordinates tell most, and quantise them to int8."""

    def __init__(self, sample: Floats) -> None:
        """Learn the rotation (PCA), the centre and the scale from finite vectors, float32 (n, dim)."""
        self.dim = sample.shape[1]
        wide = sample.astype(np.float64)
        _, axes = np.linalg.eigh(np.cov(wide, rowvar=False).reshape(self.dim, self.dim))
        padded = np.zeros((self.dim, self.dim + self.dim % 2), np.float32)
        padded[:, : self.dim] = axes[:, ::-1]
        self._rotation = padded
        turned = wide @ padded.astype(np.float64)
        self._centre = turned.mean(axis=0)
        self._centre_length = float(np.linalg.norm(self._centre))
        self._scale = max(float(np.abs(turned - self._centre).max()) / LARGEST, SMALLEST_SCALE)
        self._slack = self._turning_error()

    def _turning_error(self) -> float:
        """Return the most that a turned vector is off, as a share of its length: eta + gamma * |R|."""
        exact = self._rotation[:, : self.dim].astype(np.float64)
        eta = float(np.linalg.norm(exact.T @ exact - np.eye(self.dim))) + 1e-12
        terms = (self.dim + 2) * UNIT
        return float(eta + terms / (1 - terms) * self.dim**0.5 * (1 + eta))

    def encode(self, vectors: Floats, codes: Codes, block: int) -> None:
        """Write the codes of whole blocks of vectors, float32 (16 n, dim), from number `block` on; NaN rows get 0."""
        with np.errstate(all="ignore"):
            turned = vectors @ self._rotation
            lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
            # The centre's length stands for the rounding of its subtraction.
            slack = (self._slack * (lengths + self._centre_length) + UNDERFLOW) / self._scale
        quantise(turned, self._centre, self._scale, slack, *codes.stages(), codes.errors, block)

    def query(self, vector: Floats, threshold: float) -> CodedQuery:
        """Return a finite query, float32 (dim,), for vectors at most `threshold` away."""
        codes = Codes.empty(self.dim, LANES)
        block = np.full((LANES, self.dim), np.nan, np.float32)
        block[0] = vector
        self.encode(block, codes, 0)
        flat = np.concatenate([stage[0, :, 0].reshape(-1) for stage in codes.stages()]).astype(np.int16)
        # Membership is decided on a distance rounded to float32, which may have been rounded down.
        reach = (threshold * (1 + 1e-6) + UNDERFLOW) / self._scale
        return CodedQuery(flat, codes.errors[0] + reach)
