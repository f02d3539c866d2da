"""In which directions teachers differ, and where along them one teacher lies, told by a few marked trials.

The shifts of many teachers on one trial have few directions; how far a trial goes in each, its features tell by kernel
ridge regression (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, 2.25), as criteria have edges.
A teacher is a point among them with the others' spread as its prior: Bayesian linear regression (Bishop 2006, Pattern
Recognition and Machine Learning, 3.3), each of the five marks of a trial saying something of all.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Total and four stages.
MARKS: Final = 5
#: Features count at most this many standard deviations: what no learned movement was like is not trusted.
_FARTHEST: Final = 4.0
#: A teacher may scatter less or more than the prior's, and differ more: variances tried, in the prior's.
_NOISES: Final = (0.7, 1.0, 2.0, 4.0)
_SPREADS: Final = (1.0, 3.0)
#: ... and the least of no shift at all, for marks that are the model's.
_LEAST: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Directions:
    """Of one movement, with F features and R directions, learned on M trials.

    mean, spread: (F,) of the features. known: (M, F) scaled features of the trials. weights, offset: (M, 5 + R),
    (5 + R,) from a trial's likeness to them to what is foreseen of it: the teachers' mean shift of its five marks, and
    how far each direction shifts it. centre, covariance: (R 5,),
    (R 5, R 5) of teachers' places along the directions, mark by mark. noise: (5, 5) covariance of a trial's marks about
    what is foreseen of a teacher who is known [points^2].
    """

    mean: Array
    spread: Array
    known: Array
    weights: Array
    offset: Array
    centre: Array
    covariance: Array
    noise: Array

    def foreseen(self, features: Array) -> Array:
        """(5 + R,) of a trial's (F,) features; those that are unknown (NaN) count as the mean."""
        return likeness(scaled(features, mean=self.mean, spread=self.spread), self.known) @ self.weights + self.offset


class Place(NamedTuple):
    """Where a teacher lies. weights: (5, 5 + R) from what is foreseen to the shift of the five marks. left_out: (N, 5)
    error of each mark predicted without its trial, NaN where there was none. evidence: twice its logarithm over that of
    no shift, the mean over all that was tried."""

    weights: Array
    left_out: Array
    evidence: float


def scaled(features: Array, *, mean: Array, spread: Array) -> Array:
    """(..., F) deviations from the mean, so that all together are of the order of one; 0 where unknown."""
    deviation = np.clip(np.nan_to_num((features - mean) / spread), -_FARTHEST, _FARTHEST)
    return np.asarray(deviation / np.sqrt(len(mean)))


def likeness(features: Array, others: Array) -> Array:
    """(..., M) of trials with (..., F) scaled features to those with (M, F): 1 for the same, falling with distance."""
    squares = (features**2).sum(axis=-1)[..., None] + (others**2).sum(axis=-1) - 2.0 * features @ others.T
    return np.asarray(np.exp(-np.maximum(squares, 0.0) / 2.0))


def find_place(directions: Directions, foreseen: Array, differences: Array) -> Place:
    """From (N, 5 + R) foreseen of the marked trials, and (N, 5) teacher's marks less the model's, NaN where not marked.

    How widely the teacher scatters, and how far they may lie from the others, is chosen by evidence.
    """
    count, known = len(foreseen), np.isfinite(differences).ravel()
    design = np.concatenate([np.kron(row[MARKS:], np.eye(MARKS)) for row in foreseen])[known]
    shift = differences.ravel()[known]
    left = shift - foreseen[:, :MARKS].ravel()[known] - design @ directions.centre
    # Where the noise is white and the directions apart, every width that is tried costs nothing.
    root = np.linalg.cholesky(np.kron(np.eye(count), directions.noise)[np.ix_(known, known)])
    white = np.linalg.solve(root, np.column_stack([design, left, shift]))
    spread = white[:, :-2] @ directions.covariance @ white[:, :-2].T
    sizes, vectors = np.linalg.eigh(spread)
    sizes = np.maximum(sizes, 0.0)
    turned = (vectors.T @ white[:, -2]) ** 2
    tried = {
        (wide, far): _log_likelihood(turned, far * sizes + wide) for wide, far in itertools.product(_NOISES, _SPREADS)
    }
    (wide, far), evidence = max(tried.items(), key=lambda one: one[1])
    mean_evidence = evidence + np.log(np.mean(np.exp(np.array(list(tried.values())) - evidence)))
    # No shift: the scatter alone, as wide as suits it best.
    alone = white[:, -1] ** 2
    none = max(_log_likelihood(alone, np.full(len(alone), w)) for w in (max(float(alone.mean()), _LEAST), *_NOISES))
    back = np.linalg.solve(root.T, vectors)
    inverse = (back / (far * sizes + wide)) @ back.T
    residual = inverse @ left
    gain = design @ directions.covariance
    learned = (directions.centre + far * gain.T @ residual).reshape(-1, MARKS).T
    # Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, 5.4.2, a trial at a time.
    left_out = np.full(differences.size, np.nan)
    trial = np.flatnonzero(known) // MARKS
    for k in range(count):
        rows = np.flatnonzero(trial == k)
        left_out[np.flatnonzero(known)[rows]] = np.linalg.solve(inverse[np.ix_(rows, rows)], residual[rows])
    weights = np.hstack([np.eye(MARKS), learned])
    return Place(weights, left_out.reshape(differences.shape), 2.0 * (float(mean_evidence) - none))


def _log_likelihood(squares: Array, variances: Array) -> float:
    """Of independent normal values, but for a constant."""
    return -0.5 * float((squares / variances + np.log(variances)).sum())
