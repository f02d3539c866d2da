"""Basketball free throw, right-handed: from technique parameters to the whole body and the ball over time.

Stages: preparation from the first movement until the shooting wrist is at its lowest (the ball is brought down); dip
until the hips are at their lowest (keyframe lowest_dip); lift until the ball leaves the hand (release), the shooting
elbow bent most at set_point; release until the athlete stands still again, with the shooting wrist at its highest at
follow_through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import Curve, minimum_jerk, track
from sport_nodes.lab.kinematics import LEFT, RIGHT, SIDE_SIGN, Posture, planted_feet
from sport_nodes.lab.trial_plan import (
    BASKETBALL_RADIUS_M,
    GRAVITY_MPS2,
    SWAY_M,
    TOE_OUT_RAD,
    Plan,
    leaning_trunk,
    neutral_posture,
    projectile,
    quiet_weight,
    standing_body,
    sway_curves,
    time_of_extreme,
    unit,
)

Array = NDArray[np.float64]
rad = np.radians

#: Centre of the ring from the free-throw line and over the floor [m] (FIBA 2022).
RING_M: Final = (4.225, 3.05)
#: Entry of the ball into its flight: angle of release of proficient shooters (Cabarkapa et al. 2021: 56 degrees).
BALL_ANGLE_RAD: Final = np.radians(56.0)
#: From release to the wrist's highest point [s]: 0.13 in the real throws.
FOLLOW_S: Final = 0.13
LOWERING_S: Final = 0.85
#: In this time before the release the guide arm takes up its own course [s].
GUIDE_OWN_S: Final = 0.30
#: The guide elbow is bent by this share of the shooting elbow while both hands hold the ball.
GUIDE_ELBOW: Final = 0.92
#: The ball lies on the hand at this share of its length.
HAND_MIDDLE: Final = 0.55
EVENT_RATE_HZ: Final = 250.0


class _Throw:
    """The curves of one free throw."""

    def __init__(
        self, athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle: tuple[float, float]
    ) -> None:
        self.athlete = athlete
        v = technique
        self.onset = idle[0]
        self.low_ball = self.onset + v["preparation_s"]
        self.lowest = self.low_ball + v["dip_s"]
        self.release = self.lowest + v["lift_s"]
        self.follow = self.release + FOLLOW_S
        self.lowering = self.follow + v["follow_hold_s"]
        self.still = self.lowering + LOWERING_S
        self.end = self.still + idle[1]
        self._sway = sway_curves(rng, duration_s=self.end + 2.0, sd=1.0, channels=4)
        self._plan_legs(v)
        self._plan_shooting_arm(v)
        self._plan_guide_arm()
        half_stance = athlete.hip_width / 2 + 0.035 * athlete.height_m
        stagger = np.array([-0.5, 0.5]) * v["stance_stagger_m"]
        x = athlete.ball_to_ankle_m * np.cos(TOE_OUT_RAD) + stagger
        self._ball = np.stack([x, SIDE_SIGN * half_stance, np.zeros(2)], axis=1)
        held = self._held_ball(self._body(np.array([self.release])), np.array([self.release]))
        self._release_point = held[0]
        self._release_velocity = self._velocity_to_ring(held[0])

    def _plan_legs(self, v: Mapping[str, float]) -> None:
        dip, rest, prepared = rad(v["dip_knee_flexion_deg"]), rad(8.0), rad(v["preparation_knee_flexion_deg"])
        late = v["leg_drive_delay_s"]
        t, span = self.low_ball, self.lowest - self.low_ball
        bottom = self.lowest + np.clip(0.3 * late, -0.02, 0.05)
        first = prepared + 0.62 * (dip - prepared)
        self._knee = track(
            (self.onset, rest),
            (t - 0.1, prepared),
            (t + 0.18 * span, prepared + 0.06 * (dip - prepared)),
            (t + 0.46 * span, first),
            (t + 0.72 * span, prepared + 0.72 * (dip - prepared)),
            (bottom, dip),
            (self.release + late, rad(17.0)),
            (self.follow + 0.04 + late, rad(9.0)),
            (self.follow + 0.45 + late, rad(5.0)),
        )
        self._heel = track(
            (self.lowest, 0.0),
            (self.release + 0.02 + late, 0.9 * rad(v["heel_rise_deg"])),
            (self.follow - 0.02 + late, rad(v["heel_rise_deg"])),
            (self.follow + 0.42 + late, 0.0),
        )
        lean, back = rad(v["dip_trunk_lean_deg"]), rad(v["release_trunk_lean_deg"])
        self._trunk = track(
            (self.onset, rad(4.0)),
            (t, lean),
            (self.lowest - 0.15, 0.95 * lean),
            (self.release - 0.04, 0.6 * back),
            (self.follow + 0.1, back),
            (self.lowering + 0.3, 0.9 * back),
            (self.still, rad(1.0)),
        )
        # The eyes are on the ball first, then on the ring.
        self._gaze = track(
            (self.onset, rad(8.0)), (t, rad(22.0)), (t + 0.45 * span, rad(-2.0)), (self.release, rad(-10.0))
        )
        self._lean = track(
            (self.onset, rad(2.0)),
            (self.lowest, rad(0.0)),
            (self.release, rad(3.0)),
            (self.follow + 0.4, rad(2.0)),
        )

    def _plan_shooting_arm(self, v: Mapping[str, float]) -> None:
        t, span, lift = self.low_ball, self.lowest - self.low_ball, self.release - self.lowest
        arm_set, elbow_set = rad(v["set_upper_arm_deg"]), rad(v["set_elbow_flexion_deg"])
        arm_out, elbow_out = rad(v["release_upper_arm_deg"]), rad(v["release_elbow_flexion_deg"])
        arm_end, elbow_end = rad(v["follow_upper_arm_deg"]), rad(v["follow_elbow_flexion_deg"])
        ready = self.lowest + 0.15 * lift
        near = self.release - 0.3 * lift
        self._arm = track(
            (self.onset, rad(14.0)),
            (t, rad(18.0)),
            (t + 0.25 * span, rad(20.0)),
            (t + 0.58 * span, 0.40 * arm_set),
            (self.lowest - 0.45 * lift, 0.66 * arm_set),
            (ready, arm_set),
            (near, arm_set + 0.70 * (arm_out - arm_set)),
            (self.release, arm_out),
            (self.follow, arm_end),
            (self.lowering, arm_end),
            (self.still, rad(4.0)),
        )
        self._elbow = track(
            (self.onset, rad(86.0)),
            (t, rad(52.0)),
            (t + 0.28 * span, rad(86.0)),
            (t + 0.60 * span, rad(83.0)),
            (self.lowest - 0.45 * lift, 0.93 * elbow_set),
            (ready, elbow_set),
            (near, elbow_set + 0.45 * (elbow_out - elbow_set)),
            (self.release, elbow_out),
            (self.follow, elbow_end),
            (self.lowering, elbow_end),
            (self.lowering + 0.35, rad(42.0)),
            (self.still, rad(18.0)),
        )
        flare = rad(v["elbow_flare_deg"])
        self._abduction = track(
            (self.onset, rad(8.0)),
            (t + 0.4 * span, rad(8.0)),
            (ready - 0.1, flare),
            (self.release, 0.8 * flare),
            (self.lowering, 0.5 * flare),
            (self.still, rad(8.0)),
        )
        self._inward = track(
            (self.onset, rad(28.0)),
            (t + 0.4 * span, rad(24.0)),
            (ready - 0.1, rad(14.0) + 1.1 * flare),
            (self.release, rad(8.0) + 0.9 * flare),
            (self.still, rad(15.0)),
        )
        self._wrist = track(
            (self.onset, rad(12.0)),
            (t + 0.4 * span, rad(25.0)),
            (ready, rad(58.0)),
            (self.release - 0.06, rad(45.0)),
            (self.follow, -rad(v["follow_wrist_flexion_deg"])),
            (self.lowering, -rad(v["follow_wrist_flexion_deg"])),
            (self.still, 0.0),
        )

    def _plan_guide_arm(self) -> None:
        r = self.release
        free = [r - 0.1, r + 0.08, r + 0.34, r + 0.72, r + 1.25]
        self._guide = Curve(
            free,
            rad(np.array([[115.0, 80.0], [122.0, 70.0], [104.0, 78.0], [44.0, 62.0], [4.0, 18.0]])),
        )

        self._guide_inward = track((r - 0.45, rad(28.0)), (r - 0.2, rad(22.0)), (r + 0.3, rad(14.0)))

    def _posture(self, times_s: Array) -> Posture:
        idle = self._idle(times_s)
        lean = self._trunk(times_s) + rad(0.6) * idle[:, 2]
        trunk = leaning_trunk(lean)
        trunk["neck_flex"] = trunk["neck_flex"] + self._gaze(times_s)
        posture = neutral_posture(len(times_s), **trunk)
        guide = self._guide(times_s)
        both = np.zeros((len(times_s), 2))
        posture.arm_flex, posture.arm_abd, posture.arm_rot = both, both.copy(), both.copy()
        posture.elbow, posture.wrist = both.copy(), both.copy()
        posture.arm_flex[:, RIGHT] = self._arm(times_s) + 0.15 * lean + rad(0.8) * idle[:, 3]
        posture.elbow[:, RIGHT] = self._elbow(times_s)
        posture.arm_abd[:, RIGHT] = self._abduction(times_s)
        posture.arm_rot[:, RIGHT] = self._inward(times_s)
        posture.wrist[:, RIGHT] = self._wrist(times_s)
        # While both hands hold the ball the guide arm does much what the shooting arm does.
        own = minimum_jerk((times_s - self.release) / GUIDE_OWN_S + 1.0)
        posture.arm_flex[:, LEFT] = (1.0 - own) * self._arm(times_s) + own * guide[:, 0] + 0.15 * lean
        posture.elbow[:, LEFT] = (1.0 - own) * GUIDE_ELBOW * self._elbow(times_s) + own * guide[:, 1]
        posture.arm_abd[:, LEFT] = rad(8.0)
        posture.arm_rot[:, LEFT] = self._guide_inward(times_s)
        return posture

    def _idle(self, times_s: Array) -> Array:
        weight = quiet_weight(times_s, begin_s=self.onset, end_s=self.still)
        return weight[:, None] * self._sway(times_s)

    def _body(self, times_s: Array) -> dict[str, Array]:
        pitch = np.repeat(self._heel(times_s)[:, None], 2, axis=1)
        feet = planted_feet(self.athlete, ball_m=self._ball, yaw=SIDE_SIGN * TOE_OUT_RAD, pitch=pitch)
        return standing_body(
            self.athlete,
            self._posture(times_s),
            feet=feet,
            knee_rad=self._knee(times_s),
            lean_rad=self._lean(times_s),
            sway_m=SWAY_M * self._idle(times_s)[:, :2],
        )

    def _held_ball(self, points: dict[str, Array], times_s: Array) -> Array:
        """(T, 3) centre of the ball: between both hands at first, on the shooting hand's palm at the release."""
        hands = {s: unit(points[f"{s}_hand"] - points[f"{s}_wrist"]) for s in ("left", "right")}
        middles = {s: points[f"{s}_wrist"] + HAND_MIDDLE * self.athlete.hand * hands[s] for s in hands}
        ahead = unit(hands["left"] + hands["right"])
        between = (middles["left"] + middles["right"]) / 2 + 0.4 * BASKETBALL_RADIUS_M * ahead
        across = unit(points["left_shoulder"] - points["right_shoulder"])
        inward = unit(across - np.sum(across * hands["right"], axis=1, keepdims=True) * hands["right"])
        palm = middles["right"] + BASKETBALL_RADIUS_M * np.cross(inward, hands["right"])
        alone = minimum_jerk((times_s - self.release) / GUIDE_OWN_S + 1.0)[:, None]
        return (1.0 - alone) * between + alone * palm

    def _velocity_to_ring(self, start: Array) -> Array:
        way, rise = RING_M[0] + self.athlete.ball_to_ankle_m - start[0], RING_M[1] - start[2]
        tan, cos = np.tan(BALL_ANGLE_RAD), np.cos(BALL_ANGLE_RAD)
        speed = way / cos * np.sqrt(GRAVITY_MPS2 / (2.0 * (way * tan - rise)))
        return np.array([speed * cos, -start[1] * speed * cos / way, speed * np.sin(BALL_ANGLE_RAD)])

    def pose(self, times_s: Array) -> dict[str, Array]:
        """Every point of the body and the ball at (T,) times."""
        points = self._body(times_s)
        held = self._held_ball(points, times_s)
        flown = projectile(
            self._release_point, self._release_velocity, times_s - self.release, floor_m=BASKETBALL_RADIUS_M
        )
        points["ball"] = np.where((times_s < self.release)[:, None], held, flown)
        return points


