"""What an action's own module hands over: points over time, events, and the idle sway that all actions share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import Curve, minimum_jerk
from sport_nodes.lab.kinematics import Feet, Posture, two_link, upper_body, whole_body

Array = NDArray[np.float64]
#: Every point of the body (and the ball) at (T,) times, as (T, 3) by name.
Pose = Callable[[Array], dict[str, Array]]

#: Feet turned out while standing: 7 degrees a side (Murray et al. 1964, walking patterns of normal men).
TOE_OUT_RAD = np.radians(7.0)
#: The knee keeps this flexion where the leg is at its straightest, so that a planted foot stays within reach [rad].
MINIMUM_KNEE_FLEXION_RAD = np.radians(3.0)
#: The two legs' greatest heights are blended over this distance, so that the hips do not jerk between them [m].
LEG_BLEND_M = 0.002


@dataclass(frozen=True, eq=False)
class Plan:
    """One trial before it is sampled.

    pose: the points at any times from 0 to duration_s. keyframes: (name, seconds, repetition) in order of time.
    bounds_s: (R, stages + 1).
    """

    pose: Pose
    duration_s: float
    keyframes: tuple[tuple[str, float, int], ...]
    bounds_s: Array


def neutral_posture(frames: int, **angles: Array) -> Posture:
    """A posture of zeros, (T,) or (T, 2) for the arms, with the given angles put in."""
    values: dict[str, Array] = {name: np.zeros(frames) for name in _TRUNK} | {
        name: np.zeros((frames, 2)) for name in _ARMS
    }
    for name, angle in angles.items():
        values[name] = np.broadcast_to(angle, values[name].shape)
    return Posture(**values)


_TRUNK = (
    "pelvis_pitch",
    "pelvis_roll",
    "pelvis_yaw",
    "spine_flex",
    "spine_side",
    "spine_twist",
    "neck_flex",
    "neck_turn",
)
_ARMS = ("arm_flex", "arm_abd", "arm_rot", "elbow", "wrist")

#: The line from hips to shoulders leans by the sum of both: pelvis times PELVIS_OF_LEAN, spine times SPINE_OF_LEAN.
PELVIS_OF_LEAN = 0.75
SPINE_OF_LEAN = 0.40
#: The neck gives back this share of the trunk's lean, so that the eyes stay on what is ahead.
NECK_OF_LEAN = -0.65


def leaning_trunk(lean_rad: Array) -> dict[str, Array]:
    """Pelvis, spine and neck for a trunk that leans forward by (T,) angles, as arguments of `neutral_posture`."""
    return {
        "pelvis_pitch": PELVIS_OF_LEAN * lean_rad,
        "spine_flex": SPINE_OF_LEAN * lean_rad,
        "neck_flex": NECK_OF_LEAN * (PELVIS_OF_LEAN + SPINE_OF_LEAN) * lean_rad,
    }


def thorax_pitch(posture: Posture) -> Array:
    """(T,) forward pitch of the thorax in world."""
    return posture.pelvis_pitch + posture.spine_flex


def root_over_feet(
    athlete: Athlete, *, feet: Feet, hips: Array, knee_rad: Array, lean_rad: Array, sideways_m: Array
) -> Array:
    """(T, 3) position of the hips' middle over planted feet.

    hips: (T, 2, 3) hip joints relative to their middle. knee_rad: (T,) flexion of the straighter knee.
    lean_rad: (T,) of the line from ankles to hips, forward positive.
    """
    a, b = athlete.thigh, athlete.shank
    length = np.sqrt(a * a + b * b + 2 * a * b * np.cos(np.maximum(knee_rad, MINIMUM_KNEE_FLEXION_RAD)))
    ankles = feet.ankle.mean(axis=1)
    root = np.empty((len(length), 3))
    root[:, 0] = ankles[:, 0] + length * np.sin(lean_rad)
    root[:, 1] = ankles[:, 1] + sideways_m
    flat = root[:, None, :2] + hips[:, :, :2] - feet.ankle[:, :, :2]
    rise = np.sqrt(length[:, None] ** 2 - np.sum(flat**2, axis=2))
    highest = feet.ankle[:, :, 2] + rise - hips[:, :, 2]
    low = highest.min(axis=1)
    gap = (highest - low[:, None]).max(axis=1)
    root[:, 2] = low - LEG_BLEND_M * np.log1p(np.exp(-gap / LEG_BLEND_M))
    return root


def quiet_weight(times_s: Array, *, begin_s: float, end_s: float, ramp_s: float = 0.3) -> Array:
    """(T,) 1 while the athlete waits, 0 between begin and end, with smooth ramps inside the waiting."""
    return minimum_jerk((begin_s - times_s) / ramp_s) + minimum_jerk((times_s - end_s) / ramp_s)


def sway_curves(rng: np.random.Generator, *, duration_s: float, sd: float, channels: int) -> Curve:
    """Slow wander as a curve: knots every SWAY_STEP_S, independent of the rate at which it is sampled."""
    knots = np.arange(-1.0, duration_s + 2 * SWAY_STEP_S + 1.0, SWAY_STEP_S)
    steps = rng.standard_normal((len(knots), channels))
    return Curve(knots, sd * steps)


#: Sway changes direction about once in this time: median frequency of quiet standing near 0.4 Hz (Winter 1995) [s].
SWAY_STEP_S = 0.9


#: Standard deviation of the hips' sway in quiet standing [m] (Winter 1995: about 4 mm).
SWAY_M = 0.004

#: Radius of the balls [m], from circumferences of 0.75 to 0.77 m (FIBA, size 7) and 0.65 to 0.67 m (FIVB).
BASKETBALL_RADIUS_M = 0.121
VOLLEYBALL_RADIUS_M = 0.105

GRAVITY_MPS2 = 9.81


def projectile(start_m: Array, velocity_mps: Array, since_s: Array, *, floor_m: float) -> Array:
    """(T, 3) path of a thrown ball; it stays where it reaches the floor (its centre at floor_m)."""
    drop = start_m[2] - floor_m
    land_s = (velocity_mps[2] + np.sqrt(max(velocity_mps[2] ** 2 + 2 * GRAVITY_MPS2 * drop, 0.0))) / GRAVITY_MPS2
    t = np.minimum(since_s, land_s)[:, None]
    return start_m + velocity_mps * t + np.array([0.0, 0.0, -0.5 * GRAVITY_MPS2]) * t**2


def standing_body(
    athlete: Athlete, posture: Posture, *, feet: Feet, knee_rad: Array, lean_rad: Array, sway_m: Array
) -> dict[str, Array]:
    """Every point of a body that stands on planted feet; sway_m: (T, 2) of the hips forward and to the left."""
    upper = upper_body(athlete, posture)
    hips = np.stack([upper["left_hip"], upper["right_hip"]], axis=1)
    length = athlete.thigh + athlete.shank
    root = root_over_feet(
        athlete,
        feet=feet,
        hips=hips,
        knee_rad=knee_rad,
        lean_rad=lean_rad + sway_m[:, 0] / length,
        sideways_m=sway_m[:, 1],
    )
    return whole_body(athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)


#: Knees bend to the side of the toes, a little upwards so that a leg stretched out ahead keeps its knee up.
KNEE_POLE = np.array([0.0, 0.0, 0.25])


def place_arm(
    athlete: Athlete, points: dict[str, Array], *, side: str, wrist_m: Array, pole: Array, hand: Array
) -> None:
    """Bring one wrist to (T, 3) wrist_m, with the elbow on the side of `pole` and the hand along (T, 3) unit `hand`."""
    elbow, end = two_link(points[f"{side}_shoulder"], wrist_m, lengths=(athlete.upper_arm, athlete.forearm), pole=pole)
    points[f"{side}_elbow"], points[f"{side}_wrist"] = elbow, end
    points[f"{side}_hand"] = end + athlete.hand * hand


def unit(vectors: Array) -> Array:
    """(..., 3) vectors scaled to length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def time_of_extreme(signal: Array, times_s: Array) -> float:
    """Time of the largest value, refined by the parabola through it and its neighbours."""
    i = int(np.clip(np.argmax(signal), 1, len(signal) - 2))
    before, at, after = signal[i - 1 : i + 2]
    bend = before - 2.0 * at + after
    shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return float(times_s[i] + np.clip(shift, -1.0, 1.0) * (times_s[i + 1] - times_s[i]))
