"""A prior of teachers belongs to one model, is named by what was learned with it, and without it all is as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import simulate
from sport_nodes.labels import make_label
from sport_nodes.scoring.directions import MARKS, Directions, find_place
from sport_nodes.scoring.familiarity import FEATURES
from sport_nodes.scoring.marking import learn_mark, scorer_of
from sport_nodes.scoring.personal import PersonalScorer, example_of
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.standard import FEWEST_MARKED, Example, learn
from sport_nodes.scoring.teacher import Teacher, read_teacher, teacher_file
from sport_nodes.scoring.teachers_prior import read_prior, write_prior

ACTION = "free_throw"
#: All hand-made features and the model's marks: what a model without a joint feature gives a prior to look at.
WIDTH = 154 + MARKS
MEAN, SPREAD = np.zeros(len(FEATURES)), np.full(len(FEATURES), 2.0)
#: Teachers' places along the two directions, and a trial's marks about them [points].
DIFFER, SCATTER = 8.0, 3.0


def two_directions() -> Directions:
    """Teachers differ in an offset of all five marks, and in what the first feature is worth to all of them.

    The likeness to two trials apart in the first feature alone falls and rises with it: near zero their difference is
    linear, and the other features, of one standard deviation each, dim it alike.
    """
    known = np.zeros((2, WIDTH))
    known[:, 0] = (1.0, -1.0)
    weights = np.zeros((2, MARKS + 2))
    weights[:, -1] = np.array([0.5, -0.5]) * np.exp(1.0) * np.sqrt(WIDTH)
    return Directions(
        mean=np.zeros(WIDTH),
        spread=np.ones(WIDTH),
        known=known,
        weights=weights,
        offset=np.append(np.zeros(MARKS), [1.0, 0.0]),
        centre=np.zeros(2 * MARKS),
        covariance=DIFFER**2 * np.kron(np.eye(2), np.ones((MARKS, MARKS)) + 1e-3 * np.eye(MARKS)),
        noise=SCATTER**2 * np.eye(MARKS),
    )


def marked(count: int, *, seed: int, lenient: float = 0.0, worth: float = 0.0) -> tuple[list[Example], np.ndarray]:
    """Trials that the prior has foreseen, and the total that a steady hand would give."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (count, WIDTH))
    model = np.clip(rng.normal(70.0, 10.0, (count, 1)) + rng.normal(0.0, 3.0, (count, MARKS)), 40.0, 85.0)
    steady = model + lenient + worth * features[:, :1]
    marks = steady + rng.normal(0.0, SCATTER, (count, MARKS))
    foreseen = two_directions().foreseen(features)
    seen = [Example(f"t{i}", "p", features[i, :16], model[i], marks[i], foreseen[i]) for i in range(count)]
    return seen, steady[:, 0]


def test_a_place_is_the_least_squares_solution_with_the_prior_as_further_rows() -> None:
    directions, (examples, _) = two_directions(), marked(12, seed=0, lenient=5.0, worth=6.0)
    foreseen = np.array([e.foreseen for e in examples])
    differences = np.array([e.marks - e.model for e in examples])
    differences[4, 1:] = np.nan
    rows = [np.kron(f[MARKS:], np.eye(MARKS)[k]) for f in foreseen for k in range(MARKS)]
    known = np.isfinite(differences).ravel()
    place = find_place(directions, foreseen, differences)
    root = np.linalg.cholesky(np.linalg.inv(directions.covariance)).T
    # The widths are chosen by evidence: the solution is that of one of those that are tried.
    solutions = []
    for noise in (0.7, 1.0, 2.0, 4.0):
        for spread in (1.0, 3.0):
            weight = 1.0 / (SCATTER * np.sqrt(noise))
            matrix = np.vstack([weight * np.array(rows)[known], root / np.sqrt(spread)])
            values = np.append(weight * differences.ravel()[known], np.zeros(2 * MARKS))
            solutions.append(np.linalg.lstsq(matrix, values, rcond=None)[0].reshape(2, MARKS).T)
    off = [float(np.abs(place.weights[:, MARKS:] - one).max()) for one in solutions]
    assert min(off) < 1e-6
    assert np.isnan(place.left_out[4, 1:]).all()


def test_the_prior_tells_a_teacher_from_fewer_marks_than_the_ridge_and_from_no_fewer_than_ten() -> None:
    unseen, steady = marked(200, seed=99, lenient=6.0, worth=6.0)

    def off(standard) -> float:
        given = [(standard.marks(e.features, e.model, e.foreseen) if standard else e.model)[0] for e in unseen]
        return float(np.abs(np.array(given) - steady).mean())

    def learned(seed: int, count: int, directions: Directions | None):
        try:
            known, _ = marked(count, seed=seed, lenient=6.0, worth=6.0)
            return learn(known, mean=MEAN, spread=SPREAD, directions=directions)
        except InputError:
            return None

    by_prior = [off(learned(seed, 10, two_directions())) for seed in range(12)]
    by_ridge = [off(learned(seed, 10, None)) for seed in range(12)]
    assert np.mean(by_prior) < 0.5 * off(None)
    assert np.mean(by_prior) < np.mean(by_ridge)
    assert learned(0, FEWEST_MARKED - 1, two_directions()) is None


