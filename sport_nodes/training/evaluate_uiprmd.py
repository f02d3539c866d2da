"""How well UI-PRMD's repetitions are judged on people never seen, beside simpler things in the same run."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.training.metrics import score_metrics
from sport_nodes.training.uiprmd import Episode, load_episodes
from sport_nodes.training.uiprmd_models import (
    BINARY_BASELINES,
    BINARY_CHECKS,
    BINARY_MODEL,
    SCORE_BASELINES,
    SCORE_CHECKS,
    SCORE_MODEL,
    Model,
    Rows,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TASKS: Final = ("binary", "score")
BINARY_METRICS: Final = ("accuracy",)
SCORE_METRICS: Final = ("mae", "rmse", "srcc")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Split:
    """One training and its test; no person is in both. Masks over the evaluation's rows."""

    name: str
    training: Mask
    test: Mask


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows with their targets (0, 1 or the score), the exercise of each, and the splits."""

    task: str
    rows: Rows
    targets: Array
    movement: NDArray[np.str_]
    splits: tuple[Split, ...]


def evaluate_uiprmd(data: Path, *, test_data: Path | None = None, task: str = "binary") -> dict[str, Any]:
    """Folds of `data`, or training on its people and test on those of `test_data`.

    Accuracy, or mae, rmse [the score's own unit, 0..1] and srcc: the mean over folds of the mean over exercises, with
    per_fold and per_exercise; the same under baselines and checks. Raises InputError where the data will not do.
    """
    if task not in TASKS:
        raise InputError(f"task must be one of {', '.join(TASKS)}, found {task}")
    started_s = time.monotonic()
    binary = task == "binary"
    episodes = load_episodes(data, scored_only=not binary)
    others = None if test_data is None else load_episodes(test_data, scored_only=not binary)
    problem = make_problem(episodes, others, task=task)
    ours = BINARY_MODEL if binary else SCORE_MODEL
    listed = np.array([e.listed for e in problem.rows.episodes])
    checks = {
        name: _figures(problem, model, name) for name, model in (BINARY_CHECKS if binary else SCORE_CHECKS).items()
    }
    if binary:
        checks["listed_episodes_only"] = _figures(problem, ours, "listed_episodes_only", trained_on=listed)
    baselines = BINARY_BASELINES if binary else SCORE_BASELINES
    tested = np.any([split.test for split in problem.splits], axis=0)
    people = sorted({e.person for e in problem.rows.take(tested).episodes})
    return {
        "task": task,
        "sensor": "kinect" if binary or problem.rows.vicon is None else "vicon",
        "test_people": people,
        "test_episodes": int(tested.sum()),
        **_figures(problem, ours, "ours"),
        "baselines": {name: _figures(problem, model, name) for name, model in baselines.items()},
        "checks": checks,
        "took_s": round(time.monotonic() - started_s, 1),
    }


def make_problem(episodes: list[Episode], test_episodes: list[Episode] | None, *, task: str) -> Problem:
    """Binary: all episodes of the training people train, listed ones are tested. Score: all are given and tested.

    Raises InputError where a person would be in training and test, or nobody is left for either.
    """
    people = {e.person for e in test_episodes or ()}
    if shared := sorted(people & {e.person for e in episodes}):
        raise InputError(f"{', '.join(shared)} would be trained on and tested; give two folders with different people")
    together = [*episodes, *(test_episodes or ())]
    held_out = np.array([e.person in people for e in together], dtype=np.bool_)
    counts = np.array([e.listed or task == "score" for e in together], dtype=np.bool_)
    fold = np.array([e.fold for e in together])
    if test_episodes is None:
        splits = tuple(Split(str(f), fold != f, (fold == f) & counts) for f in np.unique(fold[counts]).tolist())
    else:
        splits = (Split("test", ~held_out, held_out & counts),)
    if not splits or not all(split.training.any() and split.test.any() for split in splits):
        raise InputError(f"the data hold no labelled episodes of two or more groups of people for the task {task}")
    targets = np.array([float(e.incorrect) if task == "binary" else e.score for e in together])
    return Problem(task, Rows.of(together), targets, np.array([e.movement for e in together]), splits)


def _figures(problem: Problem, model: Model, name: str, *, trained_on: Mask | None = None) -> dict[str, Any]:
    """The metrics of one model over all splits and exercises."""
    began_s = time.monotonic()
    cells: dict[tuple[str, str], dict[str, float]] = {}
    for split in problem.splits:
        training = split.training if trained_on is None else split.training & trained_on
        for movement in np.unique(problem.movement[split.test]).tolist():
            of_movement = problem.movement == movement
            fitted, tested = training & of_movement, split.test & of_movement
            if not fitted.any():
                raise InputError(f"nobody in the training of fold {split.name} does {movement}")
            predicted = model(problem.rows.take(fitted), problem.targets[fitted], problem.rows.take(tested))
            cells[split.name, movement] = _metrics(problem.task, predicted, problem.targets[tested])
    _log.info("%s: %.1f s", name, time.monotonic() - began_s)
    return summarise(cells, BINARY_METRICS if problem.task == "binary" else SCORE_METRICS)


def _metrics(task: str, predicted: Array, targets: Array) -> dict[str, float]:
    if task == "binary":
        return {"accuracy": float(((predicted > 0.5) == (targets > 0.5)).mean())}
    metrics = score_metrics(predicted, targets)
    return {name: metrics[name] for name in SCORE_METRICS}


def summarise(cells: dict[tuple[str, str], dict[str, float]], metrics: Sequence[str]) -> dict[str, Any]:
    """Of metrics by (fold, exercise): the mean over exercises in each fold, over folds in each exercise, of the folds.

    A fold in which nobody does an exercise is left out of it.
    """
    folds, movements = (sorted({key[axis] for key in cells}) for axis in (0, 1))
    per_fold = {f: {m: _mean([v[m] for k, v in cells.items() if k[0] == f]) for m in metrics} for f in folds}
    per_exercise = {e: {m: _mean([v[m] for k, v in cells.items() if k[1] == e]) for m in metrics} for e in movements}
    whole = {m: _mean([row[m] for row in per_fold.values()]) for m in metrics}
    return {**whole, "per_fold": per_fold, "per_exercise": per_exercise}


def _mean(values: Sequence[float]) -> float:
    """NaN (a rank correlation of a constant) only where all are."""
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")
