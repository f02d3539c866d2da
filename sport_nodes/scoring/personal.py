"""The model with one teacher's standard on top. It never scores by it without saying so."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from typing import Final

import numpy as np

from sport_nodes.actions import load_action
from sport_nodes.motion import Motion
from sport_nodes.scoring.backends import JOINT_FEATURE
from sport_nodes.scoring.directions import MARKS
from sport_nodes.scoring.familiarity import FEATURES, feature_vector
from sport_nodes.scoring.handmade import handmade_vector
from sport_nodes.scoring.intervals import COVERAGE
from sport_nodes.scoring.scorer import FULL_MARKS, Examined, Scorer
from sport_nodes.scoring.scores import GRADE_BOUNDS, Importance, StageScore, StageScores, grade_of
from sport_nodes.scoring.standard import NOTHING, Array, Example, Standard
from sport_nodes.scoring.teacher import Teacher
from sport_nodes.scoring.teachers_prior import TeachersPrior

#: Half the width of a normal's central COVERAGE, in standard deviations.
_HALF_WIDTH_SD: Final = NormalDist().inv_cdf((1.0 + COVERAGE) / 2.0)


class PersonalScorer:
    """Scores as `Scorer`, and by the teacher's standard where there is one for the movement. The running trial is
    scored by the model alone: a standard is learned from whole movements."""

    def __init__(self, scorer: Scorer, teacher: Teacher) -> None:
        self._scorer = scorer
        self._teacher = teacher
        self.identity = f"{scorer.identity} + {teacher.identity}"
        self.actions = scorer.actions

    def score(self, motion: Motion, action: str, *, unfinished: bool = False) -> StageScores:
        """See Scorer.score. The model's identity names the teacher, and the warnings say what the model alone gives."""
        standard = self._teacher.standard(action)
        if unfinished or standard is None:
            return self._scorer.score(motion, action, unfinished=unfinished)
        if action in self._scorer.actions:
            return self._adjusted(motion, action, standard)
        return self._of_new_action(motion, action, standard)

    def importance(self, motion: Motion, action: str) -> Importance | None:
        """Of the model's own score, on which a teacher's standard rests; None of a movement that it does not know."""
        return self._scorer.importance(motion, action)

    def _adjusted(self, motion: Motion, action: str, standard: Standard) -> StageScores:
        scores = self._scorer.score(motion, action)
        if scores.withheld:
            return scores
        examined = self._scorer.examine(motion, action)
        said = (
            f"marked by {self._teacher.name}'s standard, learned from {standard.marked} trials; the model alone gives "
            f"{scores.value:.0f}"
        )
        return self._with_marks(scores, standard, examined, said)

    def _of_new_action(self, motion: Motion, action: str, standard: Standard) -> StageScores:
        familiarity = self._scorer.familiarity.with_action(action, standard.mean, standard.spread)
        examined = self._scorer.examine(motion, action, familiarity=familiarity)
        scores = self._scorer.withheld(motion, action, examined.objection)
        if examined.objection:
            return replace(scores, model=self.identity)
        nan = float("nan")
        scores = replace(scores, stages=tuple(StageScore(s.name, *(nan,) * 5) for s in load_action(action).stages))
        said = (
            f"marked by {self._teacher.name}'s standard alone, learned from {standard.marked} trials: the model was "
            f"not trained on {action}"
        )
        return self._with_marks(scores, standard, examined, said)

    def _with_marks(self, scores: StageScores, standard: Standard, examined: Examined, said: str) -> StageScores:
        model = marks_of(scores)
        prior = self._teacher.prior if standard.by_prior else None
        foreseen = foreseen_of(self._scorer, examined, scores.action, model, prior)
        marks = standard.marks(features_of(examined), model, foreseen)
        halves = self._half_widths(scores.action, standard, examined.unmeasured)
        low, high = np.clip(marks - halves, 0.0, FULL_MARKS), np.clip(marks + halves, 0.0, FULL_MARKS)
        likely = NormalDist(float(marks[0]), max(float(halves[0]) / _HALF_WIDTH_SD, 1e-6))
        below = [likely.cdf(bound) for bound in GRADE_BOUNDS]
        return replace(
            scores,
            value=float(marks[0]),
            low=float(low[0]),
            high=float(high[0]),
            grade=grade_of(float(marks[0])),
            grade_probabilities=np.diff([0.0, *below, 1.0]),
            stages=tuple(
                replace(stage, score=float(marks[k]), low=float(low[k]), high=float(high[k]))
                for k, stage in enumerate(scores.stages, start=1)
            ),
            model=self.identity,
            warnings=(said, *scores.warnings),
        )

    def _half_widths(self, action: str, standard: Standard, unmeasured: Array) -> Array:
        """(5,) points; never narrower than the model's own: few marks know little of how widely they scatter."""
        intervals = self._scorer.intervals
        widths = standard.half_widths * intervals.widening(unmeasured)
        if action in intervals.total:
            total = intervals.total_half_width(action, unmeasured=unmeasured)
            widths = np.maximum(widths, [total, *intervals.stage_half_widths(action, unmeasured=unmeasured)])
        return widths


def example_of(
    scorer: Scorer,
    motion: Motion,
    action: str,
    *,
    trial: str,
    athlete: str,
    marks: Array,
    prior: TeachersPrior | None = None,
) -> Example | None:
    """A marked trial to learn from; None where nothing can be learned from it. marks: (5,), NaN where not marked."""
    examined = scorer.examine(motion, action, unfinished=action not in scorer.actions)
    if examined.objection:
        return None
    model = marks_of(scorer.score(motion, action)) if action in scorer.actions else np.full(MARKS, np.nan)
    foreseen = foreseen_of(scorer, examined, action, model, prior)
    return Example(trial, athlete, features_of(examined), model, np.asarray(marks, dtype=np.float64), foreseen)


def marks_of(scores: StageScores) -> Array:
    """(5,) total and stages; NaN where there are none."""
    return np.array([scores.value, *(s.score for s in scores.stages), *(np.nan,) * (MARKS - 1 - len(scores.stages))])


def features_of(examined: Examined) -> Array:
    """(F,) of familiarity.FEATURES, the mean over the repetitions in which they are known."""
    return _mean_of_known([feature_vector(p)[: len(FEATURES)] for p in examined.repetitions])


def foreseen_of(scorer: Scorer, examined: Examined, action: str, model: Array, prior: TeachersPrior | None) -> Array:
    """(5 + R,) what the prior foresees of a trial that the model marked (5,); (0,) where there is no prior for it."""
    directions = None if prior is None else prior.directions.get(action)
    return NOTHING if directions is None else directions.foreseen(prior_features(scorer, examined, action, model))


def prior_features(scorer: Scorer, examined: Examined, action: str, model: Array) -> Array:
    """(F,) what a prior looks at: all hand-made features, the model's marks, and its joint feature where it has one."""
    handmade = _mean_of_known([handmade_vector(p) for p in examined.repetitions])
    outputs = scorer.network_outputs(scorer.network_inputs(examined.repetitions, action))
    joint = outputs[JOINT_FEATURE].mean(axis=0) if JOINT_FEATURE in outputs else NOTHING
    return np.concatenate([handmade, model, joint])


def _mean_of_known(rows: list[Array]) -> Array:
    """(R, F) of R repetitions to (F,), over those in which each is known; NaN where it never is."""
    values = np.array(rows)
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
