"""Which trials a training epoch sees: calm movements first, and hard examples more often."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Intensity (0..1 within its action) up to which trials are used before each epoch (the paper's section 4).
INTENSITY_THRESHOLDS: Final = (0.3, 0.6)
THRESHOLD_EPOCHS: Final = (10.0, 25.0)
#: Share of an epoch drawn by difficulty, at its beginning and at the end of training (the paper's section 4).
HARD_SHARE: Final = (0.6, 0.3)
#: Middle and width of the factor on marks in the difficulty.
DIFFICULTY_CENTRE_POINTS: Final = 50.0
#: Length of the schedule in which the paper's epoch numbers are meant; a shorter run passes through it faster (chosen:
#: the paper's last threshold leaves more than half of the training to all movements).
SCHEDULE_EPOCHS: Final = 60.0


def intensity(speed: Array, action: NDArray[np.intp]) -> Array:
    """(N,) rank of a trial's mean joint speed among the trials of its action, 0 to 1."""
    ranks = np.zeros(len(speed))
    for kind in np.unique(action):
        members = np.flatnonzero(action == kind)
        order = speed[members].argsort().argsort()
        ranks[members] = order / max(1, len(members) - 1)
    return ranks


def admitted(intensities: Array, *, epoch: float) -> NDArray[np.bool_]:
    """(N,) the trials that this epoch (counted in SCHEDULE_EPOCHS) may see."""
    for threshold, until in zip(INTENSITY_THRESHOLDS, THRESHOLD_EPOCHS, strict=True):
        if epoch < until:
            return np.asarray(intensities <= threshold)
    return np.ones(len(intensities), dtype=np.bool_)


def difficulty(error: Array, total: Array) -> Array:
    """h = |err| exp(-0.5 |y - 50| / 50), the paper's formula.

    Its text says that extremes count more, its formula that they count less. The formula is taken: marks near the ends
    are few and their large errors would otherwise be drawn again and again.
    """
    width = DIFFICULTY_CENTRE_POINTS
    return np.asarray(np.abs(error) * np.exp(-0.5 * np.abs(total - DIFFICULTY_CENTRE_POINTS) / width))


def draw_epoch(
    admissible: NDArray[np.bool_], hardness: Array, *, progress: float, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Indices of one epoch, as many as are admissible: hard ones by their difficulty, the rest evenly.

    progress: 0 at the first epoch, 1 at the last. The evenly drawn share keeps easy ones in memory.
    """
    pool = np.flatnonzero(admissible)
    hard_share = HARD_SHARE[0] + (HARD_SHARE[1] - HARD_SHARE[0]) * progress
    weights = hardness[pool]
    if weights.sum() <= 0:
        return np.asarray(rng.permutation(pool))
    hard_count = round(hard_share * len(pool))
    hard = rng.choice(pool, size=hard_count, p=weights / weights.sum())
    easy = rng.permutation(pool)[: len(pool) - hard_count]
    return np.asarray(rng.permutation(np.concatenate([hard, easy])))
