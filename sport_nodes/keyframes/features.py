"""What MotionDTW compares: joint angles with angular velocity and acceleration, on an even time grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from sport_nodes.body import Body, body_of
from sport_nodes.motion import Motion
from sport_nodes.quantities import QUANTITIES, read_quantity

Array = NDArray[np.float64]

#: Frames per second on which motions are compared, whatever they were recorded at.
GRID_HZ: Final = 60.0
# Standard deviation of the Gaussian that smooths angles before they are differentiated: it passes movement up to
# about 6 Hz (-3 dB), where Winter (2009), ch. 3, puts the cut-off for whole-body movement.
SMOOTHING_S: Final = 0.022
# Joints hidden for less than this are bridged by a straight line; a longer gap stays unknown.
LONGEST_BRIDGE_S: Final = 0.25
# A frame this near to an instant of the grid is on it.
_SAME_INSTANT_S: Final = 1e-6
# Shares of angle, angular velocity and angular acceleration in the distance: shape counts most, noise grows with
# each derivative.
ORDER_SHARES: Final = (0.55, 0.30, 0.15)


@dataclass(frozen=True, eq=False)
class Features:
    """times_s (T,) evenly spaced; values (T, 3 C) in deg, deg/s, deg/s^2; NaN where unknown. names: C channels."""

    times_s: Array
    values: Array
    names: tuple[str, ...]


def channel_names(quantities: Mapping[str, float]) -> tuple[str, ...]:
    """One channel for each side of a sided quantity: "left_knee_flexion"."""
    names: list[str] = []
    for quantity in quantities:
        sides = ("left_", "right_") if QUANTITIES[quantity].sided else ("",)
        names += [side + quantity for side in sides]
    return tuple(names)


def features(motion: Motion, weights: Mapping[str, float]) -> Features:
    """The features of a motion for the quantities that `weights` names; needs no heading but for the trunk's lean."""
    even = resample(motion, GRID_HZ)
    return features_of(body_of(even.times_s, even.positions_m), weights)


def features_of(body: Body, weights: Mapping[str, float]) -> Features:
    """The features of a body on the grid, its joints not smoothed."""
    columns = []
    for quantity in weights:
        for side in ("left", "right") if QUANTITIES[quantity].sided else ("",):
            columns.append(read_quantity(body, quantity, side))
    orders = [smooth(np.stack(columns, axis=1), SMOOTHING_S * GRID_HZ)]
    for _ in range(2):
        orders.append(_slope(orders[-1]) * GRID_HZ)
    return Features(body.times_s, np.concatenate(orders, axis=1), channel_names(weights))


def smoothed_body(even: Motion) -> Body:
    """The athlete's body in an even motion, its joints smoothed."""
    flat = smooth(even.positions_m.reshape(len(even), -1), SMOOTHING_S * GRID_HZ)
    return body_of(even.times_s, flat.reshape(even.positions_m.shape))


def scales(values: Array, names: tuple[str, ...], weights: Mapping[str, float]) -> Array:
    """(3 C,) weight over squared size of each feature, such that squared differences times this sum to about 1.

    The size of an order of derivative is the spread of the target's own channels, pooled, so that a still joint is
    not blown up.
    """
    count = len(names)
    joint = np.array([weights[name.removeprefix("left_").removeprefix("right_")] for name in names])
    joint = joint / joint.sum()
    parts = []
    for order, share in enumerate(ORDER_SHARES):
        block = values[:, order * count : (order + 1) * count]
        variance = float(np.nansum(joint * np.nanvar(block, axis=0)))
        parts.append(share * joint / max(variance, np.finfo(float).eps))
    return np.concatenate(parts)


def mirrored_columns(names: tuple[str, ...]) -> NDArray[np.intp]:
    """(3 C,) which column holds the same feature of the other side; every quantity is its own mirror image."""
    index = {name: i for i, name in enumerate(names)}
    other = {"left": "right", "right": "left"}
    swapped = []
    for name in names:
        side, _, rest = name.partition("_")
        swapped.append(index[f"{other[side]}_{rest}"] if side in other else index[name])
    return np.concatenate([np.array(swapped) + order * len(names) for order in range(3)])


