"""Limb lengths of one athlete, and whether they belong to a human."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX, MIRROR_INDEX, RIGID_BONES

Array = NDArray[np.float64]

_HEAD: Final = (
    ("nose", "left_eye"),
    ("nose", "right_eye"),
    ("nose", "left_ear"),
    ("nose", "right_ear"),
    ("left_eye", "right_eye"),
    ("left_eye", "left_ear"),
    ("right_eye", "right_ear"),
    ("left_ear", "right_ear"),
)
#: Distances that no posture changes: limbs, shoulder and hip width, and the head.
BONES: Final[tuple[tuple[int, int], ...]] = (*RIGID_BONES, *((INDEX[a], INDEX[b]) for a, b in _HEAD))
BONE_INDEX: Final = np.array(BONES, dtype=np.int64)


def _mirrored_bones() -> NDArray[np.intp]:
    keys = [frozenset(bone) for bone in BONES]
    return np.array([keys.index(frozenset(MIRROR_INDEX[j] for j in bone)) for bone in BONES])


#: The same bone of the other side.
MIRRORED_BONE: Final = _mirrored_bones()

#: A length is given once it rests on this many frames.
MIN_FRAMES: Final = 15
#: Only joints known better than this speak about a length [m].
MAX_JOINT_SIGMA_M: Final = 0.03
#: How much a distance between joint centres changes with posture all the same [m].
FLEXIBLE_M: Final = 0.005

#: Errors of neighbouring frames are alike; more frames than this teach nothing new.
EFFECTIVE_FRAMES: Final = 30

#: Length of a limb as a share of body height (Drillis and Contini 1966, in Winter, Biomechanics, 4th ed., figure 4.1).
HEIGHT_SHARE: Final[dict[tuple[str, str], float]] = {
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
}
#: Heights of people who move by themselves in a lab [m].
HUMAN_HEIGHT_M: Final = (0.9, 2.3)
#: Spread of the heights that one person's limbs imply; people differ from the mean proportions by about a third of it.
MAX_HEIGHT_SPREAD: Final = 0.15


@dataclass(frozen=True, eq=False)
class BoneLengths:
    """length_m (B,) of BONES, NaN where unknown; sigma_m (B,) how far a single frame's distance may be off it."""

    length_m: Array
    sigma_m: Array

    @property
    def weight(self) -> Array:
        """(B,) [1/m^2], 0 where the length is unknown."""
        known = np.isfinite(self.length_m)
        return np.where(known, 1.0 / np.where(known, self.sigma_m, 1.0) ** 2, 0.0)


UNKNOWN_LENGTHS: Final = BoneLengths(np.full(len(BONES), np.nan), np.full(len(BONES), np.inf))


def estimate_lengths(positions_m: Array, sigma_m: Array, *, held: BoneLengths = UNKNOWN_LENGTHS) -> BoneLengths:
    """Lengths of BONES from (T, 17, 3) positions with deviations (T, 17) per axis; the two sides share theirs.

    Noise makes distances longer: its share, two thirds of the variance over the length, is taken off those that the
    positions were not already held to.
    """
    length, scatter = _measured(positions_m, sigma_m, held.length_m)
    weight = np.where(np.isfinite(length), 1.0 / (scatter**2 + FLEXIBLE_M**2), 0.0)
    weighed = np.where(np.isfinite(length), length, 0.0) * weight
    both = weight + weight[MIRRORED_BONE]
    shared = (weighed + weighed[MIRRORED_BONE]) / np.maximum(both, 1e-12)
    known = both > 0
    sigma = np.sqrt(FLEXIBLE_M**2 + 1.0 / np.where(known, both, 1.0))
    return BoneLengths(np.where(known, shared, np.nan), np.where(known, sigma, np.inf))


@njit(cache=True, error_model="numpy")
def _measured(positions_m: Array, sigma_m: Array, held_m: Array) -> tuple[Array, Array]:
    """Median length of each bone (B,) and the deviation of that median (B,); NaN and infinite with too few frames."""
    length, scatter = np.full(len(BONE_INDEX), np.nan), np.full(len(BONE_INDEX), np.inf)
    distance = np.empty(len(positions_m))
    for b in range(len(BONE_INDEX)):
        first, second = BONE_INDEX[b]
        used, noise = 0, 0.0
        for t in range(len(positions_m)):
            if sigma_m[t, first] < MAX_JOINT_SIGMA_M and sigma_m[t, second] < MAX_JOINT_SIGMA_M:
                squared = 0.0
                for a in range(3):
                    squared += (positions_m[t, first, a] - positions_m[t, second, a]) ** 2
                if np.isfinite(squared):
                    distance[used] = np.sqrt(squared)
                    noise += sigma_m[t, first] ** 2 + sigma_m[t, second] ** 2
                    used += 1
        if used < MIN_FRAMES:
            continue
        noise /= used
        middle = np.median(distance[:used])
        length[b] = middle
        if not np.isfinite(held_m[b]):
            length[b] -= noise / max(middle, 2.0 * np.sqrt(noise))
        scatter[b] = np.median(np.abs(distance[:used] - middle)) / np.sqrt(min(used, EFFECTIVE_FRAMES))
    return length, scatter


@dataclass(frozen=True)
class ShapeCheck:
    """The body height that the limbs imply [m], its relative spread over the limbs, and what is wrong, if anything."""

    height_m: float
    spread: float
    warning: str


def check_shape(lengths: BoneLengths) -> ShapeCheck:
    """Whether the limbs are a human's: a wrong unit, a wrong calibration or a mixture of two people shows here."""
    heights = []
    for (upper, lower), share in HEIGHT_SHARE.items():
        for side in ("left", "right"):
            bone = (INDEX[f"{side}_{upper}"], INDEX[f"{side}_{lower}"])
            heights.append(float(lengths.length_m[BONES.index(bone)]) / share)
    implied = np.array(heights)[np.isfinite(heights)]
    if len(implied) == 0:
        return ShapeCheck(np.nan, np.nan, "")
    height = float(np.median(implied))
    spread = float((implied.max() - implied.min()) / height)
    low, high = HUMAN_HEIGHT_M
    warning = ""
    if not low < height < high:
        warning = f"the limbs imply a height of {height:.2f} m; check units and the cameras' calibration"
    elif spread > MAX_HEIGHT_SPREAD:
        warning = (
            f"the limbs imply heights of {implied.min():.2f} to {implied.max():.2f} m; "
            "check the cameras' calibration and who is in view"
        )
    return ShapeCheck(height, spread, warning)
