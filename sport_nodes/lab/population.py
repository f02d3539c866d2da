"""Students of varying skill and their trials: what a scorer is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sport_nodes.lab.athlete import Athlete, sample_athlete
from sport_nodes.lab.simulate import (
    DEFAULT_REPETITIONS,
    SimulatedTrial,
    mean_execution,
    sample_executions,
    simulate_person,
    technique_of,
)
from sport_nodes.lab.technique import sample_style

#: A person of skill 0 shows about this many faults in a trial, one of skill 1 none.
MOST_FAULTS: Final = 3.4
#: Severity of a fault from a trace to gross; a less skilled person's are worse.
SEVERITY_RANGE: Final = (0.25, 1.35)
#: Of a person's faults in a trial, this share are habits that come again in most trials.
HABIT_SHARE: Final = 0.75
#: Beta distribution of skill: more students in the upper middle than at the ends.
SKILL_SHAPE: Final = (1.7, 1.35)


@dataclass(frozen=True)
class Person:
    """A student: body, style, skill from 0 to 1, and the faults they are prone to with their usual severity."""

    athlete: Athlete
    action: str
    style: dict[str, float]
    skill: float
    habits: dict[str, float]


def sample_person(rng: np.random.Generator, action: str, *, height_m: float | None = None) -> Person:
    """A random student of one action.

    Raises InputError when the lab does not know the action.
    """
    technique = technique_of(action)
    skill = float(rng.beta(*SKILL_SHAPE))
    count = min(int(rng.poisson(MOST_FAULTS * (1.0 - skill) * HABIT_SHARE)), len(technique.faults))
    names = rng.choice(list(technique.faults), size=count, replace=False)
    return Person(
        athlete=sample_athlete(rng, height_m=height_m),
        action=action,
        style=sample_style(technique, rng),
        skill=skill,
        habits={str(name): _severity(rng, skill) for name in names},
    )


def sample_person_trial(
    rng: np.random.Generator, person: Person, *, rate_hz: float = 120.0, repetitions: int | None = None
) -> SimulatedTrial:
    """One more trial of a person: habits vary in severity from trial to trial, and a slip may come on top."""
    faults, tempo = _sample_attempt(rng, person)
    return simulate_person(
        person.action,
        athlete=person.athlete,
        style=person.style,
        faults=faults,
        rng=rng,
        rate_hz=rate_hz,
        repetitions=repetitions,
        tempo=tempo,
    )


def sample_person_technique(
    rng: np.random.Generator, person: Person, *, repetitions: int | None = None
) -> dict[str, float]:
    """SimulatedTrial.technique of what sample_person_trial makes of the same `rng`, without simulating the movement."""
    faults, tempo = _sample_attempt(rng, person)
    count = DEFAULT_REPETITIONS.get(person.action, 1) if repetitions is None else repetitions
    technique = technique_of(person.action)
    return mean_execution(sample_executions(technique, person.style, faults, rng=rng, count=count, tempo=tempo))


def _sample_attempt(rng: np.random.Generator, person: Person) -> tuple[dict[str, float], float]:
    """Faults as name to severity, and tempo."""
    faults = {
        name: float(np.clip(severity * rng.normal(1.0, 0.2), 0.05, SEVERITY_RANGE[1] * 1.1))
        for name, severity in person.habits.items()
    }
    slips = rng.poisson(MOST_FAULTS * (1.0 - person.skill) * (1.0 - HABIT_SHARE))
    others = [name for name in technique_of(person.action).faults if name not in faults]
    for name in rng.choice(others, size=min(int(slips), len(others)), replace=False):
        faults[str(name)] = _severity(rng, person.skill)
    return faults, float(rng.uniform(0.92, 1.08))


def sample_trial(rng: np.random.Generator, action: str, *, rate_hz: float = 120.0) -> SimulatedTrial:
    """One trial of a random student."""
    return sample_person_trial(rng, sample_person(rng, action), rate_hz=rate_hz)


def _severity(rng: np.random.Generator, skill: float) -> float:
    low, high = SEVERITY_RANGE
    return float(rng.uniform(low, low + (high - low) * (1.15 - 0.6 * skill)))
