"""MotionDTW: find a target's movement in a recording, align it finely, read the keyframes off the path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, load_action
from sport_nodes.keyframes.alignment import Alignment, Keyframe
from sport_nodes.keyframes.dtw import accumulate, distances, regret, trace
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ, Features, features, mirrored_columns, resample, scales
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.keyframes.windows import NEAR_TIE, Window, find_windows
from sport_nodes.motion import Motion

Array = NDArray[np.float64]

# Stage one looks at every second frame of the grid: windows need no more, and it is four times as fast.
_COARSE: Final = 2
# Most repetitions looked for in one recording; the school record for a minute of sit-ups lies far below.
_MOST_REPETITIONS: Final = 120
# Stage two may move the window's ends by this much.
_WINDOW_MARGIN_S: Final = 0.25
# Paths whose cost is within this share of the best one's are as good: the width they span at a keyframe is how
# uncertain the alignment is there.
_AS_GOOD: Final = 0.03
# The event is looked for no nearer than this and no further than that around the path.
_LEAST_REACH_S: Final = 0.10
_MOST_REACH_S: Final = 0.30
# An event further than this from the target's own keyframe is not the one it was marked by.
_MOST_OFFSET_S: Final = 0.15
# Width of the alignment at which confidence in a keyframe has halved.
_HALF_CONFIDENCE_S: Final = 0.15
# The path is a staircase; a line through this many seconds around a target time gives its height between the stairs.
_PATH_SMOOTHING_S: Final = 0.05
# A movement needs this many frames to be one, and joint angles that vary by this much in the most moving joint.
_LEAST_FRAMES: Final = 10
_STILL_DEG: Final = 10.0


@dataclass(frozen=True, eq=False)
class _Fine:
    """One repetition, aligned: path in seconds (recording, target), keyframes, stage bounds."""

    path_s: Array
    keyframes: tuple[Keyframe, ...]
    bounds_s: Array


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
    found = features(motion, action.channel_weights)
    reason = _still(found)
    if reason:
        return _refused(target, action, reason)
    if motion.duration_s < target.motion.duration_s:
        target, reason = _part(target, action, found)
        if reason:
            return _refused(target, action, reason)
    wanted = features(target.motion, action.channel_weights)
    scale = scales(wanted.values, wanted.names, action.channel_weights)
    swap = mirrored_columns(wanted.names)
    most = _MOST_REPETITIONS if action.repeated else 2
    searches = [_search(wanted, values, scale, most) for values in (found.values, found.values[:, swap])]
    mirrored = bool(searches[1]) and (not searches[0] or searches[1][0].distance < searches[0][0].distance)
    windows = searches[int(mirrored)]
    reason = _doubt(windows, action, found)
    if reason:
        return _refused(target, action, reason)
    kept = [w for w in windows if w.distance <= action.maximum_distance] if action.repeated else list(windows[:1])
    kept.sort(key=lambda w: w.begin)
    values = found.values[:, swap] if mirrored else found.values
    even = resample(motion, GRID_HZ)
    cost = distances(wanted.values, values, scale)
    fine = [_fine(even, target, action, cost, w, k, mirrored=mirrored) for k, w in enumerate(kept)]
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
    whole = features(target.motion, action.channel_weights)
    scale = scales(whole.values, whole.names, action.channel_weights)
    swap = mirrored_columns(whole.names)
    costs = [distances(values, whole.values, scale) for values in (found.values, found.values[:, swap])]
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


def _search(wanted: Features, values: Array, scale: Array, most: int) -> tuple[Window, ...]:
    cost = distances(wanted.values[::_COARSE], values[::_COARSE], scale)
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


def _fine(
    even: Motion, target: TargetModel, action: Action, cost: Array, window: Window, repetition: int, *, mirrored: bool
) -> _Fine:
    """Stage two, on every frame of the window and a margin around it."""
    margin = round(_WINDOW_MARGIN_S * GRID_HZ)
    first, last = max(window.begin - margin, 0), min(window.end + margin, cost.shape[1] - 1)
    near = np.ascontiguousarray(cost[:, first : last + 1])
    total, begin, step = accumulate(near, True)
    end = int(np.argmin(total[-1]))
    path = trace(step, end)
    doubt = regret(near, begin=int(begin[-1, end]), end=end)
    doubt = doubt - doubt.min(axis=1, keepdims=True)
    allowance = _AS_GOOD * total[-1, end]
    target_s = target.motion.times_s
    recording_s = even.times_s[first : last + 1]
    path_s = np.stack([recording_s[path[:, 1]], target_s[path[:, 0]]], axis=1)
    fit = 1.0 - min(window.distance / action.maximum_distance, 1.0) / 2.0
    keyframes: list[Keyframe] = []
    earliest = -np.inf
    for keyframe in action.keyframes:
        wanted_s = target.keyframes[keyframe.name]
        row = int(np.clip(round((wanted_s - target_s[0]) * GRID_HZ), 0, len(target_s) - 1))
        time = along(path_s, wanted_s)
        good = recording_s[doubt[row] <= allowance]
        width = float(good[-1] - good[0]) if len(good) else _MOST_REACH_S
        sharpness = _HALF_CONFIDENCE_S / (_HALF_CONFIDENCE_S + width)
        if keyframe.event is not None:
            reach = float(np.clip(width / 2.0, _LEAST_REACH_S, _MOST_REACH_S))
            own = find_event(
                target.motion,
                keyframe.event,
                wanted_s - _MOST_OFFSET_S,
                wanted_s + _MOST_OFFSET_S,
                span_s=(float(target_s[0]), float(target_s[-1])),
                mirrored=False,
            )
            offset = wanted_s - own if own is not None else 0.0
            seen = find_event(
                even,
                keyframe.event,
                max(time - offset - reach, earliest),
                time - offset + reach,
                span_s=(float(path_s[0, 0]), float(path_s[-1, 0])),
                mirrored=mirrored,
            )
            if seen is not None and own is not None:
                time = seen + offset
                sharpness = (1.0 + sharpness) / 2.0
        time = float(np.clip(time, max(earliest, even.times_s[0]), even.times_s[-1]))
        earliest = time
        keyframes.append(Keyframe(keyframe.name, time, wanted_s, float(np.clip(fit * sharpness, 0, 1)), repetition))
    return _Fine(path_s, tuple(keyframes), _bounds(path_s, target, action, keyframes))


def along(path_s: Array, target_s: float) -> float:
    """Recording time that the path gives to a target time, between its stairs."""
    offset = path_s[:, 1] - target_s
    near = np.abs(offset) <= _PATH_SMOOTHING_S
    if near.sum() < 2 or np.ptp(path_s[near, 1]) == 0:
        return float(np.interp(target_s, path_s[:, 1], path_s[:, 0]))
    _, height = np.polyfit(offset[near], path_s[near, 0], 1)
    return float(np.clip(height, path_s[0, 0], path_s[-1, 0]))


def _bounds(path_s: Array, target: TargetModel, action: Action, keyframes: Sequence[Keyframe]) -> Array:
    """Stages begin where their keyframe is, or else where the path takes the target's bound."""
    bounds = np.array([along(path_s, float(b)) for b in target.stage_bounds_s])
    times = {k.name: k.time_s for k in keyframes}
    for index, stage in enumerate(action.stages):
        if stage.begins_at:
            bounds[index] = times[stage.begins_at]
    return np.maximum.accumulate(bounds)
