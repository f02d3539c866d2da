"""Left and right exchanged by a detector: found against an expected skeleton."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.skeleton import MIRROR_INDEX

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIRROR: Final = np.array(MIRROR_INDEX, dtype=np.int64)
#: Squared whitened error beyond which a joint is simply wrong.
TRUNCATE_SQUARED: Final = 9.0
#: A pair is exchanged when that lowers its truncated error by this much.
MARGIN_SQUARED: Final = 5.0


@njit(cache=True, error_model="numpy")
def exchanged(expected: Array, expected_variance: Array, measured: Array, variance: Array) -> Mask:
    """(N,) joints to be exchanged with their mirror image.

    expected and measured: (N, D) in the same units with variances (N,) per axis; infinite where not measured.
    """
    count, axes = expected.shape
    turn = np.zeros(count, dtype=np.bool_)
    for left in range(count):
        right = MIRROR[left]
        if right <= left:
            continue
        keep, swap = 0.0, 0.0
        for joint, other in ((left, right), (right, left)):
            keep += _truncated(expected[joint], measured[joint], expected_variance[joint] + variance[joint], axes)
            swap += _truncated(expected[joint], measured[other], expected_variance[joint] + variance[other], axes)
        turn[left] = turn[right] = keep - swap > MARGIN_SQUARED
    return turn


@njit(cache=True, error_model="numpy")
def _truncated(expected: Array, measured: Array, variance: float, axes: int) -> float:
    if not np.isfinite(variance):
        return TRUNCATE_SQUARED
    squared = 0.0
    for a in range(axes):
        squared += (expected[a] - measured[a]) ** 2
    squared /= variance
    return squared if squared < TRUNCATE_SQUARED else TRUNCATE_SQUARED  # also what is NaN
