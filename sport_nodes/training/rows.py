"""What one prepared movement gives to a row of a TrialSet, whether it was recorded or simulated."""

from __future__ import annotations

from typing import Any

from sport_nodes.scoring.familiarity import feature_vector
from sport_nodes.scoring.features import PreparedMotion
from sport_nodes.scoring.handmade import handmade_vector, path_and_speed
from sport_nodes.training.trial_set import Array


def inputs_of(prepared: PreparedMotion, bounds: Array) -> dict[str, Any]:
    """The network's inputs, the baselines' features and the stage boundaries (3,), as shares of the movement."""
    return {
        "pose": prepared.pose,
        "velocity": prepared.velocity,
        "mask": prepared.mask,
        "tempo": prepared.tempo,
        "unmeasured": prepared.unmeasured,
        "bounds": bounds,
        "summary": feature_vector(prepared),
        "handmade": handmade_vector(prepared),
        "naive": path_and_speed(prepared),
    }
