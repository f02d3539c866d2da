"""Sit-up: from technique parameters to the whole body over time, several repetitions in a trial.

Each repetition begins with the keyframe lying (the trunk starts to move). Stages: lying until the shoulders have risen
by a tenth of the repetition's excursion (keyframe leaving_floor); rise until nine tenths; top, with the shoulders
highest at the keyframe top, until they are below nine tenths again; return until they are back below the tenth
(back_on_floor).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.athlete import Athlete
from sport_nodes.lab.curves import Curve, minimum_jerk, track
from sport_nodes.lab.kinematics import PELVIS_SHARE, SIDE_SIGN, Posture, hanging_feet, upper_body, whole_body
from sport_nodes.lab.trial_plan import (
    TOE_OUT_RAD,
    Plan,
    neutral_posture,
    place_arm,
    quiet_weight,
    sway_curves,
    time_of_extreme,
    unit,
)

Array = NDArray[np.float64]
rad = np.radians

#: Hip joints over the floor when lying and sitting, as a share of body height: half the depth of the buttocks.
HIP_HEIGHT: Final = 0.055
#: The pelvis rolls a little over the buttocks: hips go forward by this share of body height from lying to sitting.
PELVIS_ROLL_FORWARD: Final = 0.012
#: The spine curls ahead of the pelvis: it has this lead of the rise.
CURL_LEAD: Final = 0.22
#: Chin towards the chest while rising [rad]; when lying the head rests on the floor.
NECK_UP_RAD: Final = np.radians(22.0)
NECK_DOWN_RAD: Final = np.radians(6.0)
#: Wrists beside the head, as shares of body height in the head's frame from its joint.
HANDS_AT_HEAD: Final = (-0.02, 0.07, 0.085)
#: A jerky rise: (share of its time, share of its way).
JERKY_RISE: Final = ((0.36, 0.52), (0.72, 0.55))
#: Shares of the shoulders' excursion that bound the stages.
LOW_SHARE, HIGH_SHARE = 0.10, 0.90
EVENT_RATE_HZ: Final = 120.0


class _SitUps:
    """The curves of a series of sit-ups."""

    def __init__(
        self,
        athlete: Athlete,
        repetitions: Sequence[Mapping[str, float]],
        *,
        rng: np.random.Generator,
        idle: tuple[float, float],
    ) -> None:
        self.athlete = athlete
        first = repetitions[0]
        self.onset = idle[0]
        t = self.onset
        self.starts: list[float] = []
        self.tops: list[float] = []
        self.ends: list[float] = []
        for i, v in enumerate(repetitions):
            t = t if i == 0 else t + v["pause_s"]
            self.starts.append(t)
            peak = t + v["rise_s"]
            self.tops.append(peak + v["top_s"] / 2)
            down = peak + v["top_s"]
            t = down + v["return_s"]
            self.ends.append(t)
        self.still = t
        self.end = t + idle[1]
        self._sway = sway_curves(rng, duration_s=self.end + 2.0, sd=1.0, channels=2)
        self._plan_trunk(repetitions)
        flat = athlete.leg_length_m(rad(first["knee_flexion_deg"]))
        drop = HIP_HEIGHT * athlete.height_m - athlete.ankle_height
        ankle_x = np.sqrt(flat**2 - drop**2)
        half = athlete.hip_width / 2 + 0.01 * athlete.height_m
        self._ankles = np.stack([np.full(2, ankle_x), SIDE_SIGN * half, np.full(2, athlete.ankle_height)], axis=1)

    def _plan_trunk(self, repetitions: Sequence[Mapping[str, float]]) -> None:
        """Progress 0 (lying) to 1 (top) over time, and what each repetition's extremes are."""
        rise = [(self.starts[0], 0.0)]
        for i, v in enumerate(repetitions):
            start, span = self.starts[i], v["rise_s"]
            if i > 0:
                rise.append((start, 0.0))
            # A jerk throws the trunk up to half-way, where it stalls; without one the rise is smooth.
            jerk = min(v["jerk"], 1.0)
            for share, stalled in JERKY_RISE:
                smooth = float(minimum_jerk(np.array(share)))
                rise.append((start + share * span, (1.0 - jerk) * smooth + jerk * stalled))
            rise.append((start + span, 1.0))
            rise.append((start + span + v["top_s"], 1.0))
            rise.append((self.ends[i], 0.0))
        self._progress = track(*rise)
        mid = [0.5 * (self.ends[i] + self.starts[i + 1]) for i in range(len(repetitions) - 1)]
        edges = [self.starts[0] - 0.05, *mid, self.still + 0.05]
        names = ("top_trunk_deg", "top_curl_deg", "arm_throw", "feet_lift_m", "twist_deg", "side_bend_deg")
        values = np.array([[v[n] for n in names] for v in repetitions])
        knots = np.array(self.tops)
        if len(knots) == 1:
            knots, values = np.array([knots[0], knots[0] + 1.0]), np.repeat(values, 2, axis=0)
        self._extremes = Curve(knots, values)
        # Between repetitions the trunk rests where the technique says; before the first and after the last it lies.
        rest = [(self.onset, 0.0, 0.0)]
        for i, v in enumerate(repetitions[:-1]):
            rest.append((mid[i], v["rest_trunk_deg"], v["rest_curl_deg"]))
        rest.append((edges[-1] + (0.6 if len(repetitions) > 1 else 0.0), 0.0, 0.0))
        rest_times, trunk, curl = (np.array(column) for column in zip(*rest, strict=True))
        self._rest = Curve(rest_times, np.stack([trunk, curl], axis=1))

    def _posture(self, times_s: Array) -> tuple[Posture, Array, Array]:
        progress = self._progress(times_s)
        top, curl, throw, lift, twist, side = self._extremes(times_s).T
        rest_trunk, rest_curl = self._rest(times_s).T
        weight = quiet_weight(times_s, begin_s=self.onset, end_s=self.still)
        breath = weight * self._sway(times_s)[:, 0]
        early = minimum_jerk(progress / (1.0 - CURL_LEAD))
        spine = rad(rest_curl + (curl - rest_curl) * early) + rad(0.3) * breath
        line = rad(rest_trunk + (top - rest_trunk) * progress)
        # The line from hips to shoulders leans by the pelvis and, for the upper part only, by the spine.
        pelvis = line - rad(90.0) - _curl_of_line(spine)
        posture = neutral_posture(
            len(times_s),
            pelvis_pitch=pelvis,
            spine_flex=spine,
            spine_twist=rad(twist) * progress,
            spine_side=rad(side) * progress,
            neck_flex=NECK_DOWN_RAD + (NECK_UP_RAD - NECK_DOWN_RAD) * early,
        )
        return posture, throw * np.sin(np.pi * progress) ** 2, lift * np.sin(np.pi * np.minimum(progress, 1.0)) ** 2

    def pose(self, times_s: Array) -> dict[str, Array]:
        """Every point at (T,) times."""
        athlete, height = self.athlete, self.athlete.height_m
        posture, throw, lift = self._posture(times_s)
        upper = upper_body(athlete, posture)
        progress = self._progress(times_s)
        root = np.zeros((len(times_s), 3))
        root[:, 0] = PELVIS_ROLL_FORWARD * height * progress
        root[:, 2] = HIP_HEIGHT * height
        ankles = np.repeat(self._ankles[None], len(times_s), axis=0)
        ankles = ankles + lift[:, None, None] * np.array([-0.35, 0.0, 1.0])
        pitch = np.repeat((-0.8 * lift)[:, None], 2, axis=1)
        feet = hanging_feet(athlete, ankle_m=ankles, yaw=SIDE_SIGN * TOE_OUT_RAD, pitch=pitch)
        up = np.broadcast_to(np.array([0.25, 0.0, 1.0]), ankles.shape)
        points = whole_body(athlete, root_m=root, upper=upper, feet=feet, knee_pole=up)
        for side in ("left", "right"):
            self._place_arm(points, upper, side=side, progress=progress[:, None], throw=np.minimum(throw, MOST_THROWN))
        return points

    def _place_arm(
        self, points: dict[str, Array], upper: dict[str, Array], *, side: str, progress: Array, throw: Array
    ) -> None:
        """Hand at the head, elbow aside when lying and forward at the top; a thrown arm (0 to 1) points ahead."""
        athlete, sign = self.athlete, 1.0 if side == "left" else -1.0
        head, thorax, shoulder = upper["head"], upper["thorax"], points[f"{side}_shoulder"]
        at_head = np.array(HANDS_AT_HEAD) * np.array([1.0, sign, 1.0]) * athlete.height_m
        place_arm(
            athlete,
            points,
            side=side,
            wrist_m=points["head_joint"] + head @ at_head,
            pole=sign * (1.0 - 0.3 * progress) * thorax[..., 1] + (0.2 + 0.7 * progress) * thorax[..., 0],
            hand=unit(0.6 * thorax[..., 2] - 0.8 * sign * thorax[..., 1]),
        )
        ahead = unit(np.array([1.0, 0.1 * sign, 0.1]) + 0.2 * thorax[..., 2])
        elbow, wrist, hand = (points[f"{side}_{joint}"] for joint in ("elbow", "wrist", "hand"))
        upper_arm, forearm = turned(elbow - shoulder, ahead, throw), turned(wrist - elbow, ahead, throw)
        line = athlete.upper_arm * upper_arm + athlete.forearm * forearm
        # On its way the hand keeps so far from the shoulder that the elbow is not bent beyond what it can.
        distance = np.linalg.norm(line, axis=1, keepdims=True)
        closest = athlete.arm_reach_m(MOST_BENT_ELBOW_RAD)
        place_arm(
            athlete,
            points,
            side=side,
            wrist_m=shoulder + line * np.maximum(1.0, closest / distance),
            pole=upper_arm,
            hand=turned(hand - wrist, ahead, throw),
        )


