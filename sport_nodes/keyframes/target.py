"""Target models: a good execution with its keyframes, kept as one small JSON file each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import load_action
from sport_nodes.body import body_height_m
from sport_nodes.errors import InputError
from sport_nodes.keyframes.dtw import accumulate, distances
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ, features, resample, scales, smoothed_body
from sport_nodes.motion import Motion
from sport_nodes.paths import share_directory
from sport_nodes.skeleton import JOINT_COUNT, JOINTS

Array = NDArray[np.float64]

# Positions are kept as whole tenths of a millimetre: finer than any sensor, and short to write.
_UNITS_PER_M: Final = 1e4
# Seconds kept before and after the movement.
_MARGIN_S: Final = 0.15
# Fewer frames than this are no movement.
_LEAST_FRAMES: Final = 10


@dataclass(frozen=True, eq=False)
class TargetModel:
    """A good execution of one movement (one repetition where it repeats).

    motion: sigma_m is the spread of the recordings it was made from, NaN for a single one.
    keyframes: seconds in `motion` by name. stage_bounds_s: (number of stages + 1,).
    """

    name: str
    action: str
    motion: Motion
    keyframes: Mapping[str, float]
    stage_bounds_s: Array
    height_m: float


def make_target(
    motions: Sequence[Motion],
    action: str,
    keyframes: Mapping[str, float] | None = None,
    *,
    name: str = "",
    stage_bounds_s: Sequence[float] | None = None,
) -> TargetModel:
    """A target model from one or several good recordings: their average, in the course of time of one of them.

    That one is the recording nearest to all others, or the first where keyframes are given; its body height is kept.
    keyframes: seconds of each keyframe in the first recording; without them the action's shipped
    target finds the movement and its keyframes, or, where there is none, each keyframe is found by its event, in
    order. stage_bounds_s: of the same recording; without it, from the shipped target, or from keyframes and ends.
    Of a recording that holds more, only the movement is kept; of a repeated one, the middle repetition.

    Raises InputError when there is no recording, a keyframe is unknown or missing, or an event is not found.
    """
    if not motions:
        raise InputError("a target model needs at least one recording")
    spec = load_action(action)
    motion = motions[0] if keyframes is not None else _medoid(motions, action)
    if len(motion) < _LEAST_FRAMES or not motion.present.any():
        raise InputError(f"a target model needs a recorded movement, found {len(motion)} frames; record it again")
    even = resample(motion, GRID_HZ)
    found = _found_by_shipped(even, action)
    if keyframes is not None:
        times = dict(keyframes)
    else:
        times = found[0] if found is not None else _keyframes_by_event(even, action)
    names = [k.name for k in spec.keyframes]
    unknown = sorted(set(times) - set(names))
    if unknown or set(names) - set(times):
        raise InputError(f"the keyframes of {action} are {', '.join(names)}; found {', '.join(times) or 'none'}")
    if not all(even.times_s[0] <= t <= even.times_s[-1] for t in times.values()):
        raise InputError(f"keyframes must lie in the recording, {even.times_s[0]:.2f} to {even.times_s[-1]:.2f} s")
    if stage_bounds_s is not None:
        bounds = np.asarray(stage_bounds_s, dtype=float)
    else:
        bounds = found[1] if found is not None else _bounds(even, action, times)
    begin, end = min(bounds[0], *times.values()), max(bounds[-1], *times.values())
    even = even.between(begin - _MARGIN_S, end + _MARGIN_S)
    height = body_height_m(even.positions_m)
    made = TargetModel(name or f"{action}_{round(height * 100)}", action, even, times, bounds, height)
    others = [other for other in motions if other is not motion]
    if not others:
        return made
    from sport_nodes.keyframes.barycentre import averaged  # averaging rests on alignment, that on target models

    return averaged(made, others)


def load_target(action: str, motion: Motion | None = None) -> TargetModel:
    """The shipped target model of `action` whose body height is nearest to that of `motion` (else to the middle one).

    Raises InputError when none is shipped.
    """
    paths = _shipped(action)
    if not paths:
        raise InputError(f"there is no target model for '{action}'; make one with: sport target make")
    targets = [read_target(path) for path in paths]
    height = body_height_m(motion.positions_m) if motion is not None else float("nan")
    if not np.isfinite(height):
        height = float(np.median([t.height_m for t in targets]))
    return min(targets, key=lambda t: abs(t.height_m - height))


def _shipped(action: str) -> list[Path]:
    return sorted((share_directory() / "config" / "targets").glob(f"{action}_*.json"))


@cache
def read_target(path: Path) -> TargetModel:
    """Raises InputError when the file is not a target model."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        columns = [data["joints"].get(joint) for joint in JOINTS]
        count = len(data["joints"][next(iter(data["joints"]))])
        missing = [[None] * 3] * count
        positions = np.array([c if c is not None else missing for c in columns], dtype=float) / _UNITS_PER_M
        spread = [data.get("spread", {}).get(joint, [None] * count) for joint in JOINTS]
        times = data["begin_s"] + np.arange(count) / data["rate_hz"]
        return TargetModel(
            name=str(data["name"]),
            action=str(data["action"]),
            motion=Motion(
                times,
                positions.reshape(JOINT_COUNT, count, 3).transpose(1, 0, 2),
                sigma_m=np.array(spread, dtype=float).T / _UNITS_PER_M,
            ),
            keyframes={str(k): float(v) for k, v in data["keyframes_s"].items()},
            stage_bounds_s=np.array(data["stage_bounds_s"], dtype=float),
            height_m=float(data["height_m"]),
        )
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(f"{path} is not a target model ({error!r}); make one with: sport target make") from error


