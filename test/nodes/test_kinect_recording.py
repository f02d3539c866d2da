"""An .mkv as the Azure Kinect's SDK writes it, made without a device, through source and node."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image, Imu
from sport_coach.msg import Skeleton3D

from sport_nodes import topics
from sport_nodes.capture import k4a, k4abt
from sport_nodes.capture.kinect import KinectSettings, kinect_source
from sport_nodes.capture.pose2d import People
from sport_nodes.capture.source import EndOfSourceError
from sport_nodes.errors import InputError
from sport_nodes.nodes import kinect, qos
from sport_nodes.nodes.kinect import KinectNode
from sport_nodes.rig import Camera, Rig, look_at, save_rig
from sport_nodes.skeleton import INDEX

FRAMES = 12
PATIENCE_S = 20.0
FIRST_USEC = 200_000
PERIOD_USEC = 33_333
DEPTH_MM = 2345
IMU_PERIOD_USEC = 600
#: cx, cy, fx, fy in parts of the sensor's size, k1..k6, codx, cody, p2, p1: an ideal lens.
LENS = [0.5, 0.5, 0.5, 0.5, *[0.0] * 10]


def calibration_json() -> bytes:
    cameras = [
        {
            "Intrinsics": {
                "ModelParameterCount": 14,
                "ModelParameters": LENS,
                "ModelType": "CALIBRATION_LensDistortionModelBrownConrady",
            },
            "Location": f"CALIBRATION_CameraLocation{place}",
            "Purpose": f"CALIBRATION_CameraPurpose{purpose}",
            "MetricRadius": 1.7,
            "Rt": {"Rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "Translation": [0, 0, 0]},
            "SensorWidth": width,
            "SensorHeight": height,
            "Shutter": "CALIBRATION_ShutterTypeUndefined",
            "ThermalAdjustmentParams": {"Params": [0] * 12},
        }
        for place, purpose, width, height in (("D0", "Depth", 1024, 1024), ("PV0", "PhotoVideo", 4096, 3072))
    ]
    inertial = [
        {
            "BiasTemperatureModel": [0] * 12,
            "BiasUncertainty": [0] * 3,
            "Id": f"CALIBRATION_InertialSensorId_{chip}",
            "MixingMatrixTemperatureModel": [1, 0, 0, 0] + [0] * 12 + [1, 0, 0, 0] + [0] * 12 + [1, 0, 0, 0],
            "ModelTypeMask": 56,
            "Noise": [0] * 6,
            "Rt": {"Rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "Translation": [0, 0, 0]},
            "SecondOrderScaling": [0] * 9,
            "SensorType": f"CALIBRATION_InertialSensorType_{kind}",
            "TemperatureBounds": [5, 60],
            "TemperatureC": 0,
        }
        for chip, kind in (("LSM6DSM", "Gyro"), ("LSM6DSM", "Accelerometer"))
    ]
    content = {
        "Cameras": cameras,
        "InertialSensors": inertial,
        "Metadata": {"SerialId": "000", "Version": {"Major": 1}},
    }
    return json.dumps({"CalibrationInformation": content}).encode() + b"\0"


def write_recording(path: Path) -> None:
    """FRAMES captures whose grey counts them, at DEPTH_MM everywhere, IMU in between; secondary, 320 us."""
    device, record = k4a.libraries()
    settings = k4a.DeviceConfiguration(
        color_format=k4a.COLOR_MJPG,
        color_resolution=k4a.RESOLUTION_720P,
        depth_mode=k4a.NFOV_UNBINNED,
        camera_fps=k4a.FPS_OF_RATE[30],
        synchronized_images_only=True,
        wired_sync_mode=k4a.WIRED_SYNC.index("secondary"),
        subordinate_delay_off_master_usec=320,
    )
    handle, calibration = c_void_p(), calibration_json()
    assert record.k4a_record_create(c_char_p(str(path).encode()), None, settings, byref(handle)) == k4a.SUCCEEDED
    name = c_char_p(b"calibration.json")
    assert record.k4a_record_add_attachment(handle, name, calibration, c_size_t(len(calibration))) == k4a.SUCCEEDED
    assert record.k4a_record_add_tag(handle, c_char_p(b"K4A_CALIBRATION_FILE"), name) == k4a.SUCCEEDED
    assert record.k4a_record_add_imu_track(handle) == k4a.SUCCEEDED
    assert record.k4a_record_write_header(handle) == k4a.SUCCEEDED
    for n in range(FRAMES):
        usec = FIRST_USEC + n * PERIOD_USEC
        jpeg = cv2.imencode(".jpg", np.full((720, 1280, 3), 15 * n + 20, np.uint8))[1].tobytes()
        depth = np.full((576, 640), DEPTH_MM, np.uint16).tobytes()
        capture = c_void_p()
        device.k4a_capture_create(byref(capture))
        for data, kind, width, height, stride, put in (
            (jpeg, k4a.COLOR_MJPG, 1280, 720, 0, device.k4a_capture_set_color_image),
            (depth, k4a.DEPTH16, 640, 576, 1280, device.k4a_capture_set_depth_image),
        ):
            image = c_void_p()
            made = device.k4a_image_create_from_buffer(
                c_int(kind), width, height, stride, data, c_size_t(len(data)), None, None, byref(image)
            )
            assert made == k4a.SUCCEEDED
            device.k4a_image_set_device_timestamp_usec(image, c_uint64(usec))
            put(capture, image)
            device.k4a_image_release(image)
        assert record.k4a_record_write_capture(handle, capture) == k4a.SUCCEEDED
        device.k4a_capture_release(capture)
        grid = range(FIRST_USEC, FIRST_USEC + FRAMES * PERIOD_USEC, IMU_PERIOD_USEC)
        for at in (at for at in grid if usec <= at < usec + PERIOD_USEC):
            sample = k4a.ImuSample(
                temperature_c=31.5,
                accel_m_s2=(0.1, -9.8, 0.3),
                accel_usec=at,
                gyro_rad_s=(0.01 * n, 0.2, -0.3),
                gyro_usec=at,
            )
            assert record.k4a_record_write_imu_sample(handle, sample) == k4a.SUCCEEDED
    assert record.k4a_record_flush(handle) == k4a.SUCCEEDED
    record.k4a_record_close(handle)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        k4a.libraries()
    except OSError as error:
        pytest.skip(f"the Azure Kinect's libraries are not installed ({error})")
    path = tmp_path_factory.mktemp("k4a") / "made.mkv"
    write_recording(path)
    return path


def test_a_recording_plays_with_its_stamps_scale_imu_and_sync(recording: Path) -> None:
    source = kinect_source(KinectSettings(device=str(recording), rate_hz=5))
    source.open()
    assert source.sync == ("secondary", 320)
    assert source.nominal_rate_hz == 30.0
    samples = [source.read(0.0) for _ in range(FRAMES)]
    with pytest.raises(EndOfSourceError):
        source.read(0.0)
    source.close()
    for n, sample in enumerate(samples):
        assert sample is not None
        assert sample.device_s == pytest.approx((FIRST_USEC + n * PERIOD_USEC) * 1e-6, abs=1e-9)
        assert sample.data.color.shape == (720, 1280, 3)
        assert abs(float(sample.data.color.mean()) - (15 * n + 20)) < 2.0
        seen = np.isfinite(sample.data.depth_m)
        assert seen.mean() > 0.3  # the depth camera's 75 degrees in the colour image's 90
        np.testing.assert_allclose(sample.data.depth_m[seen], DEPTH_MM * 1e-3, rtol=1e-6)
    felt = [reading for sample in samples if sample for reading in sample.data.imu]
    np.testing.assert_allclose(np.diff([r.device_s for r in felt]), IMU_PERIOD_USEC * 1e-6, atol=1e-8)
    np.testing.assert_allclose(felt[-1].accel, [0.1, -9.8, 0.3], atol=1e-6)
    assert samples[-1].device_s <= felt[-1].device_s < samples[-1].device_s + 2e-6 * IMU_PERIOD_USEC


class Finder:
    """A detector that finds the same person in every image."""

    def detect(self, image: np.ndarray) -> People:
        xy = np.stack([np.linspace(540.0, 740.0, 17), np.linspace(200.0, 500.0, 17)], axis=1)
        return People(xy[None], np.full((1, 17), 0.9), (0,))

    def close(self) -> None:
        pass


def test_the_node_publishes_what_was_recorded(recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rotation, translation = look_at(np.array([0.0, -3.0, 1.0]), np.array([0.0, 0.0, 1.0]))
    matrix = np.array([[640.0, 0, 640], [0, 640.0, 360], [0, 0, 1]])
    eye = Camera("kinect", 1280, 720, matrix, np.zeros(5), rotation, translation)
    save_rig(Rig("small", eye, (), ()), tmp_path / "small.yaml")
    monkeypatch.setattr(kinect, "pose_detector", lambda model, max_people: Finder())
    monkeypatch.setattr("sport_nodes.capture.depth_lifting.hidden_joints", lambda *a, **k: np.zeros(17, bool))
    rclpy.init(domain_id=80 + os.getpid() % 20)
    node, listener = KinectNode(), rclpy.create_node("listener")
    heard: dict[str, list[Any]] = {name: [] for name in ("skeleton", "imu", "depth")}
    for name, kind, topic in (
        ("skeleton", Skeleton3D, topics.KINECT_SKELETON),
        ("imu", Imu, topics.KINECT_IMU),
        ("depth", Image, topics.KINECT_DEPTH),
    ):
        listener.create_subscription(kind, topic, heard[name].append, qos.SENSOR_OUT)
    values = {"rig": str(tmp_path / "small.yaml"), "device": str(recording), "publish_images": True}
    node.set_parameters([rclpy.parameter.Parameter(k, value=v) for k, v in values.items()])
    executor = SingleThreadedExecutor()
    executor.add_node(listener)
    executor.add_node(node)
    end_s = time.monotonic() + PATIENCE_S
    node.start()
    while not node._pump.status.ended and time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.02)
    for _ in range(100):
        executor.spin_once(timeout_sec=0.0)
    summary = node.health.summary()
    node.trigger_shutdown()
    node.destroy_node()
    listener.destroy_node()
    rclpy.shutdown()

    def stamps(name: str) -> np.ndarray:
        return np.array([m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in heard[name]])

    assert len(heard["skeleton"]) > FRAMES // 2  # what was sent before the two had found each other is not heard
    between_s = np.diff(stamps("depth"))
    # On a busy machine the first images come late, and the clock's estimate falls as later ones come sooner.
    assert np.median(between_s) == pytest.approx(PERIOD_USEC * 1e-6, abs=1e-3)
    assert between_s.min() > 0.0
    assert between_s.max() < PERIOD_USEC * 1e-6 + 5e-3
    assert np.median(np.diff(stamps("imu"))) == pytest.approx(IMU_PERIOD_USEC * 1e-6, rel=0.02)
    assert heard["imu"][-1].linear_acceleration.y == pytest.approx(-9.8, abs=1e-5)
    depth = np.frombuffer(bytes(heard["depth"][-1].data), np.uint16)
    assert set(np.unique(depth)) == {0, DEPTH_MM}
    # The skin lies at the recorded depth, each joint a limb's half thickness behind it.
    behind_m = np.array([[p.z for p in m.positions] for m in heard["skeleton"]]) - DEPTH_MM * 1e-3
    assert (behind_m > 0.0).all()
    assert (behind_m < 0.11).all()
    assert summary.values["sync"] == "secondary, 320 us"
    assert "temperature_c" not in summary.values  # a recording does not keep it


def test_a_recording_that_was_cut_off_is_named(recording: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(recording.read_bytes()[:2000])
    with pytest.raises(InputError, match="damaged recording"):
        kinect_source(KinectSettings(device=str(cut))).open()
    assert ctypes.sizeof(k4a.CameraCalibration) == 48 + 4 + 4 + 60 + 12  # as the SDK's header lays it out


#: In place of libk4abt, laid out as its header says: two bodies, the second seen in one joint fewer; it counts what is
#: still open.
TRACKER_SOURCE = """
#include <stdint.h>
typedef struct { float p[3]; float q[4]; int level; } joint_t;
typedef struct { joint_t joints[32]; } skeleton_t;
typedef struct { int orientation; int mode; int32_t gpu; const char *model; } configuration_t;
static int opened = 0, waiting = 0;
int still_open(void) { return opened; }
int k4abt_tracker_create(const void *calibration, configuration_t c, void **out) {
    if (!calibration || c.orientation || c.mode || c.gpu || c.model) return 1;
    opened++; *out = &opened; return 0; }
