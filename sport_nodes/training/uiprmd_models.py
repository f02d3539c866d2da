"""What judges a UI-PRMD repetition: ours, and what it is put beside. Each is fitted on one exercise's training rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.training.extra_trees import fit_extra_trees
from sport_nodes.training.linear_models import fit_logistic, fit_ridge
from sport_nodes.training.uiprmd import Episode
from sport_nodes.training.uiprmd_features import path_and_speed, position_features, posture_features, series_features
from sport_nodes.training.uiprmd_stgcn import st_gcn_predictions

Array = NDArray[np.float64]

#: Two features and a hundred rows need next to no prior.
NAIVE_PENALTY: Final = 1.0
#: Leaves of a forest whose median is taken need enough rows for one.
MEDIAN_LEAF: Final = 3


@dataclass(frozen=True, eq=False)
class Rows:
    """Episodes with their features, one row each: posture, positions, path and speed, and Vicon's where all have it."""

    episodes: Sequence[Episode]
    posture: Array
    positions: Array
    naive: Array
    vicon: Array | None

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> Rows:
        vicon = [e.vicon_deg for e in episodes]
        return cls(
            episodes,
            np.array([posture_features(e) for e in episodes]),
            np.array([position_features(e) for e in episodes]),
            np.array([path_and_speed(e) for e in episodes]),
            np.array([series_features(v) for v in vicon if v is not None])
            if all(v is not None for v in vicon)
            else None,
        )

    def take(self, chosen: NDArray[np.bool_]) -> Rows:
        return Rows(
            [e for e, kept in zip(self.episodes, chosen, strict=True) if kept],
            self.posture[chosen],
            self.positions[chosen],
            self.naive[chosen],
            None if self.vicon is None else self.vicon[chosen],
        )

    @property
    def duration_frames(self) -> Array:
        return np.array([[float(len(e.positions_m))] for e in self.episodes])

    @property
    def best_sensor(self) -> Array:
        """Features of the m01 score: of Vicon's angles, which the scores were made from, else of the Kinect's."""
        return self.posture if self.vicon is None else self.vicon


#: (training rows, their targets, test rows) to (N,) probabilities of "incorrect", or scores.
Model = Callable[[Rows, Array, Rows], Array]


def _trees_and_logistic(training: Rows, targets: Array, test: Rows) -> Array:
    trees = fit_extra_trees(training.posture, targets).mean(test.posture)
    return np.asarray((trees + fit_logistic(training.posture, targets).probability(test.posture)) / 2.0)


def _median_of_trees(training: Rows, targets: Array, test: Rows) -> Array:
    return fit_extra_trees(training.best_sensor, targets, smallest_leaf=MEDIAN_LEAF).median(test.best_sensor)


def _median_of_trees_on_kinect(training: Rows, targets: Array, test: Rows) -> Array:
    return fit_extra_trees(training.posture, targets, smallest_leaf=MEDIAN_LEAF).median(test.posture)


def _without_start(training: Rows, targets: Array, test: Rows) -> Array:
    """Ours without all that is read from the starting posture: the last three of eight blocks of features."""
    kept = training.posture.shape[1] * 5 // 8
    trees = fit_extra_trees(training.posture[:, :kept], targets).mean(test.posture[:, :kept])
    linear = fit_logistic(training.posture[:, :kept], targets).probability(test.posture[:, :kept])
    return np.asarray((trees + linear) / 2.0)


BINARY_MODEL: Final[Model] = _trees_and_logistic
SCORE_MODEL: Final[Model] = _median_of_trees

BINARY_BASELINES: Final[dict[str, Model]] = {
    "constant": lambda training, targets, test: np.full(len(test.episodes), float(targets.mean() > 0.5)),
    "path_and_speed": lambda training, targets, test: fit_logistic(
        training.naive, targets, penalty=NAIVE_PENALTY
    ).probability(test.naive),
    "logistic": lambda training, targets, test: fit_logistic(training.positions, targets).probability(test.positions),
    "extra_trees": lambda training, targets, test: fit_extra_trees(training.positions, targets).mean(test.positions),
    "st_gcn": lambda training, targets, test: st_gcn_predictions(
        training.episodes, targets, test.episodes, binary=True
    ),
}
SCORE_BASELINES: Final[dict[str, Model]] = {
    "constant": lambda training, targets, test: np.full(len(test.episodes), np.median(targets)),
    "path_and_speed": lambda training, targets, test: fit_ridge(training.naive, targets, penalty=NAIVE_PENALTY).linear(
        test.naive
    ),
    "ridge": lambda training, targets, test: fit_ridge(training.best_sensor, targets).linear(test.best_sensor),
    "extra_trees": lambda training, targets, test: fit_extra_trees(training.positions, targets).mean(test.positions),
    "st_gcn": lambda training, targets, test: st_gcn_predictions(
        training.episodes, targets, test.episodes, binary=False
    ),
}
#: Not to beat ours but to question it: does it live on how a recording begins, or how long it is?
BINARY_CHECKS: Final[dict[str, Model]] = {
    "without_starting_posture": _without_start,
    "duration_alone": lambda training, targets, test: fit_logistic(
        training.duration_frames, targets, penalty=NAIVE_PENALTY
    ).probability(test.duration_frames),
}
SCORE_CHECKS: Final[dict[str, Model]] = {"kinect_alone": _median_of_trees_on_kinect}
