"""Keyframes while the movement runs: a target followed frame by frame, each told soon after it happens."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import EventSpec
from sport_nodes.body import Body, body_of
from sport_nodes.keyframes.alignment import Alignment, Keyframe
from sport_nodes.keyframes.dtw import STEEPEST, distances
from sport_nodes.keyframes.events import event_signal, find_event
from sport_nodes.keyframes.features import GRID_HZ, features_of, resample, smoothed_body
from sport_nodes.keyframes.follower import Follower
from sport_nodes.keyframes.reference import reference_of
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.motion import Motion
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

# Frames of the grid by which features lag: the smoothing and the second derivative want to see as much ahead.
_LAG: Final = 2
# Seconds before a frame that its features are computed from.
_CONTEXT_S: Final = 0.3
# Seconds kept, over which levels are reckoned: a slow sit-up and the lying before it.
_KEPT_S: Final = 4.0
# An event that was not seen is no longer waited for when the target has passed its mark by this much.
_PAST_S: Final = 0.035
# An event may lie this far from where the target was passed.
_REACH_S: Final = 0.15
# A level that was passed as long ago as this still counts.
_LEVEL_REACH_S: Final = 1.0
# An extreme that was one for this long, a level that was passed this long ago: noise undoes most of its own sooner.
_EXTREME_SEEN_S: Final = 0.05
_LEVEL_SEEN_S: Final = 0.03
# They are told before the target has passed the mark, when it is no further from it than this.
_AHEAD_S: Final = 0.08
# Speeds have several peaks; theirs are told no sooner than this before the mark.
_RATE_AHEAD_S: Final = 0.03
# What is within this share of the range above the lowest value seen is rest: a level is reckoned from its median.
_REST: Final = 0.15
# A first level is told by itself when it is so many standard deviations above rest, of a normal spread whose median
# distance from the middle is known.
_CLEAR: Final = 5.0
_SPREAD_OF_MEDIAN: Final = 1.4826
# Where the target was lost, the next level is still waited for within these factors of the target's time to it.
_SOONEST: Final = 1.0 / STEEPEST
_LATEST: Final = STEEPEST
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
        self._paths = [Follower(len(values)) for _ in range(2)]
        # What was strange before its first keyframe is another movement, though its end be alike: until it begins anew.
        self._lost = False
        self._told = 0
        self._repetition = 0
        self._last_s = float("-inf")
        self._body: Body | None = None

    def push(self, time_s: float, positions_m: Array) -> tuple[Keyframe, ...]:
        """One more frame, (17, 3); returns the keyframes that it shows to have happened. Late frames are left out."""
        if self._frames and time_s <= self._frames[-1][0]:
            return ()
        self._body = None
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
            path.advance(np.ascontiguousarray(cost), self._grid)

    def _passed(self) -> list[Keyframe]:
        mirrored = self._paths[1].distance < self._paths[0].distance
        path, reference = self._paths[int(mirrored)], self._reference
        found: list[Keyframe] = []
        if path.row < self._departed:
            self._lost = False
        strange = path.distance > reference.action.maximum_distance
        self._lost = self._lost or (strange and path.row >= self._departed and self._told == 0)
        strange = strange or self._lost
        marks_s, now_s = reference.keyframes_s, float(reference.times_s[path.row])
        while self._told < len(marks_s):
            mark_s = float(marks_s[self._told])
            # A level is passed by movement alone; all else looks the same before the first posture is left.
            still = path.row < self._departed and not self._is_level(self._told)
            event = self._seen_event(self._told)
            ahead_s = _AHEAD_S if event is None or not event.rate else _RATE_AHEAD_S
            if strange or still or now_s < mark_s - ahead_s:
                time_s = self._level_after_loss(mirrored=mirrored)
            else:
                time_s = self._seen(self._told, mirrored=mirrored)
                wait_s = 0.0 if event is None else _PAST_S
                if time_s is None and now_s >= mark_s + wait_s:
                    time_s = self._by_path(path, mark_s, mirrored=mirrored)
            if time_s is None and self._told == 0 and not strange:
                time_s = self._first_level(mirrored=mirrored)
            if time_s is None:
                break
            confidence = 1.0 - 0.5 * min(path.distance / reference.action.maximum_distance, 1.0)
            name = reference.action.keyframes[self._told].name
            found.append(Keyframe(name, time_s, mark_s, float(confidence), self._repetition))
            self._told += 1
            self._last_s = time_s
        if self._told == len(marks_s) and reference.action.repeated:
            self._told, self._repetition = 0, self._repetition + 1
            for one in self._paths:
                one.forget()
        return found

    def _by_path(self, path: Follower, mark_s: float, *, mirrored: bool) -> float | None:
        """Where the target's mark was passed, or its event near that; None where a level shows it has not happened."""
        event = self._seen_event(self._told)
        level = event is not None and event.at not in ("maximum", "minimum")
        if event is not None and level and np.isfinite(event_signal(self._recent(), event, mirrored=mirrored)).any():
            return None
        passed_s = path.time_at((mark_s - float(self._reference.times_s[0])) * GRID_HZ)
        return self._event(self._told, passed_s, mirrored=mirrored)

    def _level_after_loss(self, *, mirrored: bool) -> float | None:
        """The next keyframe where it is a level and follows another in time, though the target was lost since."""
        if self._told == 0 or not self._is_level(self._told):
            return None
        marks_s = self._reference.keyframes_s
        gap_s = float(marks_s[self._told] - marks_s[self._told - 1])
        if not _SOONEST * gap_s <= self._grid - self._last_s <= _LATEST * gap_s:
            return None
        return self._seen(self._told, mirrored=mirrored)

    def _first_level(self, *, mirrored: bool) -> float | None:
        """The first keyframe where it is a level, by itself: passed, and clear of how rest varies."""
        event = self._seen_event(0)
        if event is None or not self._is_level(0):
            return None
        values = event_signal(self._recent(), event, mirrored=mirrored)
        resting = self._resting(event, values)
        if len(resting) == 0 or not np.isfinite(values[-1]):
            return None
        away = np.abs(resting - np.median(resting))
        clear = values[-1] - np.median(resting) > _CLEAR * _SPREAD_OF_MEDIAN * np.median(away)
        return self._seen(0, mirrored=mirrored) if clear else None

    def _is_level(self, index: int) -> bool:
        event = self._seen_event(index)
        return event is not None and event.at not in ("maximum", "minimum")

    def _seen_event(self, index: int) -> EventSpec | None:
        """The event that can be seen to have happened: an extreme or a level; None where there is none."""
        keyframe = self._reference.action.keyframes[index]
        event = keyframe.event
        # The middle of the time above a level is not known before it ends.
        if event is None or event.at == "middle_above" or keyframe.name not in self._reference.offsets_s:
            return None
        return event

    def _seen(self, index: int, *, mirrored: bool) -> float | None:
        """The keyframe by its event, where that has just happened; None where it has not, or cannot be seen."""
        event = self._seen_event(index)
        if event is None:
            return None
        body = self._recent()
        now_s = float(body.times_s[-1])
        values = event_signal(body, event, mirrored=mirrored)
        extreme = event.at in ("maximum", "minimum")
        if event.fraction is not None:
            event = replace(event, threshold=self._level(event, values, mirrored=mirrored), fraction=None)
        begin = max(now_s - (2.0 * _REACH_S if extreme else _LEVEL_REACH_S), self._last_s)
        span = (float(body.times_s[0]), now_s)
        time_s = find_event(body, event, begin, now_s, span_s=span, mirrored=mirrored)
        if time_s is None or time_s > now_s - (_EXTREME_SEEN_S if extreme else _LEVEL_SEEN_S):
            return None
        since = values[body.times_s >= time_s]
        if extreme:
            sign = 1.0 if event.at == "maximum" else -1.0
            undone = int(np.argmax(sign * since)) > 1
        else:
            sign = 1.0 if event.at == "rises_through" else -1.0
            undone = bool(sign * (since[-1] - (event.threshold or 0.0)) < 0.0)
        return None if undone else time_s + self._reference.offsets_s[self._reference.action.keyframes[index].name]

    def _level(self, event: EventSpec, values: Array, *, mirrored: bool) -> float:
        """Of a fraction: from rest, of the range that was seen, which while rising is at least the target's."""
        resting = self._resting(event, values)
        if len(resting) == 0:
            return float("nan")
        return float(np.median(resting)) + (event.fraction or 0.0) * self._height(event, values)

    def _height(self, event: EventSpec, values: Array) -> float:
        height = float(np.ptp(values[np.isfinite(values)]))
        if event.at == "rises_through":
            height = max(height, float(np.ptp(event_signal(self._reference.body, event, mirrored=False))))
        return height

    def _resting(self, event: EventSpec, values: Array) -> Array:
        """The values seen that are near the lowest."""
        known = values[np.isfinite(values)]
        return known[known <= known.min() + _REST * self._height(event, values)] if len(known) else known

    def _recent(self) -> Body:
        """The smoothed body of the frames kept."""
        if self._body is None:
            self._body = smoothed_body(resample(_motion(list(self._frames)), GRID_HZ))
        return self._body

    def _event(self, index: int, passed_s: float, *, mirrored: bool) -> float:
        """The keyframe's event near where its mark was passed, else that instant."""
        keyframe = self._reference.action.keyframes[index]
        offset = self._reference.offsets_s.get(keyframe.name)
        if keyframe.event is None or offset is None or keyframe.event.fraction is not None:
            return passed_s
        body = self._recent()
        span = (float(body.times_s[0]), float(body.times_s[-1]))
        near = passed_s - offset
        event = find_event(
            body, keyframe.event, near - _REACH_S, near + _REACH_S, span_s=span, mirrored=mirrored, near_s=near
        )
        return passed_s if event is None else event + offset


def _motion(frames: list[tuple[float, Array]]) -> Motion:
    return Motion(np.array([t for t, _ in frames]), np.stack([p for _, p in frames]))
