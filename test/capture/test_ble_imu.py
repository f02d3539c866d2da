"""A Bluetooth IMU through a pretended bleak: readings, battery, signal, a lost link, an address where nobody is."""

from __future__ import annotations

import asyncio
import struct
import sys
import types
from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.capture import ble_imu
from sport_nodes.capture.imu import imu_source
from sport_nodes.capture.imu_protocols import GRAVITY_M_S2, imu_parser
from sport_nodes.capture.source import DeviceError
from sport_nodes.errors import InputError


def frame(accel_g: list[float], gyro_deg_s: list[float], angles_deg: list[float]) -> bytes:
    """As WitMotion's manual of the protocol lays it out."""
    numbers = [v / 16 * 32768 for v in accel_g] + [v / 2000 * 32768 for v in gyro_deg_s]
    numbers += [v / 180 * 32768 for v in angles_deg]
    return b"\x55\x61" + struct.pack("<9h", *(round(v) for v in numbers))


def battery_answer(voltage: int) -> bytes:
    """Registers from 0x64 on, the first of which is the battery's voltage in hundredths of a volt."""
    return b"\x55\x71\x64\x00" + struct.pack("<8H", voltage, *range(0x6155, 0x6155 + 7))


def pretended_bleak(portions: list[bytes], *, voltage: int | None = None) -> types.ModuleType:
    """One device at AA:BB, heard with -67 dBm, that sends the portions as soon as somebody listens and breaks the link.

    voltage: asked for the battery's, it answers among the portions; None: it cannot be asked.
    """
    bleak = types.ModuleType("bleak")

    class BleakError(Exception):
        pass

    class BleakScanner:
        def __init__(self, detection_callback: Callable[[object, object], None]) -> None:
            self.tell = detection_callback

        async def __aenter__(self) -> None:
            for address, rssi in (("11:22", -40), ("aa:bb", -67)):
                self.tell(types.SimpleNamespace(address=address), types.SimpleNamespace(rssi=rssi))

        async def __aexit__(self, *_: object) -> None:
            pass

    class BleakClient:
        def __init__(self, device: object, disconnected_callback: Callable[[object], None]) -> None:
            self.device, self.gone, self.is_connected = device, disconnected_callback, False
            self.answers: list[bytes] = []

        async def connect(self) -> None:
            if self.device.address != "aa:bb":  # type: ignore[attr-defined]
                raise BleakError("not found")
            self.is_connected = True

        async def start_notify(self, uuid: str, callback: Callable[[object, bytearray], None]) -> None:
            assert uuid.startswith("0000ffe4")

            async def play() -> None:
                for portion in portions:
                    await asyncio.sleep(0.002)
                    for data in (*self.answers, portion):
                        callback(self, bytearray(data))
                    self.answers.clear()
                self.is_connected = False
                self.gone(self)

            self.task = asyncio.get_running_loop().create_task(play())

        async def write_gatt_char(self, uuid: str, data: bytes, *, response: bool) -> None:
            if voltage is None:
                raise BleakError("not permitted")
            assert (uuid[:8], data, response) == ("0000ffe9", b"\xff\xaa\x27\x64\x00", False)
            self.answers.append(battery_answer(voltage))

        async def disconnect(self) -> None:
            self.is_connected = False

    for kind in (BleakError, BleakScanner, BleakClient):
        setattr(bleak, kind.__name__, kind)
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
    assert {s.data.signal_dbm for s in got} == {-67.0}
    assert np.isnan(got[-1].data.battery_percent)  # it could not be asked


def test_battery_of_a_bluetooth_imu_among_its_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [frame([0.0, 0.0, 1.0], [10.0 * n, 0.0, 0.0], [0.0, 0.0, 0.0]) for n in range(8)]
    monkeypatch.setitem(sys.modules, "bleak", pretended_bleak(whole, voltage=371))
    imu = imu_source("ble:aa:BB", protocol="witmotion_ble", baud=0, rate_hz=200.0)
    imu.open()
    got = []
    while len(got) < len(whole):
        if sample := imu.read(1.0):  # nothing when only the answer came
            got.append(sample.data)
    imu.close()
    # The answer, whose registers look like beginnings of frames, costs no reading.
    np.testing.assert_allclose([np.rad2deg(reading.gyro[0]) for reading in got], 10.0 * np.arange(8), atol=0.05)
    assert got[-1].battery_percent == 20.0  # 3.70 to 3.73 V in WitMotion's table


@pytest.mark.parametrize(("voltage", "percent"), [(420, 100.0), (396, 100.0), (395, 90.0), (340, 5.0), (339, 0.0)])
def test_voltages_are_percents_as_the_manual_says(voltage: int, percent: float) -> None:
    parser = imu_parser("witmotion_ble")
    assert parser.feed(battery_answer(voltage)) == []
    (reading,) = parser.feed(frame([0.0, 0.0, 1.0], [0.0] * 3, [0.0] * 3))
    assert reading.battery_percent == percent
    assert parser.skipped == 0


def test_nobody_at_the_address_and_a_protocol_that_is_not_for_bluetooth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", pretended_bleak([]))
    monkeypatch.setattr(ble_imu, "HEARD_S", 0.05)
    imu = imu_source("ble:CC:DD", protocol="witmotion_ble", baud=0, rate_hz=200.0)
    with pytest.raises(DeviceError, match="does not connect"):
        imu.open()
    imu.close()
    with pytest.raises(InputError, match="not known over Bluetooth"):
        imu_source("ble:AA:BB", protocol="xsens", baud=0, rate_hz=200.0)
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(InputError, match="pip install bleak"):
        imu_source("ble:AA:BB", protocol="witmotion_ble", baud=0, rate_hz=200.0).open()
