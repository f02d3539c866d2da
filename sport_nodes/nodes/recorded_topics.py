"""What a recorder of the graph writes: topics, types and quality of service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.qos import HistoryPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, Imu
from sport_coach.msg import (
    CoachReport,
    DeviceClock,
    Diagnosis,
    Keyframes,
    Keypoints2D,
    MotionFrame,
    ScoreImportance,
    Skeleton3D,
    StageScores,
    SyncReport,
    Trial,
    TrialMotion,
)
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.nodes import qos
from sport_nodes.rig import Rig

#: The results whose arrival completes a trial.
RESULTS = (topics.SCORE_TRIAL, topics.KEYFRAMES, topics.DIAGNOSIS, topics.COACH_REPORT)


@dataclass(frozen=True)
class RecordedTopic:
    name: str
    message_type: Any
    qos: QoSProfile

    @property
    def type_name(self) -> str:
        """As bags have it: package/msg/Name."""
        package = self.message_type.__module__.split(".")[0]
        return f"{package}/msg/{self.message_type.__name__}"

    @property
    def driver_qos(self) -> QoSProfile:
        """With which the topic's source publishes it."""
        return qos.SENSOR_OUT if self.qos is qos.SENSOR_IN else self.qos


def sensor_topics(rig: Rig) -> list[RecordedTopic]:
    """What comes from drivers, images aside, and the truth where there is one."""
    sensors = [RecordedTopic(name, kind, qos.SENSOR_IN) for name, kind in _sensors(rig).items()]
    return [*sensors, RecordedTopic(topics.GROUND_TRUTH_TRIAL, TrialMotion, qos.RESULT)]


def recorded_topics(rig: Rig, *, images: bool) -> list[RecordedTopic]:
    """Everything the graph of this rig says, images only when asked."""
    return [
        *(RecordedTopic(name, kind, _kept(qos.SENSOR_OUT)) for name, kind in _sensors(rig).items()),
        *(RecordedTopic(name, kind, qos.IMAGE_IN) for name, kind in (_images(rig).items() if images else ())),
        *(RecordedTopic(name, kind, _kept(qos.STREAM)) for name, kind in _STREAMS.items()),
        *(RecordedTopic(name, kind, _kept(qos.RESULT)) for name, kind in _RESULTS.items()),
    ]


def _kept(profile: QoSProfile) -> QoSProfile:
    """The same with a queue that a recorder on a busy machine may come late to."""
    return QoSProfile(
        reliability=profile.reliability,
        durability=profile.durability,
        history=HistoryPolicy.KEEP_LAST,
        depth=qos.WAITING_DEPTH,
    )


_STREAMS = {
    topics.MOTION_FRAME: MotionFrame,
    topics.MOTION_SKELETON: Skeleton3D,
    topics.SCORE_LIVE: StageScores,
    topics.KEYFRAMES_LIVE: Keyframes,
    topics.COACH_STREAM: String,
}
_RESULTS = {
    topics.MOTION_SYNC: SyncReport,
    topics.TRIAL_STATE: Trial,
    topics.MOTION_TRIAL: TrialMotion,
    topics.SCORE_TRIAL: StageScores,
    topics.SCORE_IMPORTANCE: ScoreImportance,
    topics.KEYFRAMES: Keyframes,
    topics.DIAGNOSIS: Diagnosis,
    topics.COACH_REPORT: CoachReport,
    topics.GROUND_TRUTH_TRIAL: TrialMotion,
}


def _sensors(rig: Rig) -> dict[str, Any]:
    found: dict[str, Any] = {topics.GROUND_TRUTH_SKELETON: Skeleton3D}
    if rig.depth:
        found |= {topics.KINECT_SKELETON: Skeleton3D, topics.KINECT_CAMERA_INFO: CameraInfo}
        found |= {topics.KINECT_IMU: Imu, topics.clock(rig.depth.name): DeviceClock}
    for camera in rig.cameras:
        found |= {topics.keypoints(camera.name): Keypoints2D, topics.camera_info(camera.name): CameraInfo}
        found[topics.clock(camera.name)] = DeviceClock
    for mount in rig.imus:
        found |= {topics.imu(mount.name): Imu, topics.clock(mount.name): DeviceClock}
    return found


def _images(rig: Rig) -> dict[str, Any]:
    """Large: they are not kept for a recorder that comes late."""
    found: dict[str, Any] = {topics.image(camera.name): CompressedImage for camera in rig.cameras}
    if rig.depth:
        found |= {topics.KINECT_IMAGE: CompressedImage, topics.KINECT_DEPTH: Image}
    return found
