#!/usr/bin/env python3
"""A teacher's standard with a prior learned from other simulated teachers: `python scripts/teacher_prior_study.py`.

How teachers differ is learned from simulated teachers on simulated people (never the tested ones): the shifts of many
teachers on one trial have few directions, and what the measured motion tells of each is a ridge regression on its
hand-made features and the model's marks. A new teacher is then a point among those directions, with their spread as
its prior, and every one of the five marks of a labelled trial says something about it (Rasmussen & Williams 2006,
Gaussian Processes for Machine Learning, 2.1.2). Printed beside what ships (`scoring/standard.py`), a constant, and the
shift known exactly. Errors are of unseen people's totals: against what the teacher would give with a steady hand, and
against the teacher's own scattered marks.
"""

from __future__ import annotations

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from teacher_study import MARKED, TRIALS_PER_PERSON, marked, measured_trial, scorer, unmarked

from sport_nodes.actions import action_names
from sport_nodes.lab.rubric import LENIENCY_SHARE, POPULATION_SD, disagreement_variance
from sport_nodes.lab.simulate import SimulatedTrial
from sport_nodes.lab.teacher import SimulatedTeacher, sample_teacher
from sport_nodes.scoring.handmade import curve_features, summary_features
from sport_nodes.scoring.standard import MARKS, Array, Example
from sport_nodes.scoring.teacher import Teacher
from sport_nodes.training.simulated import TrialSpec

#: Directions of teachers' shifts that are told apart: beyond these their trials differ by less than a point.
DIRECTIONS: Final = 16
OTHER_TEACHERS: Final = 150
#: Ridge strengths tried, chosen by the error on trials left out.
STRENGTHS: Final = tuple(np.logspace(-3.0, 2.0, 11))
#: Features count at most this many standard deviations.
FARTHEST: Final = 4.0
#: Seeds of the people and the teachers that only the prior is learned from.
OTHER_PEOPLE_SEED: Final = 7000
OTHER_TEACHERS_SEED: Final = 900_000
HIGHEST_LEVERAGE: Final = 0.95


@dataclass(frozen=True, eq=False)
class Seen:
    """The trials of one action. features: (N, F). model: (N, 5). person: (N,)."""

    trials: list[SimulatedTrial]
    examples: list[Example]
    features: Array
    person: Array

    @property
    def model(self) -> Array:
        return np.array([e.model for e in self.examples])

    def standards(self, teacher: SimulatedTeacher) -> Array:
        """(N, 5) marks with a steady hand."""
        return np.array([teacher.standard(trial) for trial in self.trials])


def seen_with_features(spec: TrialSpec) -> tuple[TrialSpec, SimulatedTrial, Example, Array] | None:
    """The features: hand-made ones, the mean over the repetitions in which they are known, and the model's marks."""
    trial, motion = measured_trial(spec)
    example = unmarked(spec, motion)
    if example is None:
        return None
    repetitions = scorer().examine(motion, spec.action).repetitions
    rows = np.array([[*summary_features(p).values(), *curve_features(p)] for p in repetitions])
    known = np.isfinite(rows).sum(axis=0)
    features = np.nansum(rows, axis=0) / np.maximum(known, 1)
    return spec, trial, example, np.concatenate([features, example.model])


class Prior:
    """What shifts of one action there are, and what the motion tells of them."""

    def __init__(self, seen: Seen, action: str) -> None:
        rng = np.random.default_rng(OTHER_TEACHERS_SEED)
        shifts = [seen.standards(sample_teacher(rng, action)) - seen.model for _ in range(OTHER_TEACHERS)]
        of_teachers = np.array(shifts)  # (T, N, 5)
        mean = of_teachers.mean(axis=0)
        differences = (of_teachers - mean).transpose(1, 0, 2).reshape(len(mean), -1)
        left, sizes, right = np.linalg.svd(differences, full_matrices=False)
        scale = np.sqrt(OTHER_TEACHERS)
        directions = left[:, :DIRECTIONS] * sizes[:DIRECTIONS] / scale
        self._mean, self._spread = seen.features.mean(axis=0), seen.features.std(axis=0) + 1e-6
        self._spread += 0.02 * np.abs(seen.features).mean()
        self._weights, self._offset, left_out = self._ridge(np.hstack([mean, directions]), self._rows(seen.features))
        own = (right[:DIRECTIONS] * scale).reshape(len(sizes[:DIRECTIONS]), OTHER_TEACHERS, MARKS).transpose(1, 0, 2)
        flat = own.reshape(OTHER_TEACHERS, -1)
        self._centre = flat.mean(axis=0)
        self._covariance = np.cov(flat, rowvar=False) + 1e-9 * np.eye(flat.shape[1])
        foretold = left_out[:, :MARKS] + np.einsum("nr,trk->tnk", left_out[:, MARKS:], own)
        rest = (of_teachers - foretold).reshape(-1, MARKS)
        scatter = (1.0 - LENIENCY_SHARE) * disagreement_variance(POPULATION_SD[action])
        self.noise = rest.T @ rest / len(rest) + scatter * (0.5 + 0.5 * np.eye(MARKS))
        #: Mean error of the total for teachers of whom all is known but what the motion does not tell.
        self.visible_error = float(np.abs(rest[:, 0]).mean())

    def foreseen(self, features: Array) -> Array:
        """(N, 5 + R): the mean shift and the directions, as the motions tell them."""
        return self._rows(features) @ self._weights + self._offset

    def shift(self, known: Array, differences: Array, unseen: Array) -> Array:
        """(M,) what to add to the totals of `unseen` (M, 5 + R), from `known` (N, 5 + R) and differences (N, 5)."""
        design = np.concatenate([np.kron(row[MARKS:], np.eye(MARKS)) for row in known])
        left = (differences - known[:, :MARKS]).ravel() - design @ self._centre
        noise = np.kron(np.eye(len(known)), self.noise)
        gain = design @ self._covariance
        learned = self._centre + gain.T @ np.linalg.solve(gain @ design.T + noise, left)
        totals = np.array([np.kron(row[MARKS:], np.eye(MARKS)[0]) for row in unseen])
        return np.asarray(unseen[:, 0] + totals @ learned)

    def _rows(self, features: Array) -> Array:
        deviation = np.clip((features - self._mean) / self._spread, -FARTHEST, FARTHEST)
        return np.asarray(deviation / np.sqrt(features.shape[1]))

    @staticmethod
    def _ridge(values: Array, rows: Array) -> tuple[Array, Array, Array]:
        """Weights, offset, and each trial's values predicted without it."""
        offset = values.mean(axis=0)
        eigen, vectors = np.linalg.eigh(rows @ rows.T)
        turned = vectors.T @ (values - offset)
        found = []
        for strength in STRENGTHS:
            share = eigen / (eigen + strength)
            leverage = np.clip((vectors**2 * share).sum(axis=1) + 1.0 / len(rows), 0.0, HIGHEST_LEVERAGE)
            error = (values - offset - vectors @ (share[:, None] * turned)) / (1.0 - leverage)[:, None]
            found.append((float((error**2).sum()), strength, error))
        _, strength, error = min(found, key=lambda one: one[0])
        return rows.T @ (vectors @ (turned / (eigen + strength)[:, None])), offset, values - error


