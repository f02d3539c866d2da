"""Is this the movement that was asked for? Two questions about its hand-made features: which of the known movements it
is, by a linear discriminant, and whether it is near enough to those that were trained on, by its distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.features import PreparedMotion
from sport_nodes.scoring.handmade import summary_features

Array = NDArray[np.float64]

#: Features that tell the movements apart and that style and sensors change little: how far a movement lies from the
#: known ones is measured on these.
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
#: What else tells one known movement from another, a throw with one hand from a pass with two above all.
FURTHER_FEATURES: Final = (
    "elbow_mean",
    "elbow_first",
    "elbow_last",
    "elbow_asymmetry",
    "shoulder_mean",
    "shoulder_first",
    "shoulder_last",
    "shoulder_asymmetry",
    "left_hand_reach",
    "right_hand_reach",
    "hip_mean",
    "knee_mean",
)
ALL_FEATURES: Final = FEATURES + FURTHER_FEATURES
#: Real people spread more widely than simulated ones: standard deviations count for this much more, plus a floor.
SPREAD_FACTOR: Final = 2.0
SPREAD_FLOOR: Final = 0.15
#: Root mean square of the features' deviations, in spreads, above which a movement is like none of the training's ...
STRANGE_DISTANCE: Final = 2.5
#: ... and by how many times another action must be nearer for the movement to be taken for that one.
OTHER_ACTION_RATIO: Final = 1.6
#: Log-odds at which the discriminant takes a movement for another one: ninety-nine to one.
OTHER_ACTION_LOG_ODDS: Final = float(np.log(99.0))


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Per action the mean and the spread (F,) of ALL_FEATURES over the training movements, and the discriminant's
    weights (F,) on deviations from `centre` (F,) with an offset; missing features count as at the centre."""

    mean: Mapping[str, Array]
    spread: Mapping[str, Array]
    weights: Mapping[str, Array]
    offset: Mapping[str, float]
    centre: Array

    def with_action(self, action: str, mean: Array, spread: Array) -> Familiarity:
        """One more movement, known by mean and spread (F,) of FEATURES alone: the discriminant says nothing of it."""
        return replace(self, mean={**self.mean, action: mean}, spread={**self.spread, action: spread})

    def distance(self, prepared: PreparedMotion, action: str) -> float:
        """Root mean square deviation from the action's mean, in spreads, over those of FEATURES that are there."""
        values = feature_vector(prepared)[: len(FEATURES)]
        known = np.isfinite(values)
        mean, spread = self.mean[action][: len(FEATURES)], self.spread[action][: len(FEATURES)]
        deviation = (values[known] - mean[known]) / spread[known]
        return float(np.sqrt(np.mean(deviation**2))) if known.any() else float("inf")

    def log_odds(self, prepared: PreparedMotion, action: str, other: str) -> float:
        """Natural logarithm of how much more likely the discriminant takes the movement for `other` than `action`."""
        deviation = np.nan_to_num(feature_vector(prepared) - self.centre)
        likely = {a: float(self.weights[a] @ deviation) + self.offset[a] for a in (action, other)}
        return likely[other] - likely[action]

    def objection(self, prepared: PreparedMotion, action: str) -> str:
        """Why the movement cannot be the action, "" when it can."""
        own = self.distance(prepared, action)
        others = [name for name in self.mean if name != action]
        nearest = min(others, key=lambda name: self.distance(prepared, name), default="")
        if nearest and own > OTHER_ACTION_RATIO * self.distance(prepared, nearest):
            return f"the movement looks like {nearest}, not {action}"
        if own > STRANGE_DISTANCE:
            return f"the movement does not look like {action} ({own:.1f} spreads from those the model knows)"
        told_apart = [name for name in others if name in self.weights] if action in self.weights else []
        likeliest = max(told_apart, key=lambda name: self.log_odds(prepared, action, name), default="")
        if likeliest and self.log_odds(prepared, action, likeliest) > OTHER_ACTION_LOG_ODDS:
            return f"the movement looks like {likeliest}, not {action}"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """For the model's sidecar file: mean, spread and weight of each feature."""
        tables = {
            action: {
                name: [float(table[action][i]) for table in (self.mean, self.spread, self.weights)]
                for i, name in enumerate(ALL_FEATURES)
            }
            for action in self.mean
        }
        centre = dict(zip(ALL_FEATURES, map(float, self.centre), strict=True))
        return {"actions": tables, "offset": dict(self.offset), "centre": centre}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Familiarity:
        """The inverse of as_dict."""
        mean, spread, weights = (
            {a: np.array([table[name][k] for name in ALL_FEATURES]) for a, table in data["actions"].items()}
            for k in range(3)
        )
        centre = np.array([data["centre"][name] for name in ALL_FEATURES])
        return cls(mean, spread, weights, {a: float(v) for a, v in data["offset"].items()}, centre)

    @classmethod
    def fitted(cls, features: Array, actions: NDArray[np.str_]) -> Familiarity:
        """From (N, F) features of training movements and their actions (N,).

        The discriminant is Fisher's: one covariance for all, within the actions, widened like the spreads.
        """
        kinds = sorted(set(actions.tolist()))
        mean = {kind: np.nanmean(features[actions == kind], axis=0) for kind in kinds}
        spread = {kind: SPREAD_FACTOR * np.nanstd(features[actions == kind], axis=0) + SPREAD_FLOOR for kind in kinds}
        centre = np.mean([mean[kind] for kind in kinds], axis=0)
        within = np.nan_to_num(np.concatenate([features[actions == kind] - mean[kind] for kind in kinds]))
        covariance = SPREAD_FACTOR**2 * within.T @ within / len(within) + SPREAD_FLOOR**2 * np.eye(features.shape[1])
        weights = {kind: np.linalg.solve(covariance, mean[kind] - centre) for kind in kinds}
        offset = {kind: -0.5 * float(weights[kind] @ (mean[kind] - centre)) for kind in kinds}
        return cls(mean, spread, weights, offset, centre)


def feature_vector(prepared: PreparedMotion) -> Array:
    """(F,) of ALL_FEATURES; NaN where the joints for one are missing."""
    features = summary_features(prepared)
    return np.array([features[name] for name in ALL_FEATURES])
