"""Files in place of cameras: every image once, in order, with the time it was made."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sport_nodes.capture import camera
from sport_nodes.capture.camera import CameraSettings, camera_source
from sport_nodes.capture.source import DeviceError, EndOfSourceError, Sample
from sport_nodes.errors import InputError
from sport_nodes.sync.clock import ClockEstimator

FRAMES = 12
RATE_HZ = 25.0


def read_all(settings: CameraSettings) -> list[Sample[np.ndarray]]:
    source, samples = camera_source(settings), []
    source.open()
    try:
        while True:
            sample = source.read(0.0)
            assert sample is not None
            samples.append(sample)
    except EndOfSourceError:
        return samples
    finally:
        source.close()


def picture(number: int) -> np.ndarray:
    return np.full((48, 64, 3), 20 * number, np.uint8)


def test_image_folder_in_order_of_names(tmp_path: Path) -> None:
    for number in reversed(range(FRAMES)):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), picture(number))
    (tmp_path / "notes.txt").write_text("not an image")
    samples = read_all(CameraSettings(str(tmp_path)))
    assert [int(s.data[0, 0, 0]) for s in samples] == [20 * n for n in range(FRAMES)]
    assert [s.sequence for s in samples] == list(range(1, FRAMES + 1))
    np.testing.assert_allclose(np.diff([s.device_s for s in samples]), 1 / 30.0)


def test_video_times_follow_its_rate(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, (64, 48))
    for number in range(FRAMES):
        writer.write(picture(number))
    writer.release()
    samples = read_all(CameraSettings(str(path)))
    assert len(samples) == FRAMES
    np.testing.assert_allclose([s.device_s for s in samples], np.arange(FRAMES) / RATE_HZ)
    assert [round(float(s.data.mean()) / 20) for s in samples] == list(range(FRAMES))


def test_unusable_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no camera, video or image folder"):
        camera_source(CameraSettings(str(tmp_path / "absent.mp4")))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video" * 50)
    with pytest.raises(InputError, match="not a video"):
        camera_source(CameraSettings(str(broken))).open()
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no images"):
        camera_source(CameraSettings(str(empty))).open()
    (empty / "a.png").write_bytes(b"no image")
    source = camera_source(CameraSettings(str(empty)))
    source.open()
    with pytest.raises(InputError, match=r"a\.png: not an image"):
        source.read(0.0)


def test_absent_camera_may_come_back() -> None:
    with pytest.raises(DeviceError, match="plugged in"):
        camera_source(CameraSettings("/dev/video97")).open()


class SimulatedV4l2:
    """Exposures every 33.3 ms; the driver stamps their end, and the image arrives some 10 to 60 ms later."""

    EXPOSURE_S = 0.004
    BOOT_S = 1_600_000_000.0  # the wall clock when the monotonic one began

    def __init__(self) -> None:
        self.rng = np.random.default_rng(6)
        self.number, self.now_s, self.centers_s = 0, 100.0, []

    def __call__(self, device: object, backend: int) -> SimulatedV4l2:
        """In place of the class cv2.VideoCapture, which is called and has a static method."""
        return self

    def waitAny(self, captures: object, timeout_ns: int) -> bool:  # noqa: N802  OpenCV's own names
        return True

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def set(self, what: int, value: float) -> bool:
        return True

    def get(self, what: int) -> float:
        ended_s = 100.0 + self.number / 30.0
        return {
            cv2.CAP_PROP_POS_MSEC: 1e3 * ended_s,
            cv2.CAP_PROP_FRAME_WIDTH: 64.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 48.0,
            cv2.CAP_PROP_FPS: 30.0,
        }[what]

    def grab(self) -> bool:
        self.number += 1
        self.centers_s.append(self.BOOT_S + 100.0 + self.number / 30.0 - 0.5 * self.EXPOSURE_S)
        self.now_s = 100.0 + self.number / 30.0 + 0.01 + min(self.rng.exponential(0.015), 0.05)
        return True

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, picture(1)

    def time(self) -> float:
        return self.BOOT_S + self.now_s

    def monotonic(self) -> float:
        return self.now_s


def test_driver_stamps_tell_the_exposure_whatever_the_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SimulatedV4l2()
    settings = CameraSettings("/dev/video0", 64, 48, exposure_us=1e6 * device.EXPOSURE_S)
    source = camera_source(settings)
    monkeypatch.setattr(camera, "time", device)
    monkeypatch.setattr(cv2, "VideoCapture", device)
    source.open()
    clock = ClockEstimator("camera_0", 30.0)
    stamps = []
    for _ in range(200):
        sample = source.read(0.1)
        assert sample is not None
        stamps.append(clock.update(sample.device_s, sample.host_s, sample.sequence))
    assert np.abs(np.array(stamps) - device.centers_s).max() < 1e-3
    assert clock.report().dropped == 0
    device.number += 2  # two images that nobody fetched in time
    late = source.read(0.1)
    assert late is not None
    clock.update(late.device_s, late.host_s, late.sequence)
    assert clock.report().dropped == 2
    # By times of arrival, the fastest transport (10 ms) would be in every stamp.
    arrivals = ClockEstimator("camera_0", 30.0)
    assert arrivals.update(late.device_s, late.arrival_s) - device.centers_s[-1] > 0.01
