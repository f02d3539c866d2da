import numpy as np
import pytest

from sport_nodes.training.baselines import ridge


def test_ridge_finds_a_linear_rule_and_stands_missing_values():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((400, 6)) * [1, 10, 100, 1, 1, 1] + 5.0
    marks = 70.0 + 4.0 * features[:, 0] - 0.3 * features[:, 1] + 0.02 * features[:, 2]
    features[::50, 3] = np.nan
    predicted = ridge(features[:300], marks[:300], features[300:350], marks[300:350], unseen=features[350:])
    np.testing.assert_allclose(predicted, marks[350:], atol=0.3)


def test_ridge_takes_the_penalty_that_does_best_on_others():
    rng = np.random.default_rng(1)
    features, marks = rng.standard_normal((60, 40)), rng.standard_normal(160)
    others = rng.standard_normal((100, 40))
    predicted = ridge(features, marks[:60], others[:50], marks[60:110], unseen=others[50:])
    # Nothing to learn: the strongest penalty wins, and predictions stay near the mean.
    assert predicted.std() < 0.5
    assert predicted.mean() == pytest.approx(marks[:60].mean(), abs=0.2)
