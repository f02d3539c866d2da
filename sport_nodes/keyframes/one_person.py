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
# Where noise hides the single frame: mean lengths over this long before and after an instant. They differ lastingly
# where they do by so many times what they do elsewhere in the recording (nine in ten instants), and a step explains
# each bone's lengths better than a slope, by so many natural logarithms of likelihood: soft tissue and posture
# change lengths gradually. Of 104 real and 400 simulated recordings of one person none reaches both.
_LASTING_S: Final = 0.6
_LASTING_OVER_ELSEWHERE: Final = 1.9
_LEAST_STEP_OVER_SLOPE: Final = 0.9
_ELSEWHERE: Final = 0.9
# Bones with the greatest change that are left out: one misplaced wrist or ankle moves one or two.
_LEFT_OUT: Final = 2


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
    at_once = _change_at_once(lengths, motion)
    if at_once is not None:
        return at_once
    frame = _lasting_change(lengths, max(round(_LASTING_S * motion.rate_hz), _LEAST_BONES))
    return None if frame is None else float(motion.times_s[frame])


def _change_at_once(lengths: Array, motion: Motion) -> float | None:
    """From one frame to the next, limbs change or the body leaves its path, and its limbs differ before and after."""
    step = _typical(np.abs(np.diff(lengths, axis=0)))
    bends = _typical(np.linalg.norm(np.diff(motion.positions_m, n=2, axis=0), axis=2))
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


def _lasting_change(lengths: Array, around: int) -> int | None:
    """The frame from which on the (T, K) lengths are others than before, by means over `around` frames."""
    if len(lengths) < 3 * around or lengths.shape[1] <= 2 * _LEFT_OUT:
        return None
    known = np.where(np.isfinite(lengths), lengths, 1.0)
    rows = np.arange(len(known))[:, None]
    sums = [np.pad(np.cumsum(v, axis=0), ((1, 0), (0, 0))) for v in (known, known**2, rows * known)]
    at = np.arange(around, len(known) - around + 1)
    before, after = (sums[0][at + a] - sums[0][at + a - around] for a in (0, around))
    apart = np.abs(after - before) / around
    change = np.sqrt(np.mean(np.sort(apart, axis=1)[:, :-_LEFT_OUT] ** 2, axis=1))
    most = int(np.argmax(change))
    elsewhere = change[np.abs(at - at[most]) > around]
    usual = float(np.quantile(elsewhere, _ELSEWHERE)) if len(elsewhere) else np.inf
    if change[most] < max(_LEAST_DIFFERENCE_AT_STEP, _LASTING_OVER_ELSEWHERE * usual):
        return None
    # Squares that two means leave, and that a straight line leaves, in the frames around.
    begin, middle, end, count = at[most] - around, at[most], at[most] + around, 2 * around
    squares, slopes = (s[end] - s[begin] for s in sums[1:])
    whole = before[most] + after[most]
    of_step = squares - (before[most] ** 2 + after[most] ** 2) / around
    along = slopes - (middle - 0.5) * whole
    of_slope = squares - whole**2 / count - along**2 * 12.0 / (count * (count**2 - 1.0))
    least = count * _LEAST_USUAL_STEP**2
    gain = 0.5 * count * np.log(np.maximum(of_slope, least) / np.maximum(of_step, least))
    typical = float(np.mean(np.sort(gain)[1:-1]))
    return int(at[most]) if typical >= _LEAST_STEP_OVER_SLOPE else None


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
