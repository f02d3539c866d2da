#!/usr/bin/env python3
"""Simulated teachers with a shifted standard: how many marks it takes to learn it. `python scripts/teacher_study.py`.

Half of the people are marked (the first N of their trials, shuffled), the others are unseen. Errors are of the total,
against what the teacher would give with a steady hand: of the model alone, of an offset (the mean difference), of the
plain ridge, of what ships (with the prior of teachers beside the model, where there is one), and with the teacher's
shift known exactly, trial by trial, which leaves the model's own error: no standard can take that away. A movement of
which the model knows nothing is learned from its hand-made features alone.

The people are simulated (--seed: not one that the model or its prior have seen), or those of a run's trials.npz.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.lab.teacher import Judged, sample_teacher
from sport_nodes.scoring.directions import MARKS, Directions
from sport_nodes.scoring.familiarity import FEATURES, SPREAD_FACTOR, SPREAD_FLOOR
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.sidecar import shipped_model
from sport_nodes.scoring.standard import Array, Example, Standard, learn
from sport_nodes.scoring.teachers_prior import read_prior
from sport_nodes.training.simulated import simulated_trials
from sport_nodes.training.teachers_prior import judged_trials, seen_by
from sport_nodes.training.trial_set import TrialSet, mean_per_trial

TRIALS_PER_PERSON = 16
MARKED = (5, 10, 20, 40)
#: Edges of the classes of shift: the model's mean error on a teacher's unseen trials [points].
SHIFTS = (0.0, 6.0, 9.0, 12.0, 100.0)
UNKNOWN = np.full(MARKS, np.nan)


@dataclass(frozen=True, eq=False)
class Seen:
    """The N trials of one action. features: (N, 16). model: (N, 5). foreseen: (N, 5 + R), (N, 0) without a prior.
    person, rubric: (N,). mean, spread: (16,) of the features, as the model's familiarity has them."""

    action: str
    features: Array
    model: Array
    foreseen: Array
    person: Array
    rubric: Array
    judged: Judged
    mean: Array
    spread: Array
    directions: Directions | None

    def example(self, row: int, marks: Array, model: Array) -> Example:
        return Example(str(row), "", self.features[row], model, marks, self.foreseen[row])


def seen_trials(model: Path, trials: TrialSet, seed: int) -> list[Seen]:
    """What model and prior make of the trials of each action."""
    scorer, prior = Scorer.load(model), read_prior(model)
    marks, all_features, first = seen_by(scorer, trials)
    known = np.isfinite(trials.summary)
    count, sums = (mean_per_trial(v, trials)[0] for v in (known * 1.0, np.where(known, trials.summary, 0.0)))
    summary = np.where(count > 0, sums / np.where(count > 0, count, 1.0), np.nan)[:, : len(FEATURES)]
    found = []
    for index, action in enumerate(trials.action_names.tolist()):
        chosen = trials.action[first] == index
        directions = None if prior is None else prior.directions[action]
        found.append(
            Seen(
                action,
                summary[chosen],
                marks[chosen],
                np.zeros((chosen.sum(), 0)) if directions is None else directions.foreseen(all_features[chosen]),
                trials.person[first[chosen]],
                trials.true_total[first[chosen]],
                judged_trials(trials, first[chosen], action, seed=seed),
                scorer.familiarity.mean[action][: len(FEATURES)],
                scorer.familiarity.spread[action][: len(FEATURES)],
                directions,
            )
        )
    return found


def learned(examples: list[Example], **known: Any) -> Standard | None:
    try:
        return learn(examples, **known)
    except InputError:
        return None


