"""A teacher's own standard of one movement: what is added to the model's marks, learned from few marked trials.

Bayesian ridge regression (Bishop 2006, Pattern Recognition and Machine Learning, 3.3) of the difference between the
teacher's marks and the model's, on the model's five marks and the hand-made features of `familiarity`. The prior mean
is no difference: where the marks say nothing, the model's stay. How far the teacher may differ is chosen by evidence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.scoring.familiarity import SPREAD_FACTOR
from sport_nodes.scoring.intervals import conformal_half_width

Array = NDArray[np.float64]

#: Fewest marked trials of a movement that the model knows, and of a new one.
FEWEST_MARKED: Final = 10
FEWEST_OF_NEW_ACTION: Final = 20
#: Total and four stages.
MARKS: Final = 5
#: Brings marks to the order of one: the middle of school marks, and the spread of students'.
_CENTRE: Final = 75.0
_SCALE: Final = 15.0
#: Hand-made features count at most this many standard deviations: what no trained movement was like is not trusted.
_FARTHEST: Final = 3.0
#: Prior standard deviations tried, in those of a mark about the standard: of the offset, of the five marks' weights
#: and of all hand-made ones, per standard deviation of the feature. Zero leaves the part out.
_OFFSETS: Final = (0.0, 0.7, 2.0)
_MARK_WEIGHTS: Final = (0.0, 0.5, 1.5)
_FEATURE_WEIGHTS: Final = (0.0, 0.3, 0.8, 2.0)
#: A mark scatters about a standard by at least this much [points].
_LEAST_NOISE: Final = 2.0
#: Twice the logarithm of the Bayes factor from which evidence is strong (Kass & Raftery 1995, JASA 90, 3.2).
STRONG_EVIDENCE: Final = 6.0
_VALUES: Final = ("features", "model", "marks")


@dataclass(frozen=True, eq=False)
class Example:
    """One marked trial. features: (F,) of familiarity.FEATURES, NaN where unknown. model, marks: (5,) total and stages,
    of the model (NaN for a movement that it does not know) and of the teacher (NaN for stages that were not marked)."""

    trial: str
    athlete: str
    features: Array
    model: Array
    marks: Array

    def as_dict(self) -> dict[str, Any]:
        """Plain data, with None for NaN."""
        values = {name: _listed(getattr(self, name)) for name in _VALUES}
        return {"trial": self.trial, "athlete": self.athlete, **values}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Example:
        """The inverse of as_dict."""
        return cls(data["trial"], data["athlete"], *(np.array(data[name], dtype=np.float64) for name in _VALUES))


@dataclass(frozen=True, eq=False)
class Standard:
    """weights: (5, 1 + 5 + F). base: (5,) marks to begin with where the model has none. mean, spread: (F,) of the
    features. half_widths: (5,) points either side that hold 90 % of the teacher's marks of trials left out.

    marked: how many trials it was learned from. error, base_error: mean absolute error of the total of each of them,
    predicted without it, by the standard, and by the model alone (by the median mark, for a new movement).
    """

    weights: Array
    base: Array
    mean: Array
    spread: Array
    half_widths: Array
    marked: int
    error: float
    base_error: float

    def marks(self, features: Array, model: Array) -> Array:
        """(5,) total and stages of 0..100 from (F,) features and the model's (5,) marks."""
        base = np.where(np.isfinite(model), model, self.base)
        row = design_row(features, model, mean=self.mean, spread=self.spread)
        return np.asarray(np.clip(base + self.weights @ row, 0.0, 100.0))


