"""Forward kinematics of the whole body, two-link inverse kinematics of legs and arms, and the centre of mass.

Angles are in radians. Lateral pairs have an axis of length 2, left first. A frame's axes are x forward, y left, z up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.skeleton import INDEX, JOINT_COUNT

Array = NDArray[np.float64]

LEFT, RIGHT = 0, 1
#: +1 for the left, -1 for the right: the sign of the y axis.
SIDE_SIGN: Final = np.array([1.0, -1.0])

#: Share of the trunk below the joint at which the spine bends (thoracolumbar junction).
PELVIS_SHARE: Final = 0.38

#: Landmarks of the head in its own frame, as shares of body height from the head's joint. Eye height 0.936 and chin
#: 0.870 of body height after Drillis & Contini (1966); head breadth about 0.088 and interpupillary distance 0.037.
HEAD_POINTS: Final[dict[str, tuple[float, float, float]]] = {
    "nose": (0.068, 0.0, 0.044),
    "left_eye": (0.054, 0.0185, 0.064),
    "right_eye": (0.054, -0.0185, 0.064),
    "left_ear": (0.006, 0.044, 0.054),
    "right_ear": (0.006, -0.044, 0.054),
}

#: Mass shares and the centre of mass from the proximal end: Winter (2009), table 4.1, after Dempster (1955).
MASS_SHARES: Final = {
    "foot": (0.0145, 0.50),
    "shank": (0.0465, 0.433),
    "thigh": (0.100, 0.433),
    "trunk": (0.497, 0.50),
    "head": (0.081, 1.0),
    "upper_arm": (0.028, 0.436),
    "forearm": (0.016, 0.430),
    "hand": (0.006, 0.506),
}


@dataclass
class Posture:
    """Joint angles of pelvis, spine, head and arms over T frames, in radians.

    pelvis_pitch, spine_flex, neck_flex: forward positive. *_roll, spine_side: to the right positive. *_yaw,
    spine_twist: to the left positive. Shapes (T,); the arms' (T, 2): arm_flex 0 hanging along the trunk, forward
    positive; arm_abd away from the body; arm_rot turns the elbow's plane inwards; elbow and wrist flexion (negative
    wrist: bent back).
    """

    pelvis_pitch: Array
    pelvis_roll: Array
    pelvis_yaw: Array
    spine_flex: Array
    spine_side: Array
    spine_twist: Array
    neck_flex: Array
    neck_turn: Array
    arm_flex: Array
    arm_abd: Array
    arm_rot: Array
    elbow: Array
    wrist: Array


@dataclass(frozen=True)
class Feet:
    """Points of the feet: (T, 2, 3) each. forward is the horizontal direction of the toes."""

    ankle: Array
    heel: Array
    toe: Array
    forward: Array


def rot_x(angle: Array) -> Array:
    """(...,) angles to (..., 3, 3): about the forward axis, y towards z."""
    return _rotation(angle, 1, 2)


def rot_y(angle: Array) -> Array:
    """(...,) angles to (..., 3, 3): about the left axis, z towards x (forward lean)."""
    return _rotation(angle, 2, 0)


def rot_z(angle: Array) -> Array:
    """(...,) angles to (..., 3, 3): about the upward axis, x towards y."""
    return _rotation(angle, 0, 1)


def _rotation(angle: Array, i: int, j: int) -> Array:
    angle = np.asarray(angle, dtype=np.float64)
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = matrix[..., 2, 2] = 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    matrix[..., i, i] = matrix[..., j, j] = cos
    matrix[..., i, j], matrix[..., j, i] = -sin, sin
    return matrix


def two_link(start: Array, target: Array, *, lengths: tuple[float, float], pole: Array) -> tuple[Array, Array]:
    """Middle and end of a two-link limb from `start` towards `target`, bent to the side of `pole`; all (..., 3).

    The end is the target wherever it can be reached, else the nearest point in its direction.
    """
    a, b = lengths
    line = target - start
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    line = line / distance
    reach = np.clip(distance, abs(a - b) * (1 + 1e-9) + 1e-9, (a + b) * (1 - 1e-9))
    along = (a * a - b * b + reach * reach) / (2.0 * reach)
    across = np.sqrt(np.maximum(a * a - along * along, 0.0))
    side = pole - np.sum(pole * line, axis=-1, keepdims=True) * line
    side = side / np.linalg.norm(side, axis=-1, keepdims=True)
    return start + along * line + across * side, start + reach * line


def upper_body(athlete: Athlete, posture: Posture) -> dict[str, Array]:
    """Points of pelvis, trunk, head and arms relative to the middle of the hips, each (T, 3), by COCO name.

    Also `head_joint`, the fingertips `left_hand`, `right_hand`, and orientations (T, 3, 3): `pelvis`, `thorax`, `head`.
    """
    pelvis = rot_z(posture.pelvis_yaw) @ rot_y(posture.pelvis_pitch) @ rot_x(posture.pelvis_roll)
    thorax = pelvis @ rot_z(posture.spine_twist) @ rot_y(posture.spine_flex) @ rot_x(posture.spine_side)
    head = thorax @ rot_z(posture.neck_turn) @ rot_y(posture.neck_flex)
    points: dict[str, Array] = {"pelvis": pelvis, "thorax": thorax, "head": head}
    lumbar = pelvis[..., 2] * (PELVIS_SHARE * athlete.trunk)
    middle = lumbar + thorax[..., 2] * ((1.0 - PELVIS_SHARE) * athlete.trunk)
    points["head_joint"] = middle + thorax[..., 2] * athlete.neck + thorax[..., 0] * (0.2 * athlete.neck)
    for name, offset in HEAD_POINTS.items():
        points[name] = points["head_joint"] + head @ (np.array(offset) * athlete.height_m)
    for side, name in enumerate(("left", "right")):
        sign = SIDE_SIGN[side]
        points[f"{name}_hip"] = pelvis[..., 1] * (sign * athlete.hip_width / 2)
        shoulder = middle + thorax[..., 1] * (sign * athlete.shoulder_width / 2)
        upper = (
            thorax
            @ rot_y(-posture.arm_flex[:, side])
            @ rot_x(sign * posture.arm_abd[:, side])
            @ rot_z(-sign * posture.arm_rot[:, side])
        )
        fore = upper @ rot_y(-posture.elbow[:, side])
        hand = fore @ rot_y(-posture.wrist[:, side])
        points[f"{name}_shoulder"] = shoulder
        points[f"{name}_elbow"] = shoulder - upper[..., 2] * athlete.upper_arm
        points[f"{name}_wrist"] = points[f"{name}_elbow"] - fore[..., 2] * athlete.forearm
        points[f"{name}_hand"] = points[f"{name}_wrist"] - hand[..., 2] * athlete.hand
    return points


def planted_feet(athlete: Athlete, *, ball_m: Array, yaw: Array, pitch: Array) -> Feet:
    """Feet on the floor.

    ball_m: (2, 3) or (T, 2, 3) balls of the flat feet. yaw: (2,) of the toes, to the left positive.
    pitch: (T, 2), heel raised about the ball where positive, toes raised about the heel where negative.
    """
    turn = rot_z(np.asarray(yaw))
    forward = turn[..., 0]
    up = np.array([0.0, 0.0, 1.0])
    sole = athlete.ball_to_ankle_m + athlete.heel_to_ankle_m
    pivot = ball_m - np.where(pitch[..., None] < 0.0, sole, 0.0) * forward
    cos, sin = np.cos(pitch)[..., None], np.sin(pitch)[..., None]
    along = cos * forward - sin * up
    normal = sin * forward + cos * up
    ball = pivot + np.where(pitch[..., None] < 0.0, sole, 0.0) * along
    heel = ball - sole * along
    ankle = ball - athlete.ball_to_ankle_m * along + athlete.ankle_height * normal
    return Feet(ankle=ankle, heel=heel, toe=ball, forward=np.broadcast_to(forward, ankle.shape))


def hanging_feet(athlete: Athlete, *, ankle_m: Array, yaw: Array, pitch: Array) -> Feet:
    """Feet in the air, hung from (T, 2, 3) ankles; yaw and pitch as in `planted_feet`."""
    forward = rot_z(np.asarray(yaw))[..., 0]
    up = np.array([0.0, 0.0, 1.0])
    cos, sin = np.cos(pitch)[..., None], np.sin(pitch)[..., None]
    along = cos * forward - sin * up
    normal = sin * forward + cos * up
    below = ankle_m - athlete.ankle_height * normal
    return Feet(
        ankle=ankle_m,
        heel=below - athlete.heel_to_ankle_m * along,
        toe=below + athlete.ball_to_ankle_m * along,
        forward=np.broadcast_to(forward, ankle_m.shape),
    )


def whole_body(
    athlete: Athlete, *, root_m: Array, upper: dict[str, Array], feet: Feet, knee_pole: Array
) -> dict[str, Array]:
    """Every point of the body in world, (T, 3) each: COCO's 17, `left_toe`, `left_heel`, `left_hand` and the right's.

    root_m: (T, 3) middle of the hips. knee_pole: (T, 2, 3) the side to which the knees bend.
    """
    points = {k: v + root_m for k, v in upper.items() if v.ndim == 2}
    for side, name in enumerate(("left", "right")):
        knee, ankle = two_link(
            points[f"{name}_hip"],
            feet.ankle[:, side],
            lengths=(athlete.thigh, athlete.shank),
            pole=knee_pole[:, side],
        )
        shift = ankle - feet.ankle[:, side]
        points[f"{name}_knee"], points[f"{name}_ankle"] = knee, ankle
        points[f"{name}_toe"], points[f"{name}_heel"] = feet.toe[:, side] + shift, feet.heel[:, side] + shift
    return points


def joint_positions(points: dict[str, Array]) -> Array:
    """(T, 17, 3) of the COCO joints among the points."""
    frames = len(points["nose"])
    positions = np.empty((frames, JOINT_COUNT, 3))
    for name, i in INDEX.items():
        positions[:, i] = points[name]
    return positions


def center_of_mass(points: dict[str, Array]) -> Array:
    """(T, 3) centre of mass of the whole body, by MASS_SHARES."""

    def part(segment: str, proximal: Array, distal: Array) -> Array:
        mass, ratio = MASS_SHARES[segment]
        return mass * (proximal + ratio * (distal - proximal))

    hips = (points["left_hip"] + points["right_hip"]) / 2
    shoulders = (points["left_shoulder"] + points["right_shoulder"]) / 2
    ears = (points["left_ear"] + points["right_ear"]) / 2
    total = part("trunk", hips, shoulders) + part("head", shoulders, ears)
    for side in ("left", "right"):
        p = {k: points[f"{side}_{k}"] for k in ("hip", "knee", "ankle", "heel", "toe")}
        total = total + part("thigh", p["hip"], p["knee"]) + part("shank", p["knee"], p["ankle"])
        total = total + part("foot", p["heel"], p["toe"])
        total = total + part("upper_arm", points[f"{side}_shoulder"], points[f"{side}_elbow"])
        total = total + part("forearm", points[f"{side}_elbow"], points[f"{side}_wrist"])
        total = total + part("hand", points[f"{side}_wrist"], points[f"{side}_hand"])
    return total
