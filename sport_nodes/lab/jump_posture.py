"""Standing long jump: trunk, arms and feet over time, given the instants of the jump."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.curves import Curve, track
from sport_nodes.lab.kinematics import Posture
from sport_nodes.lab.trial_plan import leaning_trunk, neutral_posture, quiet_weight, thorax_pitch

Array = NDArray[np.float64]
rad = np.radians

#: Toes up at the landing, and the time in which the foot comes down flat.
LANDING_FOOT_RAD: Final = np.radians(-14.0)
FOOT_FLAT_S: Final = 0.07
#: Heels are just off the floor in the deepest crouch.
CROUCH_HEEL_RAD: Final = np.radians(3.0)
#: Standing: trunk a little back, arms a little back, as in the CMU jumps.
STANDING_TRUNK_RAD: Final = np.radians(-2.0)
STANDING_ARM_RAD: Final = np.radians(-3.0)
#: From touch-down to the lowest point of the landing, about.
ABSORPTION_S: Final = 0.28
#: Sway of trunk and arms in quiet standing, standard deviation.
TRUNK_SWAY_RAD: Final = np.radians(0.6)
ARM_SWAY_RAD: Final = np.radians(0.8)


@dataclass(frozen=True)
class JumpTimes:
    """Instants of a jump in seconds of the trial."""

    onset: float
    deepest: float
    take_off: float
    landing: float
    still: float


class JumpPosture:
    """Joint angles of all but the legs. Up to take-off nothing depends on when the landing comes."""

    def __init__(self, technique: Mapping[str, float], times: JumpTimes, sway: Curve) -> None:
        angle = {k.removesuffix("_deg"): float(rad(v)) for k, v in technique.items() if k.endswith("_deg")}
        self._times, self._sway = times, sway
        self._plan_trunk(angle, times)
        self._plan_arms(angle, times, late=technique["arm_delay_s"])
        heel = angle["heel_rise"]
        self.foot = track(
            (times.deepest - 0.15, 0.0),
            (times.deepest, CROUCH_HEEL_RAD),
            (times.take_off, heel),
            (times.take_off + 0.07, heel + rad(6.0)),
            (times.landing, LANDING_FOOT_RAD),
            (times.landing + FOOT_FLAT_S, 0.0),
        )

    def _plan_trunk(self, angle: Mapping[str, float], times: JumpTimes) -> None:
        pre, lean = times.deepest - times.onset, angle["crouch_trunk_lean"]
        landing_lean = angle["landing_trunk_lean"]
        self._lean = track(
            (times.onset, STANDING_TRUNK_RAD),
            (times.onset + 0.34 * pre, 0.55 * lean),
            (times.onset + 0.66 * pre, 0.95 * lean),
            (times.deepest, 0.90 * lean),
            (times.take_off, angle["take_off_trunk_lean"]),
            (times.take_off + 0.12, 0.6 * angle["take_off_trunk_lean"]),
            (times.landing, landing_lean),
            (times.landing + 0.20, 1.35 * landing_lean),
            (times.still, STANDING_TRUNK_RAD),
        )
        roll = angle["pelvis_roll"]
        self._roll = track(
            (times.onset, 0.0),
            (times.deepest, roll),
            (times.take_off + 0.05, roll),
            (times.landing, LANDING_ROLL_SHARE * roll),
            (times.still, 0.0),
        )

    def _plan_arms(self, angle: Mapping[str, float], times: JumpTimes, *, late: float) -> None:
        onset, leave, landing, still = times.onset, times.take_off, times.landing, times.still
        pre = times.deepest - onset
        # A late swing may still be under way at the landing; its end then keeps clear of the next knots.
        peak = leave + 0.02 + late
        lowered = max(landing - 0.07, peak + 0.26)
        self._arm = track(
            (onset, STANDING_ARM_RAD),
            (onset + 0.24 * pre, angle["first_swing"]),
            (onset + 0.66 * pre + BACK_SWING_LATE * late, -angle["back_swing"]),
            (peak, angle["forward_swing"]),
            (peak + 0.08, 0.98 * angle["forward_swing"]),
            (lowered, 0.35 * angle["forward_swing"]),
            (lowered + 0.33, rad(-14.0)),
            (still - 0.05, STANDING_ARM_RAD),
        )
        self._elbow = track(
            (onset, rad(20.0)),
            (onset + 0.55 * pre, rad(16.0)),
            (times.deepest - 0.05 + late, rad(28.0)),
            (leave - 0.02 + late, angle["swing_elbow"]),
            (leave + 0.08 + late, 0.97 * angle["swing_elbow"]),
            (lowered + 0.05, rad(30.0)),
            (lowered + 0.29, rad(18.0)),
            (still, rad(20.0)),
        )
        self._abduction = track(
            (onset, rad(9.0)),
            (onset + 0.6 * pre, rad(13.0)),
            (leave, rad(8.0)),
            (landing, rad(20.0)),
            (still, rad(9.0)),
        )

    def idle(self, times_s: Array) -> Array:
        """(T, 4) sway of hips (x, y), trunk and arms; 1 is one standard deviation of quiet standing."""
        weight = quiet_weight(times_s, begin_s=self._times.onset, end_s=self._times.still)
        return weight[:, None] * self._sway(times_s)

    def __call__(self, times_s: Array) -> Posture:
        """The posture at (T,) times."""
        idle = self.idle(times_s)
        trunk = leaning_trunk(self._lean(times_s) + TRUNK_SWAY_RAD * idle[:, 2])
        trunk["pelvis_roll"] = self._roll(times_s)
        posture = neutral_posture(len(times_s), **trunk)
        world = self._arm(times_s) + ARM_SWAY_RAD * idle[:, 3]
        both = np.ones((1, 2))
        posture.arm_flex = (world + thorax_pitch(posture))[:, None] * both
        posture.arm_abd = self._abduction(times_s)[:, None] * both
        posture.elbow = self._elbow(times_s)[:, None] * both
        posture.arm_rot = np.full((len(times_s), 2), ARM_ROTATION_RAD)
        return posture


#: A late swing also starts forward later: share of its delay that the end of the back swing has.
BACK_SWING_LATE: Final = 1.4
#: Of the crouch's sideways tilt of the pelvis, what is left at the landing.
LANDING_ROLL_SHARE: Final = 0.5
#: Hanging arms are turned inwards by this.
ARM_ROTATION_RAD: Final = np.radians(15.0)
