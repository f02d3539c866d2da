import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.lab.simulate import simulate
from sport_nodes.scoring.familiarity import (
    ALL_FEATURES,
    FEATURES,
    SPREAD_FACTOR,
    SPREAD_FLOOR,
    Familiarity,
    feature_vector,
)
from sport_nodes.scoring.features import prepare
from sport_nodes.scoring.repetitions import split_repetitions

PEOPLE = 6


def first_repetition(action, seed):
    motion = simulate(action, seed=seed, rate_hz=30.0).motion
    if action == "sit_up":
        begin_s, end_s = split_repetitions(motion)[0]
        motion = motion.between(begin_s, end_s)
    return prepare(motion)


@pytest.fixture(scope="module")
def fitted():
    features, actions = [], []
    for action in action_names():
        for seed in range(PEOPLE):
            features.append(feature_vector(first_repetition(action, seed)))
            actions.append(action)
    return Familiarity.fitted(np.array(features), np.array(actions))


@pytest.mark.parametrize("action", action_names())
def test_a_movement_is_taken_for_what_it_is_and_for_nothing_else(fitted, action):
    prepared = first_repetition(action, seed=100)
    assert fitted.objection(prepared, action) == ""
    for other in action_names():
        if other != action:
            assert fitted.objection(prepared, other) != ""


def test_distance_is_the_root_mean_square_of_the_deviations(fitted):
    prepared = first_repetition("sit_up", seed=101)
    values = feature_vector(prepared)
    squares = [((values[i] - fitted.mean["sit_up"][i]) / fitted.spread["sit_up"][i]) ** 2 for i in range(len(FEATURES))]
    assert fitted.distance(prepared, "sit_up") == pytest.approx(np.sqrt(np.mean(squares)))


def test_it_survives_its_file(fitted):
    prepared = first_repetition("sit_up", seed=102)
    again = Familiarity.from_dict(fitted.as_dict())
    assert again.distance(prepared, "free_throw") == pytest.approx(fitted.distance(prepared, "free_throw"))


def test_the_discriminant_is_fishers_on_known_clouds():
    rng = np.random.default_rng(0)
    count = len(ALL_FEATURES)
    clouds = {"a": rng.normal(0.0, 1.0, (4000, count)), "b": rng.normal(0.0, 1.0, (4000, count))}
    clouds["b"][:, 3] += 5.0
    features = np.concatenate(list(clouds.values()))
    fitted = Familiarity.fitted(features, np.repeat(["a", "b"], 4000))
    # Equal round clouds: log-odds are the shift over the (widened) variance times the way from the middle.
    variance = SPREAD_FACTOR**2 + SPREAD_FLOOR**2
    slope = fitted.weights["b"][3] - fitted.weights["a"][3]
    assert slope == pytest.approx(5.0 / variance, rel=0.05)
    assert np.abs(np.delete(fitted.weights["b"] - fitted.weights["a"], 3)).max() < 0.1 * slope
