"""RGB cameras: V4L2 (USB) and GStreamer through OpenCV, and video files or image folders in their place."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.source import DeviceError, EndOfSourceError, Pace, Sample, Source
from sport_nodes.errors import InputError

Image = NDArray[np.uint8]

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp")
VIDEO_SUFFIXES: Final = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
#: OpenCV's code for "exposure is what I set" with V4L2 (V4L2_EXPOSURE_MANUAL).
MANUAL_EXPOSURE: Final = 1
#: A USB camera that delivers nothing for so long was unplugged or is not triggered [s].
LOST_AFTER_S: Final = 2.0
#: A driver's stamp at most this old is on the host's monotonic clock, as V4L2's are; others are on the device's [s].
OLDEST_HOST_STAMP_S: Final = 1.0
#: Buffers the driver may hold; more only add delay.
DRIVER_BUFFERS: Final = 2
#: Frame rate of an image folder, which does not say its own [Hz].
FOLDER_RATE_HZ: Final = 30.0


@dataclass(frozen=True)
class CameraSettings:
    """device: a number or /dev path (V4L2), a GStreamer pipeline ("... ! appsink"), a video file, or an image folder.

    exposure_us: fixed exposure; 0 leaves it to the camera. triggered: an external line starts each exposure, so silence
    is not a lost camera. paced: recordings play at their own speed. Recordings ignore size, rate and exposure.
    """

    device: str
    width_px: int = 1280
    height_px: int = 720
    rate_hz: float = 30.0
    exposure_us: float = 0.0
    triggered: bool = False
    paced: bool = False


def camera_source(settings: CameraSettings) -> Source[Image]:
    """The source that the settings' device names. Raises InputError when it is no device, file or folder."""
    device = settings.device.strip()
    path = Path(device)
    if re.fullmatch(r"\d+|/dev/.+", device) or "!" in device:
        return LiveCamera(settings)
    if path.is_dir():
        return ImageFolder(path, paced=settings.paced)
    if path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoFile(path, paced=settings.paced)
    raise InputError(
        f"'{device}' is no camera, video or image folder; expected a number, /dev/videoN, a GStreamer pipeline, "
        f"a folder of images, or a video ({', '.join(VIDEO_SUFFIXES)})"
    )


