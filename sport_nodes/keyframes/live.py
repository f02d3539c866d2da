"""Keyframes while the movement runs: a target followed frame by frame, each told soon after it happens."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.body import body_of
from sport_nodes.keyframes.alignment import Alignment, Keyframe
from sport_nodes.keyframes.dtw import distances
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ, features_of, resample, smoothed_body
from sport_nodes.keyframes.reference import reference_of
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.motion import Motion
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

# Frames of the grid by which features lag: the smoothing and the second derivative want to see as much ahead.
_LAG: Final = 2
# Seconds before a frame that its features are computed from.
_CONTEXT_S: Final = 0.3
# Seconds kept, in which a keyframe's event is looked for.
_KEPT_S: Final = 1.0
# The movement must have gone on by this much, in the target's seconds, before a keyframe is told: less follows noise.
_PAST_S: Final = 0.035
# An event may lie this far from where the target was passed.
_REACH_S: Final = 0.15
# An extreme that is this old, and no nearer to its mark than this, is told before the target has passed the mark.
_SEEN_S: Final = 0.05
_AHEAD_S: Final = 0.12
# Nothing is told before the target has left its first posture by this share of the largest distance accepted:
# of standing and lying still, every beginning looks the same.
_DEPARTED: Final = 0.6


class LiveKeyframes:
    """Follows one target. The times of the frames pushed are seconds in the trial, and so are the keyframes'."""

    def __init__(self, target: TargetModel) -> None:
        self._reference = reference_of(target)
        self._frames: deque[tuple[float, Array]] = deque()
        self._grid = float("nan")
        values, scale = self._reference.values, self._reference.scale
        departed = distances(values[:1], values, scale)[0] > _DEPARTED * self._reference.action.maximum_distance
        self._departed = int(np.argmax(departed))
        self._paths = [_Path(len(values)) for _ in range(2)]
        self._told = 0
        self._repetition = 0
        self._last_s = float("-inf")

    def push(self, time_s: float, positions_m: Array) -> tuple[Keyframe, ...]:
        """One more frame, (17, 3); returns the keyframes that it shows to have happened. Late frames are left out."""
        if self._frames and time_s <= self._frames[-1][0]:
            return ()
        self._frames.append((time_s, np.asarray(positions_m, dtype=float).reshape(JOINT_COUNT, 3)))
        while time_s - self._frames[0][0] > _KEPT_S:
            self._frames.popleft()
        found: list[Keyframe] = []
        if time_s - self._frames[0][0] < _CONTEXT_S:
            return ()
        recent = [frame for frame in self._frames if time_s - frame[0] <= _CONTEXT_S + 2.0 / GRID_HZ]
        even = resample(_motion(recent), GRID_HZ)
        features = features_of(body_of(even.times_s, even.positions_m), self._reference.action.channel_weights)
        ready = len(even) - _LAG
        first = int(np.searchsorted(even.times_s, self._grid + 0.5 / GRID_HZ)) if np.isfinite(self._grid) else ready - 1
        for row in range(min(first, ready), ready):
            self._grid = float(even.times_s[row])
            self._follow(features.values[row : row + 1])
            found += self._passed()
        return tuple(found)

    def so_far(self, found: tuple[Keyframe, ...]) -> Alignment:
        """An alignment that holds these keyframes alone: neither windows nor stages are known yet."""
        target, empty = self._reference.target, np.empty((0, 2))
        bounds = np.empty((0, len(target.stage_bounds_s)))
        return Alignment(target.action, target.name, empty, empty, float("nan"), found, bounds)

    def _follow(self, values: Array) -> None:
        for path, columns in zip(self._paths, (None, self._reference.swap), strict=True):
            seen = values if columns is None else values[:, columns]
            cost = distances(self._reference.values, seen, self._reference.scale)[:, 0]
            if np.isfinite(cost).all():
                path.advance(np.ascontiguousarray(cost), self._grid)

    def _passed(self) -> list[Keyframe]:
        reference = self._reference
        mirrored = self._paths[1].distance < self._paths[0].distance
        path = self._paths[int(mirrored)]
        found: list[Keyframe] = []
        if path.row < self._departed or path.distance > reference.action.maximum_distance:
            return found
        marks_s, now_s = reference.keyframes_s, float(reference.times_s[path.row])
        while self._told < len(marks_s) and now_s >= marks_s[self._told] - _AHEAD_S:
            mark_s = float(marks_s[self._told])
            time_s = self._seen(self._told, mirrored=mirrored)
            if time_s is None and now_s < mark_s + _PAST_S:
                break
            if time_s is None:
                passed_s = path.time_at((mark_s - float(reference.times_s[0])) * GRID_HZ)
                time_s = self._event(self._told, passed_s, mirrored=mirrored)
            confidence = 1.0 - 0.5 * path.distance / reference.action.maximum_distance
            name = reference.action.keyframes[self._told].name
            found.append(Keyframe(name, time_s, mark_s, float(confidence), self._repetition))
            self._told += 1
            self._last_s = time_s
        if self._told == len(marks_s) and reference.action.repeated:
            self._told, self._repetition = 0, self._repetition + 1
            for one in self._paths:
                one.forget()
        return found

    def _seen(self, index: int, *, mirrored: bool) -> float | None:
        """The keyframe by its extreme of position, where one has just passed; None where none has."""
        keyframe = self._reference.action.keyframes[index]
        offset = self._reference.offsets_s.get(keyframe.name)
        if keyframe.event is None or offset is None or keyframe.event.at not in ("maximum", "minimum"):
            return None
        body = smoothed_body(resample(_motion(list(self._frames)), GRID_HZ))
        span = (float(body.times_s[0]), float(body.times_s[-1]))
        begin = max(span[1] - 2.0 * _REACH_S, self._last_s)
        event = find_event(body, keyframe.event, begin, span[1], span_s=span, mirrored=mirrored)
        return None if event is None or event > span[1] - _SEEN_S else event + offset

    def _event(self, index: int, passed_s: float, *, mirrored: bool) -> float:
        """The keyframe's event near where its mark was passed, else that instant."""
        keyframe = self._reference.action.keyframes[index]
        offset = self._reference.offsets_s.get(keyframe.name)
        if keyframe.event is None or offset is None:
            return passed_s
        body = smoothed_body(resample(_motion(list(self._frames)), GRID_HZ))
        span = (float(body.times_s[0]), float(body.times_s[-1]))
        near = passed_s - offset
        event = find_event(
            body, keyframe.event, near - _REACH_S, near + _REACH_S, span_s=span, mirrored=mirrored, near_s=near
        )
        return passed_s if event is None or keyframe.event.fraction is not None else event + offset


