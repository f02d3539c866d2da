"""Diagnoses of invented trials: every metric of an action near its target but for chosen deviations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from sport_nodes.actions import MetricSpec, load_action
from sport_nodes.coaching.coach import coach
from sport_nodes.coaching.coach_report import CoachReport
from sport_nodes.coaching.facts import Facts
from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, WITHIN_ERROR, WITHIN_TOLERANCE, Diagnosis, Finding
from sport_nodes.diagnosis.root_causes import root_causes
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.scoring.scores import StageScore, StageScores, grade_of

#: A target's value in each unit, of the size that people show.
TARGETS = {"deg": 84.0, "deg/s": 520.0, "% height": 43.0, "s": 0.41, "m/s": 2.7}
STAGE_HALF_INTERVAL = 4.0


@dataclass(frozen=True)
class Trial:
    """The inputs of the coach."""

    action: str
    diagnosis: Diagnosis
    scores: StageScores
    alignment: Alignment

    def coach(self, **options: object) -> CoachReport:
        return coach(
            action=self.action, diagnosis=self.diagnosis, scores=self.scores, alignment=self.alignment, **options
        )

    @property
    def facts(self) -> Facts:
        return Facts(load_action(self.action), self.diagnosis, self.scores, self.alignment)


def finding_of(spec: MetricSpec, tolerances: float, verdict: str, side: str = "") -> Finding:
    """A finding that lies so many tolerances from the target."""
    target = 0.0 if spec.ideal == (0.0, 0.0) else TARGETS.get(spec.unit, 1.0)
    assessed = verdict != NOT_ASSESSED
    deviation = tolerances * spec.tolerance if assessed else math.nan
    label = spec.label if verdict != DEVIATES else spec.low_label if tolerances < 0 else spec.high_label
    return Finding(
        metric=spec.name,
        label=str(label),
        value=target + deviation,
        target=target if assessed else math.nan,
        unit=spec.unit,
        deviation=deviation,
        tolerance=spec.tolerance,
        mdc95=0.5 * spec.tolerance,
        verdict=verdict,
        joints=spec.joints,
        side=side,
        stage=spec.stage,
        time_s=1.23,
        reason="" if assessed else "not measured well enough: left_knee, right_hip",
    )


def make_trial(
    action: str,
    deviations: Mapping[str, float],
    *,
    unsure: tuple[str, ...] = (),
    unassessed: tuple[str, ...] = (),
    stages: tuple[float, ...] = (72.0, 75.0, 88.0, 58.0),
    withheld: str = "",
) -> Trial:
    """deviations: in tolerances, by metric; every other metric lies a fifth of its tolerance from the target."""
    spec = load_action(action)
    findings = []
    for metric in spec.metrics:
        if metric.name in deviations:
            tolerances, verdict = deviations[metric.name], DEVIATES
        elif metric.name in unsure:
            tolerances, verdict = 1.1, WITHIN_ERROR
        else:
            tolerances, verdict = 0.2, NOT_ASSESSED if metric.name in unassessed else WITHIN_TOLERANCE
        sides = ("left", "right") if metric.sides == "each" else ("",)
        findings.extend(finding_of(metric, tolerances, verdict, side) for side in sides)
    total = math.nan if withheld else float(np.mean(stages))
    scores = StageScores(
        action=action,
        value=total,
        low=total - 5.0,
        high=total + 5.0,
        grade="" if withheld else grade_of(total),
        grade_probabilities=np.full(5, 0.2),
        stages=tuple(
            StageScore(s.name, points, points - STAGE_HALF_INTERVAL, points + STAGE_HALF_INTERVAL, i / 2, i / 2 + 0.5)
            for i, (s, points) in enumerate(zip(spec.stages, stages, strict=True))
        ),
        bias_correction=0.0,
        model="model",
        latency_ms=1.0,
        withheld=withheld,
    )
    alignment = Alignment(
        action, "target", np.array([[0.0, 2.0]]), np.array([[0.0, 0.0], [2.0, 2.0]]), 0.1, (), np.zeros((1, 5))
    )
    diagnosis = Diagnosis(action, tuple(findings), root_causes(spec, findings))
    return Trial(action, diagnosis, scores, alignment)


@pytest.fixture
def trial() -> Callable[..., Trial]:
    return make_trial


@pytest.fixture
def weak_jump() -> Trial:
    """A long jump with a weak arm swing and a stiff landing."""
    return make_trial(
        "standing_long_jump",
        {
            "arm_swing_range": -2.4,
            "arm_swing_speed": -1.6,
            "take_off_arm_position": -1.5,
            "landing_knee_flexion": -1.8,
            "landing_hip_flexion": -1.3,
        },
        unsure=("jump_height",),
        unassessed=("push_duration",),
    )