class LiveCamera:
    """A V4L2 or GStreamer camera. Device time is the driver's stamp where there is one.

    V4L2 stamps a buffer with the host's monotonic clock when the image's data begin to come, which is when the exposure
    ends: nothing has to be estimated from times of arrival, and no transport delay gets into the stamp.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._pipeline = "!" in settings.device
        self._capture: Any = None
        self._sequence = 0
        self._last_s = 0.0
        self._stamp_s = math.inf
        self.name = f"camera {settings.device}"
        self.nominal_rate_hz = settings.rate_hz

    def open(self) -> None:
        wanted = self._settings
        if self._pipeline:
            self._capture = cv2.VideoCapture(wanted.device, cv2.CAP_GSTREAMER)
        else:
            device = int(wanted.device) if wanted.device.isdigit() else wanted.device
            self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise DeviceError(f"{self.name} does not open; is it plugged in, and may this user read it (group video)?")
        self._configure()
        self._sequence, self._last_s, self._stamp_s = 0, time.monotonic(), math.inf

    def _configure(self) -> None:
        wanted, capture = self._settings, self._capture
        if not self._pipeline:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width_px)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height_px)
            capture.set(cv2.CAP_PROP_FPS, wanted.rate_hz)
            capture.set(cv2.CAP_PROP_BUFFERSIZE, DRIVER_BUFFERS)
            if wanted.exposure_us > 0:
                capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE)
                capture.set(cv2.CAP_PROP_EXPOSURE, wanted.exposure_us / 100.0)  # V4L2 counts in 100 us
        size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if not self._pipeline and size != (wanted.width_px, wanted.height_px):
            raise InputError(
                f"{self.name} delivers {size[0]}x{size[1]}, not {wanted.width_px}x{wanted.height_px}; choose a size "
                "that `v4l2-ctl --list-formats-ext` shows"
            )
        self.nominal_rate_hz = capture.get(cv2.CAP_PROP_FPS) or wanted.rate_hz

    def read(self, timeout_s: float) -> Sample[Image] | None:
        # GStreamer pipelines cannot be waited for; their own appsink bounds the wait.
        due = self._pipeline or cv2.VideoCapture.waitAny([self._capture], int(timeout_s * 1e9))
        grabbed = due and self._capture.grab()
        arrival_s, monotonic_s = time.time(), time.monotonic()
        stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e-3
        image = self._capture.retrieve()[1] if grabbed else None
        if image is None:
            self._check_alive()
            return None
        self._last_s = monotonic_s
        self._sequence += self._steps_since(stamp_s)
        device_s = (stamp_s or monotonic_s) - 0.5e-6 * self._settings.exposure_us
        of_host = not self._pipeline and 0.0 <= monotonic_s - stamp_s < OLDEST_HOST_STAMP_S
        host_s = device_s + arrival_s - monotonic_s if of_host else math.nan
        return Sample(device_s, arrival_s, self._sequence, image, host_s)

    def _steps_since(self, stamp_s: float) -> int:
        """OpenCV hides the driver's frame counter; the stamps say how many images the driver threw away meanwhile."""
        before_s, self._stamp_s = self._stamp_s, stamp_s
        if self._settings.triggered or not before_s < stamp_s:
            return 1
        return max(1, round((stamp_s - before_s) * self.nominal_rate_hz))

    def _check_alive(self) -> None:
        silent_s = time.monotonic() - self._last_s
        if silent_s > LOST_AFTER_S and not self._settings.triggered:
            raise DeviceError(f"{self.name} has sent no image for {silent_s:.1f} s; check its cable")

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class VideoFile:
    """A video in place of a camera; device time is the presentation time."""

    def __init__(self, path: Path, *, paced: bool) -> None:
        self._path = path
        self._paced = paced
        self._capture: Any = None
        self._pace = Pace(paced=paced)
        self._sequence = 0
        self.name = path.name
        self.nominal_rate_hz = FOLDER_RATE_HZ

    def open(self) -> None:
        self._capture = cv2.VideoCapture(str(self._path))
        if not self._capture.isOpened():
            raise InputError(f"{self._path}: not a video that can be read; expected {', '.join(VIDEO_SUFFIXES)}")
        self._pace, self._sequence = Pace(paced=self._paced), 0
        self.nominal_rate_hz = self._capture.get(cv2.CAP_PROP_FPS) or FOLDER_RATE_HZ

    def read(self, timeout_s: float) -> Sample[Image] | None:
        device_s = self._sequence / self.nominal_rate_hz
        decoded, image = self._capture.read()
        if not decoded:
            if self._sequence == 0:
                raise InputError(f"{self._path}: holds no image that can be decoded; copy or convert the video again")
            raise EndOfSourceError
        self._pace.wait(device_s)
        self._sequence += 1
        return Sample(device_s, time.time(), self._sequence, image)

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class ImageFolder:
    """Images in order of their names, at FOLDER_RATE_HZ; unreadable ones are an error."""

    def __init__(self, path: Path, *, paced: bool) -> None:
        self._path = path
        self._paced = paced
        self._files: list[Path] = []
        self._next = 0
        self._pace = Pace(paced=paced)
        self.name = path.name
        self.nominal_rate_hz = FOLDER_RATE_HZ

    def open(self) -> None:
        self._files = sorted(p for p in self._path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        if not self._files:
            raise InputError(f"{self._path}: holds no images; expected {', '.join(IMAGE_SUFFIXES)}")
        self._next, self._pace = 0, Pace(paced=self._paced)

    def read(self, timeout_s: float) -> Sample[Image] | None:
        if self._next == len(self._files):
            raise EndOfSourceError
        file = self._files[self._next]
        image = read_image(file)
        device_s = self._next / self.nominal_rate_hz
        self._pace.wait(device_s)
        self._next += 1
        return Sample(device_s, time.time(), self._next, image)

    def close(self) -> None:
        self._files = []


def read_image(path: Path) -> Image:
    """(H, W, 3) BGR. Raises InputError when it is no image."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path}: not an image that can be read; expected {', '.join(IMAGE_SUFFIXES)}")
    return np.asarray(image, dtype=np.uint8)
