"""Exact dynamic time warping with slope limits, whole against whole or whole against any part."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Steps (target frames, recording frames): a movement may run up to three times as fast or as slow as the target's.
# Slope-limited step patterns: Sakoe & Chiba (1978), IEEE Trans. ASSP 26(1), table I.
STEPS: Final = np.array([(1, 1), (1, 2), (2, 1), (1, 3), (3, 1)])
#: Greatest factor between the tempos of recording and target.
STEEPEST: Final = 3.0
# Two frames can only be compared when features that make up this share of the weight are known in both.
_LEAST_KNOWN: Final = 0.5


def distances(target: Array, recording: Array, scale: Array) -> Array:
    """(N, M) root of the weighted mean squared difference of frames (N, D) and (M, D); NaN-aware.

    scale (D,): weight over squared size of each feature. Where too little is known in either, the distance is the
    median of the others: neither for nor against.
    """
    if np.isfinite(target).all() and np.isfinite(recording).all():
        root = np.sqrt(scale)
        t, r = target * root, recording * root
        squares = np.matmul(t, r.T)
        squares *= -2.0
        squares += np.einsum("nd,nd->n", t, t)[:, None]
        squares += np.einsum("md,md->m", r, r)
        np.maximum(squares, 0.0, out=squares)
        return np.sqrt(squares, out=squares)
    known_t, known_r = np.isfinite(target), np.isfinite(recording)
    t, r = np.where(known_t, target, 0.0), np.where(known_r, recording, 0.0)
    weighted = known_t * scale
    squares = (weighted * t**2) @ known_r.T - 2.0 * ((weighted * t) @ r.T) + weighted @ (r**2).T
    # Scales hold feature sizes; the share known is counted in features, weighted alike within an order.
    share = known_t.astype(float) @ known_r.T.astype(float) / target.shape[1]
    result = np.sqrt(np.maximum(squares, 0.0) / np.maximum(share, _LEAST_KNOWN))
    unknown = share < _LEAST_KNOWN
    if unknown.all():
        return np.full_like(result, np.nan)
    result[unknown] = np.median(result[~unknown])
    return result


@njit(cache=True)
def accumulate(cost: Array, free: bool) -> tuple[Array, NDArray[np.int64], NDArray[np.int8]]:
    """Least summed cost of warping target frames 0..i onto recording frames that end at j.

    cost: (N, M). free: the recording may begin anywhere, else at its frame 0. Each target frame counts once, whatever
    the number of recording frames it covers, so that long and short windows compare fairly.
    Returns (N, M) the sums (inf where no path leads), the recording frame at which that path begins, and the step
    taken (row of STEPS, -1 at a beginning).
    """
    n, m = cost.shape
    total = np.full((n, m), np.inf)
    begin = np.full((n, m), -1, np.int64)
    step = np.full((n, m), -1, np.int8)
    for j in range(m if free else 1):
        total[0, j] = cost[0, j]
        begin[0, j] = j
    for i in range(1, n):
        for j in range(1, m):
            c = cost[i, j]
            best = total[i - 1, j - 1] + c
            came = 0
            start = begin[i - 1, j - 1]
            if j >= 2:
                t = total[i - 1, j - 2] + 0.5 * (c + cost[i, j - 1])
                if t < best:
                    best, came, start = t, 1, begin[i - 1, j - 2]
                if j >= 3:
                    t = total[i - 1, j - 3] + (c + cost[i, j - 1] + cost[i, j - 2]) / 3.0
                    if t < best:
                        best, came, start = t, 3, begin[i - 1, j - 3]
            if i >= 2:
                t = total[i - 2, j - 1] + c + cost[i - 1, j]
                if t < best:
                    best, came, start = t, 2, begin[i - 2, j - 1]
                if i >= 3:
                    t = total[i - 3, j - 1] + c + cost[i - 1, j] + cost[i - 2, j]
                    if t < best:
                        best, came, start = t, 4, begin[i - 3, j - 1]
            if best < np.inf:
                total[i, j] = best
                begin[i, j] = start
                step[i, j] = came
    return total, begin, step


@njit(cache=True)
def trace(step: NDArray[np.int8], end: int) -> NDArray[np.int64]:
    """(K, 2) of (target, recording) frames: the path that ends at recording frame `end`, from its beginning."""
    i, j = step.shape[0] - 1, end
    path = np.empty((step.shape[0], 2), np.int64)
    first = len(path) - 1
    path[first, 0], path[first, 1] = i, j
    while step[i, j] >= 0:
        came = step[i, j]
        i, j = i - STEPS[came, 0], j - STEPS[came, 1]
        first -= 1
        path[first, 0], path[first, 1] = i, j
    return path[first:]
