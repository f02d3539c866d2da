"""The flight of a jump: the centre of mass on its parabola, the limbs hanging on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import Curve
from sport_nodes.lab.jump_posture import LANDING_ROLL_SHARE, JumpPosture, JumpTimes
from sport_nodes.lab.kinematics import SIDE_SIGN, center_of_mass, hanging_feet, upper_body, whole_body
from sport_nodes.lab.trial_plan import GRAVITY_MPS2, KNEE_POLE, TOE_OUT_RAD

Array = NDArray[np.float64]

#: A knee that extends into the flight is braked short of this flexion; braking way = speed times time / BRAKE_SHAPE.
STRAIGHTEST_RAD: Final = np.radians(14.0)
BRAKE_SHAPE: Final = 2.0
#: The knee is bent most at this share of the flight.
TUCK_SHARE: Final = 0.55
#: In a flight shorter than this the legs must be tucked more to clear the floor, by so much for each second less.
LEISURE_S: Final = 0.50
HURRIED_TUCK_RAD: Final = np.radians(260.0)
#: Feet under the floor by less than this touch it [m]; those under it by more are lifted, with a little to spare.
BRUSHING_M: Final = 1e-3
LIFT_GAIN: Final = 1.2
#: The feet land this share of the stance's stagger apart in excess, because uneven legs swing unevenly.
LANDING_STAGGER: Final = 1.6
#: Straightest knee at the landing.
LANDING_KNEE_RAD: Final = np.radians(12.0)


@dataclass(frozen=True, eq=False)
class Flight:
    """Call it with (T,) times for the points of the body; the legs' line, sideways offset and knees are curves."""

    athlete: Athlete
    posture: JumpPosture
    times: JumpTimes
    com_start_m: Array
    com_velocity_mps: Array
    lines: Curve
    knees: tuple[Curve, Curve]

    def __call__(self, times_s: Array) -> dict[str, Array]:
        """Every point of the body, (T, 3) by name, at (T,) times in the air."""
        since = (times_s - self.times.take_off)[:, None]
        com = self.com_start_m + self.com_velocity_mps * since + np.array([0.0, 0.0, -0.5 * GRAVITY_MPS2]) * since**2
        points = self._hung_body(times_s, lift_m=np.zeros((len(times_s), 2)))
        shift = com - center_of_mass(points)
        # Feet that would brush the floor are pulled up; the hips then hang a little lower, by the feet's small mass.
        lowest = np.stack(
            [np.minimum(points[f"{s}_heel"], points[f"{s}_toe"])[:, 2] for s in ("left", "right")], axis=1
        )
        under = np.maximum(-(lowest + shift[:, 2:]), 0.0)
        if under.max() > BRUSHING_M:
            points = self._hung_body(times_s, lift_m=LIFT_GAIN * under**2 / (under + BRUSHING_M))
            shift = com - center_of_mass(points)
        return {name: p + shift for name, p in points.items()}

    def time_to_touch_s(self) -> float:
        """Time from take-off until the heels, in the posture of the landing, reach the floor; 0 if that is too high."""
        points = self._hung_body(np.array([self.times.landing]), lift_m=np.zeros((1, 2)))
        heel = min(points["left_heel"][0, 2], points["right_heel"][0, 2])
        height = float(center_of_mass(points)[0, 2]) - heel
        rise, drop = float(self.com_velocity_mps[2]), float(self.com_start_m[2]) - height
        if rise**2 + 2.0 * GRAVITY_MPS2 * drop < 0.0:
            return 0.0
        return float((rise + np.sqrt(rise**2 + 2.0 * GRAVITY_MPS2 * drop)) / GRAVITY_MPS2)

    def _hung_body(self, times_s: Array, *, lift_m: Array) -> dict[str, Array]:
        """The body with the middle of the hips at the origin and the legs hanging free, feet pulled up by (T, 2)."""
        upper = upper_body(self.athlete, self.posture(times_s))
        lines = self.lines(times_s).reshape(-1, 2, 2)
        lean, sideways = lines[..., 0], lines[..., 1]
        knee = np.stack([curve(times_s) for curve in self.knees], axis=1)
        a, b = self.athlete.thigh, self.athlete.shank
        length = np.sqrt(a * a + b * b + 2.0 * a * b * np.cos(knee) - sideways**2)
        hips = np.stack([upper["left_hip"], upper["right_hip"]], axis=1)
        ankles = hips - np.stack([length * np.sin(lean), sideways, length * np.cos(lean) - lift_m], axis=-1)
        pitch = np.repeat(self.posture.foot(times_s)[:, None], 2, axis=1)
        feet = hanging_feet(self.athlete, ankle_m=ankles, yaw=SIDE_SIGN * TOE_OUT_RAD, pitch=pitch)
        root = np.zeros((len(times_s), 3))
        return whole_body(self.athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)


