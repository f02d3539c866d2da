"""Recorded and marked trials of a data set as a training set, with simulated ones where a movement has too few."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

import numpy as np

from sport_nodes.actions import action_names, load_action
from sport_nodes.errors import InputError
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.training.dataset_rows import SPLITS, motion_of_row
from sport_nodes.training.rows import inputs_of
from sport_nodes.training.trial_set import TrialSet, split_by_person

log = logging.getLogger(__name__)

#: A movement is trained on its recordings when each part of the people has at least so many marked trials; so many
#: validation trials are what a 90 % interval rests on.
FEWEST_TRIALS: Final = {"training": 40, "validation": 20, "test": 20}
RECORDED: Final = "recorded"

Parts = tuple[TrialSet, TrialSet, TrialSet]


def recorded_parts(rows: Iterable[dict[str, Any]], present: Scorer) -> tuple[Parts, dict[str, set[str]]]:
    """Training, validation and test rows of the movements that are marked often enough; and the people of each part.

    Marks are the raters' mean. Stages that no rater marked, and the stages' boundaries, which nobody marks, are the
    present model's, moved with the total. Raises InputError when no movement has trials enough.
    """
    found: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    people: dict[str, set[str]] = {split: set() for split in SPLITS}
    numbers: dict[str, int] = {}
    for trial, row in enumerate(r for r in rows if r["raters"] and r["action"] in present.actions):
        person = numbers.setdefault(row["athlete"], len(numbers))
        found[row["split"]] += _rows_of_trial(row, present, person=person, trial=trial)
    counts = {split: Counter(_trials(found[split])) for split in SPLITS}
    actions = action_names()
    enough = [a for i, a in enumerate(actions) if all(counts[s][i] >= FEWEST_TRIALS[s] for s in SPLITS)]
    for index, action in enumerate(actions):
        if action not in enough:
            have = ", ".join(f"{counts[split][index]} {split}" for split in SPLITS)
            log.info("%s: too few marked trials (%s); simulated ones stand in", action, have)
    if not enough:
        raise InputError(
            "no movement has marked trials enough: needed are "
            + ", ".join(f"{count} {split}" for split, count in FEWEST_TRIALS.items())
            + "; the data set's README.md says what there is"
        )
    for split in SPLITS:
        found[split] = [row for row in found[split] if actions[row["action"]] in enough]
        people[split] = {row.pop("athlete") for row in found[split]}
    training, validation, test = (_as_set(found[split]) for split in SPLITS)
    return (training, validation, test), people


def with_simulated(parts: Parts, simulated: TrialSet, *, seed: int) -> Parts:
    """The same, with the simulated trials of the movements that the recorded parts lack. Their people stay apart."""
    lacking = ~np.isin(simulated.action, np.unique(parts[0].action))
    if not lacking.any():
        return parts
    first_person = 1 + max(int(part.person.max()) for part in parts)
    first_trial = 1 + max(int(part.trial.max()) for part in parts)
    joined = []
    for own, other in zip(parts, split_by_person(simulated.take(lacking), seed=seed), strict=True):
        columns = {f.name: np.concatenate([getattr(own, f.name), getattr(other, f.name)]) for f in fields(own)[1:]}
        columns["person"][len(own) :] += first_person
        columns["trial"][len(own) :] += first_trial
        joined.append(TrialSet(action_names=own.action_names, **columns))
    return joined[0], joined[1], joined[2]


def _trials(rows: list[dict[str, Any]]) -> list[int]:
    """Movement of each trial (a repeated movement's rows count once)."""
    return list({row["trial"]: row["action"] for row in rows}.values())


def _rows_of_trial(row: dict[str, Any], present: Scorer, *, person: int, trial: int) -> list[dict[str, Any]]:
    """One row a repetition; none for a trial that cannot be scored."""
    action = row["action"]
    examined = present.examine(motion_of_row(row), action)
    if examined.objection:
        log.info("trial %s is left out: %s", row["trial"], examined.objection)
        return []
    outputs = present.network_outputs(present.network_inputs(examined.repetitions, action))
    total = float(np.mean(row["totals"]))
    marked = [stages for stages in row["stages"] if len(stages)]
    given = outputs["stages"].mean(axis=0) + total - float(outputs["score"].mean())
    stages = np.mean(marked, axis=0) if marked else np.clip(given, 0.0, 100.0)
    return [
        inputs_of(prepared, bounds)
        | {
            "condition": RECORDED,
            "fused": True,
            "action": action_names().index(load_action(action).name),
            "athlete": row["athlete"],
            "person": person,
            "trial": trial,
            "height_m": row["height_m"],
            "total": total,
            "stages": np.asarray(stages, dtype=np.float64),
            "true_total": total,
        }
        for prepared, bounds in zip(examined.repetitions, outputs["bounds"].astype(np.float64), strict=True)
    ]


def _as_set(rows: list[dict[str, Any]]) -> TrialSet:
    return TrialSet(
        action_names=np.array(action_names()), **{name: np.array([row[name] for row in rows]) for name in rows[0]}
    )
