import numpy as np
import pytest

from sport_nodes.training.metrics import bootstrap_mae, score_metrics


def test_metrics_by_hand():
    figures = score_metrics(np.array([50.0, 60.0, 90.0, 70.0]), np.array([54.0, 60.0, 78.0, 76.0]))
    assert figures["mae"] == pytest.approx((4 + 0 + 12 + 6) / 4)
    assert figures["rmse"] == pytest.approx(np.sqrt((16 + 144 + 36) / 4))
    assert figures["acc5"] == 0.5
    assert figures["acc10"] == 0.75
    # Both orders are 1 2 4 3 and 1 2 4 3: the same.
    assert figures["srcc"] == pytest.approx(1.0)


def test_a_constant_ranks_nothing():
    assert np.isnan(score_metrics(np.full(5, 70.0), np.arange(5.0))["srcc"])


def test_bootstrap_over_people_is_wider_than_over_trials():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 10)
    error = np.repeat(rng.uniform(0, 10, 20), 10)
    low, high = bootstrap_mae(error, np.zeros(200), people)
    assert low < error.mean() < high
    alone_low, alone_high = bootstrap_mae(error, np.zeros(200), np.arange(200))
    assert high - low > 2 * (alone_high - alone_low)