def resample(motion: Motion, rate_hz: float) -> Motion:
    """The motion on an even grid: linear between frames, over gaps shorter than LONGEST_BRIDGE_S."""
    count = max(int(np.floor(motion.duration_s * rate_hz + 1e-6)) + 1, 1)
    grid = motion.times_s[0] + np.arange(count) / rate_hz
    if count == len(motion) and motion.present.all() and np.abs(motion.times_s - grid).max() < _SAME_INSTANT_S:
        return motion
    shape = (count, *motion.positions_m.shape[1:])
    positions, sigma = np.full(shape, np.nan), np.full(shape[:2], np.nan)
    present = motion.present
    if present.all():  # sorting the joints by when they were seen takes longer than all the rest
        patterns, pattern_of = present[:, :1], np.zeros(present.shape[1], dtype=np.intp)
    else:
        patterns, pattern_of = np.unique(present, axis=1, return_inverse=True)
    for k, seen in enumerate(patterns.T):
        if seen.sum() < 2:
            continue
        joints = np.flatnonzero(pattern_of.reshape(-1) == k)
        positions[:, joints], sigma[:, joints] = _between_frames(motion, grid, joints, seen)
    known = np.isfinite(positions).all(axis=2)
    return Motion(grid, positions, confidence=known.astype(float), sigma_m=sigma)


def _between_frames(
    motion: Motion, grid: Array, joints: NDArray[np.intp], seen: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Positions (G, J, 3) and deviations (G, J) of joints that were seen in the same frames, at the grid's times."""
    times = motion.times_s[seen]
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    before = after - 1
    step = times[after] - times[before]
    share = np.clip((grid - times[before]) / step, 0.0, 1.0)
    bridged = (step <= LONGEST_BRIDGE_S) & (grid >= times[0] - 1e-9) & (grid <= times[-1] + 1e-9)
    seen_m = motion.positions_m[np.ix_(seen, joints)]
    line = seen_m[before] + share[:, None, None] * (seen_m[after] - seen_m[before])
    line[~bridged] = np.nan
    sigma = np.full(line.shape[:2], np.nan)
    for column, joint in enumerate(joints):
        deviation = motion.sigma_m[seen, joint]
        known = np.isfinite(deviation)
        if known.any():
            sigma[:, column] = np.interp(grid, times[known], deviation[known])
    return line, sigma


def smooth(values: Array, spread_frames: float, *, order: int = 0) -> Array:
    """Gaussian smoothing of (T, C) along time, or its derivative per frame; each run without gaps by itself."""
    if np.isfinite(values).all():
        return _smooth_run(values, spread_frames, order)
    result = np.full_like(values, np.nan)
    for column in range(values.shape[1]):
        for begin, end in _runs(np.isfinite(values[:, column])):
            result[begin:end, column] = _smooth_run(values[begin:end, column, None], spread_frames, order)[:, 0]
    return result


def _smooth_run(values: Array, spread_frames: float, order: int) -> Array:
    line = gaussian_filter1d(values, spread_frames, axis=0, mode="nearest")
    for _ in range(order):
        line = np.gradient(line, axis=0) if len(line) > 1 else np.zeros_like(line)
    return line


def _slope(values: Array) -> Array:
    """Change per frame of (T, C); of a run between gaps its end's, where one neighbour is unknown."""
    if len(values) < 2:
        return np.zeros_like(values)
    ahead = np.diff(values, axis=0, append=np.nan)
    behind = np.diff(values, axis=0, prepend=np.nan)
    slope = 0.5 * (ahead + behind)
    slope = np.where(np.isnan(ahead), behind, slope)
    return np.where(np.isnan(behind), ahead, slope)


def _runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
