"""What the report's player and stills draw: a thinned copy of the motion, and the target laid over it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.body import body_height_m
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, JOINT_COUNT

Array = NDArray[np.float64]

#: Frames the player gets at most: 20 s at 30 Hz; longer trials are shown at a lower rate to keep the file small.
MAX_FRAMES: Final = 600
#: More than a screen needs to look smooth.
_PLAYER_RATE_HZ: Final = 60.0
_HIPS: Final = [INDEX["left_hip"], INDEX["right_hip"]]
_MILLIMETRES: Final = 1000.0


def thinned(motion: Motion) -> Motion:
    """Every n-th frame, so that rate and number of frames suit a player."""
    by_rate = int(motion.rate_hz / _PLAYER_RATE_HZ + 0.5)
    by_count = math.ceil(len(motion) / MAX_FRAMES)
    return motion.take(slice(None, None, max(1, by_rate, by_count)))


def target_times(times_s: Array, path_s: Array) -> Array:
    """(T,) the target's time at each of the trial's; NaN outside the path (K, 2) of (trial, target) seconds."""
    if len(path_s) == 0:
        return np.full(len(times_s), np.nan)
    ours, group = np.unique(path_s[:, 0], return_inverse=True)
    # Where the path stands still in the trial, the middle of the target's stretch is shown.
    theirs = np.bincount(group, weights=path_s[:, 1]) / np.bincount(group)
    return np.interp(times_s, ours, theirs, left=np.nan, right=np.nan)


def target_over(motion: Motion, target: Motion, path_s: Array) -> Array:
    """(T, 17, 3) the target at the moments of `motion`, in its size and heading, its hips over the athlete's.

    NaN outside the aligned window. Heights above the floor are the target's own, scaled.
    """
    shown = np.full((len(motion), JOINT_COUNT, 3), np.nan)
    times = target_times(motion.times_s, path_s)
    inside = np.isfinite(times)
    scale = body_height_m(motion.positions_m) / body_height_m(target.positions_m)
    if not inside.any() or not math.isfinite(scale):
        return shown
    theirs = scale * _at(target, times[inside])
    ours = motion.positions_m[inside]
    our_hips, their_hips = ours[:, _HIPS].mean(axis=1), theirs[:, _HIPS].mean(axis=1)
    turned = _turned(theirs - their_hips[:, None], onto=ours - our_hips[:, None])
    turned[..., :2] += our_hips[:, None, :2]
    turned[..., 2] += their_hips[:, None, 2]
    shown[inside] = turned
    return shown


def player_positions(positions_m: Array) -> list[list[int | None]]:
    """Frames as flat lists of whole millimetres, x y z joint by joint; null where missing."""
    frames = np.round(positions_m.reshape(len(positions_m), 3 * JOINT_COUNT) * _MILLIMETRES)
    return [[int(v) if math.isfinite(v) else None for v in frame] for frame in frames]


def _at(motion: Motion, times_s: Array) -> Array:
    """(len(times_s), 17, 3) linearly interpolated; NaN for joints that never appear."""
    result = np.full((len(times_s), JOINT_COUNT, 3), np.nan)
    for joint in range(JOINT_COUNT):
        seen = motion.present[:, joint]
        if seen.any():
            for axis in range(3):
                result[:, joint, axis] = np.interp(times_s, motion.times_s[seen], motion.positions_m[seen, joint, axis])
    return result


def _turned(points: Array, *, onto: Array) -> Array:
    """Points turned about the vertical so that they lie nearest to `onto` in the least-squares sense."""
    x, y = points[..., 0], points[..., 1]
    cosine = float(np.nansum(x * onto[..., 0] + y * onto[..., 1]))
    sine = float(np.nansum(x * onto[..., 1] - y * onto[..., 0]))
    length = math.hypot(cosine, sine) or 1.0
    c, s = (cosine / length, sine / length) if length > 0 else (1.0, 0.0)
    turned = points.copy()
    turned[..., 0], turned[..., 1] = c * x - s * y, s * x + c * y
    return turned
