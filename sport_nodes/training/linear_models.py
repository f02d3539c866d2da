"""Ridge and logistic regression on standardised features; the scaler sees the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Array = NDArray[np.float64]

#: Inverse variance of the weights; several hundred features and a hundred rows need a strong prior.
LOGISTIC_PENALTY: Final = 100.0
RIDGE_PENALTY: Final = 300.0
_SMALLEST_SPREAD: Final = 1e-9


@dataclass(frozen=True)
class Linear:
    """weights (D,) on standardised features; `linear` gives (N,) log odds or predictions."""

    mean: Array
    spread: Array
    weights: Array
    offset: float

    def linear(self, features: Array) -> Array:
        return np.asarray((features - self.mean) / self.spread @ self.weights + self.offset)

    def probability(self, features: Array) -> Array:
        """(N,) for a model that `fit_logistic` made."""
        return np.asarray(expit(self.linear(features)))


def fit_logistic(features: Array, labels: Array, *, penalty: float = LOGISTIC_PENALTY) -> Linear:
    """features (N, D), labels (N,) of 0 and 1. Minimises the summed log loss + penalty |w|^2 / 2, offset free."""
    mean, spread = _scale(features)
    x = (features - mean) / spread

    def loss(parameters: Array) -> tuple[float, Array]:
        weights, offset = parameters[:-1], parameters[-1]
        odds = x @ weights + offset
        residual = expit(odds) - labels
        value = np.logaddexp(0.0, odds).sum() - labels @ odds + 0.5 * penalty * weights @ weights
        return float(value), np.append(x.T @ residual + penalty * weights, residual.sum())

    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B")
    return Linear(mean, spread, found.x[:-1], float(found.x[-1]))


def fit_ridge(features: Array, targets: Array, *, penalty: float = RIDGE_PENALTY) -> Linear:
    """features (N, D), targets (N,). Minimises squared error + penalty |w|^2, in the dual: N is smaller than D."""
    mean, spread = _scale(features)
    x = (features - mean) / spread
    centre = float(targets.mean())
    dual = np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), targets - centre)
    return Linear(mean, spread, x.T @ dual, centre)


def _scale(features: Array) -> tuple[Array, Array]:
    spread = features.std(axis=0)
    return features.mean(axis=0), np.where(spread > _SMALLEST_SPREAD, spread, 1.0)
