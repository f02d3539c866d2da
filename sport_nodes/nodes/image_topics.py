"""A depth camera that somebody else's ROS driver runs: colour, registered depth and camera info, paired by stamp."""

from __future__ import annotations

import math
import queue
import time
from typing import Any, Final

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from sport_nodes.capture.depth_lifting import ENCODING_M, depth_in_metres
from sport_nodes.capture.kinect import KinectFrame
from sport_nodes.capture.source import Sample
from sport_nodes.errors import InputError
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.guarded import GuardedNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.pairing import Pairing
from sport_nodes.rig import Camera

#: Images of one exposure carry nearly the same stamp; half a period at 30 Hz tells exposures apart [s].
SLOP_S: Final = 0.016
#: Images that wait for their partners, and frames that wait to be worked on; each is megabytes.
WAITING: Final = 8
FRAMES: Final = 2
#: Conversions to BGR of the encodings that drivers publish.
TO_BGR: Final = {
    "bgr8": None,
    "rgb8": cv2.COLOR_RGB2BGR,
    "bgra8": cv2.COLOR_BGRA2BGR,
    "rgba8": cv2.COLOR_RGBA2BGR,
    "mono8": cv2.COLOR_GRAY2BGR,
}
#: A focal length that differs by more than this share is not the one that the rig was calibrated with.
FOCAL_TOLERANCE: Final = 0.02


class ImageTopics:
    """A source of KinectFrames. Subscribes when made, in the node's phase; its topics go on /diagnostics like any."""

    def __init__(self, node: GuardedNode, camera: Camera, *, color: str, depth: str, info: str, rate_hz: float) -> None:
        self.name = f"{color} and {depth}"
        self.nominal_rate_hz = rate_hz
        self.sync = ("standalone", 0)
        self._node, self._camera = node, camera
        self._frames: queue.Queue[Sample[KinectFrame]] = queue.Queue(FRAMES)
        self._pairing = Pairing(3, self._pair, queue_size=WAITING, slop_s=SLOP_S)
        self._failure: InputError | None = None
        for number, (kind, topic) in enumerate(((Image, color), (Image, depth), (CameraInfo, info))):
            node.subscribe(kind, topic, lambda message, n=number: self._pairing.take(n, message), qos.IMAGE_IN)

    def open(self) -> None:
        """Nothing to open: the other driver has."""

    def read(self, timeout_s: float) -> Sample[KinectFrame] | None:
        try:
            return self._frames.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        """The subscriptions go with the node's phase."""

    def _pair(self, color: Any, depth: Any, info: Any) -> None:
        """Called by message_filters, which must not see an exception."""
        self._node.guarded(self.name, lambda: self._take(color, depth, info))()

    def _take(self, color: Any, depth: Any, info: Any) -> None:
        self._check(depth, info)
        stamp_s = conversions.from_stamp(color.header.stamp)
        frame = KinectFrame(color_of(color), depth_of(depth))
        if frame.depth_m.shape != frame.color.shape[:2]:
            raise InputError(
                f"depth of {depth.width} x {depth.height} with colour of {color.width} x {color.height}; "
                "set depth_topic to the depth that the driver registers to colour"
            )
        if self._frames.full():
            self._node.health.rejected(self.name, "came faster than it is worked on")
            return
        # ROS stamps are on the host's clock.
        self._frames.put_nowait(Sample(stamp_s, time.time(), None, frame, host_s=stamp_s))

    def _check(self, depth: Any, info: Any) -> None:
        """Whether the driver's camera is the one that the rig was calibrated with."""
        told, known = info.k[0], float(self._camera.matrix[0, 0])
        other = told > 0.0 and not math.isclose(told, known, rel_tol=FOCAL_TOLERANCE)
        words = f"the driver says a focal length of {told:.0f} px, the rig {known:.0f}; calibrate this camera"
        self._node.health.condition("focal length", WARN if other else OK, words if other else "")
        apart = bool(depth.header.frame_id and info.header.frame_id) and depth.header.frame_id != info.header.frame_id
        words = f"depth is in {depth.header.frame_id}, colour in {info.header.frame_id}; is it registered to colour?"
        self._node.health.condition("registration", WARN if apart else OK, words if apart else "")


def color_of(message: Any) -> Any:
    """(H, W, 3) BGR of an Image. Raises InputError for other encodings than TO_BGR, and for data that do not fit."""
    if message.encoding not in TO_BGR:
        raise InputError(f"a colour image with encoding '{message.encoding}'; expected one of {', '.join(TO_BGR)}")
    channels = {"mono8": 1, "bgra8": 4, "rgba8": 4}.get(message.encoding, 3)
    image = _pixels(message, np.dtype(np.uint8), channels)
    conversion = TO_BGR[message.encoding]
    return image if conversion is None else cv2.cvtColor(image, conversion)


def depth_of(message: Any) -> Any:
    """(H, W) metres of an Image, NaN without depth; as `color_of`."""
    if message.encoding not in ENCODING_M:
        raise InputError(f"a depth image with encoding '{message.encoding}'; expected one of {', '.join(ENCODING_M)}")
    kind = np.dtype(np.float32 if message.encoding == "32FC1" else np.uint16)
    return depth_in_metres(_pixels(message, kind, 1)[..., 0], message.encoding)


def _pixels(message: Any, kind: np.dtype[Any], channels: int) -> Any:
    """(H, W, channels) of an Image whose rows may be padded and whose bytes may be in the other order."""
    kind = kind.newbyteorder(">" if message.is_bigendian else "<")
    width = message.width * channels * kind.itemsize
    data = np.frombuffer(message.data, np.uint8)
    if message.step < width or len(data) != message.step * message.height:
        raise InputError(
            f"an image of {message.width} x {message.height} ({message.encoding}) with {len(data)} bytes in rows of "
            f"{message.step}; expected {message.height} rows of at least {width}"
        )
    rows = np.ascontiguousarray(data.reshape(message.height, message.step)[:, :width])
    return rows.view(kind).astype(kind.newbyteorder("="), copy=False).reshape(message.height, message.width, channels)
