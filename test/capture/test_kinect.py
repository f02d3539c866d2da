"""Depth cameras without one: folders, registration against projection, an SDK that is not there or pretends to be."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from sport_nodes.capture import k4a
from sport_nodes.capture.kinect import KinectSettings, kinect_source, sync_warning
from sport_nodes.capture.registration import Lens, Registration
from sport_nodes.capture.source import DeviceError, EndOfSourceError
from sport_nodes.errors import InputError


def test_folder_in_place_of_a_camera(tmp_path: Path) -> None:
    for name in ("color", "depth"):
        (tmp_path / name).mkdir()
    for n in range(3):
        cv2.imwrite(str(tmp_path / "color" / f"{n}.png"), np.full((6, 8, 3), 40 * n, np.uint8))
        depth = np.full((6, 8), 1000 * (n + 1), np.uint16)
        depth[0] = 0
        cv2.imwrite(str(tmp_path / "depth" / f"{n}.png"), depth)
    source = kinect_source(KinectSettings(device=str(tmp_path)))
    source.open()
    for n in range(3):
        sample = source.read(0.0)
        assert sample is not None
        assert sample.data.color[0, 0, 0] == 40 * n
        np.testing.assert_allclose(sample.data.depth_m[1:], n + 1.0)
        assert np.isnan(sample.data.depth_m[0]).all()
        assert sample.device_s == pytest.approx(n / 30)
    with pytest.raises(EndOfSourceError):
        source.read(0.0)
    cv2.imwrite(str(tmp_path / "depth" / "0.png"), np.zeros((6, 8), np.uint8))
    source.open()
    with pytest.raises(InputError, match="16-bit"):
        source.read(0.0)


def test_registration_puts_points_where_the_color_camera_sees_them() -> None:
    rng = np.random.default_rng(3)
    depth_lens = Lens(64, 58, np.array([[50.0, 0, 31], [0, 50.0, 29], [0, 0, 1]]), np.array([0.1, -0.02, 0.001, 0, 0]))
    color_k = np.array([[110.0, 0, 80], [0, 110.0, 80], [0, 0, 1]])
    color_d = np.array([0.08, -0.05, 0.0005, -0.0003, 0.02, 0.01, 0.0, 0.0])
    turn = cv2.Rodrigues(np.array([0.1, 0.01, -0.02]))[0]
    shift = np.array([-0.032, -0.002, 0.004])
    registration = Registration(depth_lens, Lens(160, 160, color_k, color_d), rotation=turn, translation_m=shift)
    for _ in range(30):
        depth = np.full((58, 64), np.nan, np.float32)
        row, column, z = int(rng.integers(10, 48)), int(rng.integers(14, 50)), float(rng.uniform(0.8, 4.0))
        depth[row, column] = z
        pixel = np.array([[[column, row]]], dtype=float)
        ideal = cv2.undistortPoints(pixel, depth_lens.matrix, depth_lens.distortion).ravel()
        point = turn @ (np.array([*ideal, 1.0]) * z) + shift
        seen = cv2.projectPoints(point[None], np.zeros(3), np.zeros(3), color_k, color_d)[0].ravel()
        out = registration.register(depth)
        hit = np.argwhere(np.isfinite(out))
        assert len(hit) >= 4  # a depth pixel covers more than one of the finer image
        np.testing.assert_allclose(hit.mean(axis=0)[::-1], np.rint(seen), atol=0.51)
        np.testing.assert_allclose(out[np.isfinite(out)], point[2], rtol=1e-6)


def test_registration_keeps_the_nearer_surface() -> None:
    lens = Lens(32, 32, np.array([[30.0, 0, 15.5], [0, 30.0, 15.5], [0, 0, 1]]), np.zeros(5))
    registration = Registration(lens, lens, rotation=np.eye(3), translation_m=np.array([0.06, 0.0, 0.0]))
    depth = np.full((32, 32), 3.0, np.float32)
    depth[:, 8:16] = 1.0
    out = registration.register(depth)
    assert set(np.unique(out[np.isfinite(out)])) == {np.float32(1.0), np.float32(3.0)}
    # 60 mm sideways: 1.8 px at 1 m, 0.6 px at 3 m; the near strip hides what it moves over.
    assert (out[:, 10:17] == 1.0).all()


def test_settings_that_cannot_work(tmp_path: Path) -> None:
    for settings, words in (
        (KinectSettings(backend="realsense"), "azure or orbbec"),
        (KinectSettings(sync="both"), "standalone, primary, secondary"),
        (KinectSettings(device=str(tmp_path / "absent.mkv")), "no such recording"),
        (KinectSettings(rate_hz=25), "5, 15 or 30"),
        (KinectSettings(backend="orbbec", body_tracking=True), "needs an Azure Kinect"),
        (KinectSettings(device=str(tmp_path), body_tracking=True), "needs an Azure Kinect"),
    ):
        with pytest.raises(InputError, match=words):
            kinect_source(settings)
    assert "160" in sync_warning("secondary", 100)
    assert not sync_warning("secondary", 160)
    assert not sync_warning("standalone", 0)


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> None:
        raise OSError("no libk4a")

    monkeypatch.setitem(sys.modules, "pyorbbecsdk", None)
    monkeypatch.setattr(k4a, "libraries", nothing)
    for backend in ("azure", "orbbec"):
        with pytest.raises(InputError, match="library is not there"):
            kinect_source(KinectSettings(backend=backend)).open()


class PretendedAzure:
    """In place of k4a.Device: what it was asked for, and a script of what it delivers."""

    def __init__(self, script: list[object]) -> None:
        self.script = script

    def __call__(self, serial: str, configuration: k4a.DeviceConfiguration) -> PretendedAzure:
        if serial != "000222":
            raise OSError(f"no Azure Kinect {serial} is connected")
        self.configuration, self.closed = configuration, False
        lens = (320.0, 288.0, 500.0, 500.0, *[0.0] * 11)
        cameras = [
            k4a.CameraCalibration(parameters=lens, width_px=w, height_px=h) for w, h in ((640, 576), (1280, 720))
        ]
        self.calibration = k4a.Calibration(cameras=tuple(cameras))
        self.calibration.extrinsics[k4a.DEPTH][k4a.COLOR].rotation[:] = np.eye(3).ravel().tolist()
        return self

    def images(self, timeout_s: float, look: k4a.Look | None = None) -> object:
        item = self.script.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    def imu_until(self, usec: int) -> list[k4a.ImuSample]:
        return [k4a.ImuSample(gyro_usec=usec - 600, gyro_rad_s=(0.0, 1.0, 0.0), accel_m_s2=(0.0, 0.0, 9.8))]

    def close(self) -> None:
        self.closed = True


def test_azure_frames_of_a_pretended_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    color, depth = np.full((720, 1280, 4), 7, np.uint8), np.full((576, 640), 2000, np.uint16)
    images = types.SimpleNamespace(color=color, depth_mm=depth, color_usec=1_500_000, found=None)
    half = types.SimpleNamespace(color=None, depth_mm=depth, color_usec=0, found=None)
    camera = PretendedAzure([images, half, None, OSError("gone")])
    monkeypatch.setattr(k4a, "libraries", lambda: None)
    monkeypatch.setattr(k4a, "Device", camera)
    source = kinect_source(KinectSettings(device="000222", sync="secondary", delay_us=160))
    source.open()
    assert camera.configuration.wired_sync_mode == 2
    assert camera.configuration.subordinate_delay_off_master_usec == 160
    assert source.sync == ("secondary", 160)
    sample = source.read(0.1)
    assert sample is not None
    assert sample.device_s == pytest.approx(1.5)
    assert sample.data.color.shape == (720, 1280, 3)
    assert np.nanmedian(sample.data.depth_m) == pytest.approx(2.0)  # metres, not millimetres
    assert sample.data.imu[0].device_s == pytest.approx(1.4994)
    assert sample.data.imu[0].gyro[1] == 1.0
    assert source.read(0.1) is None
    assert source.read(0.1) is None
    with pytest.raises(DeviceError, match="gone"):
        source.read(0.1)
    source.close()
    assert camera.closed
    with pytest.raises(DeviceError, match="no Azure Kinect 999"):
        kinect_source(KinectSettings(device="999")).open()


def fake_orbbec(frames: list[object]) -> types.ModuleType:
    sdk = types.ModuleType("pyorbbecsdk")
    lens = types.SimpleNamespace(fx=500.0, fy=500.0, cx=64.0, cy=48.0, width=128, height=96)
    straight = types.SimpleNamespace(k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0, k4=0.0, k5=0.0, k6=0.0)
    shift = types.SimpleNamespace(rot=np.eye(3).ravel(), transform=np.array([20.0, 0.0, 0.0]))  # millimetres
    sdk.configs = []  # type: ignore[attr-defined]

    class OBError(Exception):
        pass

    class Device:
        def get_multi_device_sync_config(self) -> types.SimpleNamespace:
            return types.SimpleNamespace()

        def set_multi_device_sync_config(self, config: object) -> None:
            sdk.configs.append(config)  # type: ignore[attr-defined]

    class Context:
        set_logger_to_console = staticmethod(lambda level: None)
        set_logger_to_file = staticmethod(lambda level, folder: None)

        def query_devices(self) -> types.SimpleNamespace:
            return types.SimpleNamespace(get_count=lambda: 1, get_device_by_index=lambda index: Device())

    class Pipeline:
        def __init__(self, device: object) -> None:
            pass

        enable_frame_sync = stop = lambda self: None
        start = lambda self, config: None  # noqa: E731

        def get_stream_profile_list(self, sensor: str) -> types.SimpleNamespace:
            return types.SimpleNamespace(get_default_video_stream_profile=lambda: sensor)

        def get_camera_param(self) -> types.SimpleNamespace:
            return types.SimpleNamespace(
                depth_intrinsic=lens,
                rgb_intrinsic=lens,
                depth_distortion=straight,
                rgb_distortion=straight,
                transform=shift,
            )

        def wait_for_frames(self, timeout_ms: int) -> object:
            item = frames.pop(0)
            if isinstance(item, Exception):
                raise item
            return item

    class Config:
        enable_stream = lambda self, profile: None  # noqa: E731
        set_frame_aggregate_output_mode = lambda self, mode: None  # noqa: E731

    sdk.OBError, sdk.Context, sdk.Pipeline, sdk.Config = OBError, Context, Pipeline, Config  # type: ignore[attr-defined]
    names = types.SimpleNamespace
    sdk.OBLogLevel = names(NONE=0)  # type: ignore[attr-defined]
    sdk.OBMultiDeviceSyncMode = names(STANDALONE="alone", PRIMARY="first", SECONDARY_SYNCED="second")  # type: ignore[attr-defined]
    sdk.OBSensorType = names(COLOR_SENSOR="color", DEPTH_SENSOR="depth")  # type: ignore[attr-defined]
    sdk.OBFrameAggregateOutputMode = names(FULL_FRAME_REQUIRE="full")  # type: ignore[attr-defined]
    sdk.OBFormat = names(MJPG="MJPG", RGB="RGB", BGR="BGR")  # type: ignore[attr-defined]
    return sdk


def test_orbbec_frames_through_a_pretended_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    red = np.zeros((96, 128, 3), np.uint8)
    red[..., 0] = 200  # RGB
    color = types.SimpleNamespace(
        get_data=lambda: red.tobytes(),
        get_height=lambda: 96,
        get_width=lambda: 128,
        get_format=lambda: "RGB",
        get_timestamp_us=lambda: 2_500_000,
        get_index=lambda: 7,
    )
    depth = types.SimpleNamespace(
        get_data=lambda: np.full((96, 128), 8000, np.uint16).tobytes(),
        get_height=lambda: 96,
        get_width=lambda: 128,
        get_depth_scale=lambda: 0.25,  # millimetres a count
    )
    both = types.SimpleNamespace(get_color_frame=lambda: color, get_depth_frame=lambda: depth)
    frames: list[object] = [both, None]
    sdk = fake_orbbec(frames)
    frames.append(sdk.OBError("gone"))
    monkeypatch.setitem(sys.modules, "pyorbbecsdk", sdk)
    source = kinect_source(KinectSettings(backend="orbbec", sync="primary", delay_us=0))
    source.open()
    assert sdk.configs[-1].mode == "first"
    assert sdk.configs[-1].trigger_out_enable
    sample = source.read(0.1)
    assert sample is not None
    assert (sample.device_s, sample.sequence) == (2.5, 7)
    assert tuple(sample.data.color[0, 0]) == (0, 0, 200)
    assert np.nanmedian(sample.data.depth_m) == pytest.approx(2.0)
    # 20 mm sideways at 2 m with a focal length of 500 px: 5 px of the left edge see nothing.
    assert np.isnan(sample.data.depth_m[:, :4]).all()
    assert np.isfinite(sample.data.depth_m[:, 6:]).all()
    assert source.read(0.1) is None
    with pytest.raises(DeviceError, match="gone"):
        source.read(0.1)
    source.close()


def test_the_real_orbbec_library_has_what_is_used() -> None:
    sdk = pytest.importorskip("pyorbbecsdk", reason="pyorbbecsdk2 is not installed")
    for owner, names in {
        sdk.OBMultiDeviceSyncMode: ("STANDALONE", "PRIMARY", "SECONDARY_SYNCED"),
        sdk.OBMultiDeviceSyncConfig: ("mode", "depth_delay_us", "color_delay_us", "trigger_out_enable"),
        sdk.OBSensorType: ("COLOR_SENSOR", "DEPTH_SENSOR"),
        sdk.OBFrameAggregateOutputMode: ("FULL_FRAME_REQUIRE",),
        sdk.OBFormat: ("MJPG", "RGB", "BGR"),
        sdk.Pipeline: ("get_camera_param", "wait_for_frames", "enable_frame_sync", "get_stream_profile_list"),
        sdk.DepthFrame: ("get_depth_scale", "get_data"),
        sdk.ColorFrame: ("get_timestamp_us", "get_index", "get_format"),
        sdk.OBCameraParam: ("depth_intrinsic", "rgb_distortion", "transform"),
        sdk.OBCameraDistortion: ("k1", "k6", "p2"),
    }.items():
        assert not [name for name in names if not hasattr(owner, name)]


def test_a_renamed_file_never_reaches_the_library(tmp_path: Path) -> None:
    for backend, name in (("azure", "x.mkv"), ("orbbec", "x.bag")):
        (tmp_path / name).write_bytes(b"no recording" * 100)
        with pytest.raises(InputError, match="not a recording"):
            kinect_source(KinectSettings(backend=backend, device=str(tmp_path / name)))
