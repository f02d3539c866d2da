"""Other ways to carry an instant of a target over to a recording, for the studies that set them beside MotionDTW.

Each gets the same even, gap-free frames and finds the target anywhere in the recording (subsequence DTW), or looks for
one event without any target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.keyframes.features import GRID_HZ, features, resample
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]
Path = NDArray[np.int64]

JOINT_WEIGHTS_ALIKE: Final = {
    "knee_flexion": 1.0,
    "hip_flexion": 1.0,
    "trunk_inclination": 1.0,
    "shoulder_elevation": 1.0,
    "upper_arm_forward": 1.0,
    "elbow_flexion": 1.0,
    "forearm_elevation": 1.0,
}


def coordinates(motion: Motion) -> tuple[Array, Array]:
    """(T,) seconds and (T, 36) of the 12 joints below the head, from the hips, in metres."""
    even = resample(motion, GRID_HZ)
    hips = 0.5 * (even.positions_m[:, INDEX["left_hip"]] + even.positions_m[:, INDEX["right_hip"]])
    limbs = even.positions_m[:, INDEX["left_shoulder"] :] - hips[:, None]
    return even.times_s, np.nan_to_num(limbs.reshape(len(even), -1))


def angles(motion: Motion) -> tuple[Array, Array]:
    """(T,) seconds and (T, 13) joint angles, all alike."""
    found = features(motion, JOINT_WEIGHTS_ALIKE)
    return found.times_s, np.nan_to_num(found.values[:, : len(found.names)])


def angles_and_speeds(motion: Motion) -> tuple[Array, Array]:
    """(T,) seconds and (T, 26) joint angles and their speeds, each order over its own spread."""
    found = features(motion, JOINT_WEIGHTS_ALIKE)
    count = len(found.names)
    orders = [np.nan_to_num(found.values[:, k * count : (k + 1) * count]) for k in (0, 1)]
    return found.times_s, np.concatenate([order / order.std() for order in orders], axis=1)


@njit(cache=True)
def _plain(cost: Array) -> Path:
    """Path (K, 2) of textbook subsequence DTW: the three steps of Sakoe & Chiba without slope limit."""
    n, m = cost.shape
    total = np.empty((n, m))
    total[0] = cost[0]
    for i in range(1, n):
        total[i, 0] = total[i - 1, 0] + cost[i, 0]
        for j in range(1, m):
            total[i, j] = cost[i, j] + min(total[i - 1, j - 1], total[i - 1, j], total[i, j - 1])
    path = np.empty((n + m, 2), np.int64)
    i, j, k = n - 1, int(np.argmin(total[-1])), 0
    while True:
        path[k, 0], path[k, 1] = i, j
        k += 1
        if i == 0:
            break
        if j == 0 or (total[i - 1, j] <= total[i - 1, j - 1] and total[i - 1, j] <= total[i, j - 1]):
            i -= 1
        elif total[i, j - 1] < total[i - 1, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
    return path[:k][::-1]


def plain_dtw(target: Array, recording: Array) -> Path:
    """Path (K, 2) of (target, recording) frames."""
    difference = target[:, None] - recording[None]
    return _plain(np.sqrt(np.einsum("nmd,nmd->nm", difference, difference)))


def dtaidistance_dtw(target: Array, recording: Array) -> Path:
    """dtaidistance's own subsequence alignment, in C."""
    from dtaidistance.subsequence.dtw import subsequence_alignment

    return np.array(subsequence_alignment(target, recording, use_c=True).best_match().path, dtype=np.int64)


def tslearn_dtw(target: Array, recording: Array) -> Path:
    """tslearn's own subsequence alignment."""
    from tslearn.metrics import dtw_subsequence_path

    return np.array(dtw_subsequence_path(target, recording)[0], dtype=np.int64)


Method = tuple[Callable[[Motion], tuple[Array, Array]], Callable[[Array, Array], Path]]


def methods() -> dict[str, Method]:
    """By name; without those whose package is not installed."""
    found: dict[str, Method] = {
        "plain DTW, coordinates": (coordinates, plain_dtw),
        "plain DTW, angles": (angles, plain_dtw),
        "plain DTW, angles and speeds": (angles_and_speeds, plain_dtw),
        "dtaidistance, angles": (angles, dtaidistance_dtw),
        "dtaidistance, angles and speeds": (angles_and_speeds, dtaidistance_dtw),
    }
    try:
        import tslearn  # noqa: F401  only whether it is there
    except ImportError:
        return found
    return found | {
        "tslearn, angles": (angles, tslearn_dtw),
        "tslearn, angles and speeds": (angles_and_speeds, tslearn_dtw),
    }


def carried(target: Motion, recording: Motion, method: Method) -> tuple[Array, Array]:
    """(K,) target seconds, rising, and (K,) the recording's seconds there: the middle of those on the path."""
    read, path_of = method
    target_s, target_values = read(target)
    recording_s, recording_values = read(recording)
    path = path_of(target_values, recording_values)
    rows = np.unique(path[:, 0])
    return target_s[rows], np.array([np.median(recording_s[path[path[:, 0] == row, 1]]) for row in rows])


def highest_wrist_s(motion: Motion, side: str = "right") -> float:
    """When the wrist is highest: the naive event."""
    even = resample(motion, GRID_HZ)
    return float(even.times_s[np.nanargmax(even.positions_m[:, INDEX[f"{side}_wrist"], 2])])


def stage_overlap(bounds_s: Array, truth_s: Array) -> Array:
    """(S,) intersection over union of each stage, of (S + 1,) bounds; the path's pinned ends are the stages' too."""
    shared = np.minimum(bounds_s[1:], truth_s[1:]) - np.maximum(bounds_s[:-1], truth_s[:-1])
    union = np.maximum(bounds_s[1:], truth_s[1:]) - np.minimum(bounds_s[:-1], truth_s[:-1])
    return np.maximum(shared, 0.0) / union


def instants(carried_s: tuple[Array, Array], target_s: Mapping[str, float]) -> dict[str, float]:
    """Target instants by name, carried over."""
    return {name: float(np.interp(time, *carried_s)) for name, time in target_s.items()}