void k4abt_tracker_shutdown(void *t) {}
void k4abt_tracker_destroy(void *t) { opened--; }
int k4abt_tracker_enqueue_capture(void *t, void *capture, int32_t ms) { waiting = capture != 0; return !waiting; }
int k4abt_tracker_pop_result(void *t, void **frame, int32_t ms) { opened++; *frame = &waiting; return !waiting; }
uint32_t k4abt_frame_get_num_bodies(void *frame) { return 2; }
int k4abt_frame_get_body_skeleton(void *frame, uint32_t body, skeleton_t *s) {
    for (int i = 0; i < 32; i++) {
        s->joints[i].p[0] = 100.0f * i; s->joints[i].p[1] = -10.0f * i; s->joints[i].p[2] = 1000.0f + body;
        s->joints[i].level = i == 24 ? 1 : i == 27 && body == 1 ? 0 : 2; }
    return 0; }
void k4abt_frame_release(void *frame) { opened--; }
"""


@pytest.fixture
def tracker_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ctypes.CDLL]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for the pretended library")
    source, built = tmp_path / "k4abt.c", tmp_path / "libk4abt.so"
    source.write_text(TRACKER_SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", built, source], check=True)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: str(built))
    k4abt.library.cache_clear()
    yield k4abt.library()
    k4abt.library.cache_clear()


def test_bodies_of_the_tracking_sdk_are_ours(recording: Path, tracker_library: ctypes.CDLL) -> None:
    source = kinect_source(KinectSettings(device=str(recording), body_tracking=True))
    source.open()
    sample = source.read(0.0)
    assert sample is not None
    assert tracker_library.still_open() == 1
    source.close()
    assert tracker_library.still_open() == 0
    eye = Camera("kinect", 1280, 720, np.eye(3), np.zeros(5), np.eye(3), np.zeros(3))
    athlete = kinect.athlete_of(sample.data, None, eye)
    assert athlete is not None
    # The first, of whom more is seen. The colour camera of this recording is where its depth camera is.
    for name, place in (("nose", 27), ("left_wrist", 7), ("right_wrist", 14), ("left_ankle", 20), ("right_ear", 31)):
        np.testing.assert_allclose(athlete.positions_m[INDEX[name]], [0.1 * place, -0.01 * place, 1.0], atol=1e-6)
        assert athlete.confidence[INDEX[name]] > 0.0
    # Predicted while it was hidden: no measurement.
    assert np.isnan(athlete.positions_m[INDEX["right_ankle"]]).all()
    assert athlete.confidence[INDEX["right_ankle"]] == 0.0
    assert len(set(k4abt.SDK_INDEX.values())) == 17


def test_without_the_tracking_sdk_the_line_says_what_to_do(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None if name == "k4abt" else name)
    k4abt.library.cache_clear()
    with pytest.raises(InputError, match="Body Tracking SDK"):
        kinect_source(KinectSettings(device=str(recording), body_tracking=True)).open()