def learn(examples: Sequence[Example], *, mean: Array, spread: Array) -> Standard:
    """The standard that these marks show. mean, spread: (F,) of the movement's features among people.

    Raises InputError for too few marks, or where a standard of its own would not mark trials left out better.
    """
    marks, model = np.array([e.marks for e in examples]), np.array([e.model for e in examples])
    new_action = len(examples) > 0 and not np.isfinite(model[:, 0]).any()
    fewest = FEWEST_OF_NEW_ACTION if new_action else FEWEST_MARKED
    if len(examples) < fewest:
        raise InputError(f"a teacher's standard needs {fewest} marked trials of a movement, found {len(examples)}")
    base = np.array(
        [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else _CENTRE for column in marks.T]
    )
    rows = np.array([design_row(e.features, e.model, mean=mean, spread=spread) for e in examples])
    difference = marks - np.where(np.isfinite(model), model, base)
    weights: list[Array] = []
    half_widths: list[float] = []
    total = _ridge(rows, difference[:, 0])
    error, base_error = float(np.abs(total.left_out).mean()), float(np.abs(difference[:, 0]).mean())
    gain = np.abs(difference[:, 0]) - np.abs(total.left_out)
    # Against the model the rule of one standard error (Breiman et al. 1984, Classification and Regression Trees,
    # 3.4.3); a new movement has no score without a standard.
    least = 0.0 if new_action else gain.std(ddof=1) / np.sqrt(len(gain))
    if total.evidence < STRONG_EVIDENCE or not gain.mean() > least:
        raise InputError(
            f"{len(examples)} marks do not tell a standard of its own: on trials left out the error is "
            f"{base_error:.1f} points without it and {error:.1f} with it; mark more trials, poor and good ones"
        )
    for k in range(MARKS):
        known = np.isfinite(difference[:, k])
        # Too few marks of this stage: it moves as the total does.
        fit = _ridge(rows[known], difference[known, k]) if k and known.sum() >= FEWEST_MARKED else total
        weights.append(fit.weights)
        half_widths.append(conformal_half_width(fit.left_out))
    return Standard(np.array(weights), base, mean, spread, np.array(half_widths), len(examples), error, base_error)


def left_out_errors(examples: Sequence[Example], *, mean: Array, spread: Array) -> Array:
    """(N,) absolute error of each total, predicted by a standard learned from the others."""
    marks, model = np.array([e.marks[0] for e in examples]), np.array([e.model[0] for e in examples])
    rows = np.array([design_row(e.features, e.model, mean=mean, spread=spread) for e in examples])
    return np.abs(_ridge(rows, marks - np.where(np.isfinite(model), model, np.median(marks))).left_out)


def design_row(features: Array, model: Array, *, mean: Array, spread: Array) -> Array:
    """(1 + 5 + F,): one, the model's marks, the features; each of the order of one, 0 where unknown."""
    deviation = np.nan_to_num((features - mean) / spread * SPREAD_FACTOR)
    return np.concatenate([[1.0], np.nan_to_num((model - _CENTRE) / _SCALE), np.clip(deviation, -_FARTHEST, _FARTHEST)])


class _Fit(NamedTuple):
    """left_out: error of each value predicted without itself. evidence: twice its logarithm over that of no weights."""

    weights: Array
    left_out: Array
    evidence: float


def _ridge(rows: Array, values: Array) -> _Fit:
    """At the prior of greatest evidence, with the noise that suits it best."""
    count, features = len(rows), rows.shape[1] - 1 - MARKS
    best = _Fit(np.zeros(rows.shape[1]), values, 0.0)
    none = count * np.log(max(float(values @ values) / count, _LEAST_NOISE**2))
    for offset, mark, feature in itertools.product(_OFFSETS, _MARK_WEIGHTS, _FEATURE_WEIGHTS):
        spread = np.repeat([offset, mark / np.sqrt(MARKS), feature / np.sqrt(features)], [1, MARKS, features])
        prior = rows * spread**2
        covariance = prior @ rows.T + np.eye(count)
        inverse = np.linalg.inv(covariance)
        explained = inverse @ values
        noise = max(float(values @ explained) / count, _LEAST_NOISE**2)
        evidence = none - count * np.log(noise) - float(np.linalg.slogdet(covariance)[1])
        evidence += float(values @ values) / max(float(values @ values) / count, _LEAST_NOISE**2)
        evidence -= float(values @ explained) / noise
        if evidence > best.evidence:
            # Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, equation 5.12.
            best = _Fit(prior.T @ explained, explained / np.diag(inverse), evidence)
    return best


def _listed(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 5) for value in values]
