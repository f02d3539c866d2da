"""Byte streams of IMUs to readings: this project's own frame, WitMotion (serial, Bluetooth), Xsens MTData2.

Own frame, little-endian, 63 bytes: A5 5A; version 01; sequence u32; device time u64 [us]; angular rate 3 x f32 [rad/s];
specific force 3 x f32 [m/s^2]; orientation x, y, z, w 4 x f32 (NaN where there is none); temperature f32 [C]; battery
u8 [%], 255 unknown; one reserved byte; CRC-16/CCITT-FALSE u16 of everything before it.
"""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError

Array = NDArray[np.float64]

GRAVITY_M_S2: Final = 9.80665
#: No frame of any protocol is longer; more than this in the buffer is garbage.
LONGEST_FRAME: Final = 2048


def _unknown(size: int) -> Array:
    return np.full(size, np.nan)


@dataclass(frozen=True, eq=False)
class ImuReading:
    """One reading; what the sensor does not send is NaN (sequence: None).

    device_s: the sensor's own time [s]. gyro: (3,) [rad/s], accel: (3,) specific force [m/s^2], sensor's frame.
    orientation_xyzw: (4,) sensor in a world with z up. signal_dbm: how loud its radio was heard.
    """

    device_s: float = math.nan
    sequence: int | None = None
    gyro: Array = field(default_factory=lambda: _unknown(3))
    accel: Array = field(default_factory=lambda: _unknown(3))
    orientation_xyzw: Array = field(default_factory=lambda: _unknown(4))
    temperature_c: float = math.nan
    battery_percent: float = math.nan
    signal_dbm: float = math.nan


class ImuParser(Protocol):
    """Takes bytes as they come, in any portions; skipped counts those that belong to no intact frame."""

    skipped: int

    def feed(self, data: bytes) -> list[ImuReading]:
        """The readings that these bytes complete."""
        ...


class OwnFrameParser:
    """The frame at the top of this file."""

    SYNC: Final = b"\xa5\x5a\x01"
    LAYOUT: Final = struct.Struct("<3sIQ3f3f4ffBB")
    CRC: Final = struct.Struct("<H")

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[ImuReading]:
        self._buffer += data
        size = self.LAYOUT.size + self.CRC.size
        readings: list[ImuReading] = []
        while True:
            self.skipped += _to_sync(self._buffer, self.SYNC)
            if len(self._buffer) < size:
                return readings
            frame = bytes(self._buffer[: self.LAYOUT.size])
            (crc,) = self.CRC.unpack(self._buffer[self.LAYOUT.size : size])
            if crc == binascii.crc_hqx(frame, 0xFFFF):
                del self._buffer[:size]
                readings.append(self._decode(frame))
            else:
                del self._buffer[:1]
                self.skipped += 1

    def _decode(self, frame: bytes) -> ImuReading:
        _, sequence, time_us, *values, temperature, battery, _ = self.LAYOUT.unpack(frame)
        return ImuReading(
            time_us * 1e-6,
            sequence,
            np.array(values[0:3]),
            np.array(values[3:6]),
            np.array(values[6:10]),
            temperature,
            math.nan if battery == 255 else float(battery),
        )


