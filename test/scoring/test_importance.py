"""What a score rests on: against scores of which it is known, and by hiding what is said to matter."""

import numpy as np
import pytest

from sport_nodes.lab.simulate import simulate
from sport_nodes.scoring.importance import PARTS, TOGETHER, shares_of_importance
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.skeleton import INDEX, JOINT_COUNT

LENGTH = 80


def inputs(count=1):
    return {"mask": np.ones((count, JOINT_COUNT, LENGTH), dtype=np.float32)}


def test_a_score_that_is_a_sum_over_joints_rests_on_them_by_their_weights():
    weights = np.arange(1.0, JOINT_COUNT + 1.0) * np.where(np.arange(JOINT_COUNT) % 2, 1.0, -1.0)

    def run(batch):
        return {"score": batch["mask"].mean(axis=2) @ weights}

    joints, frames = shares_of_importance(run, inputs(), run(inputs())["score"])
    expected = np.abs(weights)
    # Eyes and ears are hidden together: what they do together is shared.
    expected[list(TOGETHER)] = abs(weights[list(TOGETHER)].sum()) / len(TOGETHER)
    np.testing.assert_allclose(joints, expected / expected.sum(), atol=1e-6)
    np.testing.assert_allclose(frames, np.full((1, LENGTH), 1.0 / LENGTH), atol=1e-6)


def test_a_score_of_one_part_of_one_repetition_rests_on_that_part():
    repetitions, part = 2, slice(LENGTH // 4, LENGTH // 2)

    def run(batch):
        return {"score": batch["first"] * batch["mask"][:, :, part].mean(axis=(1, 2))}

    own = inputs(repetitions) | {"first": np.array([1.0, 0.0])}
    _, frames = shares_of_importance(run, own, run(own)["score"])
    assert PARTS // repetitions == 4
    assert frames[0, part].sum() == pytest.approx(1.0)
    assert frames.sum() == pytest.approx(1.0)


def test_where_nothing_moves_the_score_all_matter_alike():
    def run(batch):
        return {"score": np.full(len(batch["mask"]), 70.0)}

    joints, frames = shares_of_importance(run, inputs(), np.array([70.0]))
    np.testing.assert_allclose(joints, 1.0 / JOINT_COUNT)
    np.testing.assert_allclose(frames, 1.0 / LENGTH)


def test_hiding_what_matters_most_moves_the_shipped_models_score_more_than_hiding_anything():
    scorer = Scorer.load()
    rng = np.random.default_rng(0)
    most, any_three = [], []
    for seed in range(6):
        motion = simulate("free_throw", seed=seed, rate_hz=30.0).motion
        scores = scorer.score(motion, "free_throw")
        found = scorer.importance(motion, "free_throw")
        assert found.joints.sum() == pytest.approx(1.0)
        assert found.frames.sum() == pytest.approx(1.0)
        assert len(found.frames) == len(found.times_s)
        top = np.argsort(-found.joints)[:3]
        assert INDEX["left_ear"] not in top
        prepared = scorer.examine(motion, "free_throw").repetitions
        for moved, hidden in [(most, top), *((any_three, rng.permutation(JOINT_COUNT)[:3]) for _ in range(4))]:
            batch = scorer.network_inputs(prepared, "free_throw")
            batch["mask"][:, hidden] = 0.0
            moved.append(abs(float(scorer.network_outputs(batch)["score"][0]) - scores.value))
    assert np.mean(most) > 2.0 * np.mean(any_three)


def test_repetitions_share_the_importance_and_what_is_withheld_has_none():
    scorer = Scorer.load()
    motion = simulate("sit_up", seed=2, rate_hz=30.0, repetitions=3).motion
    found = scorer.importance(motion, "sit_up")
    assert len(found.times_s) == len(found.frames) == 3 * 90
    assert np.all(np.diff(found.times_s) > -1e-9)
    assert found.frames.sum() == pytest.approx(1.0)
    assert scorer.score(motion, "free_throw").withheld
    assert scorer.importance(motion, "free_throw") is None
    assert scorer.importance(motion, "no_such_sport") is None
