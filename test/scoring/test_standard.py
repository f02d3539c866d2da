"""A teacher's standard is learned from few marks where there is one, and only there; it is never applied in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import simulate
from sport_nodes.labels import make_label
from sport_nodes.scoring.directions import MARKS
from sport_nodes.scoring.familiarity import FEATURES
from sport_nodes.scoring.marking import learn_mark, scorer_of
from sport_nodes.scoring.personal import PersonalScorer, example_of
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.scores import grade_of
from sport_nodes.scoring.standard import FEWEST_MARKED, Example, learn
from sport_nodes.scoring.teacher import Teacher, erase_from_teachers, read_teacher, teacher_file

ACTION, OTHER = "free_throw", "overhead_pass"
MEAN, SPREAD = np.zeros(len(FEATURES)), np.full(len(FEATURES), 2.0)
#: Of one rater about the own standard [points].
SCATTER = 3.0


def marked(count: int, *, seed: int, stricter_by: float = 0.0, elbow: float = 0.0) -> tuple[list[Example], np.ndarray]:
    """Trials, and the total that a steady hand would give: the model's, less, and points per spread of one feature."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (count, len(FEATURES)))
    model = np.clip(rng.normal(75.0, 12.0, (count, 1)) + rng.normal(0.0, 3.0, (count, MARKS)), 40.0, 95.0)
    steady = model - stricter_by + elbow * features[:, [3]]
    marks = steady + rng.normal(0.0, SCATTER, (count, MARKS))
    examples = [Example(f"t{i}", f"p{i % 5}", features[i], model[i], marks[i]) for i in range(count)]
    return examples, steady[:, 0]


def error(examples: list[Example], steady: np.ndarray, standard=None) -> float:
    given = [(standard.marks(e.features, e.model) if standard else e.model)[0] for e in examples]
    return float(np.abs(np.array(given) - steady).mean())


@pytest.mark.parametrize(("stricter_by", "elbow"), [(12.0, 0.0), (-9.0, 0.0), (8.0, 8.0)])
def test_twenty_marks_halve_the_error_on_unseen_trials(stricter_by: float, elbow: float) -> None:
    unseen, steady = marked(200, seed=99, stricter_by=stricter_by, elbow=elbow)
    for seed in range(3):
        known, _ = marked(20, seed=seed, stricter_by=stricter_by, elbow=elbow)
        standard = learn(known, mean=MEAN, spread=SPREAD)
        assert error(unseen, steady, standard) < 0.5 * error(unseen, steady)
        assert standard.error < standard.base_error


def test_too_few_marks_and_marks_like_the_models_teach_nothing() -> None:
    with pytest.raises(InputError, match=f"needs {FEWEST_MARKED} marked"):
        learn(marked(9, seed=0, stricter_by=20.0)[0], mean=MEAN, spread=SPREAD)
    refused = 0
    for seed in range(20):
        try:
            learn(marked(20, seed=seed)[0], mean=MEAN, spread=SPREAD)
        except InputError:
            refused += 1
    assert refused >= 18


def test_what_a_standard_expects_of_marks_left_out_is_what_unseen_marks_show() -> None:
    covered = []
    for seed in range(10):
        known, _ = marked(20, seed=seed, stricter_by=10.0)
        unseen, _ = marked(100, seed=100 + seed, stricter_by=10.0)
        standard = learn(known, mean=MEAN, spread=SPREAD)
        off = [abs(standard.marks(e.features, e.model)[0] - e.marks[0]) for e in unseen]
        covered.append(np.mean(np.array(off) <= standard.half_widths[0]))
    assert 0.82 < np.mean(covered) < 0.98


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def scorer(home: Path, plain_model: Callable[..., Path]) -> Scorer:
    """Knows all movements but the sit-up."""
    return Scorer.load(plain_model(home / "model", offset=60, without=("sit_up",)))


def teacher_of(scorer: Scorer, home: Path) -> Teacher:
    model = str(home / "model" / "scorer.onnx")
    return Teacher("Wei", model=model, model_sha256=scorer.sha256, familiarity=scorer.familiarity)


def learned(scorer: Scorer, home: Path, stricter_by: float = 12.0) -> Teacher:
    teacher = teacher_of(scorer, home)
    for example in marked(20, seed=4, stricter_by=stricter_by)[0]:
        teacher.take(ACTION, example)
    assert teacher.standard(ACTION) is not None
    return teacher


def test_a_mistyped_mark_is_set_aside_and_the_standard_stays(scorer: Scorer, home: Path) -> None:
    teacher = learned(scorer, home)
    before = teacher.standard(ACTION)
    good = marked(22, seed=4, stricter_by=12.0)[0][-1]
    wrong = Example("typo", "p1", good.features, good.model, good.marks - 60.0)
    assert "not learned from" in teacher.take(ACTION, wrong)
    assert teacher.standard(ACTION) is before
    assert [e.trial for e in teacher.markings[ACTION].aside] == ["typo"]
    assert "learned" in teacher.take(ACTION, Example("typo", "p1", good.features, good.model, good.marks))
    assert teacher.markings[ACTION].aside == []