class WitMotionParser:
    """WitMotion's standard protocol: 55, type, 8 data bytes, sum of the ten; one reading is a cycle of several types.

    Used are 50 (time), 51 (acceleration, +-16 g), 52 (angular rate, +-2000 deg/s) and 59 (quaternion w, x, y, z). The
    first cycle shows which types the sensor is set to send; from then on a reading is complete with the last of them.
    """

    SYNC: Final = b"\x55"
    SIZE: Final = 11
    TIME, ACCEL, GYRO, QUATERNION = 0x50, 0x51, 0x52, 0x59
    USED: Final = frozenset({TIME, ACCEL, GYRO, QUATERNION})
    TYPES: Final = range(0x50, 0x5B)
    ACCEL_UNIT: Final = 16.0 * GRAVITY_M_S2 / 32768.0
    GYRO_UNIT: Final = math.radians(2000.0) / 32768.0

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._cycle: dict[int, tuple[int, ...]] = {}
        self._last_of_cycle: int | None = None

    def feed(self, data: bytes) -> list[ImuReading]:
        self._buffer += data
        readings: list[ImuReading] = []
        while True:
            self.skipped += _to_sync(self._buffer, self.SYNC)
            if len(self._buffer) < self.SIZE:
                return readings
            frame = bytes(self._buffer[: self.SIZE])
            if frame[1] not in self.TYPES or sum(frame[:-1]) & 0xFF != frame[-1]:
                del self._buffer[:1]
                self.skipped += 1
                continue
            del self._buffer[: self.SIZE]
            if frame[1] in self.USED:
                readings += self._take(frame[1], frame[2:10])

    def _take(self, kind: int, payload: bytes) -> list[ImuReading]:
        readings = []
        if kind in self._cycle:  # a cycle ended without its last type: it was lost, or this is the first cycle
            if self._last_of_cycle is None:
                self._last_of_cycle = list(self._cycle)[-1]
            readings = self._finish()
        self._cycle[kind] = tuple(payload) if kind == self.TIME else struct.unpack("<4h", payload)
        return readings + (self._finish() if kind == self._last_of_cycle else [])

    def _finish(self) -> list[ImuReading]:
        cycle, self._cycle = self._cycle, {}
        if self.ACCEL not in cycle or self.GYRO not in cycle:
            return []
        accel, gyro = cycle[self.ACCEL], cycle[self.GYRO]
        orientation = _unknown(4)
        if self.QUATERNION in cycle:
            w, x, y, z = cycle[self.QUATERNION]
            orientation = _unit(np.array([x, y, z, w], dtype=np.float64))
        return [
            ImuReading(
                self._time_s(cycle[self.TIME]) if self.TIME in cycle else math.nan,
                None,
                np.array(gyro[:3]) * self.GYRO_UNIT,
                np.array(accel[:3]) * self.ACCEL_UNIT,
                orientation,
                accel[3] / 100.0,
            )
        ]

    @staticmethod
    def _time_s(stamp: tuple[int, ...]) -> float:
        _, _, day, hour, minute, second, low, high = stamp
        return ((day * 24 + hour) * 60 + minute) * 60 + second + (low + 256 * high) * 1e-3


class WitMotionBleParser:
    """WitMotion over Bluetooth: 55 61, then nine 16-bit numbers: acceleration, angular rate, roll, pitch, yaw.

    55 71 answers a question (`ASK_BATTERY`): the first register's number, then eight registers; later readings carry
    the battery's state. There is no sum: a frame counts when the next one begins where it ends, or when nothing follows
    it. Layouts and the table of voltages are those of WitMotion's manual of the WT901BLECL, sections 6 and 7.
    """

    ASK_BATTERY: Final = bytes([0xFF, 0xAA, 0x27, 0x64, 0x00])
    SYNC: Final = b"\x55"
    MOTION, REGISTERS = b"\x55\x61", b"\x55\x71"
    BATTERY_REGISTER: Final = 0x64
    MOTION_LAYOUT: Final = struct.Struct("<2s9h")
    REGISTERS_LAYOUT: Final = struct.Struct("<2s9H")
    ANGLE_UNIT: Final = math.pi / 32768.0
    #: From these voltages on [0.01 V], so much is left [%].
    BATTERY_LEFT: Final = (
        *((396, 100.0), (393, 90.0), (387, 75.0), (382, 60.0), (379, 50.0), (377, 40.0)),
        *((373, 30.0), (370, 20.0), (368, 15.0), (350, 10.0), (340, 5.0), (0, 0.0)),
    )

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._battery_percent = math.nan

    def feed(self, data: bytes) -> list[ImuReading]:
        self._buffer += data
        size = self.MOTION_LAYOUT.size
        readings: list[ImuReading] = []
        while True:
            self.skipped += _to_sync(self._buffer, self.SYNC)
            if len(self._buffer) < size:
                return readings
            head, follows = bytes(self._buffer[:2]), bytes(self._buffer[size : size + 2])
            kinds = (self.MOTION, self.REGISTERS)
            if head not in kinds or not any(kind.startswith(follows) for kind in kinds):
                del self._buffer[:1]
                self.skipped += 1
                continue
            frame = bytes(self._buffer[:size])
            del self._buffer[:size]
            if head == self.MOTION:
                readings.append(self._decode(frame))
            else:
                _, first, voltage, *_ = self.REGISTERS_LAYOUT.unpack(frame)
                if first == self.BATTERY_REGISTER:
                    self._battery_percent = next(left for least, left in self.BATTERY_LEFT if voltage >= least)

    def _decode(self, frame: bytes) -> ImuReading:
        values = np.array(self.MOTION_LAYOUT.unpack(frame)[1:], dtype=np.float64)
        return ImuReading(
            gyro=values[3:6] * WitMotionParser.GYRO_UNIT,
            accel=values[0:3] * WitMotionParser.ACCEL_UNIT,
            orientation_xyzw=_from_euler(*(values[6:9] * self.ANGLE_UNIT)),
            battery_percent=self._battery_percent,
        )


