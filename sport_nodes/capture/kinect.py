"""Depth cameras behind one interface: Azure Kinect, Orbbec Femto Bolt, their recordings, folders of images."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.camera import FOLDER_RATE_HZ, Image, read_image
from sport_nodes.capture.depth_lifting import LiftedPose, depth_in_metres
from sport_nodes.capture.imu_protocols import ImuReading
from sport_nodes.capture.source import EndOfSourceError, Pace, Sample, Source
from sport_nodes.errors import InputError

#: How a camera is wired to others: alone, giving the pulse, or following it.
SYNC_MODES: Final = ("standalone", "primary", "secondary")
#: Depth cameras that expose closer together than this light each other's images (Azure Kinect documentation) [us].
LEAST_DEPTH_DELAY_US: Final = 160
BACKENDS: Final = ("azure", "orbbec")
#: First bytes of the SDKs' recordings: Matroska, ROS 1 bag.
RECORDING_BEGINS: Final = {".mkv": b"\x1aE\xdf\xa3", ".bag": b"#ROSBAG V2.0"}


@dataclass(frozen=True)
class KinectSettings:
    """backend: azure or orbbec. device: serial number ("" takes the first), a recording (.mkv azure, .bag orbbec), or a
    folder with color/ and depth/ images (16-bit PNG, millimetres, registered to colour) of equal names.

    sync and delay_us: wired synchronisation, and how long after the primary this camera exposes.
    body_tracking: by the Azure Kinect's own SDK, on x86_64.
    """

    backend: str = "azure"
    device: str = ""
    rate_hz: int = 30
    sync: str = "standalone"
    delay_us: int = 0
    paced: bool = False
    body_tracking: bool = False


@dataclass(frozen=True, eq=False)
class KinectFrame:
    """color: (H, W, 3) BGR. depth_m: (H, W) registered to colour [m], NaN without depth.

    imu: what the camera's own IMU felt since the last frame, in device time.
    bodies: with body tracking, whom it found, in the colour camera's optical frame; else None.
    """

    color: Image
    depth_m: NDArray[np.float32]
    imu: tuple[ImuReading, ...] = ()
    bodies: tuple[LiftedPose, ...] | None = None


class KinectSource(Source[KinectFrame], Protocol):
    """A depth camera. sync: how it is (or was, in a recording) wired, and its delay [us]; known once it is open."""

    sync: tuple[str, int]


def kinect_source(settings: KinectSettings) -> KinectSource:
    """The source that the settings name; an SDK is imported when it is opened. Raises InputError for wrong settings."""
    if settings.backend not in BACKENDS:
        raise InputError(f"unknown depth camera '{settings.backend}'; expected {' or '.join(BACKENDS)}")
    if settings.sync not in SYNC_MODES:
        raise InputError(f"unknown sync mode '{settings.sync}'; expected {', '.join(SYNC_MODES)}")
    folder = bool(settings.device) and Path(settings.device).is_dir()
    if settings.body_tracking and (folder or settings.backend != "azure"):
        raise InputError("body tracking needs an Azure Kinect or its recording; leave `skeleton` at lifted")
    if folder:
        return DepthFolder(Path(settings.device), paced=settings.paced)
    _check_recording(Path(settings.device))
    if settings.backend == "azure":
        from sport_nodes.capture.azure import AzureKinect

        return AzureKinect(settings)
    from sport_nodes.capture.orbbec import OrbbecCamera

    return OrbbecCamera(settings)


def sync_warning(sync: str, delay_us: int) -> str:
    """What is unwise about the wired synchronisation; "" where nothing is."""
    if sync == "secondary" and delay_us < LEAST_DEPTH_DELAY_US:
        return (
            f"a secondary depth camera that exposes {delay_us} us after the primary sees its light; "
            f"set delay_us to at least {LEAST_DEPTH_DELAY_US}, a multiple of it for each further camera"
        )
    return ""


def _check_recording(path: Path) -> None:
    """Before the SDK sees it: Orbbec's never comes back from a file that is no recording."""
    begin = RECORDING_BEGINS.get(path.suffix.lower())
    if begin is None:
        return
    if not path.is_file():
        raise InputError(f"{path}: there is no such recording; check the path")
    with path.open("rb") as file:
        if file.read(len(begin)) != begin:
            raise InputError(f"{path}: not a recording of a depth camera; was another file renamed?")


class DepthFolder:
    """Images in place of a depth camera, FOLDER_RATE_HZ a second."""

    def __init__(self, path: Path, *, paced: bool) -> None:
        self.name = path.name
        self.nominal_rate_hz = FOLDER_RATE_HZ
        self.sync = (SYNC_MODES[0], 0)
        self._path = path
        self._paced = paced
        self._pace = Pace(paced=paced)
        self._colors: list[Path] = []
        self._next = 0

    def open(self) -> None:
        self._colors = sorted((self._path / "color").glob("*"))
        if not self._colors:
            raise InputError(f"{self._path}: holds no color/ images; expected color/ and depth/ with equal names")
        self._pace, self._next = Pace(paced=self._paced), 0

    def read(self, timeout_s: float) -> Sample[KinectFrame] | None:
        if self._next == len(self._colors):
            raise EndOfSourceError
        color = self._colors[self._next]
        depth = self._path / "depth" / f"{color.stem}.png"
        raw = cv2.imread(str(depth), cv2.IMREAD_UNCHANGED)
        if raw is None or raw.dtype != np.uint16:
            raise InputError(f"{depth}: not a 16-bit depth image; expected millimetres as 16-bit PNG")
        frame = KinectFrame(read_image(color), depth_in_metres(np.asarray(raw, dtype=np.uint16), "16UC1"))
        device_s = self._next / self.nominal_rate_hz
        self._pace.wait(device_s)
        self._next += 1
        return Sample(device_s, time.time(), self._next, frame)

    def close(self) -> None:
        self._colors = []
