"""A recording onto one time grid: the depth camera's stamps, or an even grid where it has none."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.measurements import AlignedTrial, ImuStream, KeypointStream, Recording, SkeletonStream
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.sync.people import keep_slots, with_sides_of
from sport_nodes.sync.resample import (
    COINCIDENT_S,
    fill_gaps,
    in_time_order,
    low_pass,
    resample_linear,
    resample_orientation,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A depth joint of less confidence counts as missing (founding paper, section 2).
DEPTH_MIN_CONFIDENCE: Final = 0.5
#: The longest gap that is bridged by a spline [s]; a fast limb turns round in little more.
MAX_FILL_S: Final = 0.15
#: Samples farther apart than this many periods have a gap between them.
GAP_PERIODS: Final = 1.6
#: Confidence of a value that was bridged over a gap.
FILLED_CONFIDENCE: Final = 0.3
#: An even grid ends where less than this share of a period is left.
COINCIDENT_PERIODS: Final = 1e-6
#: Grid times closer than this many periods are one.
SAME_PERIODS: Final = 0.6


def align_recording(recording: Recording, rig: Rig, *, rate_hz: float = 30.0) -> AlignedTrial:
    """Every sensor of a recording at rate_hz on one grid; people keep their slots.

    Positions and keypoints linear, orientations slerp, IMU vectors after a zero-phase low-pass. Gaps up to MAX_FILL_S
    are bridged and marked, longer ones stay NaN. Raises InputError without any position sensor, or with a sensor that
    the rig does not have.
    """
    _check_names(recording, rig)
    grid_s = _grid(recording, 1.0 / rate_hz)
    cameras = tuple(c.name for c in rig.cameras if c.name in recording.cameras)
    mounts = tuple(m.name for m in rig.imus if m.name in recording.imus)
    depth_m, depth_confidence, depth_filled = _align_depth(recording.depth, rig, grid_s, 1.0 / rate_hz)
    people = max((recording.cameras[name].xy_px.shape[1] for name in cameras), default=1)
    shape = (len(grid_s), len(cameras), people, JOINT_COUNT)
    keypoints_px, keypoint_confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
    keypoint_filled = np.zeros(shape, dtype=np.bool_)
    for c, name in enumerate(cameras):
        n = recording.cameras[name].xy_px.shape[1]
        aligned = _align_keypoints(recording.cameras[name], grid_s, 1.0 / rate_hz)
        keypoints_px[:, c, :n], keypoint_confidence[:, c, :n], keypoint_filled[:, c, :n] = aligned
    imu_shape = (len(grid_s), len(mounts))
    orientation, vectors = np.full((*imu_shape, 4), np.nan), np.full((*imu_shape, 6), np.nan)
    imu_filled = np.zeros(imu_shape, dtype=np.bool_)
    for s, name in enumerate(mounts):
        orientation[:, s], vectors[:, s], imu_filled[:, s] = _align_imu(recording.imus[name], grid_s)
    return AlignedTrial(
        grid_s,
        cameras,
        keypoints_px,
        keypoint_confidence,
        depth_m,
        depth_confidence,
        mounts,
        orientation,
        vectors,
        depth_filled,
        keypoint_filled,
        imu_filled,
        recording.clocks,
    )


def join_frames(frames: list[AlignedTrial]) -> AlignedTrial:
    """Aligned frames of one rig as one trial; people are padded to the most of any frame.

    Raises InputError without frames.
    """
    if not frames:
        raise InputError(
            "a trial needs at least one aligned frame, found none; is a camera or the depth camera running?"
        )
    people = max(frame.keypoints_px.shape[2] for frame in frames)

    def padded(array: NDArray[np.generic], fill: float) -> NDArray[np.generic]:
        missing = people - array.shape[2]
        widths = [(0, missing if axis == 2 else 0) for axis in range(array.ndim)]
        return np.pad(array, widths, constant_values=fill) if missing else array

    first = frames[0]
    return AlignedTrial(
        np.concatenate([f.times_s for f in frames]),
        first.camera_names,
        np.concatenate([padded(f.keypoints_px, np.nan) for f in frames]),
        np.concatenate([padded(f.keypoint_confidence, 0.0) for f in frames]),
        np.concatenate([f.depth_m for f in frames]),
        np.concatenate([f.depth_confidence for f in frames]),
        first.imu_names,
        np.concatenate([f.imu_orientation_xyzw for f in frames]),
        np.concatenate([f.imu_vectors for f in frames]),
        np.concatenate([f.depth_filled for f in frames]),
        np.concatenate([padded(f.keypoint_filled, False) for f in frames]),
        np.concatenate([f.imu_filled for f in frames]),
        frames[-1].clocks,
    )


def _check_names(recording: Recording, rig: Rig) -> None:
    for name in recording.cameras:
        rig.camera(name)
    known = {mount.name for mount in rig.imus}
    for name in recording.imus:
        if name not in known:
            raise InputError(f"rig '{rig.name}' has no IMU '{name}'; it has {', '.join(sorted(known)) or 'none'}")
    if recording.depth is not None and rig.depth is None:
        raise InputError(f"the recording has a depth camera, rig '{rig.name}' has none; add its pose to the rig")


def _grid(recording: Recording, period_s: float) -> Array:
    """Depth stamps with even steps over their gaps, and on to the ends of the other position sensors."""
    streams = [s.times_s[in_time_order(s.times_s)] for s in recording.cameras.values()]
    depth_s = (
        np.empty(0) if recording.depth is None else recording.depth.times_s[in_time_order(recording.depth.times_s)]
    )
    spans = [s for s in (depth_s, *streams) if len(s)]
    if not spans:
        raise InputError("the recording has no frame of a depth camera or a camera; record at least one of them")
    begin_s, end_s = min(s[0] for s in spans), max(s[-1] for s in spans)
    if len(depth_s) == 0:
        return np.arange(begin_s, end_s + COINCIDENT_PERIODS * period_s, period_s)
    before = depth_s[0] - period_s * np.arange(int((depth_s[0] - begin_s) / period_s), 0, -1)
    after = depth_s[-1] + period_s * np.arange(1, int((end_s - depth_s[-1]) / period_s) + 1)
    pieces, last_s = [before, depth_s[:1]], depth_s[0]
    for stamp_s in depth_s[1:]:
        if stamp_s - last_s < SAME_PERIODS * period_s:
            continue
        steps = max(round((stamp_s - last_s) / period_s), 1)
        pieces.append(np.linspace(last_s, stamp_s, steps + 1)[1:])
        last_s = stamp_s
    return np.concatenate([*pieces, after])


def _max_interval_s(times_s: Array, period_s: float) -> float:
    own_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else period_s
    return GAP_PERIODS * max(own_s, period_s)


def _align_depth(stream: SkeletonStream | None, rig: Rig, grid_s: Array, period_s: float) -> tuple[Array, Array, Mask]:
    if stream is None or rig.depth is None:
        shape = (len(grid_s), JOINT_COUNT)
        return np.full((*shape, 3), np.nan), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    order = in_time_order(stream.times_s)
    times_s, confidence = stream.times_s[order], stream.confidence[order]
    world_m = rig.depth.to_world(stream.positions_m[order])
    world_m[~(confidence >= DEPTH_MIN_CONFIDENCE)] = np.nan
    interval_s = _max_interval_s(times_s, period_s)
    positions_m = resample_linear(times_s, world_m, grid_s, max_interval_s=interval_s)
    positions_m, filled = fill_gaps(grid_s, positions_m, max_gap_s=MAX_FILL_S)
    sampled = resample_linear(times_s, np.where(confidence > 0, confidence, 0.0), grid_s, max_interval_s=interval_s)
    return positions_m, _confidence(positions_m, sampled, filled), filled


def _align_keypoints(stream: KeypointStream, grid_s: Array, period_s: float) -> tuple[Array, Array, Mask]:
    """(G, P, 17, 2) pixels, (G, P, 17) confidence and fill mask of one camera."""
    order = in_time_order(stream.times_s)
    times_s = stream.times_s[order]
    confidence = np.where(stream.confidence[order] > 0, stream.confidence[order], 0.0)
    xy_px = np.where(confidence[..., None] > 0, stream.xy_px[order], np.nan)
    xy_px, confidence = keep_slots(xy_px, confidence)
    people = xy_px.shape[1]
    interval_s = _max_interval_s(times_s, period_s)
    sampled = _resample_keypoints(times_s, xy_px, grid_s, interval_s)
    flat, filled = fill_gaps(grid_s, sampled.reshape(len(grid_s), -1, 2), max_gap_s=MAX_FILL_S)
    sampled, filled = flat.reshape(sampled.shape), filled.reshape(len(grid_s), people, JOINT_COUNT)
    level = resample_linear(times_s, confidence, grid_s, max_interval_s=interval_s)
    return sampled, _confidence(sampled, level, filled), filled


def _resample_keypoints(times_s: Array, xy_px: Array, grid_s: Array, interval_s: float) -> Array:
    """Linear, with the sides named as in the nearer of the two frames: halfway between left and right is nobody."""
    if len(times_s) < 2:
        return resample_linear(times_s, xy_px, grid_s, max_interval_s=interval_s)
    high = np.clip(np.searchsorted(times_s, grid_s), 1, len(times_s) - 1)
    low = high - 1
    share = ((grid_s - times_s[low]) / (times_s[high] - times_s[low]))[:, None, None, None]
    first, second = xy_px[low], xy_px[high]
    first, second = (
        np.where(share <= 0.5, first, with_sides_of(second, first)),
        np.where(share <= 0.5, with_sides_of(first, second), second),
    )
    reach = COINCIDENT_S / interval_s
    result = np.where(share < reach, first, np.where(share > 1.0 - reach, second, first + share * (second - first)))
    outside = (share < -reach) | (share > 1.0 + reach)
    result[outside[:, 0, 0, 0] | (times_s[high] - times_s[low] > interval_s)] = np.nan
    alone = resample_linear(times_s, xy_px, grid_s, max_interval_s=0.0)
    return np.where(np.isfinite(alone), alone, result)


def _align_imu(stream: ImuStream, grid_s: Array) -> tuple[Array, Array, Mask]:
    """(G, 4) orientation, (G, 6) vector, (G,) fill mask of one IMU."""
    good = np.isfinite(stream.orientation_xyzw).all(axis=1) & np.isfinite(stream.vectors).all(axis=1)
    good &= np.linalg.norm(np.nan_to_num(stream.orientation_xyzw), axis=1) > 0
    order = in_time_order(np.where(good, stream.times_s, np.nan))
    times_s = stream.times_s[order]
    interval_s = _max_interval_s(times_s, 0.0)
    orientation, filled = resample_orientation(
        times_s, stream.orientation_xyzw[order], grid_s, max_interval_s=interval_s, max_gap_s=MAX_FILL_S
    )
    vectors = low_pass(times_s, stream.vectors[order])
    sampled = resample_linear(times_s, vectors, grid_s, max_interval_s=max(interval_s, MAX_FILL_S))
    return orientation, sampled, filled


def _confidence(values: Array, sampled: Array, filled: Mask) -> Array:
    """Zero where there is no value; a bridged value carries what its neighbours leave: half a sample's confidence."""
    level = np.where(np.isfinite(sampled), sampled, FILLED_CONFIDENCE)
    level = np.where(filled, np.minimum(level, FILLED_CONFIDENCE), level)
    return np.where(np.isfinite(values).all(axis=-1), level, 0.0)
