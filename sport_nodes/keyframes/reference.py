"""A target model made ready to be compared with: its features, their scale, and where its events lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, load_action
from sport_nodes.body import Body, body_of
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ, features_of, mirrored_columns, resample, scales, smoothed_body
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.keyframes.warp import knots_of

Array = NDArray[np.float64]

# Targets whose features are kept: the shipped ones, and a few of the user's.
_TARGETS_KEPT: Final = 32
# An event further than this from the target's own keyframe is not the one it was marked by.
_MOST_OFFSET_S: Final = 0.15


@dataclass(frozen=True, eq=False)
class Reference:
    """A target, or a part of one, on the grid: its whole smoothed body; times_s (N,), values (N, 3 C) as Features.

    scale (3 C,): weight over squared size. coarse: every second row of values. angles, slopes: (N, C) of values.
    spread (C,): variance of the whole target's angles. keyframes_s: in the action's order. swap (3 C,): columns of the
    other side. offsets_s: how far after its event each keyframe was marked. knots_s: of the course of time.
    """

    action: Action
    target: TargetModel
    body: Body
    times_s: Array
    values: Array
    coarse: Array
    angles: Array
    slopes: Array
    spread: Array
    scale: Array
    swap: NDArray[np.intp]
    offsets_s: Mapping[str, float]
    keyframes_s: Array
    stage_bounds_s: Array
    knots_s: Array

    def part(self, first: int, last: int) -> Reference:
        """Only the frames first..last; instants outside are moved to the ends."""
        rows = slice(first, last + 1)
        begin, end = float(self.times_s[first]), float(self.times_s[last])
        bounds = np.clip(self.stage_bounds_s, begin, end)
        return replace(
            self,
            times_s=self.times_s[rows],
            values=self.values[rows],
            coarse=np.ascontiguousarray(self.values[rows][::COARSE]),
            angles=self.angles[rows],
            slopes=self.slopes[rows],
            stage_bounds_s=bounds,
            knots_s=knots_of(np.clip([*self.target.keyframes.values(), *bounds], begin, end).tolist()),
        )


#: Stage one looks at every second frame of the grid: windows need no more, and it is four times as fast.
COARSE: Final = 2


@lru_cache(maxsize=_TARGETS_KEPT)
def reference_of(target: TargetModel) -> Reference:
    """The whole target, ready to be compared with; kept for the next recording."""
    action = load_action(target.action)
    even = resample(target.motion, GRID_HZ)
    found = features_of(body_of(even.times_s, even.positions_m), action.channel_weights)
    count = len(found.names)
    return Reference(
        action=action,
        target=target,
        body=smoothed_body(even),
        times_s=found.times_s,
        values=found.values,
        coarse=np.ascontiguousarray(found.values[::COARSE]),
        angles=np.ascontiguousarray(found.values[:, :count]),
        slopes=np.ascontiguousarray(found.values[:, count : 2 * count]),
        spread=np.nan_to_num(np.nanvar(found.values[:, :count], axis=0)),
        scale=scales(found.values, found.names, action.channel_weights),
        swap=mirrored_columns(found.names),
        offsets_s=event_offsets(action, target),
        keyframes_s=np.array([target.keyframes[k.name] for k in action.keyframes]),
        stage_bounds_s=target.stage_bounds_s,
        knots_s=knots_of([*target.keyframes.values(), *target.stage_bounds_s.tolist()]),
    )


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
