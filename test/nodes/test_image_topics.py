"""A depth camera by the topics of another driver: pairs by stamp, images of any layout, and the skeleton from them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image
from sport_coach.msg import Skeleton3D
from std_msgs.msg import Header

from sport_nodes import topics
from sport_nodes.capture.pose2d import People
from sport_nodes.errors import InputError
from sport_nodes.nodes import conversions, kinect, qos
from sport_nodes.nodes.image_topics import SLOP_S, color_of, depth_of
from sport_nodes.nodes.kinect import KinectNode
from sport_nodes.nodes.pairing import Pairing
from sport_nodes.rig import Camera, Rig, look_at, save_rig

PATIENCE_S = 20.0
DEPTH_M = 2.5


def image(pixels: np.ndarray, encoding: str, stamp_s: float = 1.0, *, padding: int = 0) -> Image:
    rows = pixels.reshape(len(pixels), -1).view(np.uint8)
    rows = np.hstack([rows, np.full((len(rows), padding), 77, np.uint8)])
    return Image(
        header=conversions.make_header(stamp_s, "color_optical"),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(pixels.dtype.byteorder == ">"),
        step=rows.shape[1],
        data=rows.tobytes(),
    )


@pytest.mark.parametrize("encoding", ["bgr8", "rgb8", "bgra8", "rgba8"])
def test_colours_keep_their_places(encoding: str) -> None:
    bgr = np.random.default_rng(1).integers(0, 255, (5, 7, 3), np.uint8)
    sent = bgr[..., ::-1] if encoding.startswith("rgb") else bgr
    if encoding.endswith("a8"):
        sent = np.dstack([sent, np.full(bgr.shape[:2], 255, np.uint8)])
    np.testing.assert_array_equal(color_of(image(np.ascontiguousarray(sent), encoding, padding=3)), bgr)


@pytest.mark.parametrize(
    ("encoding", "kind", "scale"), [("16UC1", ">u2", 1e-3), ("mono16", "<u2", 1e-3), ("32FC1", ">f4", 1.0)]
)
def test_depth_is_metres_whatever_the_encoding_and_the_byte_order(encoding: str, kind: str, scale: float) -> None:
    metres = np.array([[0.5, 1.25, 0.0], [3.0, 2.0, 4.75]])
    depth = depth_of(image((metres / scale).astype(kind), encoding, padding=2))
    np.testing.assert_allclose(depth, np.where(metres > 0, metres, np.nan), rtol=1e-6)


def test_images_that_make_no_sense_are_refused() -> None:
    cut_off = image(np.zeros((4, 4, 3), np.uint8), "bgr8")
    cut_off.data = cut_off.data[:-1]
    for bad in (cut_off, image(np.zeros((4, 4), np.uint8), "bayer_rggb8")):
        with pytest.raises(InputError, match="expected"):
            color_of(bad)
    with pytest.raises(InputError, match="depth image with encoding"):
        depth_of(image(np.zeros((4, 4, 3), np.uint8), "bgr8"))


def test_sets_are_of_one_exposure_and_each_image_is_used_once() -> None:
    found: list[tuple[float, ...]] = []
    pairing = Pairing(
        3,
        lambda *m: found.append(tuple(conversions.from_stamp(x.header.stamp) for x in m)),
        queue_size=4,
        slop_s=SLOP_S,
    )
    rng = np.random.default_rng(2)
    sent = [(k / 30.0 + shift, topic) for k in range(60) for topic, shift in enumerate((0.0, 0.004, -0.002))]
    lost = {(k, topic) for k, topic in rng.integers(0, (60, 3), (6, 2)).tolist()}
    sent = [s for n, s in enumerate(sent) if (n // 3, n % 3) not in lost]
    for stamp_s, topic in sorted(sent, key=lambda s: s[0] + 0.02 * rng.random()):
        pairing.take(topic, CameraInfo(header=conversions.make_header(10.0 + stamp_s, "")))
    whole = 60 - len({k for k, _ in lost})
    assert len(found) == whole
    assert max(max(stamps) - min(stamps) for stamps in found) < 0.0061
    assert len({stamps[0] for stamps in found}) == whole


@pytest.fixture
def ros() -> Iterator[None]:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=60 + os.getpid() % 20)
    yield
    rclpy.shutdown()


def test_the_kinect_node_lifts_from_another_drivers_topics(
    ros: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotation, translation = look_at(np.array([0.0, -3.0, 1.0]), np.array([0.0, 0.0, 1.0]))
    matrix = np.array([[100.0, 0, 80], [0, 100.0, 60], [0, 0, 1]])
    camera = Camera("kinect", 160, 120, matrix, np.zeros(5), rotation, translation)
    save_rig(Rig("small", camera, (), ()), tmp_path / "small.yaml")
    pixels = np.full((17, 2), 60.0) + np.arange(17)[:, None]

    class Finder:
        def detect(self, _: np.ndarray) -> People:
            return People(pixels[None], np.full((1, 17), 0.9), (5,))

        def close(self) -> None:
            pass

    monkeypatch.setattr(kinect, "pose_detector", lambda model, max_people: Finder())
    node, other = KinectNode(), rclpy.create_node("driver")
    node.set_parameters([Parameter("rig", value=str(tmp_path / "small.yaml")), Parameter("backend", value="ros")])
    color, depth = (
        other.create_publisher(Image, node.value(t), qos.SENSOR_OUT) for t in ("color_topic", "depth_topic")
    )
    info = other.create_publisher(CameraInfo, node.value("info_topic"), qos.SENSOR_OUT)
    heard: list[Any] = []
    other.create_subscription(Skeleton3D, topics.KINECT_SKELETON, heard.append, qos.SENSOR_IN)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(other)
    node.start()
    sent: list[float] = []
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and len(heard) < 5:
        now_s = time.time()
        sent.append(now_s)
        header = Header(stamp=conversions.to_stamp(now_s + 0.003), frame_id="color_optical")
        color.publish(image(np.zeros((120, 160, 3), np.uint8), "rgb8", now_s))
        depth.publish(image(np.full((120, 160), round(DEPTH_M * 1e3), np.uint16), "16UC1", now_s + 0.003))
        info.publish(CameraInfo(header=header, k=2.0 * matrix.ravel()))
        for _ in range(10):
            executor.spin_once(timeout_sec=0.005)
    summary = node.health.summary()
    node.trigger_shutdown()
    node.destroy_node()
    other.destroy_node()
    assert len(heard) >= 5
    stamps = np.array([conversions.from_stamp(m.header.stamp) for m in heard])
    assert np.abs(stamps[:, None] - np.array(sent)).min(axis=1).max() < 1e-4  # not when they arrived
    joints = np.array([[p.x, p.y, p.z] for p in heard[-1].positions])
    np.testing.assert_allclose(joints[:, 2], DEPTH_M, atol=0.15)  # a joint lies under the surface
    assert "focal length of 200 px, the rig 100" in summary.message
