"""Cholesky of one frame's Gauss-Newton matrix within its skyline: what lies left of each row's first entry stays zero.

Joints couple only along limbs, in the head and across the trunk, and in the order of `skeleton.JOINTS` the fill stays
small (skyline storage: George and Liu, Computer Solution of Large Sparse Positive Definite Systems, 1981, chapter 4).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def factor(matrix: Array, damping: float, lower: Array, first: NDArray[np.int64]) -> bool:
    """Factor matrix (N, N) with its diagonal grown by the share `damping`; False when it is not positive definite.

    Overwrites lower (N, N) below and on the diagonal from column first (N,) on; the rest of it means nothing.
    """
    for i in range(len(matrix)):
        begin = 0
        while matrix[i, begin] == 0.0 and begin < i:
            begin += 1
        first[i] = begin
        for j in range(begin, i + 1):
            rest = matrix[i, j]
            if i == j:
                rest *= 1.0 + damping
            for k in range(max(begin, first[j]), j):
                rest -= lower[i, k] * lower[j, k]
            if i != j:
                lower[i, j] = rest / lower[j, j]
            elif rest > 0.0:
                lower[i, i] = np.sqrt(rest)
            else:
                return False
    return True


@njit(cache=True, error_model="numpy")
def solve(lower: Array, first: NDArray[np.int64], right: Array, result: Array) -> None:
    """Solve for right (N,) with what `factor` left; overwrites result (N,)."""
    count = len(right)
    for i in range(count):
        rest = right[i]
        for k in range(first[i], i):
            rest -= lower[i, k] * result[k]
        result[i] = rest / lower[i, i]
    for i in range(count - 1, -1, -1):
        result[i] /= lower[i, i]
        for k in range(first[i], i):
            result[k] -= lower[i, k] * result[i]


@njit(cache=True, error_model="numpy")
def joint_covariances(matrix: Array, covariance: Array) -> None:
    """Overwrites covariance (J, 3, 3) with the diagonal blocks of the inverse of matrix (3 J, 3 J)."""
    count = len(matrix)
    lower, first = np.empty((count, count)), np.empty(count, dtype=np.int64)
    # Column by column of the factor's inverse; the blocks are sums of its products.
    column = np.empty((3, count))
    factor(matrix, 0.0, lower, first)
    for j in range(len(covariance)):
        for a in range(3):
            for b in range(3):
                covariance[j, a, b] = 0.0
        for i in range(3 * j, count):
            for a in range(3):
                rest = 1.0 if i == 3 * j + a else 0.0
                for k in range(max(first[i], 3 * j), i):
                    rest -= lower[i, k] * column[a, k]
                column[a, i] = rest / lower[i, i]
            for a in range(3):
                for b in range(3):
                    covariance[j, a, b] += column[a, i] * column[b, i]
