"""Whether a recording shows one body all along: two people's data spliced together change size and place at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

_LIMBS: Final = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("shoulder", "hip"))
_BONES: Final = [(f"{side}_{upper}", f"{side}_{lower}") for side in ("left", "right") for upper, lower in _LIMBS]
_ENDS: Final = np.array([[INDEX[a], INDEX[b]] for a, b in [*_BONES, ("left_shoulder", "right_shoulder")]])
# Limits above what 104 real recordings (free throws, jumps) and simulated ones with 6 mm of noise show, and below most
# changes between two people of one age. From one frame to the next limbs keep their length: the typical real one
# changes by 1.3 % at most, and by 6.5 times what it usually does, and is then as long as before.
_LEAST_STEP: Final = 0.012
_STEP_OVER_USUAL: Final = 7.0
_LEAST_DIFFERENCE_AT_STEP: Final = 0.012
# Where measured limbs are too noisy for that: the body leaves its path [m] and its limbs differ before and after.
_LEAST_LEAP_M: Final = 0.04
_LEAP_OVER_USUAL: Final = 6.0
_LEAST_DIFFERENCE: Final = 0.035
_COMPARED_S: Final = 0.25
# Below these, a "usual" change is that of a perfect simulation.
_LEAST_USUAL_STEP: Final = 1e-4
_LEAST_USUAL_LEAP_M: Final = 1e-4
# Fewer bones than this at an instant are no body.
_LEAST_BONES: Final = 4


def change_of_person_s(motion: Motion) -> float | None:
    """The time at which the recording goes over to another body; None where it does not."""
    positions = motion.positions_m
    lengths = np.linalg.norm(positions[:, _ENDS[:, 0]] - positions[:, _ENDS[:, 1]], axis=2)
    seen = np.isfinite(lengths).any(axis=0)
    if seen.sum() < _LEAST_BONES or len(motion) < 2 * _LEAST_BONES:
        return None
    lengths = lengths[:, seen]
    usual = np.median(lengths, axis=0) if np.isfinite(lengths).all() else np.nanmedian(lengths, axis=0)
    lengths = lengths / np.maximum(usual, np.finfo(float).eps)
    step = _typical(np.abs(np.diff(lengths, axis=0)))
    bends = _typical(np.linalg.norm(np.diff(positions, n=2, axis=0), axis=2))
    # A leap from one path to another bends the track on both sides of it, a fall or a landing on one.
    leap = np.zeros(len(step))
    leap[1:-1] = np.minimum(bends[:-1], bends[1:])
    usual_step = max(float(np.median(step)), _LEAST_USUAL_STEP)
    usual_leap_m = max(float(np.median(bends)), _LEAST_USUAL_LEAP_M)
    steps = (step >= _LEAST_STEP) & (step >= _STEP_OVER_USUAL * usual_step)
    leaps = (leap >= _LEAST_LEAP_M) & (leap >= _LEAP_OVER_USUAL * usual_leap_m)
    around = max(round(_COMPARED_S * motion.rate_hz), _LEAST_BONES)
    for last in np.flatnonzero(steps | leaps):
        before, after = lengths[max(last + 1 - around, 0) : last + 1], lengths[last + 1 : last + 1 + around]
        if min(len(before), len(after)) < _LEAST_BONES:
            continue
        difference = float(np.median(np.abs(_typical(after.T) - _typical(before.T))))
        if difference >= (_LEAST_DIFFERENCE_AT_STEP if steps[last] else _LEAST_DIFFERENCE):
            return float(motion.times_s[last + 1])
    return None


def _typical(values: Array) -> Array:
    """(T,) the median of each row of (T, K) that is known; 0 where too few are."""
    known = np.isfinite(values)
    if known.all():
        return np.median(values, axis=1)
    enough = known.sum(axis=1) >= min(_LEAST_BONES, values.shape[1])
    result = np.zeros(len(values))
    if enough.any():
        result[enough] = np.nanmedian(values[enough], axis=1)
    return result
