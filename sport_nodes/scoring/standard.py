"""A teacher's own standard of one movement: what is added to the model's marks, learned from few marked trials.

With a prior of teachers the marks tell where along the directions in which teachers differ this one lies
(`directions.find_place`). Without, and for a movement that the model does not know, it is Bayesian ridge regression
(Bishop 2006, Pattern Recognition and Machine Learning, 3.3) of the difference between the teacher's marks and the
model's, on the model's five marks and the hand-made features of `familiarity`. The prior mean is no difference: where
the marks say nothing, the model's stay. How far the teacher may differ is chosen by evidence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.scoring.directions import MARKS, Directions, Place, find_place
from sport_nodes.scoring.familiarity import SPREAD_FACTOR
from sport_nodes.scoring.intervals import conformal_half_width

Array = NDArray[np.float64]

#: Fewest marked trials of a movement that the model knows, and of a new one.
FEWEST_MARKED: Final = 10
FEWEST_OF_NEW_ACTION: Final = 20
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
#: ... and very strong, which is asked for where a prior of teachers expects a difference from the first mark on.
VERY_STRONG_EVIDENCE: Final = 10.0
_VALUES: Final = ("features", "model", "marks")
NOTHING: Final[Array] = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Example:
    """One marked trial. features: (F,) of familiarity.FEATURES, NaN where unknown. model, marks: (5,) total and stages,
    of the model (NaN for a movement that it does not know) and of the teacher (NaN for stages that were not marked).
    foreseen: (5 + R,) what a prior of teachers foresees, see `directions`; (0,) without one."""

    trial: str
    athlete: str
    features: Array
    model: Array
    marks: Array
    foreseen: Array = field(default_factory=lambda: NOTHING)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, with None for NaN."""
        values = {name: _listed(getattr(self, name)) for name in _VALUES}
        if len(self.foreseen):
            values["foreseen"] = _listed(self.foreseen)
        return {"trial": self.trial, "athlete": self.athlete, **values}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Example:
        """The inverse of as_dict."""
        values = (np.array(data.get(name, []), dtype=np.float64) for name in (*_VALUES, "foreseen"))
        return cls(data["trial"], data["athlete"], *values)


@dataclass(frozen=True, eq=False)
class Standard:
    """weights: (5, 1 + 5 + F), or (5, 5 + R) on what a prior of teachers foresees. base: (5,) marks to begin with where
    the model has none. mean, spread: (F,) of the features. half_widths: (5,) points either side that hold 90 % of the
    teacher's marks of trials left out.

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
    by_prior: bool = False

    def marks(self, features: Array, model: Array, foreseen: Array = NOTHING) -> Array:
        """(5,) total and stages of 0..100 from (F,) features, the model's (5,) marks, and (5 + R,) what is foreseen."""
        base = np.where(np.isfinite(model), model, self.base)
        row = foreseen if self.by_prior else design_row(features, model, mean=self.mean, spread=self.spread)
        return np.asarray(np.clip(base + self.weights @ row, 0.0, 100.0))


def learn(examples: Sequence[Example], *, mean: Array, spread: Array, directions: Directions | None = None) -> Standard:
    """The standard that these marks show. mean, spread: (F,) of the movement's features among people. directions: of a
    prior of teachers that has foreseen the examples.

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
    difference = marks - np.where(np.isfinite(model), model, base)
    if directions is None:
        found = _by_ridge(
            np.array([design_row(e.features, e.model, mean=mean, spread=spread) for e in examples]), difference
        )
    else:
        found = find_place(directions, np.array([e.foreseen for e in examples]), difference)
    off, base_off = np.abs(found.left_out[:, 0]), np.abs(difference[:, 0])
    gain = base_off - off
    # The plain ridge must gain more than one standard error over the model (Breiman et al. 1984, Classification and
    # Regression Trees, 3.4.3). A prior of teachers knows more than trials left out tell, so that its evidence decides;
    # a new movement has no score without a standard.
    by_ridge_alone = directions is None and not new_action
    least = gain.std(ddof=1) / np.sqrt(len(gain)) if by_ridge_alone else 0.0
    if found.evidence < (STRONG_EVIDENCE if directions is None else VERY_STRONG_EVIDENCE) or not gain.mean() > least:
        raise InputError(
            f"{len(examples)} marks do not tell a standard of its own: on trials left out the error is "
            f"{base_off.mean():.1f} points without it and {off.mean():.1f} with it; mark more trials, poor and "
            "good ones"
        )
    half_widths = []
    for column in found.left_out.T:
        known = column[np.isfinite(column)]
        half_widths.append(conformal_half_width(known if len(known) >= FEWEST_MARKED else found.left_out[:, 0]))
    return Standard(
        found.weights,
        base,
        mean,
        spread,
        np.array(half_widths),
        len(examples),
        float(off.mean()),
        float(base_off.mean()),
        by_prior=directions is not None,
    )


def left_out_errors(
    examples: Sequence[Example], *, mean: Array, spread: Array, directions: Directions | None = None
) -> Array:
    """(N,) absolute error of each total, predicted by a standard learned from the others."""
    marks, model = np.array([e.marks for e in examples]), np.array([e.model for e in examples])
    if directions is not None:
        place = find_place(directions, np.array([e.foreseen for e in examples]), marks - model)
        return np.abs(place.left_out[:, 0])
    rows = np.array([design_row(e.features, e.model, mean=mean, spread=spread) for e in examples])
    base = np.where(np.isfinite(model[:, 0]), model[:, 0], np.median(marks[:, 0]))
    return np.abs(_ridge(rows, marks[:, 0] - base).left_out)


def design_row(features: Array, model: Array, *, mean: Array, spread: Array) -> Array:
    """(1 + 5 + F,): one, the model's marks, the features; each of the order of one, 0 where unknown."""
    deviation = np.nan_to_num((features - mean) / spread * SPREAD_FACTOR)
    return np.concatenate([[1.0], np.nan_to_num((model - _CENTRE) / _SCALE), np.clip(deviation, -_FARTHEST, _FARTHEST)])


def _by_ridge(rows: Array, difference: Array) -> Place:
    """Each of the five marks on its own; its evidence is that of the total."""
    total = _ridge(rows, difference[:, 0])
    weights, left_out = [total.weights], [total.left_out]
    for column in difference.T[1:]:
        known = np.isfinite(column)
        # Too few marks of this stage: it moves as the total does.
        fit = _ridge(rows[known], column[known]) if known.sum() >= FEWEST_MARKED else total
        weights.append(fit.weights)
        left_out.append(np.full(len(rows), np.nan))
        left_out[-1][known if fit is not total else slice(None)] = fit.left_out
    return Place(np.array(weights), np.array(left_out).T, total.evidence)


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
