"""Orbbec Femto Bolt (and its relatives) through pyorbbecsdk2, live or from a .bag recording."""

from __future__ import annotations

import time
from typing import Any, Final

import cv2
import numpy as np

from sport_nodes.capture.depth_lifting import depth_in_metres
from sport_nodes.capture.kinect import KinectFrame, KinectSettings
from sport_nodes.capture.registration import Lens, Registration
from sport_nodes.capture.source import DeviceError, EndOfSourceError, Pace, Sample
from sport_nodes.errors import InputError

MICROSECONDS: Final = 1e-6
MILLIMETRES: Final = 1e-3
#: A recording that gives nothing for so many reads has ended.
END_READS: Final = 10


class OrbbecCamera:
    """Colour and depth of one device, matched by the SDK; device time is the colour frame's."""

    def __init__(self, settings: KinectSettings) -> None:
        self.name = f"Orbbec {settings.device}".strip()
        self.nominal_rate_hz = float(settings.rate_hz)
        self.sync = (settings.sync, settings.delay_us)
        self._settings = settings
        self._recorded = settings.device.lower().endswith(".bag")
        self._pace = Pace(paced=settings.paced)
        self._sdk: Any = None
        self._pipeline: Any = None
        self._registration: Registration | None = None
        self._silent_reads = 0

    def open(self) -> None:
        try:
            import pyorbbecsdk
        except (ImportError, OSError) as error:
            raise InputError(
                f"Orbbec's library is not there ({error}); install it with `pip install pyorbbecsdk2`"
            ) from error
        self._sdk, self._silent_reads, self._pace = pyorbbecsdk, 0, Pace(paced=self._settings.paced)
        # The SDK would write a folder of logs wherever the program was started.
        silent = self._sdk.OBLogLevel.NONE
        self._sdk.Context.set_logger_to_console(silent)
        self._sdk.Context.set_logger_to_file(silent, "")
        try:
            device = self._sdk.PlaybackDevice(self._settings.device) if self._recorded else self._find()
            if not self._recorded:
                self._configure_sync(device)
            self._pipeline = self._sdk.Pipeline(device)
            self._start()
        except (self._sdk.OBError, RuntimeError) as error:
            if self._recorded:
                raise InputError(f"{self._settings.device}: a damaged recording ({error}); copy it again") from error
            raise DeviceError(
                f"{self.name} does not open ({error}); is it on power and a USB 3 port, and not used elsewhere?"
            ) from error

    def _find(self) -> Any:
        devices = self._sdk.Context().query_devices()
        if not devices.get_count():
            raise DeviceError("no Orbbec camera is connected; check its power, its USB 3 cable and the udev rules")
        if not self._settings.device:
            return devices.get_device_by_index(0)
        return devices.get_device_by_serial_number(self._settings.device)

    def _configure_sync(self, device: Any) -> None:
        config = device.get_multi_device_sync_config()
        mode = self._sdk.OBMultiDeviceSyncMode
        config.mode = {"standalone": mode.STANDALONE, "primary": mode.PRIMARY, "secondary": mode.SECONDARY_SYNCED}[
            self._settings.sync
        ]
        config.depth_delay_us = self._settings.delay_us
        config.color_delay_us = self._settings.delay_us
        config.trigger_out_enable = self._settings.sync == "primary"
        device.set_multi_device_sync_config(config)

    def _start(self) -> None:
        sdk, config = self._sdk, self._sdk.Config()
        for sensor in (sdk.OBSensorType.COLOR_SENSOR, sdk.OBSensorType.DEPTH_SENSOR):
            profiles = self._pipeline.get_stream_profile_list(sensor)
            config.enable_stream(profiles.get_default_video_stream_profile())
        config.set_frame_aggregate_output_mode(sdk.OBFrameAggregateOutputMode.FULL_FRAME_REQUIRE)
        self._pipeline.enable_frame_sync()
        self._pipeline.start(config)
        self._registration = registration_of(self._pipeline.get_camera_param())

    def read(self, timeout_s: float) -> Sample[KinectFrame] | None:
        try:
            frames = self._pipeline.wait_for_frames(max(1, int(timeout_s * 1e3)))
        except self._sdk.OBError as error:
            raise DeviceError(f"{self.name} was lost ({error}); check its cable") from error
        arrival_s = time.time()
        color = frames.get_color_frame() if frames else None
        depth = frames.get_depth_frame() if frames else None
        if color is None or depth is None or self._registration is None:
            self._silent_reads += 1
            if self._recorded and self._silent_reads > END_READS:
                raise EndOfSourceError
            return None
        self._silent_reads = 0
        image = self._image(color)
        raw = np.frombuffer(depth.get_data(), dtype=np.uint16).reshape(depth.get_height(), depth.get_width())
        scale = np.float32(depth.get_depth_scale() * MILLIMETRES)
        depth_m = self._registration.register(depth_in_metres(raw.astype(np.float32) * scale, "32FC1"))
        device_s = color.get_timestamp_us() * MICROSECONDS
        self._pace.wait(device_s)
        return Sample(device_s, arrival_s, int(color.get_index()), KinectFrame(image, depth_m))

    def _image(self, frame: Any) -> Any:
        data = np.frombuffer(frame.get_data(), dtype=np.uint8)
        kind = self._sdk.OBFormat
        size = frame.get_height(), frame.get_width()
        if frame.get_format() == kind.MJPG:
            return cv2.imdecode(data, cv2.IMREAD_COLOR)
        if frame.get_format() == kind.RGB:
            return cv2.cvtColor(data.reshape(*size, 3), cv2.COLOR_RGB2BGR)
        if frame.get_format() == kind.BGR:
            return data.reshape(*size, 3)
        raise InputError(f"{self.name} sends colour as {frame.get_format()}; set it to MJPG, RGB or BGR")

    def close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.stop()
            self._pipeline = None


def registration_of(parameters: Any) -> Registration:
    """Depth to colour from the device's own calibration, whose distances are millimetres."""
    lenses = []
    for lens, distortion in (
        (parameters.depth_intrinsic, parameters.depth_distortion),
        (parameters.rgb_intrinsic, parameters.rgb_distortion),
    ):
        matrix = np.array([[lens.fx, 0.0, lens.cx], [0.0, lens.fy, lens.cy], [0.0, 0.0, 1.0]])
        names = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
        coefficients = np.array([getattr(distortion, name) for name in names])
        lenses.append(Lens(int(lens.width), int(lens.height), matrix, coefficients))
    turn = np.asarray(parameters.transform.rot, dtype=np.float64).reshape(3, 3)
    shift = np.asarray(parameters.transform.transform, dtype=np.float64).ravel() * MILLIMETRES
    return Registration(*lenses, rotation=turn, translation_m=shift)