def errors(seen: Seen, seed: int) -> dict[str, float]:
    """Mean errors of one teacher on unseen people, by method and number of marked trials."""
    rng = np.random.default_rng((seed, sum(map(ord, seen.action))))
    teacher = sample_teacher(rng, seen.action)
    people = rng.permutation(np.unique(seen.person))
    known = np.isin(seen.person, people[: len(people) // 2])
    labelled, unseen = rng.permutation(np.flatnonzero(known)), np.flatnonzero(~known)
    steady, marks = teacher.standards(seen.judged)[unseen, 0], teacher.marks(seen.judged, rng=rng)
    alone = seen.model[unseen, 0]

    def off(totals: Array) -> float:
        return float(np.abs(np.clip(totals, 0.0, 100.0) - steady).mean())

    def given(standard: Standard | None, without: Array, model: Callable[[int], Array]) -> float:
        if standard is None:
            return off(without)
        return off(np.array([standard.marks(seen.features[i], model(i), seen.foreseen[i])[0] for i in unseen]))

    result = {"model alone": off(alone), "shift known": off(alone + steady - seen.rubric[unseen])}
    for count in MARKED:
        chosen = labelled[:count]
        examples = [seen.example(i, marks[i], seen.model[i]) for i in chosen]
        scale = {"mean": seen.mean, "spread": seen.spread}
        result[f"offset {count}"] = off(alone + (marks - seen.model)[chosen, 0].mean())
        ridge = learned(examples, **scale)
        result[f"plain ridge {count}"] = given(ridge, alone, lambda i: seen.model[i])
        if seen.directions is not None:
            standard = learned(examples, **scale, directions=seen.directions)
            result[f"with prior {count}"] = given(standard, alone, lambda i: seen.model[i])
        new = [seen.example(i, marks[i], UNKNOWN) for i in chosen]
        median = np.full(len(unseen), np.median(marks[chosen, 0]))
        result[f"new, median {count}"] = off(median)
        result[f"new, ridge {count}"] = given(learned(new, **own_scale(new)), median, lambda _: UNKNOWN)
    return result


def own_scale(examples: list[Example]) -> dict[str, Array]:
    """As teacher.Teacher has it for a movement that the model does not know."""
    features = np.array([e.features for e in examples])
    return {"mean": np.nanmean(features, axis=0), "spread": SPREAD_FLOOR + SPREAD_FACTOR * np.nanstd(features, axis=0)}


def line(name: str, found: Array, against: Array) -> str:
    ratio = found / against
    return (
        f"  {name:16s} {found.mean():5.2f} points, {found.mean() / against.mean():.2f} of it (teacher by teacher "
        f"{ratio.mean():.2f}); halved for {(ratio <= 0.5).mean():4.0%}, worse for {(ratio > 1.0).mean():4.0%} (at most "
        f"x{ratio.max():.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=shipped_model(), help="with its prior beside it")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--trials", type=Path, help="a run's trials.npz in place of new people; --seed: the run's")
    parser.add_argument("--teachers", type=int, default=60, help="of each action")
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    trials = (
        TrialSet.load(options.trials)
        if options.trials
        else simulated_trials(people=options.people, trials_per_person=TRIALS_PER_PERSON, seed=options.seed, workers=2)
    )
    seen = seen_trials(options.model, trials, options.seed)
    rows = [errors(one, 1_000_000 + t) for one in seen for t in range(options.teachers)]
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    model = found["model alone"]
    print(f"{Scorer.load(options.model).identity}: {len(rows)} simulated teachers")
    print(f"{len(np.unique(trials.trial))} trials of {len(np.unique(trials.person))} simulated people")
    print(f"the model alone is off by {model.mean():.2f} points")
    for name, values in found.items():
        if name != "model alone" and not name.startswith("new"):
            print(line(name, values, model))
    best = "with prior" if "with prior 10" in found else "plain ridge"
    for low, high in itertools.pairwise(SHIFTS):
        chosen = (model >= low) & (model < high)
        if chosen.any():
            marked = ", ".join(f"{found[f'{best} {count}'][chosen].mean():5.2f}" for count in MARKED)
            teachers = f"{int(chosen.sum()):3d} teachers, {model[chosen].mean():5.2f}"
            at_best = f"{found['shift known'][chosen].mean():5.2f}"
            print(f"  model off by {low:2.0f} to {high:3.0f}: {teachers}; {best} {marked}; at best {at_best}")
    print("a movement that the model does not know, against the median mark")
    for count in MARKED:
        print(line(f"{count} marked", found[f"new, ridge {count}"], found[f"new, median {count}"]))


if __name__ == "__main__":
    main()
