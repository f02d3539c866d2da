"""Whether a recording shows one body all along: in two people's data spliced together limbs change length for good."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

# Left and right limbs are of one length, but for what sensors add: their mean is told better than either.
_LIMBS: Final = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("shoulder", "hip"))
_LEFT: Final = np.array([[INDEX[f"left_{a}"], INDEX[f"left_{b}"]] for a, b in _LIMBS])
_RIGHT: Final = np.array([[INDEX[f"right_{a}"], INDEX[f"right_{b}"]] for a, b in _LIMBS])
_SHOULDERS: Final = (INDEX["left_shoulder"], INDEX["right_shoulder"])
# Fewer lengths than this are no body; the one that changes most is left out: a misplaced joint moves one or two.
_LEAST_LENGTHS: Final = 4
_LEFT_OUT: Final = 1
# A body must be seen for this long before and after.
_LEAST_S: Final = 0.3
# Lengths are off by posture and soft tissue, and alike for about this long: the long-run variance of their means is
# summed over such lags with falling weights (Newey & West 1987, Econometrica 55(3), eq. 5).
_ALIKE_S: Final = 0.25
# The change, in standard errors of the means before and after: typical of all lengths, and without the one that changes
# most. Simulated recordings of one person with 6 mm of noise stay below 2.6, 104 real ones (free throws, jumps) below
# 5.2; half of simulated pairs are above 19.
_LEAST_STANDARD_ERRORS: Final = 4.2
_LEAST_WITHOUT_GREATEST: Final = 2.7
# Typical change of the logarithm of a length; less is no other person.
_LEAST_CHANGE: Final = 0.01
# The share of it that comes at once, by means over this much on either side: posture and soft tissue change lengths
# gradually (the real recordings above 4.2 standard errors by 0.56 at most), another body by all of it.
_LEAST_AT_ONCE: Final = 0.6
_AT_ONCE_S: Final = 0.067
# Below this variance of a length's logarithm a recording is a perfect simulation.
_LEAST_VARIANCE: Final = 1e-7


def change_of_person_s(motion: Motion) -> float | None:
    """The time at which the recording goes over to another body; None where it does not."""
    around = max(round(_LEAST_S * motion.rate_hz), _LEAST_LENGTHS)
    if len(motion) < 3 * around:
        return None
    lengths = _lengths(motion.positions_m)
    known = np.isfinite(lengths)
    seen = known.sum(axis=0) >= 2 * around
    if seen.sum() < _LEAST_LENGTHS:
        return None
    lengths, known = lengths[:, seen], known[:, seen]
    lengths = np.where(known, lengths - np.mean(lengths, axis=0, where=known), 0.0)
    sums, counts = np.cumsum(lengths, axis=0), np.cumsum(known, axis=0)
    last = np.arange(around - 1, len(lengths) - around)
    before, after = counts[last], counts[-1] - counts[last]
    change = (sums[-1] - sums[last]) / np.maximum(after, 1) - sums[last] / np.maximum(before, 1)
    change[np.minimum(before, after) < around] = 0.0
    variance = np.maximum((lengths**2).sum(axis=0) / counts[-1], _LEAST_VARIANCE)
    evidence = change**2 / variance * (before * after / counts[-1])
    likely = int(np.argmax(_without_greatest(evidence)))
    # Noise moves that by some frames; the seam is where lengths change at once as they do in the long run.
    near, reach = (max(round(seconds * motion.rate_hz), 1) for seconds in (_AT_ONCE_S, _ALIKE_S))
    tried = range(max(likely - reach, 0), min(likely + reach + 1, len(last)))
    steps = [_step(lengths, known, int(last[k]) + 1, near) for k in tried]
    best = int(np.argmax(np.stack(steps) @ (change[likely] / variance)))
    at, at_once = tried[best], steps[best]
    first, step = int(last[at]) + 1, change[at]
    squares = step**2 / _squared_error(lengths, known, first, reach)
    told = (
        np.sqrt(_without_greatest(step**2)) >= _LEAST_CHANGE
        and np.sqrt(squares.mean()) >= _LEAST_STANDARD_ERRORS
        and np.sqrt(_without_greatest(squares)) >= _LEAST_WITHOUT_GREATEST
        and at_once @ step >= _LEAST_AT_ONCE * (step @ step)
    )
    return float(motion.times_s[first]) if told else None


def _lengths(positions_m: Array) -> Array:
    """(T, 6) logarithms: of limbs and flanks the mean of both sides or the one that is seen, of the shoulders' line."""
    sides = np.stack(
        [np.linalg.norm(positions_m[:, ends[:, 0]] - positions_m[:, ends[:, 1]], axis=2) for ends in (_LEFT, _RIGHT)]
    )
    across = np.linalg.norm(positions_m[:, _SHOULDERS[0]] - positions_m[:, _SHOULDERS[1]], axis=1)
    with np.errstate(divide="ignore"):
        sides, across = np.log(sides), np.log(across)
    known = np.isfinite(sides)
    both = np.where(known, sides, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return np.column_stack([both, np.where(np.isfinite(across), across, np.nan)])


def _squared_error(lengths: Array, known: NDArray[np.bool_], first: int, lags: int) -> Array:
    """(K,) squared standard error of a change of the means from frame `first` on."""
    count = len(lengths)
    means = np.stack([_mean(lengths, known, 0, first), _mean(lengths, known, first, count)])
    rest = np.where(known, lengths - means[(np.arange(count) >= first).astype(int)], 0.0)
    total = (rest**2).sum(axis=0)
    for lag in range(1, lags + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * (rest[lag:] * rest[:-lag]).sum(axis=0)
    variance = np.maximum(total / known.sum(axis=0), _LEAST_VARIANCE)
    before = known[:first].sum(axis=0)
    after = known[first:].sum(axis=0)
    return variance * (1.0 / np.maximum(before, 1) + 1.0 / np.maximum(after, 1))


def _step(lengths: Array, known: NDArray[np.bool_], first: int, near: int) -> Array:
    """(K,) change from `near` frames before frame `first` to as many from it on."""
    return _mean(lengths, known, first, first + near) - _mean(lengths, known, first - near, first)


def _mean(lengths: Array, known: NDArray[np.bool_], begin: int, end: int) -> Array:
    """(K,) means of what is known in the frames begin..end - 1; 0 where nothing is."""
    return lengths[begin:end].sum(axis=0) / np.maximum(known[begin:end].sum(axis=0), 1)


def _without_greatest(squares: Array) -> Array:
    """(...,) means over the last axis without its greatest."""
    return np.sort(squares, axis=-1)[..., :-_LEFT_OUT].mean(axis=-1)
