"""The shipped model on people made afresh (simulated)."""

import numpy as np
import pytest

from sport_nodes.scoring.scorer import Scorer
from sport_nodes.training.simulated import simulated_trials
from sport_nodes.training.trial_set import mean_per_trial
from sport_nodes.training.unseen import figures_on_unseen_people, predicted_totals


@pytest.fixture(scope="module")
def scorer():
    return Scorer.load()


def test_the_model_beats_every_baseline_on_people_it_has_not_seen(scorer):
    figures = figures_on_unseen_people(scorer, people=20, seed=1234, workers=2)
    assert figures["simulated"]
    assert figures["people"] == 4
    assert all(figures["ours"]["mae"] < row["mae"] for row in figures["baselines"].values())
    swing = figures["viewpoint_points"]
    assert swing["turned"]["max"] < 1e-3
    assert 0.0 < swing["tilted_5_degrees"]["mean"] < 1.0
    assert swing["tilted_5_degrees"]["scored"] == 1.0


def test_totals_are_those_of_the_rows_whatever_their_order(scorer):
    trials = simulated_trials(people=2, trials_per_person=4, seed=5, workers=1)
    totals = predicted_totals(scorer, trials)
    order = np.random.default_rng(0).permutation(len(trials))
    np.testing.assert_allclose(predicted_totals(scorer, trials.take(order)), totals[order], atol=1e-3)
    means, first = mean_per_trial(totals, trials)
    assert len(means) == len(first) == 8
