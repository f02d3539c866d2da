"""The judges of UI-PRMD's repetitions against what they must not depend on, and against independent sums."""

import numpy as np
import pytest
from scipy.special import expit

from sport_nodes.training.extra_trees import fit_extra_trees
from sport_nodes.training.linear_models import fit_logistic, fit_ridge
from sport_nodes.training.uiprmd import JOINTS, Episode
from sport_nodes.training.uiprmd_features import athlete_frame, mirrored, posture_features, posture_series


def walk(seed: int) -> np.ndarray:
    """(30, 22, 3) a body-like cloud in which every joint wanders smoothly; the left side wanders more."""
    rng = np.random.default_rng(seed)
    rest = rng.normal(0.0, 0.5, (1, len(JOINTS), 3))
    size = np.array([0.4 if name.startswith("left_") else 0.1 for name in JOINTS])[None, :, None]
    return rest + np.sin(np.linspace(0, 3, 30))[:, None, None] * rng.normal(0, 1, (1, len(JOINTS), 3)) * size


def episode(positions_m: np.ndarray) -> Episode:
    return Episode("m01", "s01", "e01", False, True, 2, float("nan"), positions_m)


def test_features_do_not_know_the_camera_or_the_size_of_the_athlete() -> None:
    positions = walk(0)
    turn = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    moved = 1.3 * positions @ turn.T + np.array([3.0, -1.0, 0.5])
    np.testing.assert_allclose(posture_features(episode(moved)), posture_features(episode(positions)), atol=1e-9)


def test_features_do_not_know_which_side_was_used() -> None:
    other_side = mirrored(walk(0))
    np.testing.assert_allclose(posture_features(episode(other_side)), posture_features(episode(walk(0))), atol=1e-9)
    assert np.abs(posture_series(athlete_frame(other_side)) - posture_series(athlete_frame(walk(0)))).max() > 0.1


def test_the_forest_learns_what_no_line_can() -> None:
    """Exclusive or: a logistic regression is at chance, trees are not."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (600, 4))
    y = ((x[:, 0] > 0) != (x[:, 1] > 0)).astype(float)
    forest = fit_extra_trees(x[:400], y[:400], trees=100).mean(x[400:])
    line = fit_logistic(x[:400], y[:400]).probability(x[400:])
    assert ((forest > 0.5) == (y[400:] > 0.5)).mean() > 0.85
    assert ((line > 0.5) == (y[400:] > 0.5)).mean() < 0.65


def test_weights_of_the_forest_are_shares_and_its_median_resists_an_outlier() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 3)), np.zeros(200)
    y[::10] = 100.0
    forest = fit_extra_trees(x, y, trees=50, smallest_leaf=20)
    np.testing.assert_allclose(forest.weights(x[:30]).sum(axis=1), 1.0)
    assert forest.mean(x).mean() == pytest.approx(10.0, abs=1.0)
    assert np.median(forest.median(x)) == 0.0


def test_linear_models_stand_where_their_loss_is_least() -> None:
    """At the least loss the gradient vanishes: a sum that is made here anew, from the definition."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 90)) * 5.0 + 3.0
    y = (x[:, 0] + rng.normal(size=60) > 3.0).astype(float)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    logistic = fit_logistic(x, y, penalty=7.0)
    residual = expit(z @ logistic.weights + logistic.offset) - y
    np.testing.assert_allclose(z.T @ residual + 7.0 * logistic.weights, 0.0, atol=1e-2)
    ridge = fit_ridge(x, y, penalty=7.0)
    np.testing.assert_allclose(z.T @ (z @ ridge.weights + ridge.offset - y) + 7.0 * ridge.weights, 0.0, atol=1e-9)
