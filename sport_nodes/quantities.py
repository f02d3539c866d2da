"""What can be read off a skeleton, by name: angles, inclinations, heights, distances and speeds, each over time.

Every quantity is independent of where the athlete stands, which way he or she faces and how tall he or she is:
directions are the athlete's own (forward, left, up) and lengths are in % of body height. Angles are in degrees.
All functions take positions with any leading dimensions, (..., T, 17, 3), and give (..., T).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.body import Body, angle_deg
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

# Arms reach about 60 degrees backwards and 180 forwards, thighs 30 and 140: angles are cut where no limb goes.
_CUT_DEG: Final = -120.0


@dataclass(frozen=True)
class Quantity:
    """A named number over time. joints may hold {side}; a sided quantity has one value for each side.

    read takes the body and "left", "right" or "".
    """

    unit: str
    joints: tuple[str, ...]
    read: Callable[[Body, str], Array]

    @property
    def sided(self) -> bool:
        return any("{side}" in joint for joint in self.joints)

    def joints_of(self, side: str) -> tuple[str, ...]:
        """Names of the joints it is read from on one side ("" for both)."""
        sides = (side,) if side else ("left", "right")
        names = [joint.format(side=s) for joint in self.joints for s in sides]
        return tuple(dict.fromkeys(names))


def _cut(angle: Array) -> Array:
    return _CUT_DEG + np.mod(angle - _CUT_DEG, 360.0)


def _flexion(body: Body, upper: str, middle: str, lower: str) -> Array:
    centre = body.joint(middle)
    return 180.0 - angle_deg(body.joint(upper) - centre, body.joint(lower) - centre)


def _knee_flexion(body: Body, side: str) -> Array:
    return _flexion(body, f"{side}_hip", f"{side}_knee", f"{side}_ankle")


def _hip_flexion(body: Body, side: str) -> Array:
    """Of the thigh against the trunk in the sagittal plane: 0 straight, negative overstretched."""
    thigh = body.joint(f"{side}_knee") - body.joint(f"{side}_hip")
    return _cut(body.reach_deg(thigh) + body.lean_deg(body.trunk))


def _elbow_flexion(body: Body, side: str) -> Array:
    return _flexion(body, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")


def _upper_arm(body: Body, side: str) -> Array:
    return body.joint(f"{side}_elbow") - body.joint(f"{side}_shoulder")


def _shoulder_elevation(body: Body, side: str) -> Array:
    return angle_deg(_upper_arm(body, side), -body.trunk)


def _shoulder_flexion(body: Body, side: str) -> Array:
    """Of the upper arm against the trunk in the sagittal plane: 0 hanging, forward positive, backward negative."""
    arm = _upper_arm(body, side)
    return _cut(body.reach_deg(arm) - body.reach_deg(-body.trunk))


def _arm_swing(body: Body, side: str) -> Array:
    """Of the line from shoulder to wrist against straight down: forward positive, 180 straight up."""
    return _cut(body.reach_deg(body.joint(f"{side}_wrist") - body.joint(f"{side}_shoulder")))


def _upper_arm_forward(body: Body, side: str) -> Array:
    """How far the upper arm points forward of the plane of trunk and shoulders, -90 to 90; needs no heading."""
    across = body.joint("left_shoulder") - body.joint("right_shoulder")
    ahead = np.cross(across, body.trunk)
    return 90.0 - angle_deg(_upper_arm(body, side), ahead)


def _elbow_flare(body: Body, side: str) -> Array:
    """How far the upper arm points outward of the sagittal plane."""
    outward = body.left if side == "left" else -body.left
    arm = _upper_arm(body, side)
    return np.degrees(np.arcsin(np.clip(arm @ outward / np.linalg.norm(arm, axis=-1), -1.0, 1.0)))


def _upper_arm_elevation(body: Body, side: str) -> Array:
    """Of the upper arm above the horizontal."""
    arm = _upper_arm(body, side)
    return np.degrees(np.arctan2(arm[..., 2], np.hypot(arm[..., 0], arm[..., 1])))


def _forearm_elevation(body: Body, side: str) -> Array:
    """Of the forearm above the horizontal, hand up positive; has no jump anywhere and needs no heading."""
    arm = body.joint(f"{side}_wrist") - body.joint(f"{side}_elbow")
    return np.degrees(np.arctan2(arm[..., 2], np.hypot(arm[..., 0], arm[..., 1])))


def _forearm_inclination(body: Body, side: str) -> Array:
    """Of the forearm from straight up in the sagittal plane, forward positive."""
    return body.lean_deg(body.joint(f"{side}_wrist") - body.joint(f"{side}_elbow"))


def _thigh_inclination(body: Body, side: str) -> Array:
    """Of the thigh from straight down, knee forward positive: 0 standing, 90 horizontal."""
    return body.reach_deg(body.joint(f"{side}_knee") - body.joint(f"{side}_hip"))


def _shank_inclination(body: Body, side: str) -> Array:
    return body.lean_deg(body.joint(f"{side}_knee") - body.joint(f"{side}_ankle"))


def _leg_reach(body: Body, side: str) -> Array:
    """Of the line from hip to ankle against straight down, foot forward positive."""
    return body.reach_deg(body.joint(f"{side}_ankle") - body.joint(f"{side}_hip"))


def _trunk_inclination(body: Body, side: str) -> Array:
    return body.lean_deg(body.trunk)


def _trunk_side_lean(body: Body, side: str) -> Array:
    """Of the trunk in the frontal plane, to the left positive."""
    return np.degrees(
        np.arctan2(body.trunk @ body.left, np.linalg.norm(body.trunk - _along(body.trunk, body.left), axis=-1))
    )


def _along(vectors: Array, axis: Array) -> Array:
    return (vectors @ axis)[..., None] * axis


def _trunk_twist(body: Body, side: str) -> Array:
    """Of the shoulder line against the hip line about the trunk, left shoulder forward positive."""
    axis = body.trunk / np.linalg.norm(body.trunk, axis=-1, keepdims=True)
    shoulders = body.joint("left_shoulder") - body.joint("right_shoulder")
    hips = body.joint("left_hip") - body.joint("right_hip")
    sine = np.sum(np.cross(shoulders, hips) * axis, axis=-1)
    along = np.sum(shoulders * axis, axis=-1) * np.sum(hips * axis, axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(shoulders * hips, axis=-1) - along))


def _tilt(name: str) -> Callable[[Body, str], Array]:
    """Of the line between a joint's two sides above the horizontal, left side up positive."""

    def read(body: Body, side: str) -> Array:
        line = body.joint(f"left_{name}") - body.joint(f"right_{name}")
        return np.degrees(np.arctan2(line[..., 2], np.linalg.norm(line[..., :2], axis=-1)))

    return read


