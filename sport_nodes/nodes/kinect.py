"""The depth camera: finds the athlete in its colour image, lifts the joints by its depth, publishes the skeleton."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, Imu
from sport_coach.msg import Skeleton3D

from sport_nodes import topics
from sport_nodes.capture.blur import blur_faces
from sport_nodes.capture.depth_lifting import LiftedPose, lift
from sport_nodes.capture.imu_protocols import ImuReading
from sport_nodes.capture.kinect import KinectFrame, KinectSettings, KinectSource, kinect_source, sync_warning
from sport_nodes.capture.pose2d import People, pose_detector
from sport_nodes.capture.source import Sample
from sport_nodes.errors import InputError
from sport_nodes.measurements import ImuStream
from sport_nodes.motion import Motion
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.camera import check_size, jpeg
from sport_nodes.nodes.driver import DriverNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.image_topics import ImageTopics
from sport_nodes.nodes.run import run_node
from sport_nodes.rig import Camera, load_rig

MILLIMETRES_PER_METRE = 1000.0
#: What the skeleton may come from.
SKELETONS: Final = ("lifted", "body_tracking")


class KinectNode(DriverNode):
    """device: serial number (empty: the first found), .mkv or .bag recording, folder with color/ and depth/ images.

    With backend ros there is no device, but the topics of another driver's node.
    """

    def __init__(self) -> None:
        super().__init__("kinect")
        self.parameter(
            "backend", "azure", "azure (Azure Kinect), orbbec (Femto Bolt), or ros: the topics of any driver's node."
        )
        self.parameter("color_topic", "/camera/color/image_raw", "With backend ros: colour images.")
        self.parameter(
            "depth_topic", "/camera/aligned_depth_to_color/image_raw", "With ros: depth on the colour's pixels."
        )
        self.parameter(
            "info_topic", "/camera/color/camera_info", "With ros: what that driver says of its colour camera."
        )
        self.parameter("rate_hz", 30, "Images a second.")
        self.parameter("sync", "standalone", "Wired synchronisation: standalone, primary or secondary.")
        self.parameter("delay_us", 0, "As secondary: how long after the primary this camera exposes [us].")
        self.parameter(
            "skeleton", "lifted", "lifted (2D pose and depth), or body_tracking (the Azure Kinect's SDK, on x86_64)."
        )
        self.parameter("model", "", "Path of an ONNX pose model; empty takes MediaPipe's.")
        self.parameter("max_people", 1, "Follow at most so many people; each one costs a detection of its own.")
        self.parameter("publish_images", False, "Publish JPEG colour and 16-bit depth images too.")
        self.parameter("blur_faces", True, "Make faces unrecognisable in published images.")
        self.parameter("jpeg_quality", 80, "Of published images, 1 to 100.")

    def configure(self) -> None:
        rig = load_rig(self.value("rig"))
        if rig.depth is None:
            raise InputError(f"the rig '{rig.name}' has no depth camera; calibrate it or leave the kinect node out")
        self._camera = rig.depth
        self._skeleton = self.publisher(Skeleton3D, topics.KINECT_SKELETON, qos.SENSOR_OUT)
        self._info = self.publisher(CameraInfo, topics.KINECT_CAMERA_INFO, qos.SENSOR_OUT)
        self._imu = self.publisher(Imu, topics.KINECT_IMU, qos.SENSOR_OUT)
        self._images = self._depths = None
        if self.value("publish_images"):
            self._images = self.publisher(CompressedImage, topics.KINECT_IMAGE, qos.IMAGE_OUT)
            self._depths = self.publisher(Image, topics.KINECT_DEPTH, qos.IMAGE_OUT)

    def activate(self) -> None:
        self._source = self._topics() if self.value("backend") == "ros" else self._device()
        # Body tracking needs no 2D pose, but faces that are blurred must be found.
        tracked = self._tracks_bodies()
        if not tracked or (self.value("publish_images") and self.value("blur_faces")):
            self._detector = pose_detector(self.value("model"), self.value("max_people"))
        self.drive(self._source, self._take)

    def _tracks_bodies(self) -> bool:
        skeleton = self.value("skeleton")
        if skeleton not in SKELETONS:
            raise InputError(f"unknown skeleton '{skeleton}'; expected {' or '.join(SKELETONS)}")
        tracked = bool(skeleton == SKELETONS[1])
        if tracked and self.value("backend") == "ros":
            raise InputError(
                "body tracking needs the camera itself, not another driver's topics; leave `skeleton` at lifted"
            )
        return tracked

    def _topics(self) -> KinectSource:
        color, depth, info = (self.value(f"{what}_topic") for what in ("color", "depth", "info"))
        rate_hz = float(self.value("rate_hz"))
        return ImageTopics(self, self._camera, color=color, depth=depth, info=info, rate_hz=rate_hz)

    def _device(self) -> KinectSource:
        settings = KinectSettings(
            self.value("backend"),
            self.value("device"),
            self.value("rate_hz"),
            self.value("sync"),
            self.value("delay_us"),
            self.value("paced"),
            self._tracks_bodies(),
        )
        return kinect_source(settings)

    def deactivate(self) -> None:
        super().deactivate()
        if self._detector:
            self._detector.close()
            self._detector = None

    def _take(self, sample: Sample[KinectFrame], stamp_s: float) -> None:
        frame, camera = sample.data, self._camera
        self._tell_sync(*self._source.sync)
        for reading in frame.imu:
            self._imu.publish(self._imu_message(reading))
        check_size(frame.color, camera)
        people = self._detector.detect(frame.color) if self._detector else None
        pose = athlete_of(frame, people, camera)
        if pose is not None:
            motion = Motion(np.array([stamp_s]), pose.positions_m[None], pose.confidence[None])
            self._skeleton.publish(conversions.skeleton_to_message(motion, frame_id=camera.frame_id))
        self._info.publish(conversions.camera_info(camera, stamp_s=stamp_s))
        if self._images and self._depths:
            shown = frame.color
            if self.value("blur_faces"):
                assert people is not None, "whoever blurs faces looks for them"
                shown = blur_faces(shown, people)
            self._images.publish(jpeg(shown, camera, stamp_s=stamp_s, quality=self.value("jpeg_quality")))
            self._depths.publish(depth_message(frame, camera.frame_id, stamp_s))

    def _tell_sync(self, mode: str, delay_us: int) -> None:
        warning = sync_warning(mode, delay_us)
        self.health.condition("sync", WARN if warning else OK, warning)
        self.health.figure("sync", f"{mode}, {delay_us} us")

    def _imu_message(self, reading: ImuReading) -> Imu:
        if math.isfinite(reading.temperature_c):
            self.health.figure("temperature_c", f"{reading.temperature_c:.0f}")
        stream = ImuStream(
            np.array([self.host_time_s(reading.device_s)]),
            reading.orientation_xyzw[None],
            np.concatenate([reading.gyro, reading.accel])[None],
        )
        return conversions.imu_to_message(stream, frame_id=f"{self._camera.name}_imu")

    _detector: Any = None


def athlete_of(frame: KinectFrame, people: People | None, camera: Camera) -> LiftedPose | None:
    """Of several people in view, the one whose joints are surest; None where nobody is."""
    if frame.bodies is not None:
        return max(frame.bodies, key=lambda body: float(body.confidence.sum()), default=None)
    if people is None or not len(people):
        return None
    athlete = int(np.argmax(people.confidence.sum(axis=1)))
    return lift(people.xy_px[athlete], people.confidence[athlete], frame.depth_m, camera)


def depth_message(frame: KinectFrame, frame_id: str, stamp_s: float) -> Image:
    """Registered depth as 16UC1 millimetres, 0 where there is none."""
    millimetres = np.nan_to_num(np.rint(frame.depth_m * MILLIMETRES_PER_METRE), nan=0.0).astype(np.uint16)
    height, width = millimetres.shape
    return Image(
        header=conversions.make_header(stamp_s, frame_id),
        height=height,
        width=width,
        encoding="16UC1",
        step=2 * width,
        data=millimetres.tobytes(),
    )


def main() -> None:
    run_node(KinectNode)


if __name__ == "__main__":
    main()
