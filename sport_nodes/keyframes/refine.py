"""Stage two of MotionDTW: one window, aligned on every frame; keyframes read off the path and moved to their events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, KeyframeSpec
from sport_nodes.body import Body
from sport_nodes.keyframes.alignment import Keyframe
from sport_nodes.keyframes.dtw import accumulate, regret, trace
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ, smoothed_body
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.keyframes.windows import Window

Array = NDArray[np.float64]

# Stage two may move the window's ends by this much.
_WINDOW_MARGIN_S: Final = 0.25
# Paths whose cost is within this share of the best one's are as good: the width they span at a keyframe is how
# uncertain the alignment is there.
_AS_GOOD: Final = 0.03
# An event is looked for no nearer than this and no further than that around the path.
_LEAST_REACH_S: Final = 0.06
_MOST_REACH_S: Final = 0.30
# Speeds have several peaks, and noise adds more: a peak of speed is looked for no further than the least reach.
# An extreme of position is the only one between its neighbours; it may be this far from where the path has it.
_EXTREME_REACH_S: Final = 0.60
# An event further than this from the target's own keyframe is not the one it was marked by.
_MOST_OFFSET_S: Final = 0.15
# Width of the alignment at which confidence in a keyframe has halved.
_HALF_CONFIDENCE_S: Final = 0.15
# The path is a staircase; a line through this many seconds around a target time gives its height between the stairs.
_PATH_SMOOTHING_S: Final = 0.05


@dataclass(frozen=True, eq=False)
class Refined:
    """One repetition: path (K, 2) in seconds of (recording, target), keyframes, stage bounds in seconds."""

    path_s: Array
    keyframes: tuple[Keyframe, ...]
    bounds_s: Array


class Refiner:
    """Aligns windows of one recording with one target.

    recording: the smoothed body. cost(first, last): (N, last - first + 1) distances of the target's frames and those
    of the recording, both on the grid. offsets_s: event_offsets of the target.
    """

    def __init__(
        self,
        action: Action,
        target: TargetModel,
        recording: Body,
        cost: Callable[[int, int], Array],
        *,
        offsets_s: Mapping[str, float],
        mirrored: bool,
    ) -> None:
        self.action = action
        self.target = target
        self.recording = recording
        self.cost = cost
        self.mirrored = mirrored
        self.offsets_s = offsets_s

    def refine(self, window: Window, repetition: int) -> Refined:
        """Stage two for one window."""
        margin = round(_WINDOW_MARGIN_S * GRID_HZ)
        first, last = max(window.begin - margin, 0), min(window.end + margin, len(self.recording.times_s) - 1)
        near = self.cost(first, last)
        total, begin, step = accumulate(near, True)
        end = int(np.argmin(total[-1]))
        path = trace(step, end)
        doubt = regret(near, begin=int(begin[-1, end]), end=end)
        as_good = doubt - doubt.min(axis=1, keepdims=True) <= _AS_GOOD * total[-1, end]
        recording_s, target_s = self.recording.times_s[first : last + 1], self.target.motion.times_s
        path_s = np.stack([recording_s[path[:, 1]], target_s[path[:, 0]]], axis=1)
        fit = 1.0 - 0.5 * min(window.distance / self.action.maximum_distance, 1.0)
        expected = [along(path_s, self.target.keyframes[k.name]) for k in self.action.keyframes]
        keyframes: list[Keyframe] = []
        for index, keyframe in enumerate(self.action.keyframes):
            wanted_s = self.target.keyframes[keyframe.name]
            row = int(np.clip(round((wanted_s - target_s[0]) * GRID_HZ), 0, len(target_s) - 1))
            width = float(np.ptp(recording_s[as_good[row]])) if as_good[row].any() else _MOST_REACH_S
            sharpness = _HALF_CONFIDENCE_S / (_HALF_CONFIDENCE_S + width)
            span = (float(path_s[0, 0]), float(path_s[-1, 0]))
            time = self._event(keyframe, index, expected, width, span)
            if time is None:
                time = expected[index]
            else:
                sharpness = 0.5 * (1.0 + sharpness)
            earliest = keyframes[-1].time_s if keyframes else float(self.recording.times_s[0])
            time = float(np.clip(time, earliest, self.recording.times_s[-1]))
            keyframes.append(Keyframe(keyframe.name, time, wanted_s, float(fit * sharpness), repetition))
        return Refined(path_s, tuple(keyframes), self._bounds(path_s, keyframes))

    def _event(
        self, keyframe: KeyframeSpec, index: int, expected: Sequence[float], width: float, span: tuple[float, float]
    ) -> float | None:
        """Time of the keyframe by its event, within what alignment and neighbouring keyframes allow."""
        if keyframe.event is None or keyframe.name not in self.offsets_s:
            return None
        offset, time = self.offsets_s[keyframe.name], expected[index]
        before = after = float(np.clip(width / 2.0, _LEAST_REACH_S, _MOST_REACH_S))
        if keyframe.event.rate:
            before = after = _LEAST_REACH_S
        elif keyframe.event.at in ("maximum", "minimum"):
            previous = expected[index - 1] if index else span[0]
            following = expected[index + 1] if index + 1 < len(expected) else span[1]
            before = float(np.clip((time - previous) / 2.0, before, _EXTREME_REACH_S))
            after = float(np.clip((following - time) / 2.0, after, _EXTREME_REACH_S))
        begin, end = time - offset - before, time - offset + after
        found = find_event(
            self.recording, keyframe.event, begin, end, span_s=span, mirrored=self.mirrored, near_s=time - offset
        )
        return None if found is None else found + offset

    def _bounds(self, path_s: Array, keyframes: Sequence[Keyframe]) -> Array:
        """Stages begin where their keyframe is, or else where the path takes the target's bound."""
        bounds = np.array([along(path_s, float(b)) for b in self.target.stage_bounds_s])
        times = {k.name: k.time_s for k in keyframes}
        for index, stage in enumerate(self.action.stages):
            if stage.begins_at:
                bounds[index] = times[stage.begins_at]
        if self.action.stages[-1].ends_at:
            bounds[-1] = times[self.action.stages[-1].ends_at]
        return np.maximum.accumulate(bounds)


def event_offsets(action: Action, target: TargetModel) -> dict[str, float]:
    """How far after its event each of the target's keyframes was marked; without those whose event it lacks."""
    body = smoothed_body(target.motion)
    span = (float(body.times_s[0]), float(body.times_s[-1]))
    offsets = {}
    for keyframe in action.keyframes:
        if keyframe.event is None:
            continue
        marked = target.keyframes[keyframe.name]
        begin, end = marked - _MOST_OFFSET_S, marked + _MOST_OFFSET_S
        own = find_event(body, keyframe.event, begin, end, span_s=span, mirrored=False, near_s=marked)
        if own is not None:
            offsets[keyframe.name] = marked - own
    return offsets


def along(path_s: Array, target_s: float) -> float:
    """Recording time that the path gives to a target time, between its stairs."""
    offset = path_s[:, 1] - target_s
    near = np.abs(offset) <= _PATH_SMOOTHING_S
    run, rise = offset[near], path_s[near, 0]
    if len(run) < 2 or np.ptp(run) == 0:
        return float(np.interp(target_s, path_s[:, 1], path_s[:, 0]))
    centred = run - run.mean()
    slope = (centred @ rise) / (centred @ centred)
    return float(np.clip(rise.mean() - slope * run.mean(), path_s[0, 0], path_s[-1, 0]))