def test_marks_like_the_models_are_no_standard_with_a_prior_either() -> None:
    refused = 0
    for seed in range(20):
        try:
            learn(marked(20, seed=seed)[0], mean=MEAN, spread=SPREAD, directions=two_directions())
        except InputError:
            refused += 1
    assert refused >= 18


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_model: Callable[..., Path]) -> Path:
    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path / "home"))
    return plain_model(tmp_path / "model", offset=60)


def teacher_on(model: Path) -> Teacher:
    scorer = Scorer.load(model)
    teacher = Teacher(
        "Wei",
        model=str(model),
        model_sha256=scorer.sha256,
        familiarity=scorer.familiarity,
        prior=read_prior(model),
    )
    examples = marked(20, seed=3, lenient=-12.0)[0]
    teacher.learn(ACTION, examples if teacher.prior else [replace(e, foreseen=np.zeros(0)) for e in examples])
    return teacher


def test_a_prior_goes_with_its_model(model: Path, tmp_path: Path, plain_model: Callable[..., Path]) -> None:
    assert read_prior(model) is None
    path = write_prior(model, {ACTION: two_directions()})
    prior = read_prior(model)
    np.testing.assert_allclose(prior.directions[ACTION].covariance, two_directions().covariance, rtol=1e-6)
    other = plain_model(tmp_path / "other", offset=70)
    other.with_name(path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"was learned with model \w+, not with"):
        read_prior(other)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"cannot be read.*--teachers-prior"):
        read_prior(model)


def test_a_standard_names_its_prior_and_is_refused_with_another(model: Path) -> None:
    path = teacher_file("Wei")
    write_prior(model, {ACTION: two_directions()})
    teacher = teacher_on(model)
    assert teacher.standard(ACTION).by_prior
    teacher.write(path)
    scorer = scorer_of(model, "Wei")
    assert isinstance(scorer, PersonalScorer)
    assert scorer.identity.endswith(teacher.identity)
    write_prior(model, {"overhead_pass": two_directions()})
    with pytest.raises(InputError, match=r"with the prior of teachers \w+, beside the model is \w+; learn it again"):
        scorer_of(model, "Wei")
    model.with_suffix(".teachers.npz").unlink()
    with pytest.raises(InputError, match="beside the model is none; learn it again"):
        scorer_of(model, "Wei")


def test_a_standard_learned_before_there_was_a_prior_goes_on_without(model: Path) -> None:
    before, path = teacher_on(model), teacher_file("Wei")
    before.write(path)
    kept = json.loads(path.read_text())
    assert set(kept) == {"format", "teacher", "model", "model_sha256", "markings"}
    assert set(kept["markings"][ACTION]["examples"][0]) == {"trial", "athlete", "features", "model", "marks"}
    prior = write_prior(model, {ACTION: two_directions()})
    scorer = Scorer.load(model)
    again = read_teacher(path, model_sha256=scorer.sha256, familiarity=scorer.familiarity, prior=read_prior(model))
    assert prior.is_file()
    assert again.prior is None
    assert again.identity == before.identity
    assert not again.standard(ACTION).by_prior


def test_with_a_prior_too_a_mistyped_mark_is_set_aside_and_what_no_longer_holds_is_rolled_back(model: Path) -> None:
    write_prior(model, {ACTION: two_directions()})
    teacher = teacher_on(model)
    typo = marked(1, seed=30, lenient=-12.0)[0][0]
    said = teacher.take(ACTION, replace(typo, trial="typo", marks=typo.marks - 60.0))
    assert "not learned from" in said
    changed = [replace(e, trial=f"n{i}") for i, e in enumerate(marked(12, seed=31)[0])]
    assert any("rolled back" in teacher.take(ACTION, example) for example in changed)
    unseen, steady = marked(50, seed=32)
    standard = teacher.standard(ACTION)
    given = [(standard.marks(e.features, e.model, e.foreseen) if standard else e.model)[0] for e in unseen]
    assert np.abs(np.array(given) - steady).mean() < SCATTER


def test_marks_come_in_and_trials_are_scored_with_the_prior(model: Path) -> None:
    write_prior(model, {ACTION: two_directions()})
    teacher, path = teacher_on(model), teacher_file("Wei")
    teacher.write(path)
    motion = simulate(ACTION, seed=3, rate_hz=30.0).motion
    scorer = Scorer.load(model)
    alone, own = scorer.score(motion, ACTION), scorer_of(model, "Wei").score(motion, ACTION)
    example = example_of(
        scorer, motion, ACTION, trial="t", athlete="p", marks=np.full(MARKS, 50.0), prior=teacher.prior
    )
    shift = example.foreseen @ teacher.standard(ACTION).weights[0]
    assert own.value == pytest.approx(np.clip(alone.value + shift, 0.0, 100.0), abs=1e-3)  # the file rounds
    assert "Wei's standard, learned from 20 trials" in own.warnings[0]
    label = make_label(rater="Wei", total=own.value)
    assert "learned: 21 marks" in learn_mark(motion, ACTION, trial="t99", athlete="p", label=label)
    assert example_of(scorer, motion, ACTION, trial="t", athlete="p", marks=np.full(MARKS, 50.0)).foreseen.size == 0
