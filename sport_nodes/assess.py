"""One recorded movement through every room: alignment, score, diagnosis, coaching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sport_nodes.actions import load_action
from sport_nodes.assessment import Assessment
from sport_nodes.coaching.coach import coach
from sport_nodes.diagnosis.calibration import load_calibration
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.diagnosis.progress import progress
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.target import TargetModel, load_target
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion
from sport_nodes.scoring.model_in_use import Model
from sport_nodes.scoring.scorer import Scorer

if TYPE_CHECKING:
    from sport_nodes.coaching.language_model import LanguageModel

#: A recording is cut to the movement found in it, with this much before and after, before it is scored.
SCORE_MARGIN_S = 0.25


def assess(
    motion: Motion,
    action: str,
    *,
    target: TargetModel | None = None,
    scorer: Model | None = None,
    trial: str = "",
    athlete: str = "",
    language: str = "en",
    model: LanguageModel | None = None,
    clocks: tuple[DeviceClock, ...] = (),
    simulated: bool = False,
    earlier: Sequence[Motion] = (),
) -> Assessment:
    """Assess one recorded movement. earlier: the athlete's own earlier trials, for the progress since then.

    Raises InputError where the action is unknown or the motion is unusable; a movement that cannot be aligned or
    scored is no error: the parts that rest on it say why they are missing.
    """
    load_action(action)
    chosen = target or load_target(action, motion)
    alignment = align(motion, chosen)
    scores = (scorer or Scorer.load()).score(movement_only(motion, alignment), action)
    calibration = load_calibration(action)
    diagnosis = diagnose(motion, alignment, action, chosen, calibration)
    past = [diagnose(one, align(one, chosen), action, chosen, calibration) for one in earlier]
    changes = progress(past, diagnosis) if past else ()
    words = coach(
        action=action,
        diagnosis=diagnosis,
        scores=scores,
        alignment=alignment,
        language=language,
        model=model,
        changes=changes,
    )
    return Assessment(
        action,
        trial,
        motion,
        chosen,
        scores,
        alignment,
        diagnosis,
        words,
        clocks,
        simulated,
        athlete,
        changes,
    )


def movement_only(motion: Motion, alignment: Alignment) -> Motion:
    """The part of a recording that holds the movement; all of it where none was found."""
    if len(alignment.windows_s) == 0:
        return motion
    begin_s, end_s = float(np.min(alignment.windows_s)), float(np.max(alignment.windows_s))
    return motion.between(begin_s - SCORE_MARGIN_S, end_s + SCORE_MARGIN_S)
