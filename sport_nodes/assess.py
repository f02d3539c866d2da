"""One recorded movement through every room: alignment, score, diagnosis, coaching."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sport_nodes.actions import load_action
from sport_nodes.coaching.coach import coach
from sport_nodes.coaching.coach_report import CoachReport
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.diagnosis.findings import Diagnosis
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.target import TargetModel, load_target
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.scores import GRADES, StageScores

if TYPE_CHECKING:
    from sport_nodes.coaching.language_model import LanguageModel

#: A recording is cut to the movement found in it, with this much before and after, before it is scored.
SCORE_MARGIN_S = 0.25


@dataclass(frozen=True, eq=False)
class Assessment:
    """All that is known about one trial; what the report shows and `sport assess --json` prints."""

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
                "keyframes": [dataclasses.asdict(keyframe) for keyframe in self.alignment.keyframes],
                "diagnosis": [dataclasses.asdict(finding) for finding in self.diagnosis.findings],
                "root_causes": [dataclasses.asdict(cause) for cause in self.diagnosis.root_causes],
                "coaching": dataclasses.asdict(coaching),
                "reason": self.alignment.reason or self.diagnosis.reason or None,
            }
        )


def assess(
    motion: Motion,
    action: str,
    *,
    target: TargetModel | None = None,
    scorer: Scorer | None = None,
    trial: str = "",
    athlete: str = "",
    language: str = "en",
    model: LanguageModel | None = None,
    clocks: tuple[DeviceClock, ...] = (),
    simulated: bool = False,
) -> Assessment:
    """Assess one recorded movement.

    Raises InputError where the action is unknown or the motion is unusable; a movement that cannot be aligned or
    scored is no error: the parts that rest on it say why they are missing.
    """
    load_action(action)
    chosen = target or load_target(action, motion)
    alignment = align(motion, chosen)
    scores = (scorer or Scorer.load()).score(movement_only(motion, alignment), action)
    diagnosis = diagnose(motion, alignment, action, chosen)
    words = coach(
        action=action, diagnosis=diagnosis, scores=scores, alignment=alignment, language=language, model=model
    )
    return Assessment(action, trial, motion, chosen, scores, alignment, diagnosis, words, clocks, simulated, athlete)


def movement_only(motion: Motion, alignment: Alignment) -> Motion:
    """The part of a recording that holds the movement; all of it where none was found."""
    if len(alignment.windows_s) == 0:
        return motion
    begin_s, end_s = float(np.min(alignment.windows_s)), float(np.max(alignment.windows_s))
    return motion.between(begin_s - SCORE_MARGIN_S, end_s + SCORE_MARGIN_S)


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
