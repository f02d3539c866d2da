"""Is this the movement that was asked for? Distance of its hand-made features from those of the training movements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.features import PreparedMotion
from sport_nodes.scoring.handmade import summary_features

Array = NDArray[np.float64]

#: Features that tell the movements apart and that style and sensors change little.
FEATURES: Final = (
    "duration_s",
    "elbow_min",
    "elbow_max",
    "shoulder_min",
    "shoulder_max",
    "hip_min",
    "hip_max",
    "knee_min",
    "knee_max",
    "lean_min",
    "lean_max",
    "trunk_range_x",
    "trunk_range_z",
    "trunk_travel_x",
    "left_hand_top",
    "right_hand_top",
)
#: Real people spread more widely than simulated ones: standard deviations count for this much more, plus a floor.
SPREAD_FACTOR: Final = 2.0
SPREAD_FLOOR: Final = 0.15
#: Root mean square of the features' deviations, in spreads, above which a movement is like none of the training's ...
STRANGE_DISTANCE: Final = 2.5
#: ... and by how many times another action must be nearer for the movement to be taken for that one.
OTHER_ACTION_RATIO: Final = 1.6


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Per action the mean and the spread (F,) of FEATURES over the training movements."""

    mean: Mapping[str, Array]
    spread: Mapping[str, Array]

    def distance(self, prepared: PreparedMotion, action: str) -> float:
        """Root mean square deviation from the action's mean, in spreads, over the features that are there."""
        values = feature_vector(prepared)
        known = np.isfinite(values)
        deviation = (values[known] - self.mean[action][known]) / self.spread[action][known]
        return float(np.sqrt(np.mean(deviation**2))) if known.any() else float("inf")

    def objection(self, prepared: PreparedMotion, action: str) -> str:
        """Why the movement cannot be the action, "" when it can."""
        own = self.distance(prepared, action)
        others = {name: self.distance(prepared, name) for name in self.mean if name != action}
        nearest = min(others, key=lambda name: others[name], default="")
        if nearest and own > OTHER_ACTION_RATIO * others[nearest]:
            return f"the movement looks like {nearest}, not {action}"
        if own > STRANGE_DISTANCE:
            return f"the movement does not look like {action} ({own:.1f} spreads from those the model knows)"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """For the model's sidecar file."""
        return {
            action: {
                name: [float(self.mean[action][i]), float(self.spread[action][i])] for i, name in enumerate(FEATURES)
            }
            for action in self.mean
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Familiarity:
        """The inverse of as_dict."""
        return cls(
            mean={a: np.array([table[name][0] for name in FEATURES]) for a, table in data.items()},
            spread={a: np.array([table[name][1] for name in FEATURES]) for a, table in data.items()},
        )

    @classmethod
    def fitted(cls, features: Array, actions: NDArray[np.str_]) -> Familiarity:
        """From (N, F) features of training movements and their actions (N,)."""
        kinds = sorted(set(actions.tolist()))
        return cls(
            mean={kind: np.nanmean(features[actions == kind], axis=0) for kind in kinds},
            spread={
                kind: SPREAD_FACTOR * np.nanstd(features[actions == kind], axis=0) + SPREAD_FLOOR for kind in kinds
            },
        )


def feature_vector(prepared: PreparedMotion) -> Array:
    """(F,) of FEATURES; NaN where the joints for one are missing."""
    features = summary_features(prepared)
    return np.array([features[name] for name in FEATURES])
