"""The athlete's body in a motion: height, heading, centre of mass, and angles in the athlete's own planes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

# Segment lengths as shares of body height: Drillis & Contini (1966), as reproduced in Winter (2009), fig. 4.1.
_HEIGHT_SHARES: Final = {
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
}
_BONE_ENDS: Final = [
    [INDEX[f"{side}_{bone[end]}"] for bone in _HEIGHT_SHARES for side in ("left", "right")] for end in (0, 1)
]
_BONE_SHARES: Final = np.repeat(list(_HEIGHT_SHARES.values()), 2)
# Share of body mass and position of the centre of mass from the upper joint: Winter (2009), table 4.1. Hands go with
# the forearms, feet with the shanks; head, arms-free trunk and neck are one segment from hips to shoulders.
_LIMB_MASSES: Final = (
    ("shoulder", "elbow", 0.028, 0.436),
    ("elbow", "wrist", 0.022, 0.682),
    ("hip", "knee", 0.100, 0.433),
    ("knee", "ankle", 0.061, 0.606),
)
_TRUNK_MASS: Final = 0.578
_TRUNK_CENTRE_FROM_HIPS: Final = 0.66


@dataclass(frozen=True, eq=False)
class Body:
    """Positions (..., T, 17, 3) in metres, z up, at times_s (T,), with the athlete's height and heading.

    forward: (3,) horizontal unit vector the athlete faces.
    """

    times_s: Array
    positions_m: Array
    height_m: float
    forward: Array

    def joint(self, name: str) -> Array:
        """(..., T, 3)"""
        return self.positions_m[..., INDEX[name], :]

    def middle(self, name: str) -> Array:
        """(..., T, 3) midpoint of a joint's left and right."""
        return 0.5 * (self.joint(f"left_{name}") + self.joint(f"right_{name}"))

    @cached_property
    def left(self) -> Array:
        """(3,) horizontal unit vector to the athlete's left."""
        return np.array([-self.forward[1], self.forward[0], 0.0])

    @cached_property
    def trunk(self) -> Array:
        """(..., T, 3) from hips to shoulders."""
        return self.middle("shoulder") - self.middle("hip")

    @cached_property
    def centre_of_mass_m(self) -> Array:
        """(..., T, 3) from the segments' masses."""
        total = _TRUNK_MASS * (self.middle("hip") + _TRUNK_CENTRE_FROM_HIPS * self.trunk)
        for upper, lower, mass, share in _LIMB_MASSES:
            for side in ("left", "right"):
                a, b = self.joint(f"{side}_{upper}"), self.joint(f"{side}_{lower}")
                total = total + mass * (a + share * (b - a))
        return total

    def lean_deg(self, vector: Array) -> Array:
        """Angle of an upward vector from the vertical in the sagittal plane, forward positive."""
        return np.degrees(np.arctan2(vector @ self.forward, vector[..., 2]))

    def reach_deg(self, vector: Array) -> Array:
        """Angle of a downward vector from straight down in the sagittal plane, forward positive."""
        return np.degrees(np.arctan2(vector @ self.forward, -vector[..., 2]))

    def percent(self, length_m: Array) -> Array:
        """A length in % of body height."""
        return 100.0 * length_m / self.height_m

    def rate(self, values: Array) -> Array:
        """Change per second of (..., T) values; zero for fewer than two frames."""
        return np.gradient(values, self.times_s, axis=-1) if len(self.times_s) > 1 else np.zeros_like(values)


def body_height_m(positions_m: Array) -> float:
    """Body height from the median lengths of the limbs of (T, 17, 3); NaN when no limb is seen."""
    bones = positions_m[:, _BONE_ENDS[0]] - positions_m[:, _BONE_ENDS[1]]
    lengths = np.sqrt(np.einsum("tbi,tbi->bt", bones, bones))
    seen = np.isfinite(lengths)
    if seen.all() and seen.size:
        return float(np.median(lengths, axis=1).sum() / _BONE_SHARES.sum())
    medians = [np.median(length[known]) for length, known in zip(lengths, seen, strict=True) if known.any()]
    return float(np.sum(medians) / np.sum(_BONE_SHARES[seen.any(axis=1)])) if medians else float("nan")


def heading(positions_m: Array) -> Array:
    """(3,) horizontal unit vector that the athlete of (T, 17, 3) faces, from the hip and shoulder lines of all frames.

    Straight along +x where neither line is seen.
    """
    lines = [
        positions_m[:, INDEX[f"left_{j}"], :2] - positions_m[:, INDEX[f"right_{j}"], :2] for j in ("hip", "shoulder")
    ]
    across = np.concatenate(lines)
    across = across[np.isfinite(across).all(axis=1)]
    left = across.mean(axis=0) if len(across) else np.array([0.0, 1.0])
    norm = float(np.hypot(*left))
    left = left / norm if norm > 0 else np.array([0.0, 1.0])
    return np.array([left[1], -left[0], 0.0])


def body_of(times_s: Array, positions_m: Array) -> Body:
    """The body of one motion, (T,) and (T, 17, 3)."""
    return Body(times_s, positions_m, body_height_m(positions_m), heading(positions_m))


def angle_deg(a: Array, b: Array) -> Array:
    """Angle between vectors (..., 3), 0 to 180."""
    x = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    y = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    z = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.degrees(np.arctan2(np.sqrt(x * x + y * y + z * z), np.einsum("...i,...i->...", a, b)))