class XsensParser:
    """Xsens MTi, MTData2 (FA FF 36): packet counter, sample time, quaternion, acceleration, rate of turn, temperature.

    Raises InputError for orientations in NED, whose z points down: set the device to ENU.
    """

    SYNC: Final = b"\xfa\xff\x36"
    EXTENDED: Final = 0xFF
    COUNTER, TIME_FINE, TEMPERATURE, QUATERNION, ACCEL, GYRO = 0x1020, 0x1060, 0x0810, 0x2010, 0x4020, 0x8020
    TIME_FINE_S: Final = 1e-4
    NED: Final = 0x4
    NUMBER: Final = {0x0: "f", 0x3: "d"}  # precision bits of a data identifier

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._sequence = -1

    def feed(self, data: bytes) -> list[ImuReading]:
        self._buffer += data
        readings: list[ImuReading] = []
        while True:
            self.skipped += _to_sync(self._buffer, self.SYNC)
            if len(self._buffer) < 6:
                return readings
            extended = self._buffer[3] == self.EXTENDED
            begin = 6 if extended else 4
            length = int.from_bytes(self._buffer[4:6], "big") if extended else self._buffer[3]
            if length <= LONGEST_FRAME:
                if len(self._buffer) < begin + length + 1:
                    return readings
                frame = bytes(self._buffer[: begin + length + 1])
                if sum(frame[1:]) & 0xFF == 0:
                    del self._buffer[: len(frame)]
                    readings += self._decode(frame[begin:-1])
                    continue
            del self._buffer[:1]
            self.skipped += 1

    def _decode(self, payload: bytes) -> list[ImuReading]:
        found: dict[int, tuple[float, ...]] = {}
        at = 0
        while at + 3 <= len(payload):
            kind, size = int.from_bytes(payload[at : at + 2], "big"), payload[at + 2]
            data = payload[at + 3 : at + 3 + size]
            at += 3 + size
            base, number = kind & 0xFFF0, self.NUMBER.get(kind & 0x3)
            if base == self.QUATERNION and kind & 0xC == self.NED:
                raise InputError("the Xsens sends orientations in NED (z down); set its output to ENU in MT Manager")
            if base in (self.COUNTER, self.TIME_FINE):
                found[base] = (int.from_bytes(data, "big"),)
            elif base in (self.QUATERNION, self.ACCEL, self.GYRO, self.TEMPERATURE) and number:
                found[base] = struct.unpack(f">{len(data) // struct.calcsize(number)}{number}", data)
        if self.ACCEL not in found or self.GYRO not in found:
            return []
        orientation = _unknown(4)
        if self.QUATERNION in found:
            w, x, y, z = found[self.QUATERNION]
            orientation = np.array([x, y, z, w])
        return [
            ImuReading(
                found[self.TIME_FINE][0] * self.TIME_FINE_S if self.TIME_FINE in found else math.nan,
                self._count(int(found[self.COUNTER][0])) if self.COUNTER in found else None,
                np.array(found[self.GYRO]),
                np.array(found[self.ACCEL]),
                orientation,
                found.get(self.TEMPERATURE, (math.nan,))[0],
            )
        ]

    def _count(self, counter: int) -> int:
        """The 16-bit packet counter, continued over its wrap."""
        step = (counter - self._sequence) & 0xFFFF
        self._sequence = counter if self._sequence < 0 else self._sequence + step
        return self._sequence


PARSERS: Final[dict[str, Callable[[], ImuParser]]] = {
    "own": OwnFrameParser,
    "witmotion": WitMotionParser,
    "witmotion_ble": WitMotionBleParser,
    "xsens": XsensParser,
}


def imu_parser(protocol: str) -> ImuParser:
    """A parser by name. Raises InputError for an unknown protocol."""
    if protocol not in PARSERS:
        raise InputError(f"unknown IMU protocol '{protocol}'; expected {', '.join(PARSERS)}")
    return PARSERS[protocol]()


def _to_sync(buffer: bytearray, sync: bytes) -> int:
    """Drop everything before the next possible beginning of a frame; how many bytes that was."""
    at = buffer.find(sync)
    if at < 0:  # the last bytes may be the first of a sync
        at = len(buffer)
        for part in range(len(sync) - 1, 0, -1):
            if buffer.endswith(sync[:part]):
                at = len(buffer) - part
                break
    del buffer[:at]
    return at


def _from_euler(roll: float, pitch: float, yaw: float) -> Array:
    """(4,) x, y, z, w of a turn about x, then y, then z of the world."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(0.5 * np.array([roll, pitch, yaw])), np.sin(0.5 * np.array([roll, pitch, yaw]))
    return np.array(
        [
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ]
    )


def _unit(quaternion: Array) -> Array:
    norm = float(np.linalg.norm(quaternion))
    return quaternion / norm if norm > 0 else _unknown(4)
