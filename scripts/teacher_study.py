#!/usr/bin/env python3
"""Simulated teachers with a shifted standard: how many marks it takes to learn it. `python scripts/teacher_study.py`.

Half of the people are marked (the first N of their trials), the others are unseen. Errors are of the total, against
what the teacher would give with a steady hand. What is left when the teacher's shift is known exactly, trial by trial,
is the model's own error: no standard can take that away. A movement of which the model knows nothing is learned from
its hand-made features alone.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np

from sport_nodes.actions import action_names
from sport_nodes.lab.simulate import SimulatedTrial
from sport_nodes.lab.teacher import sample_teacher
from sport_nodes.motion import Motion
from sport_nodes.scoring.personal import example_of
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.standard import MARKS, Array, Example
from sport_nodes.scoring.teacher import Teacher
from sport_nodes.training.sensor_like import CONDITIONS, as_measured, draw_condition
from sport_nodes.training.simulated import IDLE_RANGE_S, TrialSpec, simulated_trial

TRIALS_PER_PERSON = 4
MARKED = (5, 10, 20, 40)
#: Edges of the classes of shift: the model's mean error on a teacher's unseen trials [points].
SHIFTS = (0.0, 6.0, 9.0, 12.0, 100.0)
NOTHING = np.full(MARKS, np.nan)


def measured_trial(spec: TrialSpec) -> tuple[SimulatedTrial, Motion]:
    """A trial, and its motion as the sensors see it."""
    rng = np.random.default_rng((spec.seed, spec.person, spec.trial))
    trial = simulated_trial(spec, rng)
    begin_s = float(trial.stage_bounds_s[0, 0] - rng.uniform(*IDLE_RANGE_S))
    end_s = float(trial.stage_bounds_s[-1, -1] + rng.uniform(*IDLE_RANGE_S))
    return trial, as_measured(trial.motion.between(begin_s, end_s), CONDITIONS[draw_condition(rng)], rng=rng)


def seen_trial(spec: TrialSpec) -> tuple[TrialSpec, SimulatedTrial, Example] | None:
    """A trial as the sensors see it, not yet marked."""
    trial, motion = measured_trial(spec)
    example = unmarked(spec, motion)
    return None if example is None else (spec, trial, example)


def unmarked(spec: TrialSpec, motion: Motion) -> Example | None:
    """None where the model gives no score."""
    example = example_of(scorer(), motion, spec.action, trial=str(spec.trial), athlete=str(spec.person), marks=NOTHING)
    return None if example is None or not np.isfinite(example.model).all() else example


def scorer(kept: list[Scorer] = []) -> Scorer:  # noqa: B006  one a process
    if not kept:
        kept.append(Scorer.load())
    return kept[0]


def marked(example: Example, marks: Array, *, new_action: bool) -> Example:
    return Example(example.trial, example.athlete, example.features, NOTHING if new_action else example.model, marks)


def errors(action: str, trials: Sequence[tuple[TrialSpec, SimulatedTrial, Example]], seed: int, count: int, new: bool):
    """(the model's, the standard's, learned, with the shift known) mean error on unseen people; for a new movement the
    constant's in place of the model's."""
    rng = np.random.default_rng((seed, action_names().index(action)))
    teacher = sample_teacher(rng, action)
    people = rng.permutation(np.unique([spec.person for spec, _, _ in trials]))
    known = set(people[: len(people) // 2].tolist())
    labelled = [t for t in trials if t[0].person in known]
    labelled = [labelled[i] for i in rng.permutation(len(labelled))]
    examples = [marked(e, teacher.marks(trial, rng=rng), new_action=new) for _, trial, e in labelled][:count]
    unseen = [(trial, e) for spec, trial, e in trials if spec.person not in known]
    truth = np.array([teacher.standard(trial)[0] for trial, _ in unseen])
    known = scorer().familiarity
    known = replace(known, mean={}, spread={}) if new else known
    own = Teacher("teacher", model="", model_sha256="", familiarity=known)
    own.learn(action, examples)
    standard = own.standard(action)
    constant = float(np.median([e.marks[0] for e in examples]))
    without = np.array([constant if new else e.model[0] for _, e in unseen])
    given = [standard.marks(e.features, NOTHING if new else e.model)[0] for _, e in unseen] if standard else without
    shifted = np.clip(without + truth - [trial.total for trial, _ in unseen], 0.0, 100.0)
    off = [float(np.abs(np.array(marks) - truth).mean()) for marks in (without, given, shifted)]
    return off[0], off[1], standard is not None, off[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--teachers", type=int, default=15, help="of each action")
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    specs = [
        TrialSpec(person, person * 64 + a * 16 + k, action, options.seed)
        for person in range(options.people)
        for a, action in enumerate(action_names())
        for k in range(TRIALS_PER_PERSON)
    ]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        seen = [found for found in pool.map(seen_trial, specs, chunksize=16) if found is not None]
    print(f"{len(seen)} simulated trials of {options.people} people, {options.teachers} teachers of each action")
    for new in (False, True):
        print("a movement that the model does not know" if new else "on top of the model")
        for count in MARKED:
            rows = np.array(
                [
                    errors(action, [s for s in seen if s[0].action == action], options.seed + t, count, new)
                    for action in action_names()
                    for t in range(options.teachers)
                ]
            )
            ratio = rows[:, 1] / rows[:, 0]
            print(
                f"  {count:2d} marked: without {rows[:, 0].mean():5.2f}, with {rows[:, 1].mean():5.2f} points; "
                f"learned for {rows[:, 2].mean():4.0%} of teachers, worse for {(ratio > 1.0).mean():4.0%} "
                f"(at most x{ratio.max():.2f}), at least halved for {(ratio <= 0.5).mean():4.0%}"
            )
            if not new:
                halved = (rows[:, 3] <= 0.5 * rows[:, 0]).mean()
                print(f"     with the shift known exactly {rows[:, 3].mean():5.2f} points, halved for {halved:4.0%}")
            for low, high in itertools.pairwise(SHIFTS):
                chosen = (rows[:, 0] >= low) & (rows[:, 0] < high)
                if chosen.any() and not new:
                    part = rows[chosen].mean(axis=0)
                    print(
                        f"     model off by {low:2.0f} to {high:3.0f}: {int(chosen.sum()):2d} teachers, "
                        f"{part[0]:5.2f} to {part[1]:5.2f}, at best {part[3]:5.2f}"
                    )


if __name__ == "__main__":
    main()
