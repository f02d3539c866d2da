"""Frames on /tf and /tf_static, where tf2_msgs is installed (the PyPI wheels of ROS 2 have none)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from numpy.typing import NDArray
from rclpy.qos import QoSProfile
from scipy.spatial.transform import Rotation

from sport_nodes import topics
from sport_nodes.nodes import conversions
from sport_nodes.nodes.guarded import GuardedNode
from sport_nodes.rig import Camera

try:
    from tf2_msgs.msg import TFMessage
except ImportError:
    TFMessage = None

Array = NDArray[np.float64]

TF_STATIC = "/tf_static"
TF = "/tf"


class TransformSender:
    """Publishes frames on a topic; says on the node's diagnostics where it cannot."""

    def __init__(self, node: GuardedNode, topic: str, qos: QoSProfile) -> None:
        self._publisher = None if TFMessage is None else node.publisher(TFMessage, topic, qos)
        if TFMessage is None:
            node.health.figure(topic, "not published: tf2_msgs is not installed")

    def send(self, transforms: Sequence[Any]) -> None:
        if self._publisher is not None:
            self._publisher.publish(TFMessage(transforms=list(transforms)))


def camera_transform(camera: Camera, stamp_s: float) -> TransformStamped:
    """Where a camera's optical frame stands in world."""
    return transform(camera.center_m, camera.rotation.T, child=camera.frame_id, stamp_s=stamp_s)


def transform(position_m: Array, rotation: Array, *, child: str, stamp_s: float) -> TransformStamped:
    """A frame in world: position (3,) and rotation (3, 3), its axes as columns."""
    message = TransformStamped(header=conversions.make_header(stamp_s, topics.WORLD_FRAME), child_frame_id=child)
    x, y, z = position_m.tolist()
    message.transform.translation = Vector3(x=x, y=y, z=z)
    x, y, z, w = Rotation.from_matrix(rotation).as_quat().tolist()
    message.transform.rotation = Quaternion(x=x, y=y, z=z, w=w)
    return message
