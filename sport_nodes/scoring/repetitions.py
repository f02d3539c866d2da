"""Where one repetition ends and the next begins, for movements that are repeated (sit-ups)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

#: A repetition rises and falls by at least this share of the trial's whole range of the trunk's elevation.
LEAST_SHARE_OF_RANGE: Final = 0.4
#: No sit-up is faster than this.
SHORTEST_REPETITION_S: Final = 0.6
#: Standard deviation of the smoothing before peaks are looked for.
_SMOOTHING_S: Final = 0.08


def split_repetitions(motion: Motion) -> tuple[tuple[float, float], ...]:
    """(begin_s, end_s) of each repetition, in order, together covering the motion.

    A repetition is one rise and fall of the line from hips to shoulders; neighbours part at the lowest point between
    them. A motion without any is one repetition.
    """
    whole = ((float(motion.times_s[0]), float(motion.times_s[-1])),)
    shoulders = _mean_height_m(motion, "left_shoulder", "right_shoulder")
    hips = _mean_height_m(motion, "left_hip", "right_hip")
    known = np.isfinite(shoulders) & np.isfinite(hips)
    if known.sum() < 3 or motion.rate_hz == 0.0:
        return whole
    elevation = np.interp(motion.times_s, motion.times_s[known], (shoulders - hips)[known])
    elevation = gaussian_filter1d(elevation, _SMOOTHING_S * motion.rate_hz)
    rise = float(np.ptp(elevation))
    peaks = prominent_peaks(
        elevation,
        prominence=LEAST_SHARE_OF_RANGE * rise,
        distance=max(1, round(SHORTEST_REPETITION_S * motion.rate_hz)),
    )
    if len(peaks) < 2:
        return whole
    cuts = [int(a + _middle_of_lowest(elevation[a:b])) for a, b in pairwise(peaks)]
    edges = [0, *cuts, len(motion) - 1]
    return tuple((float(motion.times_s[a]), float(motion.times_s[b])) for a, b in pairwise(edges))


def prominent_peaks(values: NDArray[np.float64], *, prominence: float, distance: int) -> list[int]:
    """Indices of the peaks that stand out by `prominence`; of two nearer than `distance` the higher one.

    As scipy.signal.find_peaks, whose package takes longer to import than the rest of the scorer.
    """
    edges = np.flatnonzero(np.diff(values, prepend=np.nan, append=np.nan))
    level = values[edges[:-1]]  # one value a plateau, which ends where the next begins
    high = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])) + 1
    peaks = (edges[high] + edges[high + 1] - 1) // 2
    kept: list[int] = []
    for peak in sorted(peaks.tolist(), key=lambda p: (values[p], p), reverse=True):
        if all(abs(peak - other) >= distance for other in kept):
            kept.append(peak)
    return sorted(p for p in kept if _prominence(values, p) >= prominence)


def _prominence(values: NDArray[np.float64], peak: int) -> float:
    """How far one must go down from a peak, at least, before it rises higher on either side."""
    bases = []
    for side in (values[peak::-1], values[peak:]):
        higher = np.flatnonzero(side > values[peak])
        bases.append(side[: higher[0] if len(higher) else None].min())
    return float(values[peak] - max(bases))


def _middle_of_lowest(values: np.ndarray) -> int:
    """Index in the middle of the stretch around the minimum, so that a rest on the floor is shared fairly."""
    low = np.flatnonzero(values <= values.min() + 0.05 * np.ptp(values))
    return int(low[len(low) // 2])


def _mean_height_m(motion: Motion, left: str, right: str) -> np.ndarray:
    """(T,) height of the midpoint of two joints, of the one that is there, or NaN."""
    heights = motion.positions_m[:, [INDEX[left], INDEX[right]], 2]
    count = np.isfinite(heights).sum(axis=1)
    total = np.nansum(heights, axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
