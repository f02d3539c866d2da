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
    joint_importance: (17,), sums to 1. frame_importance: (T,) at frame_times_s, sums to 1. Both by how far the score
    moves when the joint, or the part of the movement, is not seen; NaN while the movement goes on.
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
    joint_importance: NDArray[np.float64]
    frame_times_s: NDArray[np.float64]
    frame_importance: NDArray[np.float64]
    model: str
    latency_ms: float
    withheld: str = ""
    warnings: tuple[str, ...] = field(default=())
