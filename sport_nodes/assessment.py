"""All that is known about one trial, as one value: what the rooms found, without the rooms themselves."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sport_nodes.coaching.coach_report import CoachReport
from sport_nodes.diagnosis.findings import Diagnosis
from sport_nodes.diagnosis.progress import Change
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion
from sport_nodes.scoring.scores import GRADES, StageScores


@dataclass(frozen=True, eq=False)
class Assessment:
    """All that is known about one trial; what the report shows and `sport assess --json` prints.

    progress: what changed since the athlete's earlier trials, where there are any.
    """

    action: str
    trial: str
    motion: Motion
    target: TargetModel
    scores: StageScores
    alignment: Alignment
    diagnosis: Diagnosis
    coaching: CoachReport
    clocks: tuple[DeviceClock, ...] = ()
    simulated: bool = False
    athlete: str = ""
    progress: tuple[Change, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN: what is not known is None."""
        scores, coaching = self.scores, self.coaching
        return without_nan(
            {
                "action": self.action,
                "trial": self.trial,
                "score": {
                    "value": scores.value,
                    "low": scores.low,
                    "high": scores.high,
                    "grade": scores.grade or None,
                    "grade_probabilities": dict(zip(GRADES, scores.grade_probabilities.tolist(), strict=True)),
                    "stages": [dataclasses.asdict(stage) for stage in scores.stages],
                    "model": scores.model,
                    "withheld": scores.withheld or None,
                    "warnings": list(scores.warnings),
                },
                "target": self.alignment.target,
                "keyframes": [dataclasses.asdict(keyframe) for keyframe in self.alignment.keyframes],
                "diagnosis": [dataclasses.asdict(finding) for finding in self.diagnosis.findings],
                "root_causes": [dataclasses.asdict(cause) for cause in self.diagnosis.root_causes],
                "progress": [dataclasses.asdict(change) for change in self.progress],
                "coaching": dataclasses.asdict(coaching),
                "reason": self.alignment.reason or self.diagnosis.reason or None,
            }
        )


def without_nan(value: Any) -> Any:
    """The same nested data with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, np.generic):
        return without_nan(value.item())
    return value
