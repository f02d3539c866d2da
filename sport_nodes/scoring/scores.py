"""The result of scoring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: From worst to best; the network's five outputs are in this order.
GRADES: Final = ("poor", "pass", "fair", "good", "excellent")
#: Lower bound in points of every grade but the first (school practice: 60 passes, then steps of ten).
GRADE_BOUNDS: Final = (60.0, 70.0, 80.0, 90.0)


def grade_of(score: float) -> str:
    """The grade a total of 0 to 100 points stands for."""
    return GRADES[int(np.searchsorted(GRADE_BOUNDS, score, side="right"))]


@dataclass(frozen=True)
class StageScore:
    """One stage: points 0..100 with the 90 % interval [low, high], and its bounds in seconds of the trial."""

    name: str
    score: float
    low: float
    high: float
    begin_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class StageScores:
    """Score of a trial, or of the last seconds while it runs.

    value, low, high: points 0..100, NaN where withheld; [low, high] is the 90 % interval.
    grade_probabilities: five, in the order of GRADES. bias_correction: points in [-10, 10].
    model: identity (name and hash). latency_ms: time the model took. withheld: the reason, "" when not.
    """

    action: str
    value: float
    low: float
    high: float
    grade: str
    grade_probabilities: NDArray[np.float64]
    stages: tuple[StageScore, ...]
    bias_correction: float
    model: str
    latency_ms: float
    withheld: str = ""
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class Importance:
    """What a trial's score rests on: by how far it moves when a joint, or a part of the movement, is not seen.

    joints: (17,). frames: (T,) at times_s. Each sums to 1. model: whose score.
    """

    action: str
    model: str
    joints: NDArray[np.float64]
    times_s: NDArray[np.float64]
    frames: NDArray[np.float64]