class _Path:
    """How far along the target the movement is: the last columns of an accumulation that may begin anywhere.

    row: target frame at which the mean cost of the way so far is least; distance: that mean.
    """

    def __init__(self, rows: int) -> None:
        self._totals, self._costs = np.full((3, rows), np.inf), np.full((2, rows), np.inf)
        self._progress: deque[tuple[float, int]] = deque(maxlen=round(_KEPT_S * GRID_HZ))
        self.row, self.distance = 0, float("inf")

    def advance(self, cost: Array, time_s: float) -> None:
        """One more frame of the recording, (N,) distances to the target's frames."""
        total = _column(cost, self._costs, self._totals)
        self._totals, self._costs = np.stack([total, *self._totals[:2]]), np.stack([cost, self._costs[0]])
        mean = total / np.arange(1, len(total) + 1)
        self.row = int(np.argmin(mean))
        self.distance = float(mean[self.row])
        self._progress.append((time_s, self.row))

    def time_at(self, row: float) -> float:
        """When that row of the target was passed, between the frames."""
        times, rows = (np.array(column, dtype=float) for column in zip(*self._progress, strict=True))
        before = np.flatnonzero(rows < row)
        last = int(before[-1]) if len(before) else 0
        if last + 1 >= len(rows):
            return float(times[-1])
        share = (row - rows[last]) / max(rows[last + 1] - rows[last], 1.0)
        return float(times[last] + np.clip(share, 0.0, 1.0) * (times[last + 1] - times[last]))

    def forget(self) -> None:
        """Begin anew with the next frame."""
        self._totals[:] = np.inf
        self._costs[:] = np.inf
        self.row, self.distance = 0, float("inf")


def _motion(frames: list[tuple[float, Array]]) -> Motion:
    return Motion(np.array([t for t, _ in frames]), np.stack([p for _, p in frames]))


@njit(cache=True)
def _column(cost: Array, costs: Array, totals: Array) -> Array:
    """(N,) sums of dtw.accumulate in a new column; costs (2, N), totals (3, N) of those before, the latest first."""
    n = len(cost)
    total = np.full(n, np.inf)
    total[0] = cost[0]
    for i in range(1, n):
        c = cost[i]
        best = totals[0, i - 1] + c
        best = min(best, totals[1, i - 1] + 0.5 * (c + costs[0, i]))
        best = min(best, totals[2, i - 1] + (c + costs[0, i] + costs[1, i]) / 3.0)
        if i >= 2:
            best = min(best, totals[0, i - 2] + c + cost[i - 1])
        if i >= 3:
            best = min(best, totals[0, i - 3] + c + cost[i - 1] + cost[i - 2])
        total[i] = best
    return total
