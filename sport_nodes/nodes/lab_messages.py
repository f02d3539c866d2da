"""What the simulated lab plays, as the messages that real drivers would send."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo, Imu
from sport_coach.msg import DeviceClock as ClockMessage
from sport_coach.msg import Keypoints2D, Skeleton3D, TrialMotion

from sport_nodes import topics
from sport_nodes.lab.events import DepthFrame, ImuSample, KeypointFrame
from sport_nodes.lab.player import Kind, Played, TruthFrame, TruthTrial
from sport_nodes.measurements import DeviceClock, ImuStream, KeypointStream
from sport_nodes.motion import Motion
from sport_nodes.nodes import conversions
from sport_nodes.rig import Camera, Rig

#: These hold times in their body, not only in their header.
TIME_INSIDE = (Kind.CLOCK, Kind.TRIAL)


def topics_of(rig: Rig) -> dict[str, Any]:
    """Every topic of the lab with its message type."""
    found: dict[str, Any] = {topics.GROUND_TRUTH_SKELETON: Skeleton3D, topics.GROUND_TRUTH_TRIAL: TrialMotion}
    for camera in rig.cameras:
        found[topics.keypoints(camera.name)] = Keypoints2D
        found[topics.camera_info(camera.name)] = CameraInfo
        found[topics.clock(camera.name)] = ClockMessage
    if rig.depth:
        found[topics.KINECT_SKELETON] = Skeleton3D
        found[topics.KINECT_CAMERA_INFO] = CameraInfo
        found[topics.clock(rig.depth.name)] = ClockMessage
    for mount in rig.imus:
        found[topics.imu(mount.name)] = Imu
        found[topics.clock(mount.name)] = ClockMessage
    return found


def message_of(item: Played, rig: Rig) -> tuple[str, Any]:
    """Topic and message of one played item."""
    payload, stamp_s, device = item.payload, item.stamp_s, item.device
    time_s = np.array([stamp_s])
    match payload:
        case KeypointFrame(xy_px=xy_px, confidence=confidence):
            camera = rig.camera(device)
            seen = np.any(confidence > 0.0, axis=1)
            stream = KeypointStream(time_s, xy_px[None, seen], confidence[None, seen])
            size_px = (camera.width_px, camera.height_px)
            return topics.keypoints(device), conversions.keypoints_to_message(
                stream, frame_id=camera.frame_id, sequence=item.sequence, size_px=size_px
            )
        case DepthFrame(positions_m=positions_m, confidence=confidence):
            motion = Motion(time_s, positions_m[None], confidence[None])
            frame_id = rig.camera(device).frame_id
            return topics.KINECT_SKELETON, conversions.skeleton_to_message(motion, frame_id=frame_id)
        case ImuSample(orientation_xyzw=orientation, vector=vector):
            imu = ImuStream(time_s, orientation[None], vector[None])
            return topics.imu(device), conversions.imu_to_message(imu, frame_id=device)
        case DeviceClock():
            return topics.clock(device), conversions.clock_to_message(payload)
        case Camera():
            is_depth = rig.depth is not None and rig.depth.name == device
            topic = topics.KINECT_CAMERA_INFO if is_depth else topics.camera_info(device)
            return topic, conversions.camera_info(payload, stamp_s=stamp_s)
        case TruthFrame(positions_m=positions_m, confidence=confidence):
            truth = Motion(time_s, positions_m[None], confidence[None])
            return topics.GROUND_TRUTH_SKELETON, conversions.skeleton_to_message(truth)
        case TruthTrial():
            return topics.GROUND_TRUTH_TRIAL, conversions.trial_to_message(
                payload.motion,
                stamp_s=stamp_s,
                trial=payload.trial,
                action=payload.action,
                athlete=payload.athlete,
                clocks=payload.clocks,
            )
