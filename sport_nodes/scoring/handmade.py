"""Hand-made features of a movement: what tells one kind of movement from another, and the baseline's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.features import VELOCITY_SCALE_S, PreparedMotion
from sport_nodes.skeleton import INDEX, LIMBS

Array = NDArray[np.float64]

#: Angles at the middle joint, in radians; both sides.
_HINGES: Final = {
    "elbow": ("shoulder", "elbow", "wrist"),
    "shoulder": ("hip", "shoulder", "elbow"),
    "hip": ("shoulder", "hip", "knee"),
    "knee": ("hip", "knee", "ankle"),
}
_SIDES: Final = ("left", "right")
#: Phases of the movement at which the baseline reads every angle.
PHASES: Final = 9
_SPEED_QUANTILE: Final = 0.95


def summary_features(prepared: PreparedMotion) -> dict[str, float]:
    """Ranges, extremes, speeds and paths by name; NaN where the joints for it are missing.

    Angles in radians, lengths in trunk lengths, speeds in trunk lengths per second, duration in s.
    """
    features: dict[str, float] = {"duration_s": prepared.duration_s}
    for name, sides in _angles(prepared).items():
        mean = _mean_of_sides(sides)
        features[f"{name}_min"] = _reduce(mean, np.min)
        features[f"{name}_max"] = _reduce(mean, np.max)
        features[f"{name}_mean"] = _reduce(mean, np.mean)
        features[f"{name}_first"] = float(mean[0])
        features[f"{name}_last"] = float(mean[-1])
        features[f"{name}_asymmetry"] = _reduce(np.abs(sides[0] - sides[1]), np.mean)
    lean = trunk_inclination(prepared)
    features |= {"lean_min": float(lean.min()), "lean_max": float(lean.max()), "lean_mean": float(lean.mean())}
    for limb, joints in LIMBS.items():
        end = INDEX[joints[-1]] if limb != "head" else INDEX["nose"]
        there = prepared.mask[end] > 0
        speed = np.linalg.norm(prepared.velocity[end], axis=1) / VELOCITY_SCALE_S
        features[f"{limb}_speed"] = float(np.quantile(speed[there], _SPEED_QUANTILE)) if there.any() else np.nan
        features[f"{limb}_path"] = float(speed[there].mean() * prepared.duration_s) if there.any() else np.nan
    trunk = trunk_path(prepared)
    for axis, name in enumerate("xyz"):
        features[f"trunk_range_{name}"] = float(np.ptp(trunk[:, axis]))
    features["trunk_travel_x"] = float(trunk[-1, 0] - trunk[0, 0])
    for side in _SIDES:
        wrist, present = prepared.pose[INDEX[f"{side}_wrist"]], prepared.mask[INDEX[f"{side}_wrist"]] > 0
        features[f"{side}_hand_top"] = float(wrist[present, 2].max()) if present.any() else np.nan
        features[f"{side}_hand_reach"] = float(wrist[present, 0].max()) if present.any() else np.nan
    return features


def curve_features(prepared: PreparedMotion) -> Array:
    """Every angle of both sides, lean and trunk path at PHASES phases of the movement, flattened; NaN where missing."""
    frames = np.linspace(0, prepared.pose.shape[1] - 1, PHASES).round().astype(int)
    angles = np.stack([side for sides in _angles(prepared).values() for side in sides])
    rows = np.vstack([angles, trunk_inclination(prepared)[None], trunk_path(prepared).T])
    return np.asarray(rows[:, frames].ravel(), dtype=np.float64)


def handmade_vector(prepared: PreparedMotion) -> Array:
    """(K,): the summary and the curves, NaN where missing."""
    return np.concatenate([list(summary_features(prepared).values()), curve_features(prepared)])


def path_and_speed(prepared: PreparedMotion) -> Array:
    """(2,): path length of the mean joint in trunk lengths and its mean speed, the naive baseline's whole input."""
    there = prepared.mask > 0
    speed = np.linalg.norm(prepared.velocity, axis=2)[there] / VELOCITY_SCALE_S
    mean = float(speed.mean()) if speed.size else 0.0
    return np.array([mean * prepared.duration_s, mean])


def trunk_path(prepared: PreparedMotion) -> Array:
    """(L, 3) path of the trunk's centre from the start, trunk lengths: mean velocity of the trunk, integrated."""
    trunk = [INDEX[f"{side}_{joint}"] for joint in ("shoulder", "hip") for side in _SIDES]
    weight = prepared.mask[trunk][..., None]
    velocity = (prepared.velocity[trunk] * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1.0)
    step_s = prepared.duration_s / (prepared.pose.shape[1] - 1)
    return np.asarray(np.cumsum(velocity, axis=0) * step_s / VELOCITY_SCALE_S, dtype=np.float64)


def trunk_inclination(prepared: PreparedMotion) -> Array:
    """(L,) radians from upright to the line hips to shoulders, positive when the shoulders are ahead."""
    shoulders, hips = (
        sum(prepared.pose[INDEX[f"{side}_{joint}"]].astype(np.float64) for side in _SIDES)
        for joint in ("shoulder", "hip")
    )
    up = np.asarray(shoulders - hips)
    return np.asarray(np.arctan2(up[:, 0], up[:, 2]), dtype=np.float64)


def _angles(prepared: PreparedMotion) -> dict[str, tuple[Array, Array]]:
    """(left, right) curves (L,) of each hinge, NaN where one of its joints is missing."""
    return {
        name: (_hinge(prepared, "left", joints), _hinge(prepared, "right", joints)) for name, joints in _HINGES.items()
    }


def _hinge(prepared: PreparedMotion, side: str, joints: tuple[str, str, str]) -> Array:
    a, b, c = (INDEX[f"{side}_{joint}"] for joint in joints)
    pose = prepared.pose.astype(np.float64)
    first, second = pose[a] - pose[b], pose[c] - pose[b]
    length = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = (first * second).sum(axis=1) / np.maximum(length, np.finfo(np.float64).tiny)
    there = (prepared.mask[[a, b, c]] > 0).all(axis=0) & (length > 0)
    return np.where(there, np.arccos(np.clip(cosine, -1.0, 1.0)), np.nan)


def _mean_of_sides(sides: tuple[Array, Array]) -> Array:
    """(L,) mean of what is there of left and right."""
    stacked = np.stack(sides)
    count = np.isfinite(stacked).sum(axis=0)
    return np.where(count > 0, np.nansum(stacked, axis=0) / np.maximum(count, 1), np.nan)


def _reduce(curve: Array, how: Callable[[Array], float]) -> float:
    known = curve[np.isfinite(curve)]
    return float(how(known)) if len(known) else float("nan")
