"""An RGB camera: finds people in its images and publishes their keypoints; images only when asked, faces blurred."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage
from sport_coach.msg import Keypoints2D

from sport_nodes import topics
from sport_nodes.capture.blur import blur_faces
from sport_nodes.capture.camera import CameraSettings, Image, camera_source
from sport_nodes.capture.pose2d import pose_detector
from sport_nodes.capture.source import Sample
from sport_nodes.errors import InputError
from sport_nodes.measurements import KeypointStream
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.driver import DriverNode
from sport_nodes.nodes.run import run_node
from sport_nodes.rig import Camera, load_rig


class CameraNode(DriverNode):
    """Named after a camera of the rig. device: number, /dev/videoN, GStreamer pipeline, video file, image folder."""

    def __init__(self) -> None:
        super().__init__("camera_0")
        self.parameter("rate_hz", 30.0, "Images a second asked of a live camera.")
        self.parameter("exposure_us", 0.0, "Fixed exposure [us]; 0 leaves it to the camera.")
        self.parameter("triggered", False, "An external line starts each exposure.")
        self.parameter("model", "", "Path of an ONNX pose model; empty takes MediaPipe's.")
        self.parameter("max_people", 1, "Follow at most so many people; each one costs a detection of its own.")
        self.parameter("publish_images", False, "Publish JPEG images too.")
        self.parameter("blur_faces", True, "Make faces unrecognisable in published images.")
        self.parameter("jpeg_quality", 80, "Of published images, 1 to 100.")

    def configure(self) -> None:
        name = self.get_name()
        self._camera = load_rig(self.value("rig")).camera(name)
        self._keypoints = self.publisher(Keypoints2D, topics.keypoints(name), qos.SENSOR_OUT)
        self._info = self.publisher(CameraInfo, topics.camera_info(name), qos.SENSOR_OUT)
        self._images = None
        if self.value("publish_images"):
            self._images = self.publisher(CompressedImage, topics.image(name), qos.IMAGE_OUT)

    def activate(self) -> None:
        settings = CameraSettings(
            self.value("device"),
            self._camera.width_px,
            self._camera.height_px,
            self.value("rate_hz"),
            self.value("exposure_us"),
            self.value("triggered"),
            self.value("paced"),
        )
        source = camera_source(settings)
        self._detector = pose_detector(self.value("model"), self.value("max_people"))
        self.drive(source, self._take)

    def deactivate(self) -> None:
        super().deactivate()
        if self._detector:
            self._detector.close()
            self._detector = None

    def _take(self, sample: Sample[Image], stamp_s: float) -> None:
        check_size(sample.data, self._camera)
        people = self._detector.detect(sample.data)
        stream = KeypointStream(np.array([stamp_s]), people.xy_px[None], people.confidence[None])
        self._keypoints.publish(
            conversions.keypoints_to_message(
                stream,
                frame_id=self._camera.frame_id,
                sequence=sample.sequence or 0,
                size_px=(self._camera.width_px, self._camera.height_px),
                track_ids=people.track_ids,
            )
        )
        self._info.publish(conversions.camera_info(self._camera, stamp_s=stamp_s))
        if self._images:
            shown = blur_faces(sample.data, people) if self.value("blur_faces") else sample.data
            self._images.publish(jpeg(shown, self._camera, stamp_s=stamp_s, quality=self.value("jpeg_quality")))

    _detector: Any = None


def check_size(image: Image, camera: Camera) -> None:
    """Raises InputError when the image is not of the size that the rig's calibration is for."""
    height, width = image.shape[:2]
    if (width, height) != (camera.width_px, camera.height_px):
        raise InputError(
            f"{camera.name} delivers {width}x{height}, its calibration in the rig is for "
            f"{camera.width_px}x{camera.height_px}; set the camera to that size or calibrate it again"
        )


def jpeg(image: Image, camera: Camera, *, stamp_s: float, quality: int) -> CompressedImage:
    """A BGR image as a message."""
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return CompressedImage(
        header=conversions.make_header(stamp_s, camera.frame_id),
        format="bgr8; jpeg compressed bgr8",
        data=encoded.tobytes(),
    )


def main() -> None:
    run_node(CameraNode)


if __name__ == "__main__":
    main()
