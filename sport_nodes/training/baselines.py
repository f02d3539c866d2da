"""What every score is put beside: a constant, ridge regressions on hand-made features, path length and speed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.training.trial_set import TrialSet

Array = NDArray[np.float64]

#: Penalties tried; chosen on the validation people.
PENALTIES: Final = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def baseline_predictions(training: TrialSet, validation: TrialSet, test: TrialSet) -> dict[str, Array]:
    """Predicted totals of the test rows by name of the baseline; each is fitted per action on the training rows."""
    handmade = [t.handmade for t in (training, validation, test)]
    naive = [t.naive for t in (training, validation, test)]
    return {
        "constant": _per_action(training, validation, test, None),
        "path_and_speed": _per_action(training, validation, test, naive),
        "ridge": _per_action(training, validation, test, handmade),
    }


def _per_action(training: TrialSet, validation: TrialSet, test: TrialSet, features: list[Array] | None) -> Array:
    predicted = np.zeros(len(test))
    for kind in np.unique(test.action):
        rows = [t.action == kind for t in (training, validation, test)]
        if features is None:
            predicted[rows[2]] = np.median(training.total[rows[0]])
        else:
            chosen = [f[r] for f, r in zip(features, rows, strict=True)]
            predicted[rows[2]] = ridge(
                chosen[0], training.total[rows[0]], chosen[1], validation.total[rows[1]], unseen=chosen[2]
            )
    return np.clip(predicted, 0.0, 100.0)


def ridge(features: Array, marks: Array, held_out: Array, held_out_marks: Array, *, unseen: Array) -> Array:
    """Ridge on standardised features, missing ones at the mean, the penalty that does best on the held-out rows."""
    mean, spread = np.nanmean(features, axis=0), np.nanstd(features, axis=0)
    spread = np.where(spread > 0, spread, 1.0)

    def standardised(values: Array) -> Array:
        return np.nan_to_num((values - mean) / spread)

    x, centre = standardised(features), float(marks.mean())
    gram, right = x.T @ x, x.T @ (marks - centre)
    best: Array = np.zeros(x.shape[1])
    best_error = np.inf
    for penalty in PENALTIES:
        weights = np.asarray(np.linalg.solve(gram + penalty * np.eye(len(gram)), right), dtype=np.float64)
        error = float(np.abs(standardised(held_out) @ weights + centre - held_out_marks).mean())
        if error < best_error:
            best, best_error = weights, error
    return np.asarray(standardised(unseen) @ best + centre)
