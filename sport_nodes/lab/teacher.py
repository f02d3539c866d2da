"""Simulated teachers whose standard is not the rubric's: criteria and stages weigh otherwise, and some are strict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sport_nodes.lab.rubric import (
    BLEMISH_POINTS,
    LENIENCY_SHARE,
    LOWEST_STAGE_MARK,
    POPULATION_SD,
    SMALLEST_RANGE,
    WORST_SHARE,
    Array,
    disagreement_variance,
)
from sport_nodes.lab.simulate import technique_of
from sport_nodes.lab.technique import Technique

#: Spread of the logarithm of a teacher's weights of criteria and stages: most lie within half and twice the rubric's.
WEIGHT_SPREAD: Final = 0.5
#: Spread of teachers' leniency [points].
LENIENCY_SD: Final = 8.0
#: Of the scatter from trial to trial, the share that a trial's five marks have in common (as `rubric.rater_marks`).
SHARED_SCATTER: Final = 0.5


@dataclass(frozen=True, eq=False)
class Judged:
    """N trials as every teacher sees them. shares: (N, criteria) of each criterion's cost that is lost. blemishes:
    (N, stages) points lost short of that. It is `rubric.stage_marks` taken apart, for many teachers at once."""

    shares: Array
    blemishes: Array

    @classmethod
    def of(cls, action: str, executed: Sequence[Mapping[str, float]]) -> Judged:
        """executed: SimulatedTrial.technique of each trial. Raises InputError when the lab does not know the action."""
        technique = technique_of(action)
        shares, blemishes = [], np.zeros((len(executed), len(technique.stages)))
        for c in technique.criteria:
            values = np.array([one[c.parameter] for one in executed])
            beyond = np.maximum(np.maximum(c.low - values, values - c.high), 0.0)
            shares.append(np.minimum(beyond / c.span, 1.0))
            best = technique.parameters[c.parameter].mean
            width = np.maximum(np.abs(np.where(values > best, c.high, c.low) - best), SMALLEST_RANGE)
            lost = BLEMISH_POINTS * np.minimum(np.abs(values - best) / width, 1.0) ** 2
            blemishes[:, technique.stages.index(c.stage)] += lost
        return cls(np.array(shares).T, blemishes)

    def __len__(self) -> int:
        return len(self.shares)


@dataclass(frozen=True)
class SimulatedTeacher:
    """technique: with the teacher's own costs and weights. leniency: points on every mark."""

    technique: Technique
    leniency: float

    def standards(self, judged: Judged) -> Array:
        """(N, 5) total and stages that this teacher would give with a steady hand."""
        technique = self.technique
        costs = np.zeros((len(technique.criteria), len(technique.stages)))
        for k, c in enumerate(technique.criteria):
            costs[k, technique.stages.index(c.stage)] = c.cost
        stages = np.maximum(100.0 - judged.shares @ costs - judged.blemishes, LOWEST_STAGE_MARK)
        weights = np.array(technique.stage_weights)
        totals = (1.0 - WORST_SHARE) * (stages @ weights) / weights.sum() + WORST_SHARE * stages.min(axis=1)
        return np.clip(np.column_stack([totals, stages]) + self.leniency, 0.0, 100.0)

    def marks(self, judged: Judged, *, rng: np.random.Generator) -> Array:
        """(N, 5) whole points, with the scatter from trial to trial of one of the rubric's raters."""
        noise = np.sqrt(SHARED_SCATTER) * rng.standard_normal((len(judged), 1))
        noise = noise + np.sqrt(1.0 - SHARED_SCATTER) * rng.standard_normal((len(judged), 5))
        scatter = np.sqrt(scatter_variance(self.technique.action))
        return np.clip(np.round(self.standards(judged) + scatter * noise), 0.0, 100.0)


def scatter_variance(action: str) -> float:
    """Of a teacher's marks about the own standard, from trial to trial [points^2]; SHARED_SCATTER of it in all five."""
    return (1.0 - LENIENCY_SHARE) * disagreement_variance(POPULATION_SD[action])


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
