"""Recorded and marked trials of a data set as a training set, with simulated ones where a movement has too few."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from sport_nodes.actions import action_names
from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import simulated_actions
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.training.dataset_rows import SPLITS, motion_of_row
from sport_nodes.training.new_sport import bounds_from_target, objection_to
from sport_nodes.training.rows import inputs_of
from sport_nodes.training.trial_set import TrialSet, split_by_person

log = logging.getLogger(__name__)

#: A movement is trained on its recordings when each part of the people has at least so many marked trials; so many
#: validation trials are what a 90 % interval rests on.
FEWEST_TRIALS: Final = {"training": 40, "validation": 20, "test": 20}
#: A movement with few marked trials is seen so many times an epoch, at most.
MOST_REPEATED: Final = 10
RECORDED: Final = "recorded"
TRAINING: Final = SPLITS[0]

Parts = tuple[TrialSet, TrialSet, TrialSet]


def recorded_parts(rows: Iterable[dict[str, Any]], present: Scorer) -> tuple[Parts, dict[str, set[str]]]:
    """Training, validation and test rows of the movements that are marked often enough; and the people of each part.

    The sets' action_names are those that a model can be trained on: these, and of the present model's those that the
    lab simulates. Marks are the raters' mean. Stages that no rater marked, and the stages' boundaries, which nobody
    marks, are the present model's, moved with the total; of a movement that is new to it the boundaries are the
    target's. Raises InputError when no movement has trials enough.
    """
    learnable = _learnable(present)
    found: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    people: dict[str, set[str]] = {split: set() for split in SPLITS}
    numbers: dict[str, int] = {}
    for trial, row in enumerate(r for r in rows if r["raters"] and r["action"] in learnable):
        person = numbers.setdefault(row["athlete"], len(numbers))
        found[row["split"]] += _rows_of_trial(row, present, person=person, trial=trial)
    counts = {split: Counter({r["trial"]: r["action"] for r in found[split]}.values()) for split in SPLITS}
    enough = [a for a in learnable if all(counts[s][a] >= FEWEST_TRIALS[s] for s in SPLITS)]
    for action in learnable:
        if action not in enough:
            have = ", ".join(f"{counts[split][action]} {split}" for split in SPLITS)
            log.info("%s: too few marked trials (%s); simulated ones stand in where there are any", action, have)
    if not enough:
        raise InputError(
            "no movement has marked trials enough: needed are "
            + ", ".join(f"{count} {split}" for split, count in FEWEST_TRIALS.items())
            + "; the data set's README.md says what there is"
        )
    for split in SPLITS:
        found[split] = [row for row in found[split] if row["action"] in enough]
        people[split] = {row.pop("athlete") for row in found[split]}
    simulated = set(present.actions) & set(simulated_actions())
    names = [action for action in learnable if action in enough or action in simulated]
    training, validation, test = (_as_set(found[split], names) for split in SPLITS)
    return (training, validation, test), people


def unmarked_movements(
    rows: Iterable[dict[str, Any]], present: Scorer, names: Iterable[str]
) -> tuple[TrialSet | None, set[str]]:
    """What nobody marked of the training people's movements of these names, marks NaN, and whose it is.

    None where there is nothing.
    """
    names = list(names)
    found: list[dict[str, Any]] = []
    for trial, row in enumerate(r for r in rows if not r["raters"] and r["action"] in names):
        if row["split"] == TRAINING:
            found += _rows_of_trial(row, present, person=trial, trial=trial)
    people = {row.pop("athlete") for row in found}
    return (_as_set(found, names) if found else None), people


def with_simulated(parts: Parts, simulated: TrialSet, *, seed: int) -> Parts:
    """The same, with the simulated trials of the movements that the recorded parts lack. Their people stay apart."""
    names = parts[0].action_names
    wanted = np.setdiff1d(names, names[np.unique(parts[0].action)])
    lacking = np.isin(simulated.action_names[simulated.action], wanted)
    if not lacking.any():
        return parts
    first_person = 1 + max(int(part.person.max()) for part in parts)
    first_trial = 1 + max(int(part.trial.max()) for part in parts)
    index = np.array([names.tolist().index(n) if n in names else -1 for n in simulated.action_names.tolist()])
    joined = []
    for own, other in zip(parts, split_by_person(simulated.take(lacking), seed=seed), strict=True):
        apart = replace(
            other,
            action=index[other.action],
            person=other.person + first_person,
            trial=other.trial + first_trial,
        )
        joined.append(own.joined(apart))
    return joined[0], joined[1], joined[2]


def evened(training: TrialSet) -> TrialSet:
    """The rows, those of rare movements several times: an epoch would hardly meet them (docs/adding_a_sport.md)."""
    counts = np.bincount(training.action)
    times = np.clip(counts.max() // np.maximum(counts, 1), 1, MOST_REPEATED)
    return training.take(np.repeat(np.arange(len(training)), times[training.action]))


def _learnable(present: Scorer) -> list[str]:
    """The present model's movements, and those that were added and are ready for a model."""
    learnable = []
    for action in action_names():
        objection = "" if action in present.actions else objection_to(action)
        if objection:
            log.warning("%s is left out: %s", action, objection)
        else:
            learnable.append(action)
    return learnable


def _rows_of_trial(row: dict[str, Any], present: Scorer, *, person: int, trial: int) -> list[dict[str, Any]]:
    """One row a repetition, its action by name; none for a trial that cannot be scored."""
    action, motion = row["action"], motion_of_row(row)
    known = action in present.actions
    # Whether it is the right movement cannot be asked of a model that does not know it: the target is asked below.
    examined = present.examine(motion, action, unfinished=not known)
    objection, bounds = examined.objection, None
    total = float(np.mean(row["totals"])) if len(row["totals"]) else float("nan")
    given = np.full(4, total)
    if not objection and known:
        outputs = present.network_outputs(present.network_inputs(examined.repetitions, action))
        bounds = outputs["bounds"].astype(np.float64)
        given = np.clip(outputs["stages"].mean(axis=0) + total - float(outputs["score"].mean()), 0.0, 100.0)
    elif not objection:
        bounds, objection = bounds_from_target(motion, action, examined.repetitions)
    if bounds is None:
        log.info("trial %s is left out: %s", row["trial"], objection)
        return []
    marked = [stages for stages in row["stages"] if len(stages)]
    stages = np.mean(marked, axis=0) if marked else given
    return [
        inputs_of(prepared, own_bounds)
        | {
            "condition": RECORDED,
            "fused": True,
            "action": action,
            "athlete": row["athlete"],
            "person": person,
            "trial": trial,
            "height_m": row["height_m"],
            "total": total,
            "stages": np.asarray(stages, dtype=np.float64),
            "true_total": total,
        }
        for prepared, own_bounds in zip(examined.repetitions, bounds, strict=True)
    ]


def _as_set(rows: list[dict[str, Any]], names: list[str]) -> TrialSet:
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    columns["action"] = np.array([names.index(row["action"]) for row in rows])
    return TrialSet(action_names=np.array(names), **columns)