#: A thrown arm is never quite straight.
MOST_THROWN: Final = 0.88
#: An elbow bends to 150 degrees (see `joint_angles.RANGES_DEG`); thrown arms stay short of it.
MOST_BENT_ELBOW_RAD: Final = np.radians(143.0)


def turned(vectors: Array, target: Array, share: Array) -> Array:
    """(T, 3) directions of vectors turned towards the unit target by a (T,) share of the angle between them."""
    begin = unit(vectors)
    angle = np.arccos(np.clip(np.sum(begin * target, axis=1), -1.0, 1.0))[:, None]
    sin = np.maximum(np.sin(angle), SMALLEST_SINE)
    s = share[:, None]
    return unit(np.sin((1.0 - s) * angle) / sin * begin + np.sin(s * angle) / sin * target)


#: Below this sine two directions count as one.
SMALLEST_SINE: Final = 1e-9


def _curl_of_line(spine: Array) -> Array:
    """How much a flexed spine leans the line from hips to shoulders beyond the pelvis."""
    upper = 1.0 - PELVIS_SHARE
    return np.arctan2(upper * np.sin(spine), PELVIS_SHARE + upper * np.cos(spine))


def plan_sit_up(
    athlete: Athlete,
    repetitions: Sequence[Mapping[str, float]],
    *,
    rng: np.random.Generator,
    idle_s: tuple[float, float],
) -> Plan:
    """Plan a series. repetitions: values of `SIT_UP`'s parameters for each. idle_s: lying still before and after."""
    trial = _SitUps(athlete, repetitions, rng=rng, idle=idle_s)
    times = np.arange(0.0, trial.end, 1.0 / EVENT_RATE_HZ)
    points = trial.pose(times)
    height = 0.5 * (points["left_shoulder"][:, 2] + points["right_shoulder"][:, 2])
    keyframes: list[tuple[str, float, int]] = []
    bounds = []
    for i, start in enumerate(trial.starts):
        until = trial.starts[i + 1] if i + 1 < len(trial.starts) else trial.still
        chosen = (times >= start) & (times <= until + 0.3)
        t, z = times[chosen], height[chosen]
        top = time_of_extreme(z, t)
        up, down = t <= top, t >= top
        low = max(z[up].min(), z[down].min())
        rises = [_crossing(t[up], z[up], low + share * (z.max() - low)) for share in (LOW_SHARE, HIGH_SHARE)]
        falls = [_crossing(t[down], -z[down], -low - share * (z.max() - low)) for share in (HIGH_SHARE, LOW_SHARE)]
        bounds.append([start, *rises, *falls])
        named = (("lying", start), ("leaving_floor", rises[0]), ("top", top), ("back_on_floor", falls[1]))
        keyframes += [(name, when, i) for name, when in named]
    return Plan(pose=trial.pose, duration_s=trial.end, keyframes=tuple(keyframes), bounds_s=np.array(bounds))


def _crossing(times_s: Array, rising: Array, level: float) -> float:
    """Time at which a signal first reaches a level, by linear interpolation."""
    i = int(np.argmax(rising >= level))
    if i == 0:
        return float(times_s[0])
    share = (level - rising[i - 1]) / (rising[i] - rising[i - 1])
    return float(times_s[i - 1] + share * (times_s[i] - times_s[i - 1]))
