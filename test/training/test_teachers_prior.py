"""What a prior of teachers is learned from is what the lab simulated; it foretells teachers whom it has not seen."""

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.errors import InputError
from sport_nodes.lab.rubric import stage_marks
from sport_nodes.lab.simulate import technique_of
from sport_nodes.lab.teacher import Judged, SimulatedTeacher, sample_teacher
from sport_nodes.scoring.directions import find_place
from sport_nodes.training.simulated import simulated_trial, technique_of_trial, trial_specs
from sport_nodes.training.teachers_prior import judged_trials, learn_directions

ACTION = "free_throw"


@pytest.mark.parametrize("action", action_names())
def test_a_trials_technique_is_drawn_again_without_simulating_it(action):
    spec = next(s for s in trial_specs(people=3, trials_per_person=4, seed=8) if s.action == action and s.person == 2)
    trial = simulated_trial(spec, np.random.default_rng((spec.seed, spec.person, spec.trial)))
    assert technique_of_trial(spec) == trial.technique


@pytest.fixture(scope="module")
def executed():
    """The techniques of 300 people's free throws."""
    specs = trial_specs(people=300, trials_per_person=4, seed=8)
    return [technique_of_trial(s) for s in specs if s.action == ACTION]


def test_a_teacher_without_a_standard_of_their_own_marks_by_the_rubric(executed):
    technique = technique_of(ACTION)
    steady = SimulatedTeacher(technique, 0.0).standards(Judged.of(ACTION, executed[:50]))
    np.testing.assert_allclose(steady[:, 1:], [stage_marks(technique, one) for one in executed[:50]])
    stricter = SimulatedTeacher(technique, -7.0).standards(Judged.of(ACTION, executed[:50]))
    np.testing.assert_allclose(stricter, steady - 7.0)


def test_a_new_teacher_is_told_from_twenty_marks_by_what_others_have_in_common(executed):
    rng = np.random.default_rng(0)
    judged = Judged.of(ACTION, executed)
    rubric = SimulatedTeacher(technique_of(ACTION), 0.0).standards(judged)
    model = np.clip(rubric + rng.normal(0.0, 3.0, rubric.shape), 0.0, 100.0)
    seen = np.array([list(one.values()) for one in executed])
    seen += rng.normal(0.0, 0.3, seen.shape) * seen.std(axis=0)
    others, new = np.arange(200), np.arange(200, 300)
    shifts = [sample_teacher(rng, ACTION).standards(judged)[others] - model[others] for _ in range(200)]
    directions = learn_directions(np.array(shifts), seen[others], others, ACTION)
    foreseen = directions.foreseen(seen)
    ratios, constant = [], []
    for _ in range(20):
        teacher = sample_teacher(rng, ACTION)
        steady, marks = teacher.standards(judged)[:, 0], teacher.marks(judged, rng=rng)
        marked, unseen = new[:20], new[20:]
        place = find_place(directions, foreseen[marked], (marks - model)[marked])
        off = np.abs(model[unseen, 0] - steady[unseen]).mean()
        shift = foreseen[unseen] @ place.weights[0]
        ratios.append(np.abs(model[unseen, 0] + shift - steady[unseen]).mean() / off)
        offset = (marks - model)[marked, 0].mean()
        constant.append(np.abs(model[unseen, 0] + offset - steady[unseen]).mean() / off)
    assert np.mean(ratios) < np.mean(constant)
    assert np.mean(np.array(ratios) > 1.0) <= 0.1


def test_what_a_place_expects_of_a_trial_left_out_is_what_it_predicts_without_it(executed):
    rng = np.random.default_rng(1)
    judged = Judged.of(ACTION, executed[:60])
    teacher = sample_teacher(rng, ACTION)
    shifts = np.array([sample_teacher(rng, ACTION).standards(judged) for _ in range(40)]) - 75.0
    seen = np.array([list(one.values()) for one in executed[:60]])
    directions = learn_directions(shifts, seen, np.arange(60), ACTION)
    foreseen, marks = directions.foreseen(seen[:12]), teacher.marks(judged, rng=rng)[:12] - 75.0
    marks[3, 2:] = np.nan
    whole = find_place(directions, foreseen, marks)
    without = find_place(directions, foreseen[:11], marks[:11])
    # The widths chosen by evidence may differ by one trial; here they do not.
    np.testing.assert_allclose(whole.left_out[11], marks[11] - without.weights @ foreseen[11], atol=1e-6)
    assert np.isnan(whole.left_out[3, 2:]).all()


def test_trials_of_another_seed_are_refused(made_up_trials):
    trials = made_up_trials(rows=8)
    with pytest.raises(InputError, match="not made with seed 3"):
        judged_trials(trials, np.array([0]), ACTION, seed=3)
