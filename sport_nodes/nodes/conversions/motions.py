"""Skeletons, aligned frames and whole trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from sport_coach.msg import ImageFeatures, ImuVector, MotionFrame, Skeleton3D, TrialMotion

from sport_nodes import topics
from sport_nodes.measurements import AlignedTrial, DeviceClock
from sport_nodes.motion import Motion, Provenance
from sport_nodes.nodes.conversions.arrays import (
    Array,
    checked_confidence,
    checked_positions,
    doubles,
    fixed,
    from_stamp,
    make_header,
    octets,
    require,
    rows,
)
from sport_nodes.nodes.conversions.sensors import clocks_from_sync, sync_to_message
from sport_nodes.skeleton import JOINT_COUNT


def skeleton_to_message(motion: Motion, *, frame_id: str = topics.WORLD_FRAME) -> Skeleton3D:
    """A motion of length one whose time is the host's (seconds since the epoch)."""
    return Skeleton3D(
        header=make_header(float(motion.times_s[0]), frame_id),
        positions=[Point(x=x, y=y, z=z) for x, y, z in motion.positions_m[0].tolist()],
        confidence=fixed(motion.confidence[0]),
        provenance=np.array(motion.provenance[0]),
        sigma_m=fixed(motion.sigma_m[0]),
    )


def skeleton_from_message(message: Any) -> Motion:
    """A motion of length one. Raises InputError for nonsense."""
    positions = np.array([(p.x, p.y, p.z) for p in message.positions], dtype=np.float64)
    return _checked_motion(
        np.array([from_stamp(message.header.stamp)]),
        positions[None],
        np.array(message.confidence)[None],
        np.array(message.provenance)[None],
        np.array(message.sigma_m)[None],
        what="a skeleton",
    )


def trial_to_message(
    motion: Motion,
    *,
    stamp_s: float,
    trial: str,
    action: str,
    athlete: str,
    clocks: Sequence[DeviceClock] = (),
) -> TrialMotion:
    """A finished trial. stamp_s: the host's time at which the motion's times are zero."""
    return TrialMotion(
        header=make_header(stamp_s, topics.WORLD_FRAME),
        trial=trial,
        action=action,
        athlete=athlete,
        times_s=doubles(motion.times_s),
        positions_m=doubles(motion.positions_m),
        confidence=doubles(motion.confidence),
        provenance=octets(motion.provenance),
        sigma_m=doubles(motion.sigma_m),
        sync=sync_to_message(clocks, stamp_s=stamp_s, trial=trial),
    )


def trial_from_message(message: Any) -> Motion:
    """The motion of a finished trial. Raises InputError when its fields do not fit each other."""
    times = np.array(message.times_s, dtype=np.float64)
    frames = len(times)
    return _checked_motion(
        times,
        rows(message.positions_m, (frames, JOINT_COUNT, 3), "positions_m of a trial"),
        rows(message.confidence, (frames, JOINT_COUNT), "confidence of a trial"),
        rows(message.provenance, (frames, JOINT_COUNT), "provenance of a trial"),
        rows(message.sigma_m, (frames, JOINT_COUNT), "sigma_m of a trial"),
        what=f"trial '{message.trial}'",
    )


def clocks_of_trial(message: Any) -> tuple[DeviceClock, ...]:
    """How the devices' clocks stood in a finished trial."""
    return clocks_from_sync(message.sync)


def frame_to_message(aligned: AlignedTrial, fused: Motion, *, trial: str, people: Sequence[int]) -> MotionFrame:
    """One aligned frame and the skeleton fused from it.

    people: for each camera, which of the people it saw is the athlete, -1 for none. Cameras and IMUs without a value
    are left out.
    """
    features = []
    for c, (camera, p) in enumerate(zip(aligned.camera_names, people, strict=True)):
        confidence = aligned.keypoint_confidence[0, c, p]
        if p >= 0 and np.any(confidence > 0):
            xy, filled = fixed(aligned.keypoints_px[0, c, p]), aligned.keypoint_filled[0, c, p].tolist()
            features.append(ImageFeatures(camera=camera, xy_px=xy, confidence=fixed(confidence), filled=filled))
    imus = []
    for s, name in enumerate(aligned.imu_names):
        orientation, vector = aligned.imu_orientation_xyzw[0, s], aligned.imu_vectors[0, s]
        if np.any(np.isfinite(orientation)) or np.any(np.isfinite(vector)):
            filled = bool(aligned.imu_filled[0, s])
            imus.append(ImuVector(imu=name, orientation_xyzw=fixed(orientation), vector=fixed(vector), filled=filled))
    provenance = np.where(aligned.depth_filled, Provenance.FILLED, Provenance.MEASURED)
    depth = Motion(aligned.times_s, aligned.depth_m, aligned.depth_confidence, provenance)
    return MotionFrame(
        header=make_header(float(aligned.times_s[0]), topics.WORLD_FRAME),
        trial=trial,
        image_features=features,
        depth_skeleton=skeleton_to_message(depth),
        imus=imus,
        skeleton=skeleton_to_message(fused),
    )


def frame_from_message(message: Any) -> tuple[AlignedTrial, Motion]:
    """The aligned frame, with the cameras and IMUs that had a value and one person a camera, and the fused skeleton."""
    depth = skeleton_from_message(message.depth_skeleton)
    cameras, imus = message.image_features, message.imus
    keypoints = rows([v for f in cameras for v in f.xy_px], (1, len(cameras), 1, JOINT_COUNT, 2), "image features")
    seen = rows([v for f in cameras for v in f.confidence], (1, len(cameras), 1, JOINT_COUNT), "image features")
    filled = np.array([list(f.filled) for f in cameras], dtype=np.bool_)
    aligned = AlignedTrial(
        times_s=np.array([from_stamp(message.header.stamp)]),
        camera_names=tuple(f.camera for f in cameras),
        keypoints_px=checked_positions(keypoints, "image features"),
        keypoint_confidence=checked_confidence(seen, "image features"),
        depth_m=depth.positions_m,
        depth_confidence=depth.confidence,
        imu_names=tuple(i.imu for i in imus),
        imu_orientation_xyzw=rows([v for i in imus for v in i.orientation_xyzw], (1, len(imus), 4), "IMU orientation"),
        imu_vectors=rows([v for i in imus for v in i.vector], (1, len(imus), 6), "IMU vectors"),
        depth_filled=depth.provenance == Provenance.FILLED,
        keypoint_filled=filled.reshape(1, len(cameras), 1, JOINT_COUNT),
        imu_filled=np.array([[i.filled for i in imus]], dtype=np.bool_),
    )
    return aligned, skeleton_from_message(message.skeleton)


def _checked_motion(
    times_s: Array, positions_m: Array, confidence: Array, provenance: Array, sigma_m: Array, *, what: str
) -> Motion:
    checked_positions(positions_m, what)
    checked_confidence(confidence, what)
    require(np.all(provenance <= max(Provenance)), f"{what} has an unknown provenance {np.max(provenance, initial=0)}")
    require(not np.any(sigma_m < 0.0), f"{what} has a negative standard deviation")
    return Motion(times_s, positions_m, confidence, provenance.astype(np.uint8), sigma_m)
