"""Anatomical angles read off joint positions, and the ranges a body can reach."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

#: Ranges of motion [deg]: Norkin & White (2016), Measurement of Joint Motion, appendix (AAOS and AMA norms), upper
#: ends; knee and elbow 0 is straight. shoulder: between upper arm and trunk. hip: 0 when thigh and trunk are in line.
RANGES_DEG: Final[dict[str, tuple[float, float]]] = {
    "knee": (0.0, 150.0),
    "hip": (0.0, 150.0),
    "elbow": (0.0, 150.0),
    "shoulder": (0.0, 180.0),
}


def angle_between_deg(a: Array, b: Array) -> Array:
    """Angle between (..., 3) vectors."""
    cos = np.sum(a * b, axis=-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return np.degrees(np.arccos(np.clip(cos, -1.0, 1.0)))


def joint_angles_deg(positions_m: Array) -> dict[str, Array]:
    """Angles of a (T, 17, 3) motion, each (T,): left_knee, right_hip, ..., and trunk_lean from vertical."""

    def at(name: str) -> Array:
        return positions_m[:, INDEX[name]]

    hips = (at("left_hip") + at("right_hip")) / 2
    shoulders = (at("left_shoulder") + at("right_shoulder")) / 2
    trunk = shoulders - hips
    angles = {"trunk_lean": angle_between_deg(trunk, np.array([0.0, 0.0, 1.0]))}
    for side in ("left", "right"):
        thigh = at(f"{side}_knee") - at(f"{side}_hip")
        upper_arm = at(f"{side}_elbow") - at(f"{side}_shoulder")
        forearm = at(f"{side}_wrist") - at(f"{side}_elbow")
        angles[f"{side}_knee"] = angle_between_deg(thigh, at(f"{side}_ankle") - at(f"{side}_knee"))
        angles[f"{side}_hip"] = angle_between_deg(thigh, at(f"{side}_hip") - at(f"{side}_shoulder"))
        angles[f"{side}_elbow"] = angle_between_deg(upper_arm, forearm)
        angles[f"{side}_shoulder"] = angle_between_deg(upper_arm, at(f"{side}_hip") - at(f"{side}_shoulder"))
    return angles
