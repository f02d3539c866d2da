"""What a recording of a sport that was added gives a model that has to learn it: its stages, by its target model."""

from __future__ import annotations

import numpy as np

from sport_nodes.actions import load_action
from sport_nodes.errors import InputError
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.motion import Motion
from sport_nodes.scoring.features import PreparedMotion
from sport_nodes.scoring.network import STAGE_COUNT
from sport_nodes.training.trial_set import Array


def objection_to(action: str) -> str:
    """Why no model can be trained on this action yet, "" where one can."""
    if (count := len(load_action(action).stages)) != STAGE_COUNT:
        return f"it has {count} stages, and a scoring model marks {STAGE_COUNT}"
    try:
        load_target(action)
    except InputError as error:
        return str(error)
    return ""


def bounds_from_target(motion: Motion, action: str, repetitions: list[PreparedMotion]) -> tuple[Array | None, str]:
    """(R, 3) inner stage boundaries as shares of each repetition, or None and why there are none."""
    alignment = align(motion, load_target(action, motion))
    if alignment.reason:
        return None, alignment.reason
    middles_s = alignment.windows_s.mean(axis=1)
    bounds = []
    for prepared in repetitions:
        inside = np.flatnonzero((prepared.begin_s <= middles_s) & (middles_s <= prepared.end_s))
        if len(inside) == 0:
            return None, "the repetitions that were found are not those of the target model"
        inner_s = alignment.stage_bounds_s[inside[0], 1:-1]
        bounds.append(np.clip((inner_s - prepared.begin_s) / prepared.duration_s, 0.0, 1.0))
    return np.array(bounds), ""
