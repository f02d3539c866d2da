"""Other people in view: they stand, or walk straight on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.scenarios import Bystander
from sport_nodes.skeleton import JOINTS

Array = NDArray[np.float64]

# A standing person who looks along +x: (ahead, left, up) over stature. Heights and half widths from Drillis & Contini
# 1966 (as in Winter, Biomechanics, fig. 4.1); left side, the right one mirrors it.
_STANDING: Final[dict[str, tuple[float, float, float]]] = {
    "nose": (0.055, 0.0, 0.920),
    "eye": (0.045, 0.018, 0.936),
    "ear": (0.0, 0.042, 0.930),
    "shoulder": (0.0, 0.129, 0.818),
    "elbow": (0.0, 0.140, 0.632),
    "wrist": (0.02, 0.145, 0.486),
    "hip": (0.0, 0.096, 0.530),
    "knee": (0.0, 0.090, 0.285),
    "ankle": (0.0, 0.085, 0.039),
}
_SIDE: Final = {"left": 1.0, "right": -1.0}
# Walking: legs and arms swing from hip and shoulder by this angle either way; the step grows with speed.
_STRIDE_HZ_PER_M_S: Final = 0.7
_SWING_RAD: Final = 0.4
_SWING_FULL_AT_M_S: Final = 1.2


def bystander_motion(bystander: Bystander, since_s: Array) -> Array:
    """(N,) seconds since the recording's begin to (N, 17, 3) metres in world."""
    speed = float(np.hypot(*bystander.velocity_m_s))
    swing = _SWING_RAD * min(speed / _SWING_FULL_AT_M_S, 1.0) * np.sin(2 * np.pi * _STRIDE_HZ_PER_M_S * speed * since_s)
    facing = (
        bystander.facing_rad
        if speed == 0.0
        else float(np.arctan2(bystander.velocity_m_s[1], bystander.velocity_m_s[0]))
    )
    cos, sin = np.cos(facing), np.sin(facing)
    at = np.array(bystander.position_m) + since_s[:, None] * np.array(bystander.velocity_m_s)
    out = np.empty((len(since_s), len(JOINTS), 3))
    for joint, name in enumerate(JOINTS):
        side, _, part = name.rpartition("_")
        sign = _SIDE.get(side, 0.0)
        reach, left, up = _STANDING[part]
        ahead = np.full(len(since_s), reach)
        hinge = _STANDING["hip"][2] if part in ("knee", "ankle") else _STANDING["shoulder"][2]
        if part in ("knee", "ankle", "elbow", "wrist"):
            forward = sign if part in ("knee", "ankle") else -sign  # arms swing against the legs
            ahead = ahead + (hinge - up) * np.sin(forward * swing)
        out[:, joint, 0] = at[:, 0] + bystander.height_m * (cos * ahead - sin * sign * left)
        out[:, joint, 1] = at[:, 1] + bystander.height_m * (sin * ahead + cos * sign * left)
        out[:, joint, 2] = bystander.height_m * up
    return out
