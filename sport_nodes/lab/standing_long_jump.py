"""Standing long jump: from technique parameters to the whole body over time.

Stages: pre_swing from the first movement to the lowest point of the hips (keyframe deepest_crouch); take_off until both
balls of the feet leave the floor (take_off); flight until the heels touch it (landing), with the centre of mass at its
highest at flight_peak; landing until the athlete stands still again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import Curve
from sport_nodes.lab.jump_flight import Flight, fly
from sport_nodes.lab.jump_posture import ABSORPTION_S, CROUCH_HEEL_RAD, FOOT_FLAT_S, JumpPosture, JumpTimes
from sport_nodes.lab.kinematics import SIDE_SIGN, Feet, center_of_mass, planted_feet, upper_body, whole_body
from sport_nodes.lab.trial_plan import (
    GRAVITY_MPS2,
    KNEE_POLE,
    SWAY_M,
    TOE_OUT_RAD,
    Plan,
    root_over_feet,
    sway_curves,
    time_of_extreme,
)

Array = NDArray[np.float64]

#: Speed over the ground at the deepest point, as a share of the take-off's: the fall forward has begun (CMU jumps).
CROUCH_SPEED_SHARE: Final = 0.20
#: The hips leave the floor faster than the centre of mass by about this factor, because arms and legs lag.
HIPS_AHEAD: Final = 1.25
#: Rounds in which the drive is fitted to the take-off that is asked for.
FIT_ROUNDS: Final = 3
#: The drive takes at least this time [s].
SHORTEST_DRIVE_S: Final = 0.14
STANDING_KNEE_RAD: Final = np.radians(7.0)
STANDING_LEAN_RAD: Final = np.radians(1.0)
#: Line of the legs at take-off from vertical: at 40 degrees of take-off angle, and its change with that angle.
TAKE_OFF_LEGS_RAD: Final = (np.radians(26.0), -0.6)
#: First guess of the time in the air [s]; what comes before the landing does not depend on it.
FLIGHT_GUESS_S: Final = 0.5
#: Weights and times of a one-sided difference that gives velocities at an instant, of second order.
STEP_S: Final = 5e-4
BEFORE_S: Final = STEP_S * np.array([-2.0, -1.0, 0.0])
SLOPE: Final = np.array([0.5, -2.0, 1.5]) / STEP_S
#: The hips lie behind the ankles by this share of the leg's length at the landing's lowest point.
SITTING_BACK: Final = 0.24
#: Braking times of the landing as (way / speed) times this, within bounds [s].
BRAKE_SHAPE: Final = 1.65
BRAKE_S: Final = (0.07, 0.34)


class _Jump:
    """The parts of one jump: on the ground, in the air, on the ground again."""

    def __init__(
        self, athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle: tuple[float, float]
    ) -> None:
        self._athlete, self._value = athlete, technique
        self._rad = {k.removesuffix("_deg"): float(np.radians(v)) for k, v in technique.items() if k.endswith("_deg")}
        self._half_stance = athlete.hip_width / 2 + 0.02 * athlete.height_m
        self._yaw = SIDE_SIGN * TOE_OUT_RAD
        self._sway = sway_curves(rng, duration_s=idle[0] + idle[1] + LONGEST_JUMP_S, sd=1.0, channels=4)
        self.onset = idle[0]
        self.deepest = self.onset + technique["pre_swing_s"]
        self._fit_drive()
        self._fly()
        self._land()
        self.end = self.times.still + idle[1]

    def _set_times(self, take_off: float, flight_s: float) -> None:
        landing = take_off + flight_s
        still = landing + ABSORPTION_S + self._value["recovery_s"]
        self.times = JumpTimes(self.onset, self.deepest, take_off, landing, still)
        self._posture = JumpPosture(self._value, self.times, self._sway)

    # -- the ground before the flight

    def _ball(self) -> Array:
        """(2, 3) balls of the flat feet: ankles at x = 0, the left foot ahead by half the stagger."""
        x = self._athlete.ball_to_ankle_m * np.cos(TOE_OUT_RAD) + SIDE_SIGN * self._value["stagger_m"] / 2
        return np.stack([x, SIDE_SIGN * self._half_stance, np.zeros(2)], axis=1)

    def _feet_before(self, pitch: Array) -> Feet:
        both = np.repeat(pitch[:, None], 2, axis=1)
        return planted_feet(self._athlete, ball_m=self._ball(), yaw=self._yaw, pitch=both)

    def _hips_over(self, feet: Feet, *, knee: float, lean: float) -> Array:
        """(3,) middle of level hips over the first frame of planted feet."""
        hips = np.zeros((1, 2, 3))
        hips[..., 1] = SIDE_SIGN * self._athlete.hip_width / 2
        knees, leans = np.array([knee]), np.array([lean])
        return root_over_feet(
            self._athlete, feet=feet, hips=hips, knee_rad=knees, lean_rad=leans, sideways_m=np.zeros(1)
        )[0]

    def _fit_drive(self) -> None:
        """Way of the hips from standing through the crouch to the take-off, so that speed and direction come out."""
        rad, knee = self._rad, self._rad["crouch_knee_flexion"]
        flat, low = self._feet_before(np.zeros(1)), self._feet_before(np.array([CROUCH_HEEL_RAD]))
        stand = self._hips_over(flat, knee=STANDING_KNEE_RAD, lean=STANDING_LEAN_RAD)
        legs = TAKE_OFF_LEGS_RAD[0] + TAKE_OFF_LEGS_RAD[1] * (rad["take_off_angle"] - np.radians(40.0))
        raised = self._feet_before(np.array([rad["heel_rise"]]))
        leave = self._hips_over(raised, knee=rad["take_off_knee_flexion"], lean=legs)
        angle, speed = rad["take_off_angle"], self._value["take_off_speed_mps"]
        goal = speed * np.array([np.cos(angle), 0.0, np.sin(angle)])
        crouch_z = self._hips_over(low, knee=knee, lean=0.0)[2]
        hips_speed = HIPS_AHEAD * goal
        drive_s = max(2.0 * (leave[2] - crouch_z) / hips_speed[2], SHORTEST_DRIVE_S)
        self._set_times(self.deepest + drive_s, FLIGHT_GUESS_S)
        length = self._athlete.leg_length_m(knee)
        for _ in range(FIT_ROUNDS):
            x = leave[0] - 0.5 * (1.0 + CROUCH_SPEED_SHARE) * hips_speed[0] * drive_s
            lean = float(np.arcsin(np.clip(x / length, *CROUCH_REACH)))
            crouch = self._hips_over(low, knee=knee, lean=lean)
            self._plan_hips(stand, crouch, leave, hips_speed)
            hips_speed = hips_speed + goal - SLOPE @ center_of_mass(self._before(self.times.take_off + BEFORE_S))
        self._plan_hips(stand, crouch, leave, hips_speed)

    def _plan_hips(self, stand: Array, crouch: Array, leave: Array, speed: Array) -> None:
        pre = self._value["pre_swing_s"]
        early = stand + 0.26 * (crouch - stand)
        early[0] = stand[0] - 0.05 * self._athlete.height_m * np.sin(self._rad["crouch_trunk_lean"])
        sinking = np.array([0.0, 0.0, 0.18 * (crouch[2] - stand[2]) / pre])
        falling = np.array([CROUCH_SPEED_SHARE * speed[0], 0.0, 0.0])
        zero = np.zeros(3)
        self._root_before = Curve(
            [self.onset, self.onset + 0.40 * pre, self.deepest, self.times.take_off],
            np.stack([stand, early, crouch, leave]),
            np.stack([zero, sinking, falling, speed]),
            np.stack([zero, zero, zero, np.array([0.0, 0.0, -GRAVITY_MPS2])]),
        )

    def _before(self, times_s: Array) -> dict[str, Array]:
        upper = upper_body(self._athlete, self._posture(times_s))
        root = self._root_before(times_s)
        root[:, :2] += SWAY_M * self._posture.idle(times_s)[:, :2]
        feet = self._feet_before(np.maximum(self._posture.foot(times_s), 0.0))
        return whole_body(self._athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)

    # -- flight and landing

    def _fly(self) -> None:
        leaving = self._before(self.times.take_off + BEFORE_S)
        flight_s = self._flight(leaving).time_to_touch_s()
        # Who leaves the floor too slowly to get the legs out lands with them bent.
        while flight_s < SHORTEST_FLIGHT_S and self._rad["landing_knee_flexion"] < MOST_BENT_LANDING_RAD:
            self._rad["landing_knee_flexion"] += BENDING_STEP_RAD
            self._rad["landing_reach"] *= REACH_STEP
            flight_s = self._flight(leaving).time_to_touch_s()
        self._set_times(self.times.take_off, flight_s)
        self.flight = self._flight(leaving)

    def _flight(self, leaving: dict[str, Array]) -> Flight:
        return fly(
            self._athlete,
            self._posture,
            self.times,
            leaving=leaving,
            slope=SLOPE,
            angles=self._rad,
            stagger_m=self._value["stagger_m"],
            half_stance_m=self._half_stance,
        )

    def _land(self) -> None:
        touch = self.flight(self.times.landing + BEFORE_S)
        hips = (touch["left_hip"] + touch["right_hip"]) / 2
        start, speed = hips[-1], SLOPE @ hips
        sole = self._athlete.ball_to_ankle_m + self._athlete.heel_to_ankle_m
        heels = np.stack([touch["left_heel"][-1], touch["right_heel"][-1]])
        forward = np.stack([np.cos(self._yaw), np.sin(self._yaw), np.zeros(2)], axis=1)
        self._ball_after = heels * np.array([1.0, 1.0, 0.0]) + sole * forward
        flat = self._feet_after(np.array([self.times.landing + FOOT_FLAT_S]))
        ankles = flat.ankle[0].mean(axis=0)
        length = self._athlete.leg_length_m(self._rad["absorption_knee_flexion"])
        lowest = np.array(
            [ankles[0] - SITTING_BACK * length, ankles[1], ankles[2] + length * np.sqrt(1 - SITTING_BACK**2)]
        )
        stand = self._hips_over(flat, knee=STANDING_KNEE_RAD, lean=STANDING_LEAN_RAD)
        self._root_after = [self._braking(start[i], float(speed[i]), lowest[i], stand[i]) for i in range(3)]

    def _braking(self, start: float, speed: float, lowest: float, stand: float) -> Curve:
        """From the touch with its speed to a turning point and up to standing; the way sets the time it takes."""
        way, stop_s = lowest - start, TURNING_S
        if speed * way > 0.0:
            stop_s = float(np.clip(BRAKE_SHAPE * way / speed, *BRAKE_S))
        landing = self.times.landing
        return Curve([landing, landing + stop_s, self.times.still], [start, lowest, stand], [speed, 0.0, 0.0])

    def _feet_after(self, times_s: Array) -> Feet:
        pitch = np.repeat(np.minimum(self._posture.foot(times_s), 0.0)[:, None], 2, axis=1)
        return planted_feet(self._athlete, ball_m=self._ball_after, yaw=self._yaw, pitch=pitch)

    def _after(self, times_s: Array) -> dict[str, Array]:
        upper = upper_body(self._athlete, self._posture(times_s))
        root = np.stack([curve(times_s) for curve in self._root_after], axis=1)
        root[:, :2] += SWAY_M * self._posture.idle(times_s)[:, :2]
        feet = self._feet_after(times_s)
        return whole_body(self._athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)

    def pose(self, times_s: Array) -> dict[str, Array]:
        """Every point at (T,) times."""
        grounded, landed = times_s <= self.times.take_off, times_s >= self.times.landing
        parts = ((grounded, self._before), (~grounded & ~landed, self.flight), (landed, self._after))
        out: dict[str, Array] = {}
        for chosen, part in parts:
            if chosen.any():
                for name, points in part(times_s[chosen]).items():
                    out.setdefault(name, np.empty((len(times_s), 3)))[chosen] = points
        return out


#: Where the hips must turn back (a stiff landing on legs stretched out ahead) they do so in this time [s].
TURNING_S: Final = 0.10
#: How far the hips may lie before or behind the ankles in the crouch, as shares of the leg's length.
CROUCH_REACH: Final = (-0.25, 0.45)
#: Longer than any jump, for the length of the sway [s].
LONGEST_JUMP_S: Final = 6.0
#: Time that legs need from trailing to landing [s]; a slower take-off is made up for by bent knees at the landing.
SHORTEST_FLIGHT_S: Final = 0.32
MOST_BENT_LANDING_RAD: Final = np.radians(100.0)
BENDING_STEP_RAD: Final = np.radians(6.0)
REACH_STEP: Final = 0.95
EVENT_RATE_HZ: Final = 250.0


def plan_standing_long_jump(
    athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle_s: tuple[float, float]
) -> Plan:
    """Plan one jump. technique: values of STANDING_LONG_JUMP's parameters. idle_s: quiet standing before and after."""
    jump = _Jump(athlete, technique, rng=rng, idle=idle_s)
    t = jump.times
    around = np.arange(t.deepest - 0.2, t.take_off, 1.0 / EVENT_RATE_HZ)
    points = jump.pose(around)
    deepest = time_of_extreme(-points["left_hip"][:, 2] - points["right_hip"][:, 2], around)
    peak = t.take_off + float(jump.flight.com_velocity_mps[2]) / GRAVITY_MPS2
    keyframes = (
        ("deepest_crouch", deepest, 0),
        ("take_off", t.take_off, 0),
        ("flight_peak", peak, 0),
        ("landing", t.landing, 0),
    )
    bounds = np.array([[t.onset, deepest, t.take_off, t.landing, t.still]])
    return Plan(pose=jump.pose, duration_s=jump.end, keyframes=keyframes, bounds_s=bounds)
