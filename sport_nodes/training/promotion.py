"""Whether a new model may take the place of the present one: on people that neither was trained on, movement by
movement and height by height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.training.metrics import BOOTSTRAP_COVERAGE, BOOTSTRAP_SAMPLES

Array = NDArray[np.float64]

#: The mean error of no movement and no height band may grow by more than this [points]: half of what a raters' mean is
#: itself off the rubric.
LARGEST_LOSS: Final = 1.0
#: A band of fewer people is not judged: one odd person would decide.
FEWEST_IN_BAND: Final = 3
BAND_M: Final = 0.1


@dataclass(frozen=True)
class Promotion:
    """difference, low, high: new less present mean absolute error [points] and its 95 % interval over people.

    bands: the difference in each movement and height band. reasons: why it is not promoted, none where it is.
    """

    difference: float
    low: float
    high: float
    bands: dict[str, float]
    reasons: tuple[str, ...]

    @property
    def promoted(self) -> bool:
        return not self.reasons


def judge(
    *,
    new: Array,
    present: Array,
    marks: Array,
    people: NDArray[np.intp],
    movements: NDArray[np.str_],
    height_m: Array,
    seed: int = 0,
) -> Promotion:
    """All (T,), one a trial of the frozen test people: totals of both models, marks, who, what, how tall."""
    gain = np.abs(new - marks) - np.abs(present - marks)
    low, high = _interval(gain, people, seed)
    reasons = []
    if not high < 0.0:
        reasons.append(
            f"not surely better: the error changes by {gain.mean():+.2f} points ({low:+.2f} to {high:+.2f}) over "
            f"{len(np.unique(people))} people; below zero is asked for"
        )
    bands = {}
    tall = np.array([_band(h) for h in height_m])
    for name in [*np.unique(movements), *np.unique(tall)]:
        rows = (movements == name) | (tall == name)
        if (count := len(np.unique(people[rows]))) < FEWEST_IN_BAND:
            if name in movements:
                reasons.append(
                    f"{name} was done by {count} of the test people, {FEWEST_IN_BAND} are needed to judge it"
                )
            continue
        bands[str(name)] = float(gain[rows].mean())
        if bands[str(name)] > LARGEST_LOSS:
            reasons.append(f"worse in {name}: by {bands[str(name)]:.2f} points, at most {LARGEST_LOSS:.1f} is allowed")
    return Promotion(float(gain.mean()), low, high, bands, tuple(reasons))


def _interval(gain: Array, people: NDArray[np.intp], seed: int) -> tuple[float, float]:
    """Of the mean, when other people had come: people are drawn, not trials."""
    names = np.unique(people)
    sums = np.array([gain[people == name].sum() for name in names])
    counts = np.array([(people == name).sum() for name in names])
    drawn = np.random.default_rng(seed).integers(0, len(names), (BOOTSTRAP_SAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1.0 - BOOTSTRAP_COVERAGE) / 2.0
    return float(np.quantile(means, tail)), float(np.quantile(means, 1.0 - tail))


def _band(height_m: float) -> str:
    if not np.isfinite(height_m):
        return "unknown height"
    low = np.floor(height_m / BAND_M + 1e-9) * BAND_M
    return f"{low:.1f} to {low + BAND_M:.1f} m"
