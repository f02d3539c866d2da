"""How far along a target a movement is, frame by frame: a forward filter over place and tempo.

A hidden Markov model as in score following (Raphael 1999, IEEE Trans. PAMI 21(4)): the place moves on at a tempo that
changes now and then, and frames that are alike speak for a place. What is long past is forgotten, so that noise cannot
hold the place back, as it does the cheapest way since the beginning.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.keyframes.dtw import STEEPEST
from sport_nodes.keyframes.features import GRID_HZ

Array = NDArray[np.float64]

# The numbers below were chosen on simulated people of seeds 72000 to 72019, which no study reports.
# Rows of the target per frame: from three times as slow to three times as fast.
_TEMPOS: Final = np.geomspace(1.0 / STEEPEST, STEEPEST, 7)
# Share of a tempo's probability that goes to its neighbours in a frame.
_CHANGE: Final = 0.2
# Probability to stay another frame in the first posture, and to begin anew whatever was before.
_STAY: Final = 0.98
_BEGIN: Final = 1e-4
# What a squared distance of 1 takes off the logarithm of a frame's likelihood; frames next to each other are alike.
_SHARPNESS: Final = 2.0
# Time over which the distance is averaged.
_MEMORY_S: Final = 0.75
# Seconds for which it is kept how far along the target the movement was.
_PROGRESS_S: Final = 1.0


class Follower:
    """Place along a target of `rows` frames on the grid.

    row: the target frame that is as likely passed as not; distance: mean feature distance there, of late.
    """

    def __init__(self, rows: int) -> None:
        self._likely = np.empty((rows, len(_TEMPOS)))
        self._progress: deque[tuple[float, float]] = deque(maxlen=round(_PROGRESS_S * GRID_HZ))
        self.forget()

    def forget(self) -> None:
        """Begin anew with the next frame."""
        self._likely[:] = 0.0
        self._likely[0] = 1.0 / len(_TEMPOS)
        self.row, self.distance = 0, float("inf")

    def advance(self, distance: Array, time_s: float) -> None:
        """One more frame of the recording, (N,) distances to the target's frames; not finite where it shows nothing."""
        seen = bool(np.isfinite(distance).all())
        squares = distance**2 if seen else np.zeros_like(distance)
        self._likely = _step(self._likely, squares - squares.min(), _TEMPOS)
        passed = np.cumsum(self._likely.sum(axis=1))
        self.row = min(int(np.searchsorted(passed, 0.5)), len(distance) - 1)
        if seen:
            here = float(self._likely.sum(axis=1) @ distance)
            share = 1.0 / (_MEMORY_S * GRID_HZ)
            self.distance = here if np.isinf(self.distance) else (1.0 - share) * self.distance + share * here
        before = passed[self.row - 1] if self.row else 0.0
        within = (0.5 - before) / max(passed[self.row] - before, np.finfo(float).tiny)
        self._progress.append((time_s, self.row + float(within) - 0.5))

    def time_at(self, row: float) -> float:
        """When that row of the target was passed, between the frames."""
        times, rows = (np.array(column) for column in zip(*self._progress, strict=True))
        before = np.flatnonzero(rows < row)
        last = int(before[-1]) if len(before) else 0
        if last + 1 >= len(rows):
            return float(times[-1])
        share = (row - rows[last]) / max(rows[last + 1] - rows[last], np.finfo(float).eps)
        return float(times[last] + np.clip(share, 0.0, 1.0) * (times[last + 1] - times[last]))


@njit(cache=True)
def _step(likely: Array, squares: Array, tempos: Array) -> Array:
    """(N, K) probabilities of place and tempo after one more frame, squares (N,) above the least."""
    rows, count = likely.shape
    moved = np.zeros((rows, count))
    for k in range(count):
        for i in range(rows):
            p = likely[i, k]
            if i == 0:
                moved[0, k] += p * _STAY
                p *= 1.0 - _STAY
            place = i + tempos[k]
            whole = int(place)
            if whole >= rows - 1:
                moved[rows - 1, k] += p
            else:
                moved[whole, k] += p * (1.0 - (place - whole))
                moved[whole + 1, k] += p * (place - whole)
    after, total = np.empty((rows, count)), 0.0
    for i in range(rows):
        seen = np.exp(-_SHARPNESS * squares[i])
        for k in range(count):
            slower, faster = moved[i, max(k - 1, 0)], moved[i, min(k + 1, count - 1)]
            p = (1.0 - _CHANGE) * moved[i, k] + 0.5 * _CHANGE * (slower + faster)
            if i == 0:
                p += _BEGIN / count
            after[i, k] = p * seen
            total += after[i, k]
    return after / total
