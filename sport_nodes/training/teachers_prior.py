"""A model's prior of teachers: how simulated teachers differ from it on people that it was not trained on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import technique_of
from sport_nodes.lab.teacher import SHARED_SCATTER, Judged, SimulatedTeacher, sample_teacher, scatter_variance
from sport_nodes.scoring.backends import JOINT_FEATURE
from sport_nodes.scoring.directions import MARKS, Array, Directions, likeness, scaled
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.teachers_prior import write_prior
from sport_nodes.training.simulated import TrialSpec, technique_of_trial
from sport_nodes.training.trial_set import TrialSet, mean_per_trial

log = logging.getLogger(__name__)

#: Of each movement. They cost next to nothing: more tell no more of 80 numbers' covariance.
TEACHERS: Final = 600
#: Directions of teachers' shifts that are told apart: beyond these their trials differ by less than a point.
DIRECTIONS: Final = 16
#: Ridge strengths tried, chosen by the error on people left out.
STRENGTHS: Final = tuple(np.logspace(-3.0, 2.0, 11))
FOLDS: Final = 8
#: Keeps the teachers apart from every other use of the run's seed.
_TEACHERS: Final = 4
#: A feature that hardly varies is not blown up: its spread is at least this share of the features' mean size.
_LEAST_SPREAD: Final = 0.02
#: The rubric's totals that are drawn anew must be those that the trials were made with [points].
_SAME_TOTAL: Final = 1e-6
_BATCH: Final = 32


def make_teachers_prior(model: Path, trials: TrialSet, *, seed: int) -> Path:
    """Learn the prior on these simulated trials, of people that the model was not trained on, and put it beside it.

    seed: that the trials were made with. Raises InputError when they were made with another seed or another lab.
    """
    scorer = Scorer.load(model)
    model_marks, features, first = seen_by(scorer, trials)
    directions = {}
    for index, action in enumerate(trials.action_names.tolist()):
        of_action = trials.action[first] == index
        rows = first[of_action]
        judged = judged_trials(trials, rows, action, seed=seed)
        rng = np.random.default_rng((seed, _TEACHERS, index))
        teachers = [sample_teacher(rng, action) for _ in range(TEACHERS)]
        shifts = np.array([teacher.standards(judged) for teacher in teachers]) - model_marks[of_action]
        directions[action] = learn_directions(shifts, features[of_action], trials.person[rows], action)
    path = write_prior(model, directions)
    log.info("wrote %s: %d teachers on %d trials", path, TEACHERS, len(first))
    return path


def seen_by(scorer: Scorer, trials: TrialSet) -> tuple[Array, Array, NDArray[np.intp]]:
    """Per trial the model's marks (T, 5) and the features (T, F) as `personal.prior_features`; its first row."""
    kinds = np.eye(len(scorer.actions))[[scorer.actions.index(name) for name in trials.action_names.tolist()]]
    parts: list[dict[str, Any]] = []
    for begin in range(0, len(trials), _BATCH):
        rows = slice(begin, begin + _BATCH)
        condition = np.hstack([kinds[trials.action[rows]], trials.tempo[rows, None]]).astype(np.float32)
        inputs = {name: getattr(trials, name)[rows] for name in ("pose", "velocity", "mask")}
        parts.append(scorer.network_outputs({**inputs, "condition": condition}))
    outputs = {name: np.concatenate([part[name] for part in parts]).astype(np.float64) for name in parts[0]}
    marks, first = mean_per_trial(np.column_stack([outputs["score"], outputs["stages"]]), trials)
    known = np.isfinite(trials.handmade)
    count, _ = mean_per_trial(known.astype(np.float64), trials)
    handmade, _ = mean_per_trial(np.where(known, trials.handmade, 0.0), trials)
    handmade = np.where(count > 0, handmade / np.where(count > 0, count, 1.0), np.nan)
    joint = [mean_per_trial(outputs[JOINT_FEATURE], trials)[0]] if JOINT_FEATURE in outputs else []
    return marks, np.hstack([handmade, marks, *joint]), first


def judged_trials(trials: TrialSet, rows: NDArray[np.intp], action: str, *, seed: int) -> Judged:
    """What teachers see in the trials that begin at these rows, all of one action. Raises as make_teachers_prior."""
    specs = [TrialSpec(int(trials.person[row]), int(trials.trial[row]), action, seed) for row in rows]
    judged = Judged.of(action, [technique_of_trial(spec) for spec in specs])
    totals = SimulatedTeacher(technique_of(action), 0.0).standards(judged)[:, 0]
    if not np.abs(totals - trials.true_total[rows]).max(initial=0.0) < _SAME_TOTAL:
        raise InputError(
            f"the {action} trials were not made with seed {seed} and this version of the lab: their marks cannot be "
            "told again; make the training set anew (remove trials.npz from the run)"
        )
    return judged


def learn_directions(shifts: Array, features: Array, person: NDArray[np.intp], action: str) -> Directions:
    """shifts: (T, N, 5) teachers' marks with a steady hand less the model's. features: (N, F). person: (N,)."""
    count = len(shifts)
    mean_shift = shifts.mean(axis=0)
    differences = (shifts - mean_shift).transpose(1, 0, 2).reshape(len(mean_shift), -1)
    left, sizes, right = np.linalg.svd(differences, full_matrices=False)
    kept = min(DIRECTIONS, len(sizes))
    values = np.hstack([mean_shift, left[:, :kept] * sizes[:kept] / np.sqrt(count)])
    mean = np.nan_to_num(np.nanmean(features, axis=0))
    spread = np.nan_to_num(np.nanstd(features, axis=0)) + _LEAST_SPREAD * float(np.nanmean(np.abs(features)))
    known = scaled(features, mean=mean, spread=spread)
    weights, offset, left_out = _ridge(likeness(known, known), values, person)
    places = (right[:kept] * np.sqrt(count)).reshape(kept, count, MARKS).transpose(1, 0, 2)
    flat = places.reshape(count, -1)
    told = left_out[:, :MARKS] + np.einsum("nr,trk->tnk", left_out[:, MARKS:], places)
    rest = (shifts - told).reshape(-1, MARKS)
    scatter = SHARED_SCATTER + (1.0 - SHARED_SCATTER) * np.eye(MARKS)
    return Directions(
        mean=mean,
        spread=spread,
        known=known,
        weights=weights,
        offset=offset,
        centre=flat.mean(axis=0),
        covariance=np.cov(flat, rowvar=False),
        noise=rest.T @ rest / len(rest) + scatter_variance(action) * scatter,
    )


def _ridge(kernel: Array, values: Array, person: NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """From trials' likeness (N, N): weights (N, K), offset (K,), and each value (N, K) predicted without its person."""
    people, index = np.unique(person, return_inverse=True)
    fold = np.random.default_rng(0).permutation(np.arange(len(people)) % FOLDS)[index]
    left_out = np.empty((len(STRENGTHS), *values.shape))
    for k in range(FOLDS):
        known, out = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        offset = values[known].mean(axis=0)
        eigen, vectors = np.linalg.eigh(kernel[np.ix_(known, known)])
        turned = vectors.T @ (values[known] - offset)
        across = kernel[np.ix_(out, known)] @ vectors
        for s, strength in enumerate(STRENGTHS):
            left_out[s, out] = offset + across @ (turned / (eigen + strength)[:, None])
    best = int(((left_out - values) ** 2).sum(axis=(1, 2)).argmin())
    offset = values.mean(axis=0)
    weights = np.linalg.solve(kernel + STRENGTHS[best] * np.eye(len(kernel)), values - offset)
    return weights, offset, left_out[best]
