"""A Bluetooth IMU through a pretended bleak: readings, a lost link, an address where nobody is."""

from __future__ import annotations

import asyncio
import struct
import sys
import types
from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.capture.imu import imu_source
from sport_nodes.capture.imu_protocols import GRAVITY_M_S2
from sport_nodes.capture.source import DeviceError
from sport_nodes.errors import InputError


def frame(accel_g: list[float], gyro_deg_s: list[float], angles_deg: list[float]) -> bytes:
    """As WitMotion's manual of the protocol lays it out."""
    numbers = [v / 16 * 32768 for v in accel_g] + [v / 2000 * 32768 for v in gyro_deg_s]
    numbers += [v / 180 * 32768 for v in angles_deg]
    return b"\x55\x61" + struct.pack("<9h", *(round(v) for v in numbers))


def pretended_bleak(portions: list[bytes]) -> types.ModuleType:
    """Sends the portions as soon as somebody listens, and then breaks the link."""
    bleak = types.ModuleType("bleak")

    class BleakError(Exception):
        pass

    class BleakClient:
        def __init__(self, address: str, disconnected_callback: Callable[[object], None]) -> None:
            self.address, self.gone, self.is_connected = address, disconnected_callback, False

        async def connect(self) -> None:
            if self.address != "AA:BB":
                raise BleakError("not found")
            self.is_connected = True

        async def start_notify(self, uuid: str, callback: Callable[[object, bytearray], None]) -> None:
            assert uuid.startswith("0000ffe4")

            async def play() -> None:
                for portion in portions:
                    callback(self, bytearray(portion))
                    await asyncio.sleep(0.001)
                self.is_connected = False
                self.gone(self)

            self.task = asyncio.get_running_loop().create_task(play())

        async def disconnect(self) -> None:
            self.is_connected = False

    bleak.BleakClient, bleak.BleakError = BleakClient, BleakError  # type: ignore[attr-defined]
    return bleak


def test_readings_of_a_bluetooth_imu(monkeypatch: pytest.MonkeyPatch) -> None:
    angles = [30.0, -20.0, 110.0]
    whole = [frame([0.0, 0.5, 1.0], [10.0 * n, -90.0, 0.0], angles) for n in range(6)]
    stream = b"\x12\x55" + b"".join(whole)
    monkeypatch.setitem(sys.modules, "bleak", pretended_bleak([stream[:33], stream[33:70], stream[70:]]))
    imu = imu_source("ble:AA:BB", protocol="witmotion_ble", baud=0, rate_hz=200.0)
    imu.open()
    got = []
    while len(got) < len(whole) and (sample := imu.read(1.0)):
        got.append(sample)
    with pytest.raises(DeviceError, match="was lost"):
        imu.read(1.0)
    imu.close()
    assert len(got) == 6
    np.testing.assert_allclose([np.rad2deg(s.data.gyro[0]) for s in got], 10.0 * np.arange(6), atol=0.05)
    np.testing.assert_allclose(got[0].data.accel / GRAVITY_M_S2, [0.0, 0.5, 1.0], atol=1e-3)
    expected = Rotation.from_euler("xyz", angles, degrees=True)
    assert (Rotation.from_quat(got[0].data.orientation_xyzw).inv() * expected).magnitude() < 1e-3
    assert np.isnan(got[0].device_s)  # it has no clock


def test_nobody_at_the_address_and_a_protocol_that_is_not_for_bluetooth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", pretended_bleak([]))
    imu = imu_source("ble:CC:DD", protocol="witmotion_ble", baud=0, rate_hz=200.0)
    with pytest.raises(DeviceError, match="does not connect"):
        imu.open()
    imu.close()
    with pytest.raises(InputError, match="not known over Bluetooth"):
        imu_source("ble:AA:BB", protocol="xsens", baud=0, rate_hz=200.0)
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(InputError, match="pip install bleak"):
        imu_source("ble:AA:BB", protocol="witmotion_ble", baud=0, rate_hz=200.0).open()
