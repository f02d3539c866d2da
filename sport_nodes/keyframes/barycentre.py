"""The average of several good recordings in the course of time of one of them, and how much they spread around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.body import Body
from sport_nodes.errors import InputError
from sport_nodes.keyframes.align import match
from sport_nodes.keyframes.features import GRID_HZ
from sport_nodes.keyframes.prepared import prepare
from sport_nodes.keyframes.reference import Reference, reference_of
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.keyframes.warp import Warp, fit_warp
from sport_nodes.motion import Motion
from sport_nodes.skeleton import MIRROR_INDEX

Array = NDArray[np.float64]

_MIRROR: Final = np.array([1.0, -1.0, 1.0])


def averaged(base: TargetModel, motions: Sequence[Motion]) -> TargetModel:
    """The target whose postures and times are the means of the base's and the motions' (DTW barycentre averaging with
    courses of time for paths: Petitjean, Ketterlin & Gancarski 2011, Pattern Recognition 44(3)).

    Bodies are turned to the base's heading and scaled to its height. The motion's sigma_m is the spread of the
    recordings per joint and frame, root mean square over the axes. Raises InputError where a recording does not align.
    """
    reference = reference_of(base)
    tracks, courses = zip(*(_followed(motion, base, reference) for motion in motions), strict=True)
    knots = reference.knots_s
    # Mean time since the first knot, the base's own among them; beyond the ends time runs as the base's.
    since = np.mean([c.recording_s - c.recording_s[0] for c in courses] + [knots - knots[0]], axis=0)
    mean_s = knots[0] + since
    ends = base.motion.times_s[[0, -1]]
    base_s = np.array([ends[0] - 1.0, *knots, ends[1] + 1.0])
    own_s = np.array([ends[0] - 1.0, *mean_s, mean_s[-1] + ends[1] + 1.0 - knots[-1]])
    keyframes = {name: float(np.interp(t, base_s, own_s)) for name, t in base.keyframes.items()}
    begin, end = (float(np.interp(t, base_s, own_s)) for t in ends)
    grid = begin + np.arange(int(np.floor((end - begin) * GRID_HZ + 1e-6)) + 1) / GRID_HZ
    at = np.interp(grid, own_s, base_s)
    all_m = np.stack([_sampled(base.motion.times_s, base.motion.positions_m, at)])
    for (times_s, positions_m), course in zip(tracks, courses, strict=True):
        recorded_s = _extended(course, at)
        all_m = np.concatenate([all_m, _sampled(times_s, positions_m, recorded_s)[None]])
    known = np.isfinite(all_m).all(axis=3).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_m = np.nansum(all_m, axis=0) / np.where(known > 0, known, np.nan)[..., None]
        squares = np.nansum(np.mean((all_m - mean_m) ** 2, axis=3), axis=0)
        spread_m = np.sqrt(squares / np.where(known > 1, known - 1, np.nan))
    return replace(
        base,
        motion=Motion(grid, mean_m, sigma_m=spread_m),
        keyframes=keyframes,
        stage_bounds_s=np.interp(base.stage_bounds_s, base_s, own_s),
    )


def _followed(motion: Motion, base: TargetModel, reference: Reference) -> tuple[tuple[Array, Array], Warp]:
    """The recording's (T,) times and (T, 17, 3) positions as the base's body, and its course of time."""
    recording, reason = prepare(motion, reference.action)
    alignment = None if recording is None else match(recording, base)
    if recording is None or alignment is None or alignment.reason:
        raise InputError(f"a recording cannot be averaged: {reason or (alignment.reason if alignment else '')}")
    values = recording.features.values
    values = values[:, reference.swap] if alignment.mirrored else values
    count = reference.angles.shape[1]
    course = fit_warp(
        reference.times_s,
        reference.angles,
        reference.slopes,
        recording.features.times_s,
        np.ascontiguousarray(values[:, :count]),
        reference.scale[:count],
        reference.spread,
        knots_s=reference.knots_s,
        start_s=np.interp(reference.knots_s, alignment.path_s[:, 1], alignment.path_s[:, 0]),
    )
    body = recording.body
    own = _from_own(body, course.recording_s[0])
    if alignment.mirrored:
        own = own[:, MIRROR_INDEX] * _MIRROR
    target = reference.body
    scaled = own * (target.height_m / body.height_m)
    turned = scaled @ np.stack([target.forward, target.left, [0.0, 0.0, 1.0]])
    return (body.times_s, turned + _origin(target, reference.knots_s[0])), course


def _origin(body: Body, at_s: float) -> Array:
    """Where the athlete stands at the beginning: under the middle of the hips."""
    hips = body.middle("hip")
    return np.array([np.interp(at_s, body.times_s, hips[:, axis]) for axis in (0, 1)] + [0.0])


def _from_own(body: Body, at_s: float) -> Array:
    """(T, 17, 3) forward, left and up from where the athlete stands."""
    axes = np.stack([body.forward, body.left, [0.0, 0.0, 1.0]], axis=1)
    return np.asarray((body.positions_m - _origin(body, at_s)) @ axes)


def _extended(course: Warp, at_s: Array) -> Array:
    """The recording's times; beyond the knots, on at the target's tempo."""
    inside = course.at(at_s)
    before, after = np.minimum(at_s - course.target_s[0], 0.0), np.maximum(at_s - course.target_s[-1], 0.0)
    return inside + before + after


def _sampled(times_s: Array, positions_m: Array, at_s: Array) -> Array:
    """(K, 17, 3) between the frames; at its ends, as there."""
    place = np.clip(np.searchsorted(times_s, at_s) - 1, 0, len(times_s) - 2)
    share = np.clip((at_s - times_s[place]) / (times_s[place + 1] - times_s[place]), 0.0, 1.0)[:, None, None]
    return np.asarray((1.0 - share) * positions_m[place] + share * positions_m[place + 1])