def test_a_standard_that_no_longer_holds_is_rolled_back(scorer: Scorer, home: Path) -> None:
    teacher = learned(scorer, home, stricter_by=15.0)
    unseen, steady = marked(100, seed=50)
    said = [teacher.take(ACTION, Example(f"n{i}", *_rest(e))) for i, e in enumerate(marked(12, seed=7)[0])]
    assert any("rolled back" in words for words in said)
    assert error(unseen, steady, teacher.standard(ACTION)) < SCATTER


def _rest(example: Example) -> tuple:
    return example.athlete, example.features, example.model, example.marks


def test_it_is_kept_goes_with_its_model_and_can_be_erased(
    scorer: Scorer, home: Path, plain_model: Callable[..., Path]
) -> None:
    teacher, path = learned(scorer, home), teacher_file("王老师")
    assert path.stem.isalnum()
    teacher.write(path)
    again = read_teacher(path, model_sha256=scorer.sha256, familiarity=scorer.familiarity)
    assert again.identity == teacher.identity
    np.testing.assert_allclose(again.standard(ACTION).weights, teacher.standard(ACTION).weights, atol=1e-3)
    other = Scorer.load(plain_model(home / "other", offset=70))
    with pytest.raises(InputError, match="learn it again"):
        read_teacher(path, model_sha256=other.sha256, familiarity=other.familiarity)
    assert erase_from_teachers(path.parent, "p1") == 4
    assert '"p1"' not in path.read_text()
    with pytest.raises(InputError, match="learns one"):
        scorer_of(home / "model" / "scorer.onnx", "Ana")


def test_it_is_never_applied_in_silence_and_to_nobody_else(scorer: Scorer, home: Path) -> None:
    teacher = learned(scorer, home)
    teacher.write(teacher_file("Wei"))
    personal = scorer_of(home / "model" / "scorer.onnx", "Wei")
    assert isinstance(personal, PersonalScorer)
    motion = simulate(ACTION, seed=3, rate_hz=30.0).motion
    own, alone = personal.score(motion, ACTION), scorer.score(motion, ACTION)
    assert own.value == pytest.approx(alone.value - 12.0, abs=4.0)
    assert own.model == f"{scorer.identity} + {teacher.identity}"
    assert "Wei's standard" in own.warnings[0]
    assert f"gives {alone.value:.0f}" in own.warnings[0]
    assert own.grade == grade_of(own.value)
    assert own.grade_probabilities.sum() == pytest.approx(1.0)
    assert own.high - own.low >= alone.high - alone.low - 1e-9
    assert [s.begin_s for s in own.stages] == [s.begin_s for s in alone.stages]
    # Other movements, the running trial and everybody else's scores are the model's own.
    elsewhere = simulate(OTHER, seed=3, rate_hz=30.0).motion
    assert personal.score(elsewhere, OTHER).value == scorer.score(elsewhere, OTHER).value
    assert personal.score(elsewhere, OTHER).model == scorer.identity
    assert personal.score(motion, ACTION, unfinished=True).model == scorer.identity
    assert scorer_of(home / "model" / "scorer.onnx", "").score(motion, ACTION).value == alone.value


def test_a_new_movement_is_learned_from_twenty_trials_and_says_what_it_rests_on(scorer: Scorer, home: Path) -> None:
    teacher, unseen = teacher_of(scorer, home), []
    for seed in range(28):
        fault = ("incomplete_rise",) if seed % 4 else ()
        trial = simulate("sit_up", seed=seed, rate_hz=30.0, faults=fault, severity=seed % 4 / 2.5, repetitions=1)
        assert scorer.score(trial.motion, "sit_up").withheld
        marks = np.append(trial.total, trial.stage_marks)
        example = example_of(scorer, trial.motion, "sit_up", trial=str(seed), athlete="p", marks=marks)
        assert example is not None
        if seed >= 20:
            unseen.append((trial, example))
            continue
        said = teacher.take("sit_up", example)
        assert ("needs 20 marked" in said) == (seed < 19)
    personal = PersonalScorer(scorer, teacher)
    errors = [abs(personal.score(trial.motion, "sit_up").value - trial.total) for trial, _ in unseen]
    constant = np.median([e.marks[0] for e in teacher.markings["sit_up"].examples])
    assert np.mean(errors) < 0.7 * np.mean([abs(constant - trial.total) for trial, _ in unseen])
    scores = personal.score(unseen[0][0].motion, "sit_up")
    assert "was not trained on sit_up" in scores.warnings[0]
    assert np.isnan(scores.stages[0].begin_s)
    jump = simulate("standing_long_jump", seed=1, rate_hz=30.0).motion
    assert "sit_up" in personal.score(jump, "sit_up").withheld


def test_a_mark_that_comes_in_is_learned_where_the_teacher_has_a_standard(scorer: Scorer, home: Path) -> None:
    motion = simulate(ACTION, seed=3, rate_hz=30.0).motion
    label = make_label(rater="Wei", total=scorer.score(motion, ACTION).value - 12.0)
    assert learn_mark(motion, ACTION, trial="t99", athlete="p", label=label) == ""
    before = learned(scorer, home)
    before.write(teacher_file("Wei"))
    assert "learned: 21 marks" in learn_mark(motion, ACTION, trial="t99", athlete="p", label=label)
    after = scorer_of(home / "model" / "scorer.onnx", "Wei")
    assert after.identity != PersonalScorer(scorer, before).identity
