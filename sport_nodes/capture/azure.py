"""Azure Kinect through its SDK's libraries, live or from an .mkv recording."""

from __future__ import annotations

import time
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture import k4a, k4abt
from sport_nodes.capture.depth_lifting import LiftedPose, depth_in_metres
from sport_nodes.capture.imu_protocols import ImuReading
from sport_nodes.capture.kinect import KinectFrame, KinectSettings
from sport_nodes.capture.registration import Lens, Registration
from sport_nodes.capture.source import DeviceError, EndOfSourceError, Pace, Sample
from sport_nodes.errors import InputError

Array = NDArray[np.float64]

MICROSECONDS: Final = 1e-6
MILLIMETRES: Final = 1e-3


class AzureKinect:
    """Device time is the centre of the colour exposure, by the SDK's own statement."""

    def __init__(self, settings: KinectSettings) -> None:
        if settings.rate_hz not in k4a.FPS_OF_RATE:
            raise InputError(f"an Azure Kinect does not run at {settings.rate_hz} Hz; expected 5, 15 or 30")
        self.name = f"Azure Kinect {settings.device}".strip()
        self.nominal_rate_hz = float(settings.rate_hz)
        self.sync = (settings.sync, settings.delay_us)
        self._settings = settings
        self._recorded = settings.device.lower().endswith(".mkv")
        self._pace = Pace(paced=settings.paced)
        self._camera: k4a.Device | k4a.Playback | None = None
        self._registration: Registration | None = None
        self._tracker: k4abt.Tracker | None = None
        self._sequence = 0

    def open(self) -> None:
        try:
            k4a.libraries()
        except OSError as error:
            raise InputError(
                f"the Azure Kinect's library is not there ({error}); install its SDK, or on x86_64 "
                f"`pip install --no-deps {k4a.BUNDLE}`"
            ) from error
        self._sequence, self._pace = 0, Pace(paced=self._settings.paced)
        try:
            self._camera = k4a.Playback(self._settings.device) if self._recorded else self._live()
        except OSError as error:
            if self._recorded:
                raise InputError(f"{self._settings.device}: a damaged recording ({error}); copy it again") from error
            raise DeviceError(
                f"{self.name} does not open ({error}); is it on power and a USB 3 port, and not used elsewhere?"
            ) from error
        used = self._camera.configuration
        self.sync = (k4a.WIRED_SYNC[used.wired_sync_mode], int(used.subordinate_delay_off_master_usec))
        self.nominal_rate_hz = float({v: k for k, v in k4a.FPS_OF_RATE.items()}[used.camera_fps])
        self._registration = registration_of(self._camera.calibration)
        if self._settings.body_tracking:
            self._tracker = self._start_tracking(self._camera.calibration)

    @staticmethod
    def _start_tracking(calibration: k4a.Calibration) -> k4abt.Tracker:
        try:
            return k4abt.Tracker(calibration)
        except OSError as error:
            raise InputError(
                f"no body tracking ({error}); install the Azure Kinect Body Tracking SDK, which exists for x86_64 "
                "only, or leave `skeleton` at lifted"
            ) from error

    def _live(self) -> k4a.Device:
        wanted = self._settings
        secondary = wanted.sync == "secondary"
        configuration = k4a.DeviceConfiguration(
            color_format=k4a.COLOR_BGRA32,
            color_resolution=k4a.RESOLUTION_720P,
            depth_mode=k4a.NFOV_UNBINNED,
            camera_fps=k4a.FPS_OF_RATE[wanted.rate_hz],
            synchronized_images_only=True,
            wired_sync_mode=k4a.WIRED_SYNC.index(wanted.sync),
            subordinate_delay_off_master_usec=wanted.delay_us if secondary else 0,
        )
        return k4a.Device(wanted.device, configuration)

    def read(self, timeout_s: float) -> Sample[KinectFrame] | None:
        if self._camera is None or self._registration is None:
            raise DeviceError(f"{self.name} is not open")
        try:
            images = self._camera.images(timeout_s, self._tracker.bodies if self._tracker else None)
        except EOFError as error:
            raise EndOfSourceError from error
        except OSError as error:
            raise DeviceError(f"{self.name} was lost ({error}); check its cable") from error
        arrival_s = time.time()
        if images is None or images.color is None or images.depth_mm is None:
            return None
        felt = tuple(imu_reading(sample) for sample in self._camera.imu_until(images.color_usec))
        depth_m = self._registration.register(depth_in_metres(images.depth_mm, "16UC1"))
        device_s = images.color_usec * MICROSECONDS
        bodies = None
        if images.found is not None:
            bodies = tuple(seen_by_color(body, self._camera.calibration) for body in images.found)
        self._pace.wait(device_s)
        self._sequence += 1
        return Sample(
            device_s, arrival_s, self._sequence, KinectFrame(color_image(images.color), depth_m, felt, bodies)
        )

    def close(self) -> None:
        if self._tracker is not None:
            self._tracker.close()
            self._tracker = None
        if self._camera is not None:
            self._camera.close()
            self._camera = None


def color_image(color: Any) -> Any:
    """(H, W, 3) BGR from what the SDK delivers: BGRA live, MJPEG bytes in a recording."""
    if color.ndim == 1:
        return cv2.imdecode(color, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(color[..., :3])


def imu_reading(sample: k4a.ImuSample) -> ImuReading:
    """In the camera's IMU frame; its two sensors are read within a tenth of a millisecond of each other."""
    return ImuReading(
        sample.gyro_usec * MICROSECONDS,
        None,
        np.array(sample.gyro_rad_s, dtype=np.float64),
        np.array(sample.accel_m_s2, dtype=np.float64),
        temperature_c=sample.temperature_c,
    )


def registration_of(calibration: k4a.Calibration) -> Registration:
    """Depth to colour from the device's own calibration, whose distances are millimetres."""
    lenses = []
    for camera in calibration.cameras:
        cx, cy, fx, fy, k1, k2, k3, k4, k5, k6, _, _, p2, p1, _ = camera.parameters
        matrix = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
        lenses.append(Lens(camera.width_px, camera.height_px, matrix, np.array([k1, k2, p1, p2, k3, k4, k5, k6])))
    turn, shift_m = depth_to_color(calibration)
    return Registration(*lenses, rotation=turn, translation_m=shift_m)


def depth_to_color(calibration: k4a.Calibration) -> tuple[Array, Array]:
    """Rotation (3, 3) and shift (3,) [m] from the depth camera's frame to the colour camera's."""
    between = calibration.extrinsics[k4a.DEPTH][k4a.COLOR]
    turn = np.array(between.rotation, dtype=np.float64).reshape(3, 3)
    return turn, np.array(between.translation_mm, dtype=np.float64) * MILLIMETRES


def seen_by_color(body: k4abt.Body, calibration: k4a.Calibration) -> LiftedPose:
    """A tracked body in the colour camera's frame."""
    turn, shift_m = depth_to_color(calibration)
    return LiftedPose(body.positions_m @ turn.T + shift_m, body.confidence, occluded=body.confidence == 0.0)
