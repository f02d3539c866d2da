"""Stage two of MotionDTW: a window aligned on every frame; keyframes by the course of time and by their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import KeyframeSpec
from sport_nodes.body import Body
from sport_nodes.keyframes.alignment import Keyframe
from sport_nodes.keyframes.dtw import accumulate, distances, trace
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ
from sport_nodes.keyframes.reference import Reference
from sport_nodes.keyframes.warp import Warp, fit_warp
from sport_nodes.keyframes.windows import Window

Array = NDArray[np.float64]

# Stage two may move the window's ends by this much.
_WINDOW_MARGIN_S: Final = 0.25
# An event is looked for within so many standard deviations of the course of time, but no nearer than this and no
# further than that. Speeds have several peaks, and noise adds more: they are looked for no further than the least.
_REACH_DEVIATIONS: Final = 3.0
_LEAST_REACH_S: Final = 0.06
_MOST_REACH_S: Final = 0.30
# An extreme of position is the only one between its neighbours; it may be this far from where the course has it.
_EXTREME_REACH_S: Final = 0.60
# Deviation of the course of time at which confidence in a keyframe has halved.
_HALF_CONFIDENCE_S: Final = 0.05


@dataclass(frozen=True, eq=False)
class Refined:
    """One repetition: path (K, 2) in seconds of (recording, target), keyframes, stage bounds in seconds.

    stage_distances: (number of stages,) mean feature distance along the path in each of the target's stages.
    """

    path_s: Array
    keyframes: tuple[Keyframe, ...]
    bounds_s: Array
    stage_distances: Array


class Refiner:
    """Aligns windows of one recording with one target.

    recording: the smoothed body. values (M, 3 C): its features, on the target's side.
    """

    def __init__(self, reference: Reference, recording: Body, values: Array, *, mirrored: bool) -> None:
        self.reference = reference
        self.recording = recording
        self.values = values
        self.mirrored = mirrored
        self._angles = np.ascontiguousarray(values[:, : reference.angles.shape[1]])

    def refine(self, window: Window) -> Refined:
        """Stage two for one window."""
        reference, times_s = self.reference, self.recording.times_s
        margin = round(_WINDOW_MARGIN_S * GRID_HZ)
        first, last = max(window.begin - margin, 0), min(window.end + margin, len(times_s) - 1)
        near = distances(reference.values, self.values[first : last + 1], reference.scale)
        total, _, step = accumulate(near, True)
        path = trace(step, int(np.argmin(total[-1])))
        path_s = np.stack([times_s[first + path[:, 1]], reference.times_s[path[:, 0]]], axis=1)
        course = self._course(path_s)
        keyframes = self._keyframes(course, window)
        along_path = self._of_stages(near[path[:, 0], path[:, 1]], path_s[:, 1])
        return Refined(path_s, keyframes, self._bounds(course, keyframes), along_path)

    def _of_stages(self, distance: Array, target_s: Array) -> Array:
        """(S,) means over the stages; of a stage that the path leaves out, the mean over all."""
        bounds = self.reference.stage_bounds_s
        stage = np.clip(np.searchsorted(bounds, target_s, side="right") - 1, 0, len(bounds) - 2)
        count = np.bincount(stage, minlength=len(bounds) - 1)
        sums = np.bincount(stage, weights=distance, minlength=len(bounds) - 1)
        return np.where(count > 0, sums / np.maximum(count, 1), distance.mean())

    def _course(self, path_s: Array) -> Warp:
        reference = self.reference
        start = np.interp(reference.knots_s, path_s[:, 1], path_s[:, 0])
        return fit_warp(
            reference.times_s,
            reference.angles,
            reference.slopes,
            self.recording.times_s,
            self._angles,
            reference.scale[: self._angles.shape[1]],
            reference.spread,
            knots_s=reference.knots_s,
            start_s=start,
        )

    def _keyframes(self, course: Warp, window: Window) -> tuple[Keyframe, ...]:
        specs, marks_s = self.reference.action.keyframes, self.reference.keyframes_s
        fit = 1.0 - 0.5 * min(window.distance / self.reference.action.maximum_distance, 1.0)
        expected, deviation = course.at(marks_s), course.deviation(marks_s)
        earliest, latest = float(self.recording.times_s[0]), float(self.recording.times_s[-1])
        found: list[Keyframe] = []
        for index, keyframe in enumerate(specs):
            sharpness = _HALF_CONFIDENCE_S / (_HALF_CONFIDENCE_S + deviation[index])
            time = self._event(keyframe, index, expected, float(deviation[index]), course)
            if time is None:
                time = float(expected[index])
            else:
                sharpness = 0.5 * (1.0 + sharpness)
            earliest = min(max(time, earliest), latest)
            found.append(Keyframe(keyframe.name, earliest, float(marks_s[index]), float(fit * sharpness)))
        return tuple(found)

    def _event(
        self, keyframe: KeyframeSpec, index: int, expected: Array, deviation_s: float, course: Warp
    ) -> float | None:
        """Time of the keyframe by its event, within what the course of time and neighbouring keyframes allow."""
        event, reference = keyframe.event, self.reference
        if event is None or keyframe.name not in reference.offsets_s:
            return None
        # A mark that is a while after its event is so in the recording's own tempo.
        slowness = course.slowness(float(reference.keyframes_s[index]))
        offset, time = reference.offsets_s[keyframe.name] * slowness, float(expected[index])
        span = (float(course.recording_s[0]), float(course.recording_s[-1]))
        before = after = min(max(_REACH_DEVIATIONS * deviation_s, _LEAST_REACH_S), _MOST_REACH_S)
        if event.rate:
            before = after = _LEAST_REACH_S
        elif event.at in ("maximum", "minimum"):
            previous = expected[index - 1] if index else span[0]
            following = expected[index + 1] if index + 1 < len(expected) else span[1]
            before = min(max((time - previous) / 2.0, before), _EXTREME_REACH_S)
            after = min(max((following - time) / 2.0, after), _EXTREME_REACH_S)
        begin, end = time - offset - before, time - offset + after
        found = find_event(self.recording, event, begin, end, span_s=span, mirrored=self.mirrored, near_s=time - offset)
        return None if found is None else found + offset

    def _bounds(self, course: Warp, keyframes: Sequence[Keyframe]) -> Array:
        """Stages begin where their keyframe is, or else where the course of time takes the target's bound."""
        stages = self.reference.action.stages
        bounds = course.at(self.reference.stage_bounds_s)
        bounds = np.clip(bounds, self.recording.times_s[0], self.recording.times_s[-1])
        times: Mapping[str, float] = {k.name: k.time_s for k in keyframes}
        for index, stage in enumerate(stages):
            if stage.begins_at:
                bounds[index] = times[stage.begins_at]
        if stages[-1].ends_at:
            bounds[-1] = times[stages[-1].ends_at]
        return np.maximum.accumulate(bounds)