def plan_free_throw(
    athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle_s: tuple[float, float]
) -> Plan:
    """Plan one throw. technique: values of `FREE_THROW`'s parameters. idle_s: quiet standing before and after."""
    throw = _Throw(athlete, technique, rng=rng, idle=idle_s)
    times = np.arange(throw.onset, throw.lowering + 0.1, 1.0 / EVENT_RATE_HZ)
    points = throw.pose(times)
    hips = points["left_hip"][:, 2] + points["right_hip"][:, 2]
    wrist = points["right_wrist"][:, 2]
    reach = np.linalg.norm(points["right_wrist"] - points["right_shoulder"], axis=1)

    def extreme(signal: Array, begin: float, end: float) -> float:
        chosen = (times >= begin) & (times <= end)
        return time_of_extreme(signal[chosen], times[chosen])

    ball_low = extreme(-wrist, throw.onset, throw.low_ball + 0.3)
    lowest = extreme(-hips, throw.lowest - 0.2, throw.release)
    set_point = extreme(-reach, lowest + 0.01, throw.release)
    follow = extreme(wrist, throw.release, throw.lowering + 0.1)
    keyframes = (
        ("lowest_dip", lowest, 0),
        ("set_point", set_point, 0),
        ("release", throw.release, 0),
        ("follow_through", follow, 0),
    )
    bounds = np.array([[throw.onset, ball_low, lowest, throw.release, throw.still]])
    return Plan(pose=throw.pose, duration_s=throw.end, keyframes=keyframes, bounds_s=bounds)
