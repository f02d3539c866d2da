"""A recorded motion brought onto the lab's stage: at the origin, facing +x, at rest before and after."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

#: How long the athlete holds the first and the last posture: enough for clocks to settle and for an end to be seen [s].
REST_S: Final = 1.5
# Lines from right to left that tell where the athlete looks, in order of preference.
_ACROSS: Final = (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"))


def staged(motion: Motion, *, rest_s: float = REST_S) -> Motion:
    """The motion from time 0, begun above the world's origin and facing +x; heights are kept.

    Raises InputError when neither hips nor shoulders are ever seen together.
    """
    for left_name, right_name in _ACROSS:
        left, right = motion.positions_m[:, INDEX[left_name]], motion.positions_m[:, INDEX[right_name]]
        seen = np.flatnonzero(np.isfinite(left - right).all(axis=1))
        if len(seen):
            break
    else:
        raise InputError("the motion shows neither both hips nor both shoulders, so nobody knows where it faces")
    begin = seen[0]
    across = left[begin] - right[begin]
    turn = Rotation.from_rotvec([0.0, 0.0, np.pi / 2 - np.arctan2(across[1], across[0])]).as_matrix()
    origin = 0.5 * (left[begin] + right[begin]) * np.array([1.0, 1.0, 0.0])
    return _rested(motion.moved((motion.positions_m - origin) @ turn.T, motion.times_s - motion.times_s[0]), rest_s)


def _rested(motion: Motion, rest_s: float) -> Motion:
    step_s = 1.0 / motion.rate_hz if motion.rate_hz else rest_s
    count = round(rest_s / step_s)
    frames = np.concatenate([np.zeros(count, int), np.arange(len(motion)), np.full(count, len(motion) - 1)])
    times_s = np.concatenate(
        [
            step_s * np.arange(count),
            step_s * count + motion.times_s,
            step_s * count + motion.times_s[-1] + step_s * np.arange(1, count + 1),
        ]
    )
    return Motion(
        times_s,
        motion.positions_m[frames],
        motion.confidence[frames],
        motion.provenance[frames],
        motion.sigma_m[frames],
    )