def save_target(target: TargetModel, path: Path) -> None:
    """Write it as JSON: joints and their spread as whole tenths of a millimetre, null where missing."""
    joints: dict[str, Any] = {}
    for index, joint in enumerate(JOINTS):
        track = target.motion.positions_m[:, index]
        if np.isfinite(track).any():
            joints[joint] = [[round(v) if np.isfinite(v) else None for v in row] for row in track * _UNITS_PER_M]
    spread = {
        joint: [round(v) if np.isfinite(v) else None for v in target.motion.sigma_m[:, index] * _UNITS_PER_M]
        for index, joint in enumerate(JOINTS)
        if np.isfinite(target.motion.sigma_m[:, index]).any()
    }
    data = {
        "name": target.name,
        "action": target.action,
        "height_m": round(target.height_m, 3),
        "begin_s": float(target.motion.times_s[0]),
        "rate_hz": GRID_HZ,
        "keyframes_s": {name: round(time, 4) for name, time in target.keyframes.items()},
        "stage_bounds_s": [round(float(b), 4) for b in target.stage_bounds_s],
        "joints": joints,
    } | ({"spread": spread} if spread else {})
    Path(path).write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


def _medoid(motions: Sequence[Motion], action: str) -> Motion:
    if len(motions) == 1:
        return motions[0]
    weights = load_action(action).channel_weights
    all_features = [features(motion, weights) for motion in motions]
    sums = []
    for target in all_features:
        scale = scales(target.values, target.names, weights)
        costs = [distances(target.values, other.values, scale) for other in all_features if other is not target]
        sums.append(sum(float(accumulate(cost, True)[0][-1].min()) / len(cost) for cost in costs))
    return motions[int(np.argmin(sums))]


def _found_by_shipped(motion: Motion, action: str) -> tuple[dict[str, float], Array] | None:
    """Keyframes and stage bounds of the middle repetition by the shipped target; None without one or a match."""
    from sport_nodes.keyframes.align import align  # alignment rests on target models

    if not _shipped(action):
        return None
    alignment = align(motion, load_target(action, motion))
    if alignment.reason:
        return None
    middle = len(alignment.windows_s) // 2
    times = {k.name: k.time_s for k in alignment.keyframes if k.repetition == middle}
    return times, alignment.stage_bounds_s[middle]


def _keyframes_by_event(motion: Motion, action: str) -> dict[str, float]:
    """Each keyframe's event after the one before it."""
    times: dict[str, float] = {}
    begin, end = float(motion.times_s[0]), float(motion.times_s[-1])
    body = smoothed_body(motion)
    span = (begin, end)
    for keyframe in load_action(action).keyframes:
        event = keyframe.event
        time = None if event is None else find_event(body, event, begin, end, span_s=span, mirrored=False)
        if time is None:
            raise InputError(f"keyframe '{keyframe.name}' was not found in the recording; give it as NAME=SECONDS")
        times[keyframe.name] = begin = time
    return times


def _bounds(motion: Motion, action: str, keyframes: Mapping[str, float]) -> Array:
    """Stages begin at their keyframes; one that names none begins half way between its neighbours."""
    stages = load_action(action).stages
    end = keyframes.get(stages[-1].ends_at, float(motion.times_s[-1]))
    bounds = [keyframes.get(stage.begins_at, np.nan) for stage in stages] + [end]
    bounds[0] = float(motion.times_s[0]) if np.isnan(bounds[0]) else bounds[0]
    known = np.isfinite(bounds)
    return np.interp(np.arange(len(bounds)), np.flatnonzero(known), np.array(bounds)[known])
