"""MotionDTW: find a target's movement in a recording, align it finely, read the keyframes off the path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, load_action
from sport_nodes.body import body_of
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.dtw import distances
from sport_nodes.keyframes.features import (
    GRID_HZ,
    Features,
    features_of,
    mirrored_columns,
    resample,
    scales,
    smoothed_body,
)
from sport_nodes.keyframes.one_person import change_of_person_s
from sport_nodes.keyframes.refine import Refiner, event_offsets
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.keyframes.windows import NEAR_TIE, Window, find_windows
from sport_nodes.motion import Motion

Array = NDArray[np.float64]

# Stage one looks at every second frame of the grid: windows need no more, and it is four times as fast.
_COARSE: Final = 2
# Most repetitions looked for in one recording; the school record for a minute of sit-ups lies far below.
_MOST_REPETITIONS: Final = 120
# A movement needs this many frames to be one, and joint angles that vary by this much in the most moving joint.
_LEAST_FRAMES: Final = 10
_STILL_DEG: Final = 10.0
# Targets whose features are kept: the shipped ones, and a few of the user's.
_TARGETS_KEPT: Final = 32


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What an alignment needs of a target. swap: columns of the other side; offsets_s: of keyframes from events."""

    features: Features
    scale: Array
    swap: NDArray[np.intp]
    offsets_s: Mapping[str, float]


@lru_cache(maxsize=_TARGETS_KEPT)
def _wanted(target: TargetModel) -> _Wanted:
    action = load_action(target.action)
    even = resample(target.motion, GRID_HZ)
    found = features_of(body_of(even.times_s, even.positions_m), action.channel_weights)
    scale = scales(found.values, found.names, action.channel_weights)
    return _Wanted(found, scale, mirrored_columns(found.names), event_offsets(action, target))


def align(motion: Motion, target: TargetModel) -> Alignment:
    """Align a recording with a target model.

    The recording may hold more than the movement; where it is shorter than the target, it is matched against a part
    of the target, which must hold every keyframe. Left-handers are matched as their mirror image where that is
    nearer. An alignment that would mislead is refused: empty, with a reason.
    """
    action = load_action(target.action)
    reason = _unusable(motion)
    if reason:
        return _refused(target, action, reason)
    even = resample(motion, GRID_HZ)
    found = features_of(body_of(even.times_s, even.positions_m), action.channel_weights)
    reason = _still(found)
    if reason:
        return _refused(target, action, reason)
    if motion.duration_s < target.motion.duration_s:
        target, reason = _part(target, action, found)
        if reason:
            return _refused(target, action, reason)
    wanted = _wanted(target)
    most = _MOST_REPETITIONS if action.repeated else 2
    searches = [_search(wanted, values, most) for values in (found.values, found.values[:, wanted.swap])]
    mirrored = bool(searches[1]) and (not searches[0] or searches[1][0].distance < searches[0][0].distance)
    windows = searches[int(mirrored)]
    reason = _doubt(windows, action, found)
    if reason:
        return _refused(target, action, reason)
    kept = [w for w in windows if w.distance <= action.maximum_distance] if action.repeated else list(windows[:1])
    kept.sort(key=lambda w: w.begin)
    values = found.values[:, wanted.swap] if mirrored else found.values

    def cost(first: int, last: int) -> Array:
        return distances(wanted.features.values, values[first : last + 1], wanted.scale)

    refiner = Refiner(action, target, smoothed_body(even), cost, offsets_s=wanted.offsets_s, mirrored=mirrored)
    fine = [refiner.refine(window, repetition) for repetition, window in enumerate(kept)]
    best = int(np.argmin([w.distance for w in kept]))
    return Alignment(
        action=action.name,
        target=target.name,
        windows_s=np.array([[f.path_s[0, 0], f.path_s[-1, 0]] for f in fine]),
        path_s=fine[best].path_s,
        distance=kept[best].distance,
        keyframes=tuple(k for f in fine for k in f.keyframes),
        stage_bounds_s=np.array([f.bounds_s for f in fine]),
        mirrored=mirrored,
    )


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
    spread = np.array([np.ptp(c[np.isfinite(c)]) if np.isfinite(c).any() else np.nan for c in angles.T])
    if np.isnan(spread).all():
        return "too few joints were seen to tell what the athlete does"
    if np.nanmax(spread) < _STILL_DEG:
        return f"the athlete hardly moves: no joint angle changes by more than {np.nanmax(spread):.0f} degrees"
    return ""


def _part(target: TargetModel, action: Action, found: Features) -> tuple[TargetModel, str]:
    """The part of the target that a shorter recording covers, and why that will not do ("" where it will)."""
    whole = _wanted(target)
    either = (found.values, found.values[:, whole.swap])
    costs = [distances(values, whole.features.values, whole.scale) for values in either]
    windows = [w for cost in costs if np.isfinite(cost).all() for w in find_windows(cost, most=1)]
    if not windows:
        return target, f"the recording of {found.times_s[-1] - found.times_s[0]:.1f} s is too short for {action.label}"
    window = min(windows, key=lambda w: w.distance)
    begin, end = target.motion.times_s[[window.begin, window.end]]
    missing = [k.label for k in action.keyframes if not begin <= target.keyframes[k.name] <= end]
    if missing:
        return target, f"the recording holds only part of the movement: it lacks {', '.join(missing)}"
    bounds = np.clip(target.stage_bounds_s, begin, end)
    return replace(target, motion=target.motion.between(begin, end), stage_bounds_s=bounds), ""


def _search(wanted: _Wanted, values: Array, most: int) -> tuple[Window, ...]:
    cost = distances(wanted.features.values[::_COARSE], values[::_COARSE], wanted.scale)
    if not np.isfinite(cost).all():
        return ()
    return tuple(Window(w.begin * _COARSE, w.end * _COARSE, w.distance) for w in find_windows(cost, most=most))


def _doubt(windows: Sequence[Window], action: Action, found: Features) -> str:
    """Why the windows found do not settle where the movement is; "" when they do."""
    if not windows:
        length = float(found.times_s[-1] - found.times_s[0])
        return f"the recording of {length:.1f} s is too short to hold a whole movement ({action.label})"
    nearest = windows[0]
    if nearest.distance > action.maximum_distance:
        return (
            f"no part of the recording looks like this movement ({action.label}): the nearest differs by "
            f"{nearest.distance:.2f}, at most {action.maximum_distance:.2f} is accepted"
        )
    if not action.repeated and len(windows) > 1 and windows[1].distance < NEAR_TIE * nearest.distance:
        spans = [f"{found.times_s[w.begin]:.1f} to {found.times_s[w.end]:.1f} s" for w in windows[:2]]
        return f"two parts of the recording look alike ({spans[0]} and {spans[1]}): record one movement a trial"
    return ""


def _refused(target: TargetModel, action: Action, reason: str) -> Alignment:
    empty = np.empty((0, 2))
    bounds = np.empty((0, len(action.stages) + 1))
    return Alignment(action.name, target.name, empty, empty, float("nan"), (), bounds, reason)
