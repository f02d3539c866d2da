"""The result of diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WITHIN_TOLERANCE: Final = "within_tolerance"
WITHIN_ERROR: Final = "within_error"
DEVIATES: Final = "deviates"
NOT_ASSESSED: Final = "not_assessed"
VERDICTS: Final = (WITHIN_TOLERANCE, WITHIN_ERROR, DEVIATES, NOT_ASSESSED)


@dataclass(frozen=True)
class Finding:
    """One metric against its target.

    value, target, deviation (value - target), tolerance and mdc95 are in `unit`; NaN where not assessed.
    repeat_mdc95: of a difference between two trials measured alike, which share a part of their errors; NaN in a
    finding that came as a message.
    label: the direction in words ("insufficient extension") where it deviates, else the metric's own label.
    side: "left", "right" or "". time_s: seconds in the trial at which it was read.
    """

    metric: str
    label: str
    value: float
    target: float
    unit: str
    deviation: float
    tolerance: float
    mdc95: float
    verdict: str
    joints: tuple[str, ...]
    side: str
    stage: str
    time_s: float
    reason: str = ""
    repeat_mdc95: float = float("nan")


@dataclass(frozen=True)
class RootCause:
    """What best explains the deviations: weight 0..1, the metrics it rests on, and the biomechanical reason."""

    name: str
    label: str
    weight: float
    metrics: tuple[str, ...]
    reason: str
    stage: str


@dataclass(frozen=True)
class Diagnosis:
    """Findings in the order of the action's YAML, root causes from the strongest. reason: why there is none."""

    action: str
    findings: tuple[Finding, ...]
    root_causes: tuple[RootCause, ...]
    reason: str = ""

    @property
    def deviations(self) -> tuple[Finding, ...]:
        """The findings that exceed both tolerance and measurement error."""
        return tuple(f for f in self.findings if f.verdict == DEVIATES)
