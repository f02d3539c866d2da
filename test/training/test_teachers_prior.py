"""What a prior of teachers is learned from is what the lab simulated; it foretells teachers whom it has not seen."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.errors import InputError
from sport_nodes.lab.rubric import stage_marks
from sport_nodes.lab.simulate import simulate, technique_of
from sport_nodes.lab.teacher import Judged, SimulatedTeacher, sample_teacher
from sport_nodes.scoring.directions import find_place
from sport_nodes.scoring.familiarity import SPREAD_FACTOR
from sport_nodes.scoring.personal import marks_of, prior_features
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.standard import Example, learn
from sport_nodes.scoring.teachers_prior import read_prior
from sport_nodes.training.rows import inputs_of
from sport_nodes.training.simulated import TrialSpec, simulated_trial, technique_of_trial, trial_specs
from sport_nodes.training.teachers_prior import judged_trials, learn_directions, seen_by
from sport_nodes.training.trial_set import TrialSet, split_by_person

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


def test_twenty_marks_bring_more_with_the_prior_than_with_the_plain_ridge(executed):
    rng = np.random.default_rng(0)
    judged = Judged.of(ACTION, executed)
    rubric = SimulatedTeacher(technique_of(ACTION), 0.0).standards(judged)
    model = np.clip(rubric + rng.normal(0.0, 3.0, rubric.shape), 0.0, 100.0)
    seen = np.array([list(one.values()) for one in executed])
    seen += rng.normal(0.0, 0.3, seen.shape) * seen.std(axis=0)
    others, marked, unseen = np.arange(240), np.arange(240, 260), np.arange(260, 300)
    shifts = [sample_teacher(rng, ACTION).standards(judged)[others] - model[others] for _ in range(200)]
    directions = learn_directions(np.array(shifts), seen[others], others, ACTION)
    foreseen = directions.foreseen(seen)
    scale = {"mean": seen.mean(axis=0), "spread": SPREAD_FACTOR * seen.std(axis=0)}
    ratios = []
    for _ in range(24):
        teacher = sample_teacher(rng, ACTION)
        steady, marks = teacher.standards(judged)[unseen, 0], teacher.marks(judged, rng=rng)
        examples = [Example(str(i), "p", seen[i], model[i], marks[i], foreseen[i]) for i in range(300)]
        known = [examples[i] for i in marked]
        alone = np.abs(model[unseen, 0] - steady).mean()
        ratios.append([])
        for used in (directions, None):
            try:
                standard = learn(known, **scale, directions=used)
                given = [standard.marks(e.features, e.model, e.foreseen)[0] for e in examples[260:]]
            except InputError:
                given = model[unseen, 0]
            ratios[-1].append(np.abs(given - steady).mean() / alone)
    by_prior, by_ridge = np.array(ratios).T
    # For how many it is halved takes more teachers than a test has: scripts/teacher_study.py.
    assert by_prior.mean() < by_ridge.mean()
    assert (by_prior > 1.0).mean() <= 0.1


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


def test_the_prior_is_asked_about_what_it_was_learned_on():
    scorer, action = Scorer.load(), "sit_up"
    motion = simulate(action, seed=4, rate_hz=30.0, repetitions=2).motion
    examined = scorer.examine(motion, action)
    known = {"trial": 7, "action": action_names().index(action)}
    rows = [inputs_of(p, np.zeros(3)) | known for p in examined.repetitions]
    columns = {f.name: np.array([row.get(f.name, 0.0) for row in rows]) for f in fields(TrialSet)}
    marks, features, _ = seen_by(scorer, TrialSet(**{**columns, "action_names": np.array(action_names())}))
    model = marks_of(scorer.score(motion, action))
    np.testing.assert_allclose(marks[0], model, atol=1e-4)
    np.testing.assert_allclose(features[0], prior_features(scorer, examined, action, model), atol=1e-4)


def test_the_prior_of_a_run_is_learned_on_its_validation_people_and_lies_beside_its_model(
    made_up_trials, plain_model, tmp_path, monkeypatch
):
    pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")
    from sport_nodes.training.train import teachers_prior_of_run

    monkeypatch.setattr("sport_nodes.training.teachers_prior.TEACHERS", 60)  # enough for a mean
    with pytest.raises(InputError, match="no training run"):
        teachers_prior_of_run(tmp_path)
    model, seed = plain_model(tmp_path / "run", offset=60), 8
    trials = made_up_trials(rows=80)
    totals = np.zeros(len(trials))
    for row in range(len(trials)):
        action = str(trials.action_names[trials.action[row]])
        executed = technique_of_trial(TrialSpec(int(trials.person[row]), int(trials.trial[row]), action, seed))
        totals[row] = SimulatedTeacher(technique_of(action), 0.0).standards(Judged.of(action, [executed]))[0, 0]
    trials = replace(trials, true_total=totals)
    trials.save(model.with_name("trials.npz"))
    model.with_name("config.json").write_text(json.dumps({"seed": seed}))
    path = teachers_prior_of_run(model.parent)
    bytes_before, prior = path.read_bytes(), read_prior(model)
    assert teachers_prior_of_run(model.parent).read_bytes() == bytes_before
    validation = split_by_person(trials, seed=seed)[1]
    for index, action in enumerate(action_names()):
        rows = validation.take(validation.action == index)
        # The model gives about 60 to all: what teachers on average add is what the rubric gives, less that.
        expected = np.mean(rows.true_total) - 60.0
        assert prior.directions[action].offset[0] == pytest.approx(expected, abs=5.0)
        assert prior.directions[action].mean.shape == (rows.handmade.shape[1] + 5,)


def test_trials_of_another_seed_are_refused(made_up_trials):
    trials = made_up_trials(rows=8)
    with pytest.raises(InputError, match="not made with seed 3"):
        judged_trials(trials, np.array([0]), ACTION, seed=3)
