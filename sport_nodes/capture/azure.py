"""Azure Kinect through pyk4a, live or from an .mkv recording."""

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

#: NFOV unbinned depth and 720p colour, as the SDK defines them [px].
DEPTH_SIZE: Final = (640, 576)
COLOR_SIZE: Final = (1280, 720)
RATES_HZ: Final = (5, 15, 30)
MICROSECONDS: Final = 1e-6


class AzureKinect:
    """Device time is the centre of the colour exposure, by the SDK's own statement."""

    def __init__(self, settings: KinectSettings) -> None:
        if settings.rate_hz not in RATES_HZ:
            raise InputError(f"an Azure Kinect does not run at {settings.rate_hz} Hz; expected 5, 15 or 30")
        self.name = f"Azure Kinect {settings.device}".strip()
        self.nominal_rate_hz = float(settings.rate_hz)
        self._settings = settings
        self._recorded = settings.device.lower().endswith(".mkv")
        self._pace = Pace(paced=settings.paced)
        self._sdk: Any = None
        self._device: Any = None
        self._registration: Registration | None = None
        self._sequence = 0

    def open(self) -> None:
        try:
            import pyk4a
        except (ImportError, OSError) as error:
            raise InputError(
                f"the Azure Kinect's library is not there ({error}); install its SDK, then `pip install pyk4a`"
            ) from error
        self._sdk, self._sequence, self._pace = pyk4a, 0, Pace(paced=self._settings.paced)
        try:
            self._device = self._playback() if self._recorded else self._live()
            self._registration = registration_of(self._device.calibration, pyk4a.CalibrationType)
        except (pyk4a.K4AException, OSError) as error:
            raise DeviceError(
                f"{self.name} does not open ({error}); is it on power and a USB 3 port, and not used elsewhere?"
            ) from error

    def _playback(self) -> Any:
        playback = self._sdk.PyK4APlayback(self._settings.device)
        playback.open()
        return playback

    def _live(self) -> Any:
        sdk, wanted = self._sdk, self._settings
        config = sdk.Config(
            color_resolution=sdk.ColorResolution.RES_720P,
            depth_mode=sdk.DepthMode.NFOV_UNBINNED,
            camera_fps=getattr(sdk.FPS, f"FPS_{wanted.rate_hz}"),
            synchronized_images_only=True,
            wired_sync_mode={
                "standalone": sdk.WiredSyncMode.STANDALONE,
                "primary": sdk.WiredSyncMode.MASTER,
                "secondary": sdk.WiredSyncMode.SUBORDINATE,
            }[wanted.sync],
            subordinate_delay_off_master_usec=wanted.delay_us if wanted.sync == "secondary" else 0,
        )
        for number in range(sdk.connected_device_count()):
            device = sdk.PyK4A(config, device_id=number)
            device.open()
            if not wanted.device or device.serial == wanted.device:
                device.start()
                return device
            device.close()
        raise DeviceError(f"no Azure Kinect {wanted.device or ''} is connected; check its power and its USB 3 cable")

    def read(self, timeout_s: float) -> Sample[KinectFrame] | None:
        try:
            capture = self._capture(timeout_s)
        except self._sdk.K4ATimeoutException:
            return None
        except EOFError as error:
            raise EndOfSourceError from error
        except self._sdk.K4AException as error:
            raise DeviceError(f"{self.name} was lost ({error}); check its cable") from error
        arrival_s = time.time()
        if capture.color is None or capture.depth is None or self._registration is None:
            return None
        depth_m = self._registration.register(depth_in_metres(capture.depth, "16UC1"))
        device_s = capture.color_timestamp_usec * MICROSECONDS
        self._pace.wait(device_s)
        self._sequence += 1
        frame = KinectFrame(color_image(capture.color), depth_m)
        return Sample(device_s, arrival_s, self._sequence, frame)

    def _capture(self, timeout_s: float) -> Any:
        if self._recorded:
            return self._device.get_next_capture()
        return self._device.get_capture(timeout=int(timeout_s * 1e3))

    def close(self) -> None:
        if self._device is not None:
            if not self._recorded:
                self._device.stop()
            self._device.close()
            self._device = None


def color_image(color: Any) -> Any:
    """(H, W, 3) BGR from what the SDK delivers: BGRA live, MJPEG bytes in a recording."""
    if color.ndim == 1:
        return cv2.imdecode(color, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(color[..., :3])


def registration_of(calibration: Any, kind: Any) -> Registration:
    """Depth to colour from the device's own calibration, whose distances are metres."""
    lenses = [
        Lens(
            *size,
            np.asarray(calibration.get_camera_matrix(camera)),
            np.asarray(calibration.get_distortion_coefficients(camera)),
        )
        for size, camera in ((DEPTH_SIZE, kind.DEPTH), (COLOR_SIZE, kind.COLOR))
    ]
    rotation, translation = calibration.get_extrinsic_parameters(kind.DEPTH, kind.COLOR)
    return Registration(*lenses, rotation=np.asarray(rotation), translation_m=np.asarray(translation).ravel())