def errors(action: str, seen: Seen, prior: Prior, seed: int) -> dict[str, float]:
    """Mean errors of one teacher on unseen people, by method and number of marked trials."""
    rng = np.random.default_rng((seed, action_names().index(action)))
    teacher = sample_teacher(rng, action)
    people = rng.permutation(np.unique(seen.person))
    known = np.isin(seen.person, people[: len(people) // 2])
    labelled, unseen = rng.permutation(np.flatnonzero(known)), np.flatnonzero(~known)
    steady = seen.standards(teacher)[unseen, 0]
    marks = np.array([teacher.marks(trial, rng=rng) for trial in seen.trials])
    model, foreseen = seen.model, prior.foreseen(seen.features)

    def off(totals: Array, truth: Array = steady) -> float:
        return float(np.abs(np.clip(totals, 0.0, 100.0) - truth).mean())

    alone = model[unseen, 0]
    rubric = np.array([seen.trials[i].total for i in unseen])
    result = {"model": off(alone), "model, marks": off(alone, marks[unseen, 0]), "known": off(alone + steady - rubric)}
    for count in MARKED:
        chosen = labelled[:count]
        difference = marks[chosen] - model[chosen]
        own = Teacher("teacher", model="", model_sha256="", familiarity=scorer().familiarity)
        own.learn(action, [marked(seen.examples[i], marks[i], new_action=False) for i in chosen])
        standard = own.standard(action)
        given = [standard.marks(seen.examples[i].features, model[i])[0] for i in unseen] if standard else alone
        learned = alone + prior.shift(foreseen[chosen], difference, foreseen[unseen])
        result |= {
            f"constant {count}": off(alone + difference[:, 0].mean()),
            f"ships {count}": off(np.array(given)),
            f"prior {count}": off(learned),
            f"prior, marks {count}": off(learned, marks[unseen, 0]),
        }
    return result


def simulated(people: int, seed: int) -> dict[str, Seen]:
    specs = [
        TrialSpec(person, person * 64 + a * 16 + k, action, seed)
        for person in range(people)
        for a, action in enumerate(action_names())
        for k in range(TRIALS_PER_PERSON)
    ]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [one for one in pool.map(seen_with_features, specs, chunksize=16) if one is not None]
    by_action = {action: [one for one in found if one[0].action == action] for action in action_names()}
    return {
        action: Seen(
            [trial for _, trial, _, _ in rows],
            [example for _, _, example, _ in rows],
            np.array([features for _, _, _, features in rows]),
            np.array([spec.person for spec, _, _, _ in rows]),
        )
        for action, rows in by_action.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--others", type=int, default=150, help="people that only the prior is learned from")
    parser.add_argument("--teachers", type=int, default=15, help="of each action")
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    others, tested = simulated(options.others, OTHER_PEOPLE_SEED), simulated(options.people, options.seed)
    priors = {action: Prior(others[action], action) for action in action_names()}
    rows = [
        errors(action, tested[action], priors[action], options.seed + t)
        for action in action_names()
        for t in range(options.teachers)
    ]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    model = columns["model"]
    visible = np.mean([prior.visible_error for prior in priors.values()])
    print(f"{len(rows)} teachers; all known of a teacher but what the motion does not tell: {visible:.2f} points")
    for name, found in columns.items():
        ratio = found / (columns["model, marks"] if "marks" in name else model)
        print(
            f"  {name:16s} {found.mean():5.2f} points, x{ratio.mean():.2f} on average; at "
            f"least halved for {(ratio <= 0.5).mean():4.0%}, worse for {(ratio > 1.0).mean():4.0%} (at most "
            f"x{ratio.max():.2f})"
        )


if __name__ == "__main__":
    main()
