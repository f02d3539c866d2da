"""The driver nodes on a real ROS 2, with recordings in place of devices."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage, Imu
from sport_coach.msg import DeviceClock, Keypoints2D, Skeleton3D

from sport_nodes import topics
from sport_nodes.capture.imu_protocols import ImuReading
from sport_nodes.capture.pose2d import People
from sport_nodes.capture.source import Sample
from sport_nodes.lab.serial_line import Disturbance, SerialLine
from sport_nodes.nodes import camera, imu, kinect, qos
from sport_nodes.nodes.camera import CameraNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.imu import ImuNode
from sport_nodes.nodes.kinect import KinectNode
from sport_nodes.rig import Camera, Rig, look_at, save_rig

PATIENCE_S = 20.0
IMAGES = 40


class Finder:
    """A detector that knows where the person is: the same place in every image."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self.closed = False

    def detect(self, image: np.ndarray) -> People:
        return People(self.pixels[None].copy(), np.full((1, 17), 0.9), (5,))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def ros() -> Iterator[None]:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=80 + os.getpid() % 20)
    yield
    rclpy.shutdown()


def heard_from(
    make: Callable[[], Any],
    parameters: dict[str, Any],
    wanted: dict[str, Any],
    *,
    until: Callable[[dict[str, list[Any]], Any], bool],
) -> tuple[dict[str, list[Any]], Any]:
    """Start the node, collect the topics until the condition holds, stop it."""
    node = make()
    node.set_parameters([rclpy.parameter.Parameter(k, value=v) for k, v in parameters.items()])
    listener = rclpy.create_node("listener")
    heard: dict[str, list[Any]] = {topic: [] for topic in wanted}
    for topic, kind in wanted.items():
        listener.create_subscription(kind, topic, heard[topic].append, qos.SENSOR_IN)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(listener)
    node.start()
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and not until(heard, node):
        executor.spin_once(timeout_sec=0.05)
    summary = node.health.summary()
    node.trigger_shutdown()
    node.destroy_node()
    listener.destroy_node()
    return heard, summary


@pytest.fixture
def rig(tmp_path: Path) -> tuple[Path, Rig]:
    rotation, translation = look_at(np.array([0.0, -3.0, 1.0]), np.array([0.0, 0.0, 1.0]))
    matrix = np.array([[100.0, 0, 80], [0, 100.0, 60], [0, 0, 1]])
    eyes = [Camera(n, 160, 120, matrix, np.zeros(5), rotation, translation) for n in ("camera_0", "kinect")]
    from sport_nodes.rig import ImuMount

    made = Rig("small", eyes[1], (eyes[0],), (ImuMount("imu_trunk", "trunk", np.eye(3)),))
    save_rig(made, tmp_path / "small.yaml")
    return tmp_path / "small.yaml", made


def stamp_s(message: Any) -> float:
    return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9


