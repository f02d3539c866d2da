"""The Azure Kinect SDK's C libraries (1.4) through ctypes: no compiled binding that would be tied to one numpy.

Names, layouts and numbers are those of the SDK's public headers, k4a/k4atypes.h and k4arecord/types.h.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.metadata
from collections.abc import Callable
from ctypes import Structure, byref, c_bool, c_char_p, c_float, c_int, c_int32, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SUCCEEDED: Final = 0
TIMEOUT_OR_END: Final = 2  # K4A_WAIT_RESULT_TIMEOUT, K4A_STREAM_RESULT_EOF
COLOR_MJPG, COLOR_BGRA32, DEPTH16 = 0, 3, 4
RESOLUTION_720P: Final = 1
NFOV_UNBINNED: Final = 2
FPS_OF_RATE: Final = {5: 0, 15: 1, 30: 2}
WIRED_SYNC: Final = ("standalone", "primary", "secondary")
DEPTH, COLOR = 0, 1  # k4a_calibration_type_t
#: A wheel that carries the libraries for x86_64; only its files are used, not its binding.
BUNDLE: Final = "pyk4a-bundle"
#: What is done with a capture's handle before it is released.
Look = Callable[[c_void_p], Any]


class Extrinsics(Structure):
    _fields_ = (("rotation", c_float * 9), ("translation_mm", c_float * 3))


class CameraCalibration(Structure):
    """parameters: cx, cy, fx, fy, k1..k6, codx, cody, p2, p1, metric radius."""

    _fields_ = (
        ("extrinsics", Extrinsics),
        ("model", c_int),
        ("parameter_count", c_uint32),
        ("parameters", c_float * 15),
        ("width_px", c_int),
        ("height_px", c_int),
        ("metric_radius", c_float),
    )


class Calibration(Structure):
    """cameras: depth, colour; extrinsics[from][to] of depth, colour, gyroscope, accelerometer."""

    _fields_ = (
        ("cameras", CameraCalibration * 2),
        ("extrinsics", (Extrinsics * 4) * 4),
        ("depth_mode", c_int),
        ("color_resolution", c_int),
    )


class DeviceConfiguration(Structure):
    _fields_ = (
        ("color_format", c_int),
        ("color_resolution", c_int),
        ("depth_mode", c_int),
        ("camera_fps", c_int),
        ("synchronized_images_only", c_bool),
        ("depth_delay_off_color_usec", c_int32),
        ("wired_sync_mode", c_int),
        ("subordinate_delay_off_master_usec", c_uint32),
        ("disable_streaming_indicator", c_bool),
    )


class RecordConfiguration(Structure):
    _fields_ = (
        ("color_format", c_int),
        ("color_resolution", c_int),
        ("depth_mode", c_int),
        ("camera_fps", c_int),
        ("color_track_enabled", c_bool),
        ("depth_track_enabled", c_bool),
        ("ir_track_enabled", c_bool),
        ("imu_track_enabled", c_bool),
        ("depth_delay_off_color_usec", c_int32),
        ("wired_sync_mode", c_int),
        ("subordinate_delay_off_master_usec", c_uint32),
        ("start_timestamp_offset_usec", c_uint32),
    )


class ImuSample(Structure):
    _fields_ = (
        ("temperature_c", c_float),
        ("accel_m_s2", c_float * 3),
        ("accel_usec", c_uint64),
        ("gyro_rad_s", c_float * 3),
        ("gyro_usec", c_uint64),
    )


@cache
def libraries() -> tuple[ctypes.CDLL, ctypes.CDLL]:
    """libk4a and libk4arecord, of the installed SDK or else of the wheel. Raises OSError when there are none."""
    names = [ctypes.util.find_library("k4a"), ctypes.util.find_library("k4arecord")]
    if not all(names):
        names = [str(_bundled(part)) for part in ("libk4a-", "libk4arecord-")]
    device, record = (ctypes.CDLL(str(name), mode=ctypes.RTLD_GLOBAL) for name in names)
    for function, result in (
        (device.k4a_image_get_buffer, c_void_p),
        (device.k4a_capture_get_color_image, c_void_p),
        (device.k4a_capture_get_depth_image, c_void_p),
        (device.k4a_image_get_device_timestamp_usec, c_uint64),
        (device.k4a_image_get_size, ctypes.c_size_t),
    ):
        function.restype = result
    return device, record


def _bundled(part: str) -> Path:
    try:
        files = importlib.metadata.files(BUNDLE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name.startswith(part):
            return Path(str(file.locate()))
    raise OSError(f"no {part}*.so of an SDK or of {BUNDLE}")


class Images:
    """Colour and depth of one capture, copied out of the SDK's memory; the capture is released.

    color: (H, W, 4) BGRA, or the bytes of a JPEG; depth_mm: (h, w); None where the capture has none.
    found: what `look` finds in the capture, which it may not keep.
    """

    def __init__(self, capture: c_void_p, look: Look | None) -> None:
        device, _ = libraries()
        self.color, self.color_usec = _image(device, device.k4a_capture_get_color_image(capture))
        self.depth_mm, self.depth_usec = _image(device, device.k4a_capture_get_depth_image(capture))
        try:
            self.found = look(capture) if look and self.depth_mm is not None else None
        finally:
            device.k4a_capture_release(capture)


def _image(device: ctypes.CDLL, address: int | None) -> tuple[NDArray[Any] | None, int]:
    if not address:
        return None, 0
    image = c_void_p(address)
    data = ctypes.string_at(device.k4a_image_get_buffer(image), device.k4a_image_get_size(image))
    size = device.k4a_image_get_height_pixels(image), device.k4a_image_get_width_pixels(image)
    kind = device.k4a_image_get_format(image)
    stamp_usec = int(device.k4a_image_get_device_timestamp_usec(image))
    device.k4a_image_release(image)
    if kind == DEPTH16:
        return np.frombuffer(data, dtype=np.uint16).reshape(size), stamp_usec
    pixels = np.frombuffer(data, dtype=np.uint8)
    return (pixels.reshape(*size, 4) if kind == COLOR_BGRA32 else pixels), stamp_usec


class Playback:
    """An .mkv recording. Raises OSError for what cannot be read."""

    def __init__(self, path: str) -> None:
        self._device, self._record = libraries()
        self._handle = c_void_p()
        _check(self._record.k4a_playback_open(c_char_p(path.encode()), byref(self._handle)), "the recording's header")
        self.configuration = RecordConfiguration()
        self.calibration = Calibration()
        for function, into, what in (
            (self._record.k4a_playback_get_record_configuration, self.configuration, "the recording's settings"),
            (self._record.k4a_playback_get_calibration, self.calibration, "the camera's calibration in the recording"),
        ):
            if function(self._handle, byref(into)) != SUCCEEDED:
                self.close()
                raise OSError(f"{what} cannot be read")

    def images(self, timeout_s: float, look: Look | None = None) -> Images | None:
        """The next capture; a recording never waits. Raises EOFError after the last."""
        capture = c_void_p()
        result = self._record.k4a_playback_get_next_capture(self._handle, byref(capture))
        if result == TIMEOUT_OR_END:
            raise EOFError
        _check(result, "the next images")
        return Images(capture, look)

    def imu_until(self, usec: int) -> list[ImuSample]:
        """The samples since the last call, up to one after this device time."""
        samples: list[ImuSample] = []
        while not samples or samples[-1].accel_usec < usec:
            sample = ImuSample()
            if self._record.k4a_playback_get_next_imu_sample(self._handle, byref(sample)) != SUCCEEDED:
                break
            samples.append(sample)
        return samples

    def close(self) -> None:
        self._record.k4a_playback_close(self._handle)


class Device:
    """A camera that is plugged in. Raises OSError when it is not there or refuses."""

    def __init__(self, serial: str, configuration: DeviceConfiguration) -> None:
        self._device, _ = libraries()
        self._handle = self._open(serial)
        self.configuration = configuration
        self.calibration = Calibration()
        try:
            mode, resolution = configuration.depth_mode, configuration.color_resolution
            got = self._device.k4a_device_get_calibration(self._handle, mode, resolution, byref(self.calibration))
            _check(got, "its calibration")
            _check(self._device.k4a_device_start_cameras(self._handle, byref(configuration)), "a start of its cameras")
            _check(self._device.k4a_device_start_imu(self._handle), "a start of its IMU")
        except OSError:
            self.close()
            raise

    def _open(self, serial: str) -> c_void_p:
        for number in range(self._device.k4a_device_get_installed_count()):
            handle = c_void_p()
            if self._device.k4a_device_open(number, byref(handle)) != SUCCEEDED:
                continue
            text, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
            self._device.k4a_device_get_serialnum(handle, text, byref(size))
            if not serial or text.value.decode() == serial:
                return handle
            self._device.k4a_device_close(handle)
        raise OSError(f"no Azure Kinect {serial} is connected".replace("  ", " "))

    def images(self, timeout_s: float, look: Look | None = None) -> Images | None:
        """The next capture; None when none came in time."""
        capture = c_void_p()
        result = self._device.k4a_device_get_capture(self._handle, byref(capture), c_int32(int(timeout_s * 1e3)))
        if result == TIMEOUT_OR_END:
            return None
        _check(result, "images")
        return Images(capture, look)

    def imu_until(self, usec: int) -> list[ImuSample]:
        """The samples that have come since the last call."""
        samples: list[ImuSample] = []
        while True:
            sample = ImuSample()
            if self._device.k4a_device_get_imu_sample(self._handle, byref(sample), c_int32(0)) != SUCCEEDED:
                return samples
            samples.append(sample)

    def close(self) -> None:
        self._device.k4a_device_stop_imu(self._handle)
        self._device.k4a_device_stop_cameras(self._handle)
        self._device.k4a_device_close(self._handle)


def _check(result: int, what: str) -> None:
    if result != SUCCEEDED:
        raise OSError(f"the SDK does not give {what}")