def _head_pitch(body: Body, side: str) -> Array:
    """Of the line from ears to nose above the horizontal."""
    line = body.joint("nose") - body.middle("ear")
    return np.degrees(np.arctan2(line[..., 2], np.linalg.norm(line[..., :2], axis=-1)))


def _height(name: str) -> Callable[[Body, str], Array]:
    def read(body: Body, side: str) -> Array:
        return body.percent(body.joint(name.format(side=side))[..., 2])

    return read


def _above(name: str, other: str) -> Callable[[Body, str], Array]:
    def read(body: Body, side: str) -> Array:
        difference = body.joint(name.format(side=side)) - body.joint(other.format(side=side))
        return body.percent(difference[..., 2])

    return read


def _ahead(name: str, other: str) -> Callable[[Body, str], Array]:
    def read(body: Body, side: str) -> Array:
        difference = body.joint(name.format(side=side)) - body.joint(other.format(side=side))
        return body.percent(difference @ body.forward)

    return read


def _gap(name: str) -> Callable[[Body, str], Array]:
    def read(body: Body, side: str) -> Array:
        return body.percent(np.linalg.norm(body.joint(f"left_{name}") - body.joint(f"right_{name}"), axis=-1))

    return read


def _elbow_to_knee(body: Body, side: str) -> Array:
    return body.percent(np.linalg.norm(body.joint(f"{side}_elbow") - body.joint(f"{side}_knee"), axis=-1))


