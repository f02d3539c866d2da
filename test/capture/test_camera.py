"""Files in place of cameras: every image once, in order, with the time it was made."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sport_nodes.capture.camera import CameraSettings, camera_source
from sport_nodes.capture.source import DeviceError, EndOfSourceError, Sample
from sport_nodes.errors import InputError

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
