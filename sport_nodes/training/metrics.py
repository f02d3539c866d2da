"""How well scores meet marks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

Array = NDArray[np.float64]

#: Resamplings of people for the bootstrap interval.
BOOTSTRAP_SAMPLES: Final = 500
BOOTSTRAP_COVERAGE: Final = 0.95
#: Edges of the bands of body height [m].
HEIGHT_EDGES_M: Final = (1.45, 1.55, 1.65, 1.75, 1.85)


def score_metrics(predicted: Array, marks: Array) -> dict[str, float]:
    """mae, rmse [points], srcc, acc5 and acc10: share of trials within 5 and 10 points. Inputs (N,) in points."""
    error = np.abs(predicted - marks)
    constant = np.ptp(predicted) == 0.0 or np.ptp(marks) == 0.0
    return {
        "mae": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "srcc": float("nan") if constant else float(spearmanr(predicted, marks).statistic),
        "acc5": float((error <= 5.0).mean()),
        "acc10": float((error <= 10.0).mean()),
    }


def bootstrap_mae(predicted: Array, marks: Array, people: NDArray[np.intp], *, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean absolute error when other people had come: people are drawn, not trials."""
    rng = np.random.default_rng(seed)
    error = np.abs(predicted - marks)
    names = np.unique(people)
    sums = np.array([error[people == name].sum() for name in names])
    counts = np.array([(people == name).sum() for name in names])
    drawn = rng.integers(0, len(names), (BOOTSTRAP_SAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1.0 - BOOTSTRAP_COVERAGE) / 2.0
    return float(np.quantile(means, tail)), float(np.quantile(means, 1.0 - tail))


def metrics_per_height(predicted: Array, marks: Array, height_m: Array) -> dict[str, dict[str, float]]:
    """`score_metrics` by bands of body height, the outermost open; all (N,)."""
    band = np.clip(np.digitize(height_m, HEIGHT_EDGES_M) - 1, 0, len(HEIGHT_EDGES_M) - 2)
    return {
        f"{HEIGHT_EDGES_M[i]:.2f}-{HEIGHT_EDGES_M[i + 1]:.2f}": score_metrics(predicted[band == i], marks[band == i])
        for i in np.unique(band)
    }
