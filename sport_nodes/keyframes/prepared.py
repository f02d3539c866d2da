"""A recording made ready to be compared with any target of its action, or the reason why it is not fit for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sport_nodes.actions import Action
from sport_nodes.body import Body, body_of
from sport_nodes.keyframes.features import GRID_HZ, Features, features_of, resample, smooth, smoothed_body
from sport_nodes.keyframes.one_person import change_of_person_s
from sport_nodes.motion import Motion

# A movement needs this many frames to be one, and joint angles that vary by this much in the most moving joint.
_LEAST_FRAMES: Final = 10
_STILL_DEG: Final = 10.0
# Noise and trembling are faster than this (standard deviation of a Gaussian); movement that counts is not.
_STILL_SMOOTHING_S: Final = 0.15


@dataclass(frozen=True, eq=False)
class Prepared:
    """features and the smoothed body on the same even grid; duration_s of the recording."""

    features: Features
    body: Body
    duration_s: float


def prepare(motion: Motion, action: Action) -> tuple[Prepared | None, str]:
    """The recording's features and body, "" ; or None and why no movement can be looked for in it."""
    reason = _unusable(motion)
    if reason:
        return None, reason
    even = resample(motion, GRID_HZ)
    found = features_of(body_of(even.times_s, even.positions_m), action.channel_weights)
    reason = _still(found)
    return (None, reason) if reason else (Prepared(found, smoothed_body(even), motion.duration_s), "")


def _unusable(motion: Motion) -> str:
    if len(motion) < _LEAST_FRAMES:
        return f"the recording has {len(motion)} frames; a movement needs at least {_LEAST_FRAMES}"
    if not motion.present.any():
        return "no joint was seen in the recording"
    change_s = change_of_person_s(motion)
    if change_s is not None:
        return f"the body changes at {change_s:.1f} s, as if two people's data were joined: record one person a trial"
    return ""


def _still(found: Features) -> str:
    angles = found.values[:, : len(found.names)]
    if len(angles) > 1:
        angles = smooth(angles, _STILL_SMOOTHING_S * GRID_HZ)
    seen = np.isfinite(angles)
    if not seen.any():
        return "too few joints were seen to tell what the athlete does"
    highest = np.where(seen, angles, -np.inf).max(axis=0)
    lowest = np.where(seen, angles, np.inf).min(axis=0)
    most = float((highest - lowest)[seen.any(axis=0)].max())
    if most < _STILL_DEG:
        return f"the athlete hardly moves: no joint angle changes by more than {most:.0f} degrees"
    return ""
