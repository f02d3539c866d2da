"""Teachers' standards in use: the scorer that a teacher wants, and what it learns from a mark as it comes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sport_nodes.labels import STAGE_COUNT, Label
from sport_nodes.motion import Motion
from sport_nodes.scoring.personal import PersonalScorer, example_of
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.standard import Array
from sport_nodes.scoring.teacher import Teacher, read_model_of, read_teacher, teacher_file
from sport_nodes.scoring.teachers_prior import read_prior


def learn_mark(motion: Motion, action: str, *, trial: str, athlete: str, label: Label) -> str:
    """One more mark of a teacher whose standard is kept here; what became of it, "" for a teacher who has none.

    Raises InputError when the standard cannot be read or rests on another model.
    """
    path = teacher_file(label.rater)
    if not path.is_file():
        return ""
    model = read_model_of(path)
    scorer = Scorer.load(model)
    teacher = _read(path, scorer, model)
    marks = five_marks(label.total, label.stages)
    example = example_of(scorer, motion, action, trial=trial, athlete=athlete, marks=marks, prior=teacher.prior)
    if example is None:
        return "not learned from: the model cannot score this trial"
    said = teacher.take(action, example)
    teacher.write(path)
    return said


def scorer_of(model: Path | None, teacher: str, *, backend: str = "onnxruntime") -> Scorer | PersonalScorer:
    """The model, with a teacher's standard on top where one is named. Raises InputError when either cannot be read."""
    scorer = Scorer.load(model, backend=backend)
    if not teacher:
        return scorer
    return PersonalScorer(scorer, _read(teacher_file(teacher), scorer, model))


def _read(path: Path, scorer: Scorer, model: Path | None) -> Teacher:
    return read_teacher(path, model_sha256=scorer.sha256, familiarity=scorer.familiarity, prior=read_prior(model))


def five_marks(total: float, stages: Iterable[float]) -> Array:
    """(5,) total and stages, NaN for stages that were not marked."""
    given = list(stages) or [np.nan] * STAGE_COUNT
    return np.array([total, *given], dtype=np.float64)
