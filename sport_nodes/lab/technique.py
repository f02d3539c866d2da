"""Technique parameters: what a movement is made of, in anatomical terms, and how people and trials differ in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sport_nodes.errors import InputError


@dataclass(frozen=True)
class Parameter:
    """One quantity of a technique. Its unit is the end of its name (`_deg`, `_s`, `_m`, `_mps`); without: a ratio.

    mean: of good technique. person_sd: between people (style). trial_sd: between trials of one person.
    low, high: what a body can do; samples and faults are held inside.
    """

    mean: float
    person_sd: float
    trial_sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Fault:
    """A named departure: what is added to parameters at severity 1, clearly visible to a PE teacher."""

    shifts: Mapping[str, float]


@dataclass(frozen=True)
class Criterion:
    """What a teacher looks at: cost points (0..100 of one stage) are lost when a parameter is `span` beyond good.

    Good is anything from `low` to `high`; the loss grows linearly to `cost` at a distance of `span` and stays there.
    """

    parameter: str
    stage: str
    low: float
    high: float
    span: float
    cost: float


@dataclass(frozen=True)
class Technique:
    """All that describes the execution of one action: parameters, faults, and what the rubric looks at."""

    action: str
    stages: tuple[str, ...]
    stage_weights: tuple[float, ...]
    parameters: Mapping[str, Parameter]
    faults: Mapping[str, Fault]
    criteria: tuple[Criterion, ...]


def sample_style(technique: Technique, rng: np.random.Generator) -> dict[str, float]:
    """A person's own mean of every parameter."""
    return {
        name: p.mean + p.person_sd * float(np.clip(rng.standard_normal(), -2.0, 2.0))
        for name, p in technique.parameters.items()
    }


def sample_execution(
    technique: Technique, style: Mapping[str, float], faults: Mapping[str, float], rng: np.random.Generator
) -> dict[str, float]:
    """The parameters of one trial: a style, this trial's variation, and faults as name to severity.

    Raises InputError when a fault is unknown to the action.
    """
    for name in faults:
        if name not in technique.faults:
            raise InputError(f"{technique.action} has no fault '{name}'; known are {', '.join(technique.faults)}")
    values = {}
    for name, p in technique.parameters.items():
        value = style[name] + p.trial_sd * float(np.clip(rng.standard_normal(), -2.0, 2.0))
        value += sum(severity * technique.faults[f].shifts.get(name, 0.0) for f, severity in faults.items())
        values[name] = float(np.clip(value, p.low, p.high))
    return values
