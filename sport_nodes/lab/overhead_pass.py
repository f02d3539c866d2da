"""Volleyball overhead pass: from technique parameters to the whole body and the ball over time.

Stages: preparation from the first movement until the hands wait above the forehead (keyframe hands_set); load until the
hips are at their lowest (deepest_load); extension until the ball meets the hands (contact); follow_through until the
athlete stands still again, with the wrists at their highest at the keyframe follow_through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import track
from sport_nodes.lab.kinematics import SIDE_SIGN, planted_feet
from sport_nodes.lab.trial_plan import (
    GRAVITY_MPS2,
    SWAY_M,
    TOE_OUT_RAD,
    VOLLEYBALL_RADIUS_M,
    Plan,
    leaning_trunk,
    neutral_posture,
    place_arm,
    projectile,
    quiet_weight,
    standing_body,
    sway_curves,
    time_of_extreme,
    unit,
)

Array = NDArray[np.float64]
rad = np.radians

#: The ball stays in the hands for this time [s]: about 0.1 in an overhead pass.
BALL_IN_HANDS_S: Final = 0.09
#: From contact to full reach [s].
REACH_S: Final = 0.20
LOWERING_S: Final = 0.75
#: The ball arrives on, and leaves on, arcs of these velocities [m/s] (forward, up).
BALL_IN_MPS: Final = (-3.2, -4.2)
BALL_OUT_MPS: Final = (3.4, 5.6)
#: Share of the left-right difference of the raise that the elbows show.
ELBOW_SHARE: Final = 0.6
EVENT_RATE_HZ: Final = 250.0


class _Pass:
    """The curves of one overhead pass."""

    def __init__(
        self, athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle: tuple[float, float]
    ) -> None:
        self.athlete = athlete
        v = technique
        self.onset = idle[0]
        self.hands_set = self.onset + v["preparation_s"]
        self.deepest = self.hands_set + v["load_s"]
        self.contact = self.deepest + v["extension_s"]
        self.leaves = self.contact + BALL_IN_HANDS_S
        self.reach = self.contact + REACH_S
        self.lowering = self.reach + v["follow_hold_s"]
        self.still = self.lowering + LOWERING_S
        self.end = self.still + idle[1]
        self._sway = sway_curves(rng, duration_s=self.end + 2.0, sd=1.0, channels=4)
        self._plan_legs(v)
        self._plan_arms(v)
        half_stance = athlete.hip_width / 2 + 0.045 * athlete.height_m
        stagger = np.array([-0.5, 0.5]) * v["stance_stagger_m"]
        x = athlete.ball_to_ankle_m * np.cos(TOE_OUT_RAD) + stagger
        self._ball = np.stack([x, SIDE_SIGN * half_stance, np.zeros(2)], axis=1)
        moments = np.array([self.contact, self.leaves])
        self._touch, self._leave = self._between_hands(self._body(moments))

    def _plan_legs(self, v: Mapping[str, float]) -> None:
        deep, rest, final = rad(v["load_knee_flexion_deg"]), rad(8.0), rad(v["final_knee_flexion_deg"])
        late = v["leg_drive_delay_s"]
        bottom = self.deepest + np.clip(0.3 * late, -0.02, 0.05)
        self._knee = track(
            (self.onset, rest),
            (self.hands_set, rest + 0.40 * (deep - rest)),
            (bottom, deep),
            (self.contact + late, final + 0.42 * (deep - final)),
            (self.reach + late, final),
            (self.reach + 0.5 + late, rest),
        )
        heel = rad(v["heel_rise_deg"])
        self._heel = track(
            (bottom, 0.0), (self.contact + late, 0.35 * heel), (self.reach + late, heel), (self.reach + 0.4 + late, 0.0)
        )
        lean, back = rad(v["load_trunk_lean_deg"]), rad(v["extension_trunk_lean_deg"])
        self._trunk = track(
            (self.onset, rad(-1.0)),
            (self.hands_set, 0.7 * lean),
            (self.deepest, lean),
            (self.contact + 0.02, back),
            (self.reach, back),
            (self.lowering + 0.1, 0.8 * back),
            (self.still, rad(-1.0)),
        )
        self._lean = track(
            (self.onset, rad(1.0)), (self.deepest, rad(-1.0)), (self.reach, rad(4.0)), (self.still, rad(1.0))
        )
        # The eyes follow the ball: head up while it is above, back to level afterwards.
        self._gaze = track((self.onset, 0.0), (self.hands_set, rad(-24.0)), (self.reach, rad(-28.0)), (self.still, 0.0))

    def _plan_arms(self, v: Mapping[str, float]) -> None:
        raised, final = rad(v["hands_elevation_deg"]), rad(v["final_elevation_deg"])
        difference = 0.5 * rad(v["arm_difference_deg"]) * SIDE_SIGN
        elbow_set, elbow_end = rad(v["set_elbow_flexion_deg"]), rad(v["final_elbow_flexion_deg"])
        self._elevation, self._elbow = [], []
        for d in difference:
            self._elevation.append(
                track(
                    (self.onset, rad(6.0)),
                    (self.hands_set, raised + d),
                    (self.contact, raised + d + 0.3 * (final - raised)),
                    (self.reach, final + d),
                    (self.lowering, final + d),
                    (self.still, rad(6.0)),
                )
            )
            self._elbow.append(
                track(
                    (self.onset, rad(18.0)),
                    (self.onset + 0.55 * v["preparation_s"], rad(88.0)),
                    (self.hands_set, elbow_set - ELBOW_SHARE * d),
                    (self.deepest, elbow_set - ELBOW_SHARE * d + rad(3.0)),
                    (self.contact, rad(v["contact_elbow_flexion_deg"]) - ELBOW_SHARE * d),
                    (self.reach, max(elbow_end - 0.5 * ELBOW_SHARE * d, rad(4.0))),
                    (self.lowering, max(elbow_end - 0.5 * ELBOW_SHARE * d, rad(4.0))),
                    (self.lowering + 0.3, rad(45.0)),
                    (self.still, rad(18.0)),
                )
            )
        up = ((self.onset, 0.0), (self.hands_set, 1.0), (self.lowering, 1.0), (self.still, 0.0))
        self._up = track(*up)
        lead = 0.5 * v["hand_lead_m"]
        self._lead = track((self.onset, 0.0), (self.hands_set, lead), (self.lowering, lead), (self.still, 0.0))

    def _idle(self, times_s: Array) -> Array:
        weight = quiet_weight(times_s, begin_s=self.onset, end_s=self.still)
        return weight[:, None] * self._sway(times_s)

    def _body(self, times_s: Array) -> dict[str, Array]:
        athlete, idle = self.athlete, self._idle(times_s)
        trunk = leaning_trunk(self._trunk(times_s) + rad(0.6) * idle[:, 2])
        trunk["neck_flex"] = trunk["neck_flex"] + self._gaze(times_s)
        posture = neutral_posture(len(times_s), **trunk)
        pitch = np.repeat(self._heel(times_s)[:, None], 2, axis=1)
        feet = planted_feet(athlete, ball_m=self._ball, yaw=SIDE_SIGN * TOE_OUT_RAD, pitch=pitch)
        points = standing_body(
            athlete,
            posture,
            feet=feet,
            knee_rad=self._knee(times_s),
            lean_rad=self._lean(times_s),
            sway_m=SWAY_M * idle[:, :2],
        )
        up = self._up(times_s)
        for side, name in enumerate(("left", "right")):
            sign = SIDE_SIGN[side]
            flexion = self._elbow[side](times_s)
            a, b = athlete.upper_arm, athlete.forearm
            reach = np.sqrt(a * a + b * b + 2 * a * b * np.cos(flexion))
            raised = self._elevation[side](times_s) - self._trunk(times_s) + rad(0.8) * idle[:, 3]
            beside_ball = VOLLEYBALL_RADIUS_M + 0.02 - athlete.shoulder_width / 2
            sideways = sign * ((1.0 - up) * 0.06 + up * beside_ball)
            sagittal = np.sqrt(reach**2 - sideways**2)
            offset = np.stack([sagittal * np.sin(raised), sideways, -sagittal * np.cos(raised)], axis=1)
            offset[:, 0] += sign * self._lead(times_s)
            pole = np.stack([up - 1.0 + 0.25 * up, sign * (0.15 + 0.85 * up), -0.25 * up], axis=1)
            hand = unit((1.0 - up)[:, None] * offset + up[:, None] * np.array([-0.12, 0.0, 0.5]))
            place_arm(athlete, points, side=name, wrist_m=points[f"{name}_shoulder"] + offset, pole=pole, hand=hand)
        return points

    def _between_hands(self, points: dict[str, Array]) -> Array:
        """(T, 3) centre of a ball held by both hands: over the middle of the wrists."""
        middle = (points["left_wrist"] + points["right_wrist"]) / 2
        return middle + np.array([0.03, 0.0, 0.6 * self.athlete.hand + 0.4 * VOLLEYBALL_RADIUS_M])

    def _ball_path(self, points: dict[str, Array], times_s: Array) -> Array:
        since = (times_s - self.contact)[:, None]
        arrive = np.array([BALL_IN_MPS[0], 0.0, BALL_IN_MPS[1]])
        before = self._touch + arrive * since + np.array([0.0, 0.0, -0.5 * GRAVITY_MPS2]) * since**2
        after = projectile(
            self._leave,
            np.array([BALL_OUT_MPS[0], 0.0, BALL_OUT_MPS[1]]),
            times_s - self.leaves,
            floor_m=VOLLEYBALL_RADIUS_M,
        )
        held = self._between_hands(points)
        # Where the arc comes from under the floor the ball is not yet in play.
        before = np.where(before[:, 2:] < VOLLEYBALL_RADIUS_M, np.nan, before)
        early, late = times_s < self.contact, times_s > self.leaves
        return np.where(early[:, None], before, np.where(late[:, None], after, held))

    def pose(self, times_s: Array) -> dict[str, Array]:
        """Every point of the body and the ball at (T,) times; the ball is NaN before it is in play."""
        points = self._body(times_s)
        points["ball"] = self._ball_path(points, times_s)
        return points


def plan_overhead_pass(
    athlete: Athlete, technique: Mapping[str, float], *, rng: np.random.Generator, idle_s: tuple[float, float]
) -> Plan:
    """Plan one pass. technique: values of `OVERHEAD_PASS`'s parameters. idle_s: quiet standing before and after."""
    trial = _Pass(athlete, technique, rng=rng, idle=idle_s)
    times = np.arange(trial.onset, trial.lowering + 0.1, 1.0 / EVENT_RATE_HZ)
    points = trial.pose(times)
    hips = points["left_hip"][:, 2] + points["right_hip"][:, 2]
    wrists = points["left_wrist"][:, 2] + points["right_wrist"][:, 2]

    def extreme(signal: Array, begin: float, end: float) -> float:
        chosen = (times >= begin) & (times <= end)
        return time_of_extreme(signal[chosen], times[chosen])

    deepest = extreme(-hips, trial.hands_set, trial.contact - 0.01)
    follow = extreme(wrists, trial.contact, trial.lowering + 0.1)
    keyframes = (
        ("hands_set", trial.hands_set, 0),
        ("deepest_load", deepest, 0),
        ("contact", trial.contact, 0),
        ("follow_through", follow, 0),
    )
    bounds = np.array([[trial.onset, trial.hands_set, deepest, trial.contact, trial.still]])
    return Plan(pose=trial.pose, duration_s=trial.end, keyframes=keyframes, bounds_s=bounds)
