"""A simulated athlete: body height and the lengths of the segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

#: The heights the lab is made for [m].
HEIGHT_RANGE_M: Final = (1.45, 1.85)
#: Standard deviation of a segment's share of the height between people: about 3 % (Drillis & Contini 1966, table 3).
PROPORTION_SD: Final = 0.03

#: Segment lengths as shares of body height: Drillis & Contini (1966), as in Winter (2009), Biomechanics and Motor
#: Control of Human Movement, fig. 4.1. Joint centres lie inside the widths over the bones measured there (biacromial
#: 0.259, bi-iliac 0.191), hence the factors.
SEGMENT_SHARES: Final[dict[str, float]] = {
    "ankle_height": 0.039,
    "foot": 0.152,
    "shank": 0.246,
    "thigh": 0.245,
    "hip_width": 0.191 * 0.56,
    "trunk": 0.288,
    "shoulder_width": 0.259 * 0.82,
    "upper_arm": 0.186,
    "forearm": 0.146,
    "hand": 0.108,
    "neck": 0.052,
}


@dataclass(frozen=True)
class Athlete:
    """Segment lengths in metres; `name` is a pseudonym.

    trunk: middle of the hips to middle of the shoulders, upright. neck: middle of the shoulders to the head's joint.
    """

    name: str
    height_m: float
    ankle_height: float
    foot: float
    shank: float
    thigh: float
    hip_width: float
    trunk: float
    shoulder_width: float
    upper_arm: float
    forearm: float
    hand: float
    neck: float

    @property
    def ball_to_ankle_m(self) -> float:
        """Along the sole from below the ankle to the ball of the foot."""
        return 0.50 * self.foot

    @property
    def heel_to_ankle_m(self) -> float:
        """Along the sole from the heel to below the ankle."""
        return 0.25 * self.foot

    def leg_length_m(self, knee_flexion_rad: float) -> float:
        """Hip to ankle with the knee bent by an angle (law of cosines)."""
        a, b = self.thigh, self.shank
        return float(np.sqrt(a * a + b * b + 2.0 * a * b * np.cos(knee_flexion_rad)))

    def arm_reach_m(self, elbow_flexion_rad: float) -> float:
        """Shoulder to wrist with the elbow bent by an angle."""
        a, b = self.upper_arm, self.forearm
        return float(np.sqrt(a * a + b * b + 2.0 * a * b * np.cos(elbow_flexion_rad)))


def sample_athlete(rng: np.random.Generator, *, height_m: float | None = None) -> Athlete:
    """An athlete of the given height, or of a random one within HEIGHT_RANGE_M, with proportions of their own."""
    height = float(rng.uniform(*HEIGHT_RANGE_M)) if height_m is None else height_m
    lengths = {
        name: share * height * (1.0 + PROPORTION_SD * float(np.clip(rng.standard_normal(), -2.0, 2.0)))
        for name, share in SEGMENT_SHARES.items()
    }
    name = f"athlete-{int(rng.integers(0x1000, 0x10000)):04x}"
    return Athlete(name=name, height_m=height, **lengths)