def _wrist_to_nose(body: Body, side: str) -> Array:
    return body.percent(np.linalg.norm(body.joint(f"{side}_wrist") - body.joint("nose"), axis=-1))


def _shoulder_height(body: Body, side: str) -> Array:
    return body.percent(body.middle("shoulder")[..., 2])


def _pelvis_height(body: Body, side: str) -> Array:
    return body.percent(body.middle("hip")[..., 2])


def _pelvis_forward(body: Body, side: str) -> Array:
    return body.percent(body.middle("hip") @ body.forward)


def _feet_forward(body: Body, side: str) -> Array:
    return body.percent(body.middle("ankle") @ body.forward)


def _feet_height(body: Body, side: str) -> Array:
    return body.percent(body.middle("ankle")[..., 2])


def _com_height(body: Body, side: str) -> Array:
    return body.percent(body.centre_of_mass_m[..., 2])


def _com_over_feet(body: Body, side: str) -> Array:
    """How far the centre of mass is ahead of the ankles."""
    return body.percent((body.centre_of_mass_m - body.middle("ankle")) @ body.forward)


def _com_rise_speed(body: Body, side: str) -> Array:
    return body.rate(body.centre_of_mass_m[..., 2])


def _com_forward_speed(body: Body, side: str) -> Array:
    return body.rate(body.centre_of_mass_m @ body.forward)


def _com_path_angle(body: Body, side: str) -> Array:
    """Of the centre of mass's velocity above the horizontal, in the sagittal plane."""
    return np.degrees(np.arctan2(_com_rise_speed(body, side), _com_forward_speed(body, side)))


def _wrist_rise_speed(body: Body, side: str) -> Array:
    return body.rate(body.joint(f"{side}_wrist")[..., 2])


def _wrist_speed(body: Body, side: str) -> Array:
    velocity = np.gradient(body.joint(f"{side}_wrist"), body.times_s, axis=-2)
    return np.linalg.norm(velocity, axis=-1)


def _wrist_path_angle(body: Body, side: str) -> Array:
    """Of the wrist's velocity above the horizontal, in the sagittal plane."""
    forward = body.rate(body.joint(f"{side}_wrist") @ body.forward)
    return np.degrees(np.arctan2(_wrist_rise_speed(body, side), forward))


_ARM: Final = ("{side}_shoulder", "{side}_elbow", "{side}_wrist")
_LEG: Final = ("{side}_hip", "{side}_knee", "{side}_ankle")
_TRUNK: Final = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
_HIPS: Final = ("left_hip", "right_hip")
_ANKLES: Final = ("left_ankle", "right_ankle")
_SHOULDERS: Final = ("left_shoulder", "right_shoulder")
_MASSES: Final = tuple(n for n in INDEX if not n.endswith(("nose", "eye", "ear")))

