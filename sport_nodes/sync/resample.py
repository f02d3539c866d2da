"""Samples at uneven times onto a time grid: linear, slerp, low-pass, and short gaps by cubic spline."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation, Slerp

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Cut-off of the IMU low-pass [Hz] (founding paper, section 2).
LOW_PASS_HZ: Final = 20.0
#: Order of the low-pass; run forth and back it is doubled.
LOW_PASS_ORDER: Final = 2
#: Forth and back, a Butterworth filter of order n is 3 dB down at the cut-off divided by (2**0.5 - 1)**(1/2n).
TWO_PASS_FACTOR: Final = (2.0**0.5 - 1.0) ** (0.5 / LOW_PASS_ORDER)
#: A grid time this close to a sample takes that sample alone [s].
COINCIDENT_S: Final = 1e-4


def in_time_order(times_s: Array) -> NDArray[np.intp]:
    """Indices of the finite times in increasing order, each time once (the first of equal ones)."""
    finite = np.flatnonzero(np.isfinite(times_s))
    _, first = np.unique(times_s[finite], return_index=True)
    return np.asarray(finite[first], dtype=np.intp)


def resample_linear(times_s: Array, values: Array, grid_s: Array, *, max_interval_s: float) -> Array:
    """(T, ...) samples at increasing times to (G, ...) on the grid.

    NaN outside the samples, between samples farther apart than max_interval_s, and next to a NaN sample.
    """
    result = np.full((len(grid_s), *values.shape[1:]), np.nan)
    if len(times_s) == 0:
        return result
    after = np.searchsorted(times_s, grid_s)
    low, high = np.clip(after - 1, 0, len(times_s) - 1), np.clip(after, 0, len(times_s) - 1)
    nearest = np.where(np.abs(times_s[low] - grid_s) <= np.abs(times_s[high] - grid_s), low, high)
    coincident = np.abs(times_s[nearest] - grid_s) <= COINCIDENT_S
    result[coincident] = values[nearest[coincident]]
    between = ~coincident & (after > 0) & (after < len(times_s))
    between &= times_s[high] - times_s[low] <= max_interval_s
    low, high = low[between], high[between]
    weight = (grid_s[between] - times_s[low]) / (times_s[high] - times_s[low])
    weight = weight.reshape(-1, *[1] * (values.ndim - 1))
    result[between] = values[low] * (1.0 - weight) + values[high] * weight
    return result


def fill_gaps(grid_s: Array, values: Array, *, max_gap_s: float) -> tuple[Array, Mask]:
    """(G, K, D) with short runs of NaN bridged by a cubic spline, and the (G, K) mask of what was bridged.

    A run is bridged when the samples around it are at most max_gap_s apart; runs at the ends never are.
    """
    result = values.copy()
    valid = np.isfinite(values).all(axis=2)
    filled = np.zeros(valid.shape, dtype=np.bool_)
    index = np.arange(len(grid_s))[:, None]
    before = np.maximum.accumulate(np.where(valid, index, -1), axis=0)
    after = np.minimum.accumulate(np.where(valid, index, len(grid_s))[::-1], axis=0)[::-1]
    bounded: Mask = np.asarray(~valid & (before >= 0) & (after < len(grid_s)))
    gap_s: Array = np.where(bounded, grid_s[np.minimum(after, len(grid_s) - 1)] - grid_s[np.maximum(before, 0)], np.inf)
    for column in np.flatnonzero((gap_s <= max_gap_s).any(axis=0)):
        gap = gap_s[:, column] <= max_gap_s
        known = np.isfinite(values[:, column]).all(axis=1)
        result[gap, column] = CubicSpline(grid_s[known], values[known, column], bc_type="natural")(grid_s[gap])
        filled[gap, column] = True
    return result, filled


def low_pass(times_s: Array, values: Array) -> Array:
    """(T, K) samples, zero-phase low-passed at LOW_PASS_HZ and given back at their own times.

    Samples that are too slow for the cut-off, or fewer than the filter needs, come back as they were.
    """
    if len(times_s) < 2:
        return values
    period_s = float(np.median(np.diff(times_s)))
    cut_off = LOW_PASS_HZ / TWO_PASS_FACTOR
    count = round((times_s[-1] - times_s[0]) / period_s) + 1
    if 1.0 / period_s <= 2.0 * cut_off or count < 4 * (2 * LOW_PASS_ORDER + 1):
        return values
    even_s = np.linspace(times_s[0], times_s[-1], count)
    even = np.stack([np.interp(even_s, times_s, column) for column in values.T], axis=1)
    sos = butter(LOW_PASS_ORDER, cut_off, fs=(count - 1) / (times_s[-1] - times_s[0]), output="sos")
    smooth = sosfiltfilt(sos, even, axis=0)
    return np.stack([np.interp(times_s, even_s, column) for column in smooth.T], axis=1)


def resample_orientation(
    times_s: Array, orientation_xyzw: Array, grid_s: Array, *, max_interval_s: float, max_gap_s: float
) -> tuple[Array, Mask]:
    """(T, 4) quaternions to (G, 4) by slerp, and the (G,) mask of those bridged over a gap.

    NaN outside the samples and where neighbours are farther apart than max_gap_s; bridged beyond max_interval_s.
    """
    result = np.full((len(grid_s), 4), np.nan)
    filled = np.zeros(len(grid_s), dtype=np.bool_)
    if len(times_s) < 2:
        return result, filled
    after = np.clip(np.searchsorted(times_s, grid_s), 1, len(times_s) - 1)
    interval_s = times_s[after] - times_s[after - 1]
    usable = (grid_s >= times_s[0]) & (grid_s <= times_s[-1]) & (interval_s <= max(max_gap_s, max_interval_s))
    if usable.any():
        result[usable] = Slerp(times_s, Rotation.from_quat(orientation_xyzw))(grid_s[usable]).as_quat()
    filled[usable] = interval_s[usable] > max_interval_s
    return result, filled


def slerp_pairs(first_xyzw: Array, second_xyzw: Array, share: Array) -> Array:
    """(K, 4) quaternions on the way from first to second, each at its share (K,) in 0..1; NaN where either is."""
    result = np.full_like(first_xyzw, np.nan)
    known = np.isfinite(first_xyzw).all(axis=1) & np.isfinite(second_xyzw).all(axis=1)
    if known.any():
        begin = Rotation.from_quat(first_xyzw[known])
        turn = (begin.inv() * Rotation.from_quat(second_xyzw[known])).as_rotvec()
        result[known] = (begin * Rotation.from_rotvec(share[known, None] * turn)).as_quat()
    return result
