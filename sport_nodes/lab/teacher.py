"""Simulated teachers whose standard is not the rubric's: criteria and stages weigh otherwise, and some are strict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sport_nodes.lab.rubric import LENIENCY_SHARE, POPULATION_SD, Array, disagreement_variance, stage_marks, total_mark
from sport_nodes.lab.simulate import SimulatedTrial, technique_of
from sport_nodes.lab.technique import Technique

#: Spread of the logarithm of a teacher's weights of criteria and stages: most lie within half and twice the rubric's.
WEIGHT_SPREAD: Final = 0.5
#: Spread of teachers' leniency [points].
LENIENCY_SD: Final = 8.0


@dataclass(frozen=True)
class SimulatedTeacher:
    """technique: with the teacher's own costs and weights. leniency: points on every mark."""

    technique: Technique
    leniency: float

    def standard(self, trial: SimulatedTrial) -> Array:
        """(5,) total and stages that this teacher would give with a steady hand."""
        stages = stage_marks(self.technique, trial.technique)
        marks = np.append(total_mark(self.technique, stages), stages) + self.leniency
        return np.clip(marks, 0.0, 100.0)

    def marks(self, trial: SimulatedTrial, *, rng: np.random.Generator) -> Array:
        """(5,) whole points, with the scatter from trial to trial of one of the rubric's raters."""
        scatter = np.sqrt((1.0 - LENIENCY_SHARE) * disagreement_variance(POPULATION_SD[trial.action]))
        noise = np.sqrt(0.5) * (rng.standard_normal() + rng.standard_normal(5))
        return np.clip(np.round(self.standard(trial) + scatter * noise), 0.0, 100.0)


def sample_teacher(rng: np.random.Generator, action: str) -> SimulatedTeacher:
    """A random teacher of one action. Raises InputError when the lab does not know the action."""
    technique = technique_of(action)
    costs = np.exp(rng.normal(0.0, WEIGHT_SPREAD, len(technique.criteria)))
    weights = np.exp(rng.normal(0.0, WEIGHT_SPREAD, len(technique.stage_weights)))
    own = replace(
        technique,
        criteria=tuple(replace(c, cost=c.cost * float(k)) for c, k in zip(technique.criteria, costs, strict=True)),
        stage_weights=tuple(float(w * k) for w, k in zip(technique.stage_weights, weights, strict=True)),
    )
    return SimulatedTeacher(own, float(rng.normal(0.0, LENIENCY_SD)))