def test_camera_publishes_keypoints_at_the_video_rate(
    ros: None, rig: tuple[Path, Rig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (160, 120))
    noise = np.random.default_rng(1)
    for _ in range(IMAGES):
        writer.write(noise.integers(0, 255, (120, 160, 3), np.uint8))
    writer.release()
    pixels = np.full((17, 2), 60.0) + np.arange(17)[:, None]
    finder = Finder(pixels)
    monkeypatch.setattr(camera, "pose_detector", lambda model, max_people: finder)
    wanted = {
        topics.keypoints("camera_0"): Keypoints2D,
        topics.clock("camera_0"): DeviceClock,
        topics.image("camera_0"): CompressedImage,
    }
    before_s = time.time()
    heard, _ = heard_from(
        CameraNode,
        {"rig": str(rig[0]), "device": str(video), "publish_images": True, "jpeg_quality": 95},
        wanted,
        until=lambda h, node: len(h[topics.keypoints("camera_0")]) >= 30 and bool(h[topics.clock("camera_0")]),
    )
    messages = heard[topics.keypoints("camera_0")]
    assert len(messages) >= 30
    assert messages[0].header.frame_id == "camera_0_optical"
    assert (messages[0].width_px, messages[0].height_px) == (160, 120)
    np.testing.assert_allclose(np.array(messages[5].people[0].xy_px).reshape(17, 2), pixels)
    assert messages[5].people[0].track_id == 5
    stamps = np.array([stamp_s(m) for m in messages])
    assert (np.diff(stamps) > 0).all()
    assert np.median(np.diff(stamps)) == pytest.approx(1 / 30, rel=0.1)
    assert before_s - 1 < stamps[0] < time.time()
    sequences = [m.sequence for m in messages]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert heard[topics.clock("camera_0")][-1].name == "camera_0"
    picture = cv2.imdecode(np.array(heard[topics.image("camera_0")][3].data, np.uint8), cv2.IMREAD_COLOR)
    face = picture[58:66, 58:66].astype(float).std()
    assert face < 0.5 * picture[90:, 100:].astype(float).std()  # the head, and only the head, is blurred
    assert finder.closed


def test_camera_of_another_size_is_refused_in_words(
    ros: None, rig: tuple[Path, Rig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), np.zeros((100, 100, 3), np.uint8))
    monkeypatch.setattr(camera, "pose_detector", lambda model, max_people: Finder(np.zeros((17, 2))))
    heard, summary = heard_from(
        CameraNode,
        {"rig": str(rig[0]), "device": str(folder)},
        {topics.keypoints("camera_0"): Keypoints2D},
        until=lambda h, node: "100x100" in node.health.summary().message,
    )
    assert not heard[topics.keypoints("camera_0")]
    assert "100x100" in summary.message
    assert "160x120" in summary.message


def test_kinect_lifts_the_skeleton(
    ros: None, rig: tuple[Path, Rig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("color", "depth"):
        (tmp_path / name).mkdir()
    for n in range(IMAGES):
        cv2.imwrite(str(tmp_path / "color" / f"{n:03d}.png"), np.zeros((120, 160, 3), np.uint8))
        cv2.imwrite(str(tmp_path / "depth" / f"{n:03d}.png"), np.full((120, 160), 2900, np.uint16))
    joints = np.stack([np.linspace(-0.4, 0.4, 17), np.zeros(17), np.linspace(1.6, 0.4, 17)], axis=1)
    depth = rig[1].depth
    assert depth is not None
    monkeypatch.setattr(kinect, "pose_detector", lambda model, max_people: Finder(depth.project(joints)))
    monkeypatch.setattr("sport_nodes.capture.depth_lifting.hidden_joints", lambda *a, **k: np.zeros(17, bool))
    heard, _ = heard_from(
        KinectNode,
        {"rig": str(rig[0]), "device": str(tmp_path)},
        {topics.KINECT_SKELETON: Skeleton3D},
        until=lambda h, node: len(h[topics.KINECT_SKELETON]) >= 10,
    )
    message = heard[topics.KINECT_SKELETON][-1]
    assert message.header.frame_id == "kinect_optical"
    found = np.array([[p.x, p.y, p.z] for p in message.positions])
    assert np.isfinite(found).all()
    # A flat wall at 2.9 m: each joint lies a limb's half thickness behind it, on the ray to where it was drawn.
    assert ((found[:, 2] > 2.9) & (found[:, 2] < 3.01)).all()
    np.testing.assert_allclose(depth.to_world(found)[:, 0], joints[:, 0], atol=0.03)


def test_imu_replay_keeps_numbers_and_says_what_is_unknown(ros: None, rig: tuple[Path, Rig], tmp_path: Path) -> None:
    path = tmp_path / "imu.csv"
    rows = ["time,gyro_x,gyro_y,gyro_z,accel_x,accel_y,accel_z"]
    rows += [f"{n / 100:.3f},{n},0.5,0,0,0,9.81" for n in range(300)]
    path.write_text("\n".join(rows))
    heard, _ = heard_from(
        ImuNode,
        {"rig": str(rig[0]), "device": str(path), "gyro_sigma_rad_s": 0.02, "transport_ms": 500.0},
        {topics.imu("imu_trunk"): Imu},
        until=lambda h, node: len(h[topics.imu("imu_trunk")]) >= 100,
    )
    messages = heard[topics.imu("imu_trunk")]
    assert time.time() - stamp_s(messages[-1]) > 0.5
    numbers = [round(m.angular_velocity.x) for m in messages]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert messages[0].orientation_covariance[0] == -1.0
    assert messages[0].angular_velocity_covariance[4] == pytest.approx(4e-4)
    assert np.median(np.diff([stamp_s(m) for m in messages])) == pytest.approx(0.01, rel=0.1)


def test_an_imu_that_is_unplugged_and_plugged_in_again_goes_on(
    ros: None, rig: tuple[Path, Rig], tmp_path: Path
) -> None:
    disturbance = Disturbance(unplugged_every_s=0.6, away_s=0.2)
    line = SerialLine(tmp_path / "imu", rate_hz=100.0, seed=1, disturbance=disturbance)
    topic = topics.imu("imu_trunk")

    def after_the_gap(messages: list[Any]) -> int:
        gaps = np.flatnonzero(np.diff([stamp_s(m) for m in messages]) > 0.2)
        return len(messages) - int(gaps[0]) if len(gaps) else 0

    def went_on(heard: dict[str, list[Any]], node: ImuNode) -> bool:
        if not line.running and node.count_subscribers(topic):
            line.start()
        if len(line.intact) > 1:
            line.keep_plugged()
        return after_the_gap(heard[topic]) > 120  # more than a second, in which the state is told

    heard, summary = heard_from(
        ImuNode,
        {"rig": str(rig[0]), "device": str(line.path), "rate_hz": 100.0},
        {topic: Imu},
        until=went_on,
    )
    line.stop()
    line.close()
    assert after_the_gap(heard[topic]) > 120
    assert summary.level == OK
    assert int(summary.values["reconnects"]) >= 1
    assert summary.values["battery_percent"] == "90"
    assert (np.diff([stamp_s(m) for m in heard[topic]]) > 0).all()


class FadingImu:
    """An IMU whose battery goes from 40 to 10 % while it is heard."""

    name, nominal_rate_hz, sent = "fading", 100.0, 0

    def open(self) -> None:
        pass

    def read(self, timeout_s: float) -> Sample[ImuReading]:
        time.sleep(0.01)
        self.sent += 1
        left = max(40.0 - self.sent, 10.0)
        return Sample(np.nan, time.time(), None, ImuReading(battery_percent=left, signal_dbm=-71.0))

    def close(self) -> None:
        pass


def test_battery_and_signal_of_an_imu_are_said_on_diagnostics(
    ros: None, rig: tuple[Path, Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imu, "imu_source", lambda device, **_: FadingImu())
    levels: list[int] = []

    def empty(_: dict[str, list[Any]], node: ImuNode) -> bool:
        summary = node.health.summary()
        levels.append(summary.level if "battery_percent" in summary.values else WARN)
        return "charge it" in summary.message

    parameters = {"rig": str(rig[0]), "device": "ble:AA:BB", "remove_gyro_bias": False}
    _, summary = heard_from(ImuNode, parameters, {topics.imu("imu_trunk"): Imu}, until=empty)
    assert OK in levels  # above 15 % nothing is wrong
    assert summary.level == WARN
    assert float(summary.values["battery_percent"]) <= 15
    assert summary.values["signal_dbm"] == "-71"


def test_a_device_that_is_not_there_is_said_on_diagnostics(ros: None, rig: tuple[Path, Rig]) -> None:
    _, summary = heard_from(
        ImuNode,
        {"rig": str(rig[0]), "device": "/dev/ttyNOTHING"},
        {topics.imu("imu_trunk"): Imu},
        until=lambda h, node: "ttyNOTHING" in node.health.summary().message,
    )
    assert summary.level == 2
    assert "ttyNOTHING" in summary.message
