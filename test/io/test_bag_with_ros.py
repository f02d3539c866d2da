"""The bags' bytes against the real ROS 2's: both must understand each other."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

serialization = pytest.importorskip("rclpy.serialization", reason="no ROS 2 on this machine (rclpy)")
interfaces = pytest.importorskip("sport_coach.msg", reason="the package's messages are not built: run colcon build")

from sensor_msgs.msg import CameraInfo, Imu  # noqa: E402

from sport_nodes import topics  # noqa: E402
from sport_nodes.io import bag_messages as messages  # noqa: E402
from sport_nodes.io.bag import BagWriter, read_motion_bag  # noqa: E402
from sport_nodes.measurements import DeviceClock  # noqa: E402
from sport_nodes.motion import Motion  # noqa: E402
from sport_nodes.rig import load_rig  # noqa: E402

CAMERA = load_rig("lab").cameras[0]
TIME_S = 1_700_000_000.125
RNG = np.random.default_rng(0)
XY, POSITIONS, CONFIDENCE = RNG.uniform(0, 900, (2, 17, 2)), RNG.normal(size=(17, 3)), RNG.uniform(size=17)
MOTION = Motion(np.arange(5) / 30.0, RNG.normal(size=(5, 17, 3)))
CLOCK = DeviceClock("imu_trunk", 1.5, -2.0, 20.0, 4.0, 10, 1, 0, True, latency_ms=25.0)


def as_ros(message, ros_type):
    data = messages.typestore().serialize_cdr(message, message.__msgtype__)
    return serialization.deserialize_message(bytes(data), ros_type)


def test_ros_reads_keypoints():
    sent = messages.keypoints_message(CAMERA, XY, np.stack([CONFIDENCE] * 2), time_s=TIME_S, sequence=7)
    got = as_ros(sent, interfaces.Keypoints2D)
    assert (got.header.stamp.sec, got.header.stamp.nanosec) == (1_700_000_000, 125_000_000)
    assert (got.header.frame_id, got.sequence, got.width_px) == ("camera_0_optical", 7, 1920)
    assert np.array_equal([p.xy_px for p in got.people], XY.reshape(2, 34))


def test_ros_reads_skeletons():
    got = as_ros(
        messages.skeleton_message(POSITIONS, CONFIDENCE, time_s=TIME_S, frame_id="world"), interfaces.Skeleton3D
    )
    assert np.array_equal([(p.x, p.y, p.z) for p in got.positions], POSITIONS)
    assert np.array_equal(got.confidence, CONFIDENCE)
    assert np.isnan(got.sigma_m).all()


def test_ros_reads_imus_camera_infos_and_clocks():
    imu = as_ros(messages.imu_message(np.array([0, 0, 0, 1.0]), np.arange(6.0), time_s=TIME_S, frame_id="imu"), Imu)
    assert (imu.angular_velocity.z, imu.linear_acceleration.x, imu.orientation.w) == (2.0, 3.0, 1.0)
    info = as_ros(messages.camera_info_message(CAMERA, time_s=TIME_S), CameraInfo)
    assert np.array_equal(info.k, CAMERA.matrix.reshape(-1))
    assert list(info.d) == CAMERA.distortion.tolist()
    clock = as_ros(messages.device_clock_message(CLOCK), interfaces.DeviceClock)
    assert messages.device_clock_of(clock) == CLOCK


def test_ros_reads_a_trial_and_the_bag_reads_ros_s(tmp_path):
    sent = messages.trial_motion_message(
        MOTION, begin_s=TIME_S, trial="t", action="sit_up", athlete="A01", clocks=(CLOCK,)
    )
    got = as_ros(sent, interfaces.TrialMotion)
    assert np.array_equal(got.positions_m, MOTION.positions_m.reshape(-1))
    assert got.sync.devices[0].name == "imu_trunk"
    with BagWriter(tmp_path / "bag") as bag:
        data = serialization.serialize_message(got)
        bag.write_serialized(topics.MOTION_TRIAL, messages.TRIAL_MOTION, data, TIME_S)
    assert np.array_equal(read_motion_bag(tmp_path / "bag").positions_m, MOTION.positions_m)


def test_type_hashes_are_those_of_ros():
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    prefixes.append(Path(interfaces.__file__).parents[5])
    folders = [p / "share" / "sport_coach" / "msg" for p in prefixes]
    files = [f for folder in folders for f in folder.glob("*.json")]
    if not files:
        pytest.skip("the messages were built without their type descriptions")
    for file in files:
        described = {t["type_name"]: t["hash_string"] for t in json.loads(file.read_text())["type_hashes"]}
        name = f"sport_coach/msg/{file.stem}"
        assert messages.typestore().hash_rihs01(name) == described[name]
