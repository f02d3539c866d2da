"""Standing long jump: from technique parameters to the whole body over time.

Stages: pre_swing from the first movement to the lowest point of the hips (keyframe deepest_crouch); take_off until both
balls of the feet leave the floor (take_off); flight until the heels touch it (landing), with the centre of mass at its
highest at flight_peak; landing until the athlete stands still again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import Curve, track
from sport_nodes.lab.kinematics import (
    SIDE_SIGN,
    Feet,
    Posture,
    center_of_mass,
    hanging_feet,
    planted_feet,
    upper_body,
    whole_body,
)
from sport_nodes.lab.trial_plan import (
    KNEE_POLE,
    SWAY_M,
    TOE_OUT_RAD,
    Plan,
    leaning_trunk,
    neutral_posture,
    quiet_weight,
    root_over_feet,
    sway_curves,
    thorax_pitch,
)

Array = NDArray[np.float64]

GRAVITY: Final = np.array([0.0, 0.0, -9.81])
#: Speed over the ground at the deepest point, as a share of the take-off's: the fall forward has begun (CMU jumps).
CROUCH_SPEED_SHARE: Final = 0.20
#: Rounds in which the drive is fitted to the take-off that is asked for; the speed is then met within 1 %.
ROUNDS: Final = 6
STANDING_KNEE_RAD: Final = np.radians(7.0)
STANDING_LEAN_RAD: Final = np.radians(1.0)
#: Step of the one-sided differences that give velocities at take-off [s].
STEP_S: Final = 5e-4
#: Toes up at the landing, and the time in which the foot comes down flat.
LANDING_FOOT_RAD: Final = np.radians(-14.0)
FOOT_FLAT_S: Final = 0.07
#: A knee that extends into the flight is braked here, and the braking way is this fraction of speed times time.
STRAIGHTEST_RAD: Final = np.radians(7.0)
BRAKE_SHAPE: Final = 2.0


@dataclass(frozen=True)
class _Times:
    onset: float
    deepest: float
    take_off: float
    landing: float
    lowest: float
    still: float
    end: float


class _Jump:
    """The curves of one jump; built for a given time of landing."""

    def __init__(
        self, athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle: tuple[float, float]
    ) -> None:
        self.athlete = athlete
        self.rad = {k.removesuffix("_deg"): np.radians(v) for k, v in technique.items() if k.endswith("_deg")}
        self.value = technique
        self.idle_before_s, self.idle_after_s = idle
        self._half_stance = athlete.hip_width / 2 + 0.02 * athlete.height_m
        self._yaw = SIDE_SIGN * TOE_OUT_RAD
        self._sway = sway_curves(rng, duration_s=30.0, sd=1.0, channels=4)
        self.onset = self.idle_before_s
        self.deepest = self.onset + technique["pre_swing_s"]
        self._plan_drive()
        flight_s = 0.5
        # The pose at landing does not depend on when it comes, so one look at it gives the time.
        for _ in range(2):
            self._plan_body(self.take_off + flight_s)
            self._plan_flight()
            flight_s = self._flight_time_s()
        self._plan_body(self.take_off + flight_s)
        self._plan_flight()
        self._plan_landing()

    # -- the ground before the flight

    def _ball(self, forward_m: float) -> Array:
        """(2, 3) balls of the flat feet: ankles at `forward_m`, the left foot ahead by half the stagger."""
        x = forward_m + self.athlete.ball_to_ankle_m * np.cos(TOE_OUT_RAD)
        x = x + SIDE_SIGN * self.value["stagger_m"] / 2
        return np.stack([x, SIDE_SIGN * self._half_stance, np.zeros(2)], axis=1)

    def _plan_drive(self) -> None:
        """Way of the hips from standing through the crouch to the take-off, so that speed and direction come out."""
        v, rad = self.value, self.rad
        speed = v["take_off_speed_mps"] * np.array([np.cos(rad["take_off_angle"]), np.sin(rad["take_off_angle"])])
        stand = self._over_feet(STANDING_KNEE_RAD, STANDING_LEAN_RAD, heel=0.0)
        # A flatter take-off leaves the floor with a line of the legs that is nearer to it.
        leg_lean = np.radians(26.0) + 0.6 * (np.radians(40.0) - rad["take_off_angle"])
        leave = self._over_feet(rad["take_off_knee_flexion"], leg_lean, heel=rad["heel_rise"])
        crouch_z = self._over_feet(rad["crouch_knee_flexion"], np.radians(8.0), heel=np.radians(3.0))[2]
        goal = np.array([speed[0], 0.0, speed[1]])
        hips_speed = goal.copy()
        # The hips move faster than the centre of mass, by as much as arms and legs lag: a few rounds settle it.
        for _ in range(ROUNDS):
            drive_s = 2.0 * (leave[2] - crouch_z) / hips_speed[2]
            crouch_x = leave[0] - 0.5 * (1.0 + CROUCH_SPEED_SHARE) * hips_speed[0] * drive_s
            crouch = self._at_x(crouch_x, rad["crouch_knee_flexion"])
            self.take_off = self.deepest + drive_s
            self._plan_body(self.take_off + 0.5)
            self._plan_root(stand, crouch, leave, hips_speed)
            lag = goal - self._com_velocity()
            hips_speed = hips_speed + lag

    def _over_feet(self, knee: float, lean: float, *, heel: float) -> Array:
        feet = self._feet_at(np.array([heel]), 0.0)
        hips = self._hip_offsets(1)
        root = root_over_feet(
            self.athlete,
            feet=feet,
            hips=hips,
            knee_rad=np.array([knee]),
            lean_rad=np.array([lean]),
            sideways_m=np.zeros(1),
        )
        return root[0]

    def _at_x(self, x: float, knee: float) -> Array:
        """Hips at a given x over flat feet with the knee bent as asked."""
        length = self.athlete.leg_length_m(knee)
        lean = float(np.arcsin(np.clip(x / length, -0.5, 0.7)))
        return self._over_feet(knee, lean, heel=np.radians(3.0))

    def _hip_offsets(self, frames: int) -> Array:
        side = np.zeros((frames, 2, 3))
        side[..., 1] = SIDE_SIGN * self.athlete.hip_width / 2
        return side

    def _feet_at(self, pitch: Array, forward_m: float) -> Feet:
        return planted_feet(
            self.athlete, ball_m=self._ball(forward_m), yaw=self._yaw, pitch=np.stack([pitch, pitch], axis=1)
        )

    def _plan_root(self, stand: Array, crouch: Array, leave: Array, speed: Array) -> None:
        pre = self.value["pre_swing_s"]
        early = stand + 0.36 * (crouch - stand)
        early[0] = stand[0] - 0.05 * self.athlete.height_m * np.sin(self.rad["crouch_trunk_lean"])
        sinking = np.array([0.0, 0.0, 0.18 * (crouch[2] - stand[2]) / pre])
        falling = np.array([CROUCH_SPEED_SHARE * speed[0], 0.0, 0.0])
        zero = np.zeros(3)
        self._root_before = Curve(
            [self.onset, self.onset + 0.40 * pre, self.deepest, self.take_off],
            np.stack([stand, early, crouch, leave]),
            np.stack([zero, sinking, falling, speed]),
            np.stack([zero, zero, zero, GRAVITY]),
        )

    # -- trunk, arms and feet

    def _plan_body(self, landing: float) -> None:
        v, rad = self.value, self.rad
        t, deep, leave = self.onset, self.deepest, self.take_off
        pre, air = v["pre_swing_s"], landing - leave
        self.landing = landing
        still = landing + 0.28 + v["recovery_s"]
        self.still, self.end = still, still + self.idle_after_s
        lean = rad["crouch_trunk_lean"]
        rest = np.radians(-2.0)
        self._lean = track(
            (t, rest),
            (t + 0.34 * pre, 0.55 * lean),
            (t + 0.66 * pre, 0.95 * lean),
            (deep, 0.90 * lean),
            (leave, rad["take_off_trunk_lean"]),
            (leave + 0.30 * air, 0.0),
            (landing, rad["landing_trunk_lean"]),
            (landing + 0.20, 1.35 * rad["landing_trunk_lean"]),
            (still, rest),
        )
        late = v["arm_delay_s"]
        swing = rad["forward_swing"]
        self._arm = track(
            (t, np.radians(-3.0)),
            (t + 0.24 * pre, rad["first_swing"]),
            (t + 0.66 * pre, -rad["back_swing"]),
            (leave + 0.02 + late, swing),
            (landing - 0.07 + 0.2 * late, 0.35 * swing),
            (landing + 0.26, np.radians(-14.0)),
            (still - 0.05, np.radians(-3.0)),
        )
        self._elbow = track(
            (t, np.radians(20)),
            (t + 0.55 * pre, np.radians(16)),
            (deep - 0.05 + late, np.radians(28)),
            (leave - 0.02 + late, np.radians(58)),
            (landing - 0.02 + 0.2 * late, np.radians(30)),
            (landing + 0.22, np.radians(18)),
            (still, np.radians(20)),
        )
        self._abduction = track(
            (t, np.radians(9)),
            (t + 0.6 * pre, np.radians(13)),
            (leave, np.radians(8)),
            (landing, np.radians(20)),
            (still, np.radians(9)),
        )
        self._roll = track((t, 0.0), (deep, rad["pelvis_roll"]), (landing, 0.5 * rad["pelvis_roll"]), (still, 0.0))
        self._foot = track(
            (deep - 0.15, 0.0),
            (deep, np.radians(3.0)),
            (leave, rad["heel_rise"]),
            (leave + 0.16 * air, rad["heel_rise"] + np.radians(6.0)),
            (landing, LANDING_FOOT_RAD),
            (landing + FOOT_FLAT_S, 0.0),
        )

    def _posture(self, times_s: Array) -> Posture:
        trunk = leaning_trunk(self._lean(times_s) + np.radians(0.6) * self._idle(times_s)[:, 2])
        trunk["pelvis_roll"] = self._roll(times_s)
        posture = neutral_posture(len(times_s), **trunk)
        world = self._arm(times_s) + np.radians(0.8) * self._idle(times_s)[:, 3]
        both = np.ones((1, 2))
        posture.arm_flex = (world + thorax_pitch(posture))[:, None] * both
        posture.arm_abd = self._abduction(times_s)[:, None] * both
        posture.elbow = self._elbow(times_s)[:, None] * both
        posture.arm_rot = np.full((len(times_s), 2), np.radians(15.0))
        return posture

    def _idle(self, times_s: Array) -> Array:
        """(T, 4) sway of hips (x, y), trunk and arms; 1 is one standard deviation of quiet standing."""
        weight = quiet_weight(times_s, begin_s=self.onset, end_s=self.still)
        return weight[:, None] * self._sway(times_s)

    # -- flight

    def _grounded(self, times_s: Array) -> dict[str, Array]:
        upper = upper_body(self.athlete, self._posture(times_s))
        root = self._root_before(times_s)
        root[:, :2] += SWAY_M * self._idle(times_s)[:, :2]
        feet = self._feet_at(np.maximum(self._foot(times_s), 0.0), 0.0)
        points = whole_body(self.athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)
        points["root"] = root
        return points

    def _before_take_off(self) -> tuple[dict[str, Array], Array]:
        times = self.take_off - STEP_S * np.array([2.0, 1.0, 0.0])
        return self._grounded(times), np.array([0.5, -2.0, 1.5]) / STEP_S

    def _com_velocity(self) -> Array:
        points, weights = self._before_take_off()
        return weights @ center_of_mass(points)

    def _leg_vectors(self, points: dict[str, Array]) -> Array:
        """(T, 2, 3): length, lean and sideways offset of the line from ankle to hip."""
        lines = np.stack([points[f"{s}_hip"] - points[f"{s}_ankle"] for s in ("left", "right")], axis=1)
        return np.stack(
            [np.linalg.norm(lines, axis=-1), np.arctan2(lines[..., 0], lines[..., 2]), lines[..., 1]], axis=-1
        )

    def _plan_flight(self) -> None:
        points, weights = self._before_take_off()
        com = center_of_mass(points)
        self._com_start, self._com_speed = com[-1], weights @ com
        legs = self._leg_vectors(points).reshape(3, 6)
        begin, begin_speed = legs[-1], weights @ legs
        air = self.landing - self.take_off
        land = self._landing_legs()
        self._legs = Curve(
            [self.take_off, self.landing],
            np.stack([begin, land.ravel()]),
            np.stack([begin_speed, np.zeros(6)]),
        )
        self._knees = [
            self._flight_knee(float(begin[3 * i]), float(begin_speed[3 * i]), float(land[i, 0]), air) for i in (0, 1)
        ]

    def _flight_knee(self, length: float, speed: float, landing_length: float, air: float) -> Curve:
        """Knee flexion in flight: the extension is braked short of a straight leg, then the leg is tucked."""
        flexion = self._knee_of_length(length)
        rate = (self._knee_of_length(length + speed * STEP_S) - flexion) / STEP_S
        brake_s, straight = 0.12 * air, flexion
        if rate < 0.0:
            room = max(flexion - STRAIGHTEST_RAD, np.radians(1.0))
            brake_s = min(BRAKE_SHAPE * room / -rate, 0.16 * air)
            straight = flexion + rate * brake_s / BRAKE_SHAPE
        return Curve(
            [self.take_off, self.take_off + brake_s, self.take_off + 0.55 * air, self.landing],
            [flexion, straight, self.rad["flight_knee_flexion"], self._knee_of_length(landing_length)],
            [rate, 0.0, 0.0, 0.0],
        )

    def _knee_of_length(self, length: float) -> float:
        a, b = self.athlete.thigh, self.athlete.shank
        return float(np.arccos(np.clip((length**2 - a * a - b * b) / (2 * a * b), -1.0, 1.0)))

    def _landing_legs(self) -> Array:
        """(2, 3) leg vectors of the landing: both heels at one height, the left foot ahead by the stagger."""
        length = self.athlete.leg_length_m(self.rad["landing_knee_flexion"])
        reach = self.rad["landing_reach"]
        x = length * np.sin(reach) + SIDE_SIGN * 0.8 * self.value["stagger_m"]
        z = length * np.cos(reach)
        longest = (self.athlete.thigh + self.athlete.shank) * np.cos(np.radians(5.0))
        z = np.minimum(z, np.sqrt(longest**2 - np.max(np.abs(x)) ** 2))
        roll = 0.5 * self.rad["pelvis_roll"]
        rise = SIDE_SIGN * np.sin(roll) * self.athlete.hip_width / 2
        z = z + rise
        sideways = SIDE_SIGN * (self.athlete.hip_width / 2 - self._half_stance)
        return np.stack([np.sqrt(x * x + z * z + sideways**2), np.arctan2(-x, z), sideways], axis=1)

    def _airborne(self, times_s: Array) -> dict[str, Array]:
        points = self._hung_body(times_s)
        since = (times_s - self.take_off)[:, None]
        com = self._com_start + self._com_speed * since + 0.5 * GRAVITY * since**2
        shift = com - center_of_mass(points)
        moved = {k: p + shift for k, p in points.items()}
        moved["root"] = shift
        return moved

    def _hung_body(self, times_s: Array) -> dict[str, Array]:
        """The body with the middle of the hips at the origin and the legs hanging free."""
        upper = upper_body(self.athlete, self._posture(times_s))
        legs = self._legs(times_s).reshape(-1, 2, 3)
        lean, sideways = legs[..., 1], legs[..., 2]
        a, b = self.athlete.thigh, self.athlete.shank
        knee = np.stack([curve(times_s) for curve in self._knees], axis=1)
        length = np.sqrt(a * a + b * b + 2.0 * a * b * np.cos(knee) - sideways**2)
        hips = np.stack([upper["left_hip"], upper["right_hip"]], axis=1)
        ankles = hips - np.stack([length * np.sin(lean), sideways, length * np.cos(lean)], axis=-1)
        pitch = np.repeat(self._foot(times_s)[:, None], 2, axis=1)
        feet = hanging_feet(self.athlete, ankle_m=ankles, yaw=self._yaw, pitch=pitch)
        root = np.zeros((len(times_s), 3))
        return whole_body(self.athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)

    def _flight_time_s(self) -> float:
        points = self._hung_body(np.array([self.landing]))
        height = float((center_of_mass(points)[0] - np.minimum(points["left_heel"], points["right_heel"])[0])[2])
        rise, drop = float(self._com_speed[2]), float(self._com_start[2]) - height
        return float((rise + np.sqrt(rise**2 + 2.0 * 9.81 * drop)) / 9.81)

    # -- landing

    def _plan_landing(self) -> None:
        touch = self._airborne(self.landing - STEP_S * np.array([2.0, 1.0, 0.0]))
        weights = np.array([0.5, -2.0, 1.5]) / STEP_S
        start, speed = touch["root"][-1], weights @ touch["root"]
        sole = self.athlete.ball_to_ankle_m + self.athlete.heel_to_ankle_m
        heels = np.stack([touch["left_heel"][-1], touch["right_heel"][-1]])
        forward = np.stack([np.cos(self._yaw), np.sin(self._yaw), np.zeros(2)], axis=1)
        self._ball_after = heels * np.array([1.0, 1.0, 0.0]) + sole * forward
        ankles = self._after_feet(np.array([self.landing + FOOT_FLAT_S])).ankle[0].mean(axis=0)
        deep = self.athlete.leg_length_m(self.rad["absorption_knee_flexion"])
        lowest = np.array([ankles[0] - 0.24 * deep, start[1], ankles[2] + deep * np.sqrt(1.0 - 0.24**2)])
        stand_feet = self._after_feet(np.array([self.still]))
        stand = root_over_feet(
            self.athlete,
            feet=stand_feet,
            hips=self._hip_offsets(1),
            knee_rad=np.array([STANDING_KNEE_RAD]),
            lean_rad=np.array([STANDING_LEAN_RAD]),
            sideways_m=np.zeros(1),
        )[0]
        self._root_after = [
            self._braking(start[i], float(speed[i]), lowest[i], stand[i], shape=shape)
            for i, shape in ((0, 1.6), (1, 1.6), (2, 1.7))
        ]

    def _braking(self, start: float, speed: float, lowest: float, stand: float, *, shape: float) -> Curve:
        """From the touch with its speed to a turning point and up to standing; the way sets the time it takes."""
        way = lowest - start
        stop_s = float(np.clip(shape * way / speed, 0.07, 0.34)) if speed * way > 0 else 0.22
        return Curve(
            [self.landing, self.landing + stop_s, self.still],
            [start, lowest, stand],
            [speed, 0.0, 0.0],
        )

    def _after_feet(self, times_s: Array) -> Feet:
        pitch = np.repeat(np.minimum(self._foot(times_s), 0.0)[:, None], 2, axis=1)
        return planted_feet(self.athlete, ball_m=self._ball_after, yaw=self._yaw, pitch=pitch)

    def _landed(self, times_s: Array) -> dict[str, Array]:
        upper = upper_body(self.athlete, self._posture(times_s))
        root = np.stack([curve(times_s) for curve in self._root_after], axis=1)
        root[:, :2] += SWAY_M * self._idle(times_s)[:, :2]
        feet = self._after_feet(times_s)
        return whole_body(self.athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward + KNEE_POLE)

    def pose(self, times_s: Array) -> dict[str, Array]:
        """Every point at (T,) times."""
        parts = (
            (times_s <= self.take_off, self._grounded),
            ((times_s > self.take_off) & (times_s < self.landing), self._airborne),
            (times_s >= self.landing, self._landed),
        )
        out: dict[str, Array] = {}
        for chosen, part in parts:
            if not chosen.any():
                continue
            for name, points in part(times_s[chosen]).items():
                if name != "root":
                    out.setdefault(name, np.empty((len(times_s), 3)))[chosen] = points
        return out


def plan_standing_long_jump(
    athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle_s: tuple[float, float]
) -> Plan:
    """Plan one jump. technique: values of `STANDING_LONG_JUMP`'s parameters. idle_s: quiet standing before and after."""
    jump = _Jump(athlete, technique, rng=rng, idle=idle_s)
    peak = jump.take_off + float(jump._com_speed[2]) / 9.81
    keyframes = (
        ("deepest_crouch", jump.deepest, 0),
        ("take_off", jump.take_off, 0),
        ("flight_peak", peak, 0),
        ("landing", jump.landing, 0),
    )
    bounds = np.array([[jump.onset, jump.deepest, jump.take_off, jump.landing, jump.still]])
    return Plan(pose=jump.pose, duration_s=jump.end, keyframes=keyframes, bounds_s=bounds)
