"""Marks: from technique parameters to stage marks and a total, and three simulated raters who agree as people do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.technique import Technique

Array = NDArray[np.float64]

#: Agreement of three raters, ICC(2,1): the founding paper's figure.
TARGET_ICC: Final = 0.92
RATERS: Final = 3
#: Standard deviation of true totals among the students of `population` [points], measured; `test_rubric.py` holds it.
POPULATION_SD: Final = {"standing_long_jump": 16.0, "free_throw": 15.5, "overhead_pass": 18.0, "sit_up": 20.0}
#: Of the raters' disagreement, the share that is a rater's own leniency; the rest differs from trial to trial.
LENIENCY_SHARE: Final = 0.3
#: At the edge of a criterion's good range a stage has lost this many points, at the parameter's mean none.
BLEMISH_POINTS: Final = 5.0
#: A range that ends at the mean (nothing beyond it is better) is taken to have this width.
SMALLEST_RANGE: Final = 1e-6
LOWEST_STAGE_MARK: Final = 25.0


def stage_marks(technique: Technique, values: Mapping[str, float]) -> Array:
    """(S,) marks of 0 to 100 for the technique parameters of one trial, by the criteria of docs/rubric.md."""
    losses = dict.fromkeys(technique.stages, 0.0)
    for c in technique.criteria:
        value = values[c.parameter]
        beyond = max(c.low - value, value - c.high, 0.0)
        losses[c.stage] += c.cost * min(beyond / c.span, 1.0)
        best = technique.parameters[c.parameter].mean
        edge = c.high if value > best else c.low
        losses[c.stage] += BLEMISH_POINTS * min(abs(value - best) / max(abs(edge - best), SMALLEST_RANGE), 1.0) ** 2
    return np.array([max(100.0 - losses[s], LOWEST_STAGE_MARK) for s in technique.stages])


def total_mark(technique: Technique, marks: Array) -> float:
    """The total of 0 to 100: the weighted mean of the stages, drawn towards the worst of them.

    A teacher does not let three good stages hide a failed one: WORST_SHARE of the total is the worst stage's.
    """
    weights = np.array(technique.stage_weights)
    return float((1.0 - WORST_SHARE) * (weights @ marks) / weights.sum() + WORST_SHARE * marks.min())


WORST_SHARE: Final = 0.25


def disagreement_variance(population_sd: float, *, icc: float = TARGET_ICC) -> float:
    """Variance of one rater about the truth [points^2] for which ICC(2,1) = true / (true + rater + residual)."""
    return population_sd**2 * (1.0 - icc) / icc


def rater_marks(technique: Technique, marks: Array, *, rng: np.random.Generator) -> Array:
    """(3, S + 1) stage marks and total of three raters, whole points 0 to 100.

    The raters are the same three people in every trial: their leniency is fixed, their judgement of a trial varies.
    """
    variance = disagreement_variance(POPULATION_SD[technique.action])
    leniency = np.sqrt(LENIENCY_SHARE * variance) * RATER_LENIENCY
    scatter = np.sqrt((1.0 - LENIENCY_SHARE) * variance)
    truth = np.append(marks, total_mark(technique, marks))
    own = rng.standard_normal((RATERS, 1))
    # A judgement of the whole colours its stages: half of the scatter is shared by all marks of one rater.
    noise = np.sqrt(0.5) * own + np.sqrt(0.5) * rng.standard_normal((RATERS, len(truth)))
    given = truth + leniency[:, None] + scatter * noise
    return np.clip(np.round(given), 0.0, 100.0)


#: A lenient, a middling and a strict rater, in standard deviations (mean 0, sample variance 1).
RATER_LENIENCY: Final = np.array([1.0, 0.0, -1.0])