def fly(
    athlete: Athlete,
    posture: JumpPosture,
    times: JumpTimes,
    *,
    leaving: dict[str, Array],
    slope: Array,
    angles: Mapping[str, float],
    stagger_m: float,
    half_stance_m: float,
) -> Flight:
    """A flight that goes on from `leaving`: points at three instants up to take-off; slope @ points is their velocity.

    angles: the technique's, in radians. stagger_m: left foot ahead. half_stance_m: feet from the midline.
    """
    com = center_of_mass(leaving)
    lengths, lines = _legs(leaving)
    landing_lengths, landing_lines = _landing_legs(athlete, angles, stagger_m=stagger_m, half_stance_m=half_stance_m)
    knees = []
    for side in (0, 1):
        flexion = np.array([_knee_of_length(athlete, x) for x in lengths[:, side]])
        knees.append(
            _knee_curve(
                times,
                flexion=flexion[-1],
                rate=float(slope @ flexion),
                tuck=angles["flight_knee_flexion"],
                landing=_knee_of_length(athlete, landing_lengths[side]),
            )
        )
    begin = lines.reshape(3, 4)
    return Flight(
        athlete=athlete,
        posture=posture,
        times=times,
        com_start_m=com[-1],
        com_velocity_mps=slope @ com,
        lines=Curve(
            [times.take_off, times.landing],
            np.stack([begin[-1], landing_lines.ravel()]),
            np.stack([slope @ begin, np.zeros(4)]),
        ),
        knees=(knees[0], knees[1]),
    )


def _legs(points: dict[str, Array]) -> tuple[Array, Array]:
    """Lengths (T, 2) of the lines from ankle to hip, and (T, 2, 2) their lean and sideways offset."""
    lines = np.stack([points[f"{s}_hip"] - points[f"{s}_ankle"] for s in ("left", "right")], axis=1)
    lean = np.arctan2(lines[..., 0], lines[..., 2])
    return np.linalg.norm(lines, axis=-1), np.stack([lean, lines[..., 1]], axis=-1)


def _knee_of_length(athlete: Athlete, length_m: float) -> float:
    a, b = athlete.thigh, athlete.shank
    return float(np.arccos(np.clip((length_m**2 - a * a - b * b) / (2 * a * b), -1.0, 1.0)))


def _knee_curve(times: JumpTimes, *, flexion: float, rate: float, tuck: float, landing: float) -> Curve:
    """Knee flexion in flight: the extension is braked short of a straight leg, then the leg is tucked."""
    air = times.landing - times.take_off
    tuck = max(tuck, landing + HURRIED_TUCK_RAD * max(LEISURE_S - air, 0.0))
    brake_s, straight = 0.12 * air, flexion
    if rate < 0.0:
        room = max(flexion - STRAIGHTEST_RAD, np.radians(1.0))
        brake_s = min(BRAKE_SHAPE * room / -rate, 0.16 * air)
        straight = flexion + rate * brake_s / BRAKE_SHAPE
    return Curve(
        [times.take_off, times.take_off + brake_s, times.take_off + TUCK_SHARE * air, times.landing],
        [flexion, straight, tuck, landing],
        [rate, 0.0, 0.0, 0.0],
    )


def _landing_legs(
    athlete: Athlete, angles: Mapping[str, float], *, stagger_m: float, half_stance_m: float
) -> tuple[Array, Array]:
    """Lengths (2,) and lines (2, 2) at the landing: both heels at one height, the left foot ahead by the stagger."""
    length = athlete.leg_length_m(angles["landing_knee_flexion"])
    x = length * np.sin(angles["landing_reach"]) + SIDE_SIGN * LANDING_STAGGER / 2 * stagger_m
    sideways = SIDE_SIGN * (athlete.hip_width / 2 - half_stance_m)
    tilt = SIDE_SIGN * np.sin(LANDING_ROLL_SHARE * angles["pelvis_roll"]) * athlete.hip_width / 2
    longest = athlete.leg_length_m(LANDING_KNEE_RAD)
    z = np.sqrt(longest**2 - np.max(np.abs(x)) ** 2 - np.max(sideways**2)) - np.max(np.abs(tilt))
    z = min(float(z), length * float(np.cos(angles["landing_reach"]))) + tilt
    lengths = np.sqrt(x * x + z * z + sideways**2)
    return lengths, np.stack([np.arctan2(-x, z), sideways], axis=1)
