"""Body-worn IMUs as sources: a stream of bytes from a serial port, or a CSV recording in its place."""

from __future__ import annotations

import csv
import math
import os
import select
import time
from abc import ABC, abstractmethod
from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.capture.imu_protocols import ImuReading, imu_parser
from sport_nodes.capture.source import DeviceError, EndOfSourceError, Pace, Sample, Source
from sport_nodes.errors import InputError

#: An IMU that sends nothing for this long was unplugged or ran out of battery [s].
LOST_AFTER_S: Final = 1.0
#: Bytes without one intact frame, after which the protocol or the speed must be wrong.
HOPELESS_BYTES: Final = 4096
#: A device that begins so is an address of Bluetooth Low Energy.
BLE: Final = "ble:"
#: More than a port's buffer holds.
READ_BYTES: Final = 8192
CSV_VECTORS: Final = ("gyro_x", "gyro_y", "gyro_z", "accel_x", "accel_y", "accel_z")
CSV_ORIENTATION: Final = ("orientation_x", "orientation_y", "orientation_z", "orientation_w")


def imu_source(device: str, *, protocol: str, baud: int, rate_hz: float, paced: bool = True) -> Source[ImuReading]:
    """A serial port, `ble:ADDRESS`, or a `.csv` recording. Raises InputError for an unknown protocol."""
    if device.startswith(BLE):
        from sport_nodes.capture.ble_imu import BleImu

        return BleImu(device.removeprefix(BLE), protocol=protocol, rate_hz=rate_hz)
    if device.lower().endswith(".csv"):
        return CsvImu(Path(device), paced=paced)
    return SerialImu(device, protocol=protocol, baud=baud, rate_hz=rate_hz)


class StreamImu(ABC):
    """An IMU that sends a stream of bytes; what differs is how they come. Device time is NaN where there is none."""

    def __init__(self, name: str, *, protocol: str, rate_hz: float) -> None:
        self.name = name
        self.nominal_rate_hz = rate_hz
        self._protocol = protocol
        self._parser = imu_parser(protocol)
        self._ready: deque[Sample[ImuReading]] = deque()
        self._last_s = 0.0
        self._readings = 0

    @property
    def skipped_bytes(self) -> int:
        """Bytes since it was opened that belonged to no intact frame."""
        return self._parser.skipped

    def open(self) -> None:
        self._parser = imu_parser(self._protocol)
        self._readings = 0
        self._connect()
        self._last_s = time.monotonic()

    def read(self, timeout_s: float) -> Sample[ImuReading] | None:
        if self._ready:
            return self._ready.popleft()
        data = self._bytes(timeout_s)
        arrival_s = time.time()
        for reading in self._parser.feed(data):
            self._ready.append(Sample(reading.device_s, arrival_s, reading.sequence, reading))
        if self._ready:
            self._last_s = time.monotonic()
            self._readings += len(self._ready)
            return self._ready.popleft()
        if not self._readings and self._parser.skipped > HOPELESS_BYTES:
            raise DeviceError(
                f"{self.name} sends {self._parser.skipped} bytes but no '{self._protocol}' frame{self._settings()}; "
                "set the right protocol and speed"
            )
        if time.monotonic() - self._last_s > LOST_AFTER_S:
            raise DeviceError(f"{self.name} has sent no reading for {LOST_AFTER_S:g} s; check cable and battery")
        return None

    def close(self) -> None:
        self._disconnect()
        self._ready.clear()

    @abstractmethod
    def _connect(self) -> None:
        """Raises DeviceError when it is not there."""

    @abstractmethod
    def _bytes(self, timeout_s: float) -> bytes:
        """What has come; nothing after the time. Raises DeviceError when the device was lost."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Harmless when it is not there."""

    def _settings(self) -> str:
        """How it is set, for messages."""
        return ""


class SerialImu(StreamImu):
    """An IMU on a serial port."""

    def __init__(self, port: str, *, protocol: str, baud: int, rate_hz: float) -> None:
        super().__init__(f"IMU on {port}", protocol=protocol, rate_hz=rate_hz)
        self._port = port
        self._baud = baud
        self._serial: Any = None

    def _connect(self) -> None:
        import serial

        try:
            self._serial = serial.Serial(self._port, self._baud, timeout=0, exclusive=True)
            self._serial.reset_input_buffer()
        except (serial.SerialException, OSError) as error:
            raise DeviceError(
                f"{self.name} does not open ({error}); is it plugged in, and may this user read it (group dialout)?"
            ) from error

    def _bytes(self, timeout_s: float) -> bytes:
        """All that waits, in one read: what lies between two is lost with the cable."""
        try:
            port = self._serial.fileno()
            if not select.select([port], [], [], timeout_s)[0]:
                return b""
            data = os.read(port, READ_BYTES)
        except OSError as error:
            raise DeviceError(f"{self.name} was lost ({error}); check its cable") from error
        if not data:  # a port that is ready and gives nothing has gone
            raise DeviceError(f"{self.name} was lost; check its cable")
        return data

    def _disconnect(self) -> None:
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def _settings(self) -> str:
        return f" at {self._baud} baud"


class CsvImu:
    """A recording: time [s], gyro_x..z [rad/s], accel_x..z [m/s^2], optionally orientation_x..w; one row a reading."""

    def __init__(self, path: Path, *, paced: bool) -> None:
        self.name = path.name
        self.nominal_rate_hz = math.nan
        self._path = path
        self._paced = paced
        self._pace = Pace(paced=paced)
        self._readings: list[ImuReading] = []
        self._next = 0

    def open(self) -> None:
        self._readings = read_imu_csv(self._path)
        self.nominal_rate_hz = 1.0 / float(np.median(np.diff([r.device_s for r in self._readings])))
        self._pace, self._next = Pace(paced=self._paced), 0

    def read(self, timeout_s: float) -> Sample[ImuReading] | None:
        if self._next == len(self._readings):
            raise EndOfSourceError
        reading = self._readings[self._next]
        self._pace.wait(reading.device_s)
        self._next += 1
        return Sample(reading.device_s, time.time(), reading.sequence, reading)

    def close(self) -> None:
        self._readings = []


def read_imu_csv(path: Path) -> list[ImuReading]:
    """The readings of an IMU recording (columns as in CsvImu). Raises InputError when it is none."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        times = np.array([float(row["time"]) for row in rows])
        vectors = np.array([[float(row[name]) for name in CSV_VECTORS] for row in rows])
        oriented = bool(rows) and CSV_ORIENTATION[0] in rows[0]
        turns = np.array([[float(row[name]) for name in CSV_ORIENTATION] for row in rows]) if oriented else None
    except (KeyError, TypeError, ValueError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: not an IMU recording ({error!r}); expected the columns time, {', '.join(CSV_VECTORS)}"
        ) from error
    if len(times) < 2 or not (np.diff(times) > 0).all():
        raise InputError(f"{path}: {len(times)} readings whose time does not increase; expected seconds, in order")
    return [
        ImuReading(float(time_s), i, vector[:3], vector[3:], turns[i] if turns is not None else np.full(4, np.nan))
        for i, (time_s, vector) in enumerate(zip(times, vectors, strict=True))
    ]