QUANTITIES: Final[dict[str, Quantity]] = {
    "knee_flexion": Quantity("deg", _LEG, _knee_flexion),
    "hip_flexion": Quantity("deg", ("{side}_knee", "{side}_hip", *_TRUNK), _hip_flexion),
    "elbow_flexion": Quantity("deg", _ARM, _elbow_flexion),
    "shoulder_elevation": Quantity("deg", (*_ARM[:2], *_TRUNK), _shoulder_elevation),
    "shoulder_flexion": Quantity("deg", (*_ARM[:2], *_TRUNK), _shoulder_flexion),
    "arm_swing": Quantity("deg", ("{side}_shoulder", "{side}_wrist"), _arm_swing),
    "upper_arm_forward": Quantity("deg", (*_ARM[:2], *_TRUNK), _upper_arm_forward),
    "elbow_flare": Quantity("deg", _ARM[:2], _elbow_flare),
    "upper_arm_elevation": Quantity("deg", _ARM[:2], _upper_arm_elevation),
    "forearm_elevation": Quantity("deg", _ARM[1:], _forearm_elevation),
    "forearm_inclination": Quantity("deg", _ARM[1:], _forearm_inclination),
    "thigh_inclination": Quantity("deg", _LEG[:2], _thigh_inclination),
    "shank_inclination": Quantity("deg", _LEG[1:], _shank_inclination),
    "leg_reach": Quantity("deg", ("{side}_hip", "{side}_ankle"), _leg_reach),
    "trunk_inclination": Quantity("deg", _TRUNK, _trunk_inclination),
    "trunk_side_lean": Quantity("deg", _TRUNK, _trunk_side_lean),
    "trunk_twist": Quantity("deg", _TRUNK, _trunk_twist),
    "shoulder_tilt": Quantity("deg", _SHOULDERS, _tilt("shoulder")),
    "hip_tilt": Quantity("deg", _HIPS, _tilt("hip")),
    "head_pitch": Quantity("deg", ("nose", "left_ear", "right_ear"), _head_pitch),
    "wrist_height": Quantity("% height", ("{side}_wrist",), _height("{side}_wrist")),
    "elbow_height": Quantity("% height", ("{side}_elbow",), _height("{side}_elbow")),
    "ankle_height": Quantity("% height", ("{side}_ankle",), _height("{side}_ankle")),
    "wrist_above_nose": Quantity("% height", ("{side}_wrist", "nose"), _above("{side}_wrist", "nose")),
    "wrist_above_shoulder": Quantity("% height", _ARM[::2], _above("{side}_wrist", "{side}_shoulder")),
    "elbow_above_shoulder": Quantity("% height", _ARM[:2], _above("{side}_elbow", "{side}_shoulder")),
    "wrist_ahead_of_shoulder": Quantity("% height", _ARM[::2], _ahead("{side}_wrist", "{side}_shoulder")),
    "wrist_ahead_of_hip": Quantity("% height", ("{side}_wrist", "{side}_hip"), _ahead("{side}_wrist", "{side}_hip")),
    "ankle_ahead_of_hip": Quantity("% height", ("{side}_ankle", "{side}_hip"), _ahead("{side}_ankle", "{side}_hip")),
    "ankle_forward": Quantity("% height", ("{side}_ankle", *_HIPS), _ahead("{side}_ankle", "left_hip")),
    "wrist_gap": Quantity("% height", ("left_wrist", "right_wrist"), _gap("wrist")),
    "elbow_gap": Quantity("% height", ("left_elbow", "right_elbow"), _gap("elbow")),
    "ankle_gap": Quantity("% height", _ANKLES, _gap("ankle")),
    "elbow_to_knee": Quantity("% height", ("{side}_elbow", "{side}_knee"), _elbow_to_knee),
    "wrist_to_nose": Quantity("% height", ("{side}_wrist", "nose"), _wrist_to_nose),
    "shoulder_height": Quantity("% height", _SHOULDERS, _shoulder_height),
    "pelvis_height": Quantity("% height", _HIPS, _pelvis_height),
    "pelvis_forward": Quantity("% height", _HIPS, _pelvis_forward),
    "feet_height": Quantity("% height", _ANKLES, _feet_height),
    "feet_forward": Quantity("% height", _ANKLES, _feet_forward),
    "com_height": Quantity("% height", _MASSES, _com_height),
    "com_over_feet": Quantity("% height", _MASSES, _com_over_feet),
    "com_rise_speed": Quantity("m/s", _MASSES, _com_rise_speed),
    "com_forward_speed": Quantity("m/s", _MASSES, _com_forward_speed),
    "com_path_angle": Quantity("deg", _MASSES, _com_path_angle),
    "wrist_speed": Quantity("m/s", ("{side}_wrist",), _wrist_speed),
    "wrist_rise_speed": Quantity("m/s", ("{side}_wrist",), _wrist_rise_speed),
    "wrist_path_angle": Quantity("deg", ("{side}_wrist",), _wrist_path_angle),
}


def read_quantity(body: Body, name: str, side: str = "") -> Array:
    """(..., T) of one quantity; of a sided one with side "", the mean of both sides."""
    quantity = QUANTITIES[name]
    if quantity.sided and not side:
        return 0.5 * (quantity.read(body, "left") + quantity.read(body, "right"))
    return quantity.read(body, side)
