"""Serial IMUs: every frame that was intact on the line comes out, whatever lies between; ports that vanish."""

from __future__ import annotations

import binascii
import math
import os
import pty
import struct
import time
import tty
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.capture.imu import SerialImu, imu_source, read_imu_csv
from sport_nodes.capture.imu_protocols import GRAVITY_M_S2, ImuParser, ImuReading, imu_parser
from sport_nodes.capture.source import DeviceError, EndOfSourceError, Pump, Sample
from sport_nodes.errors import InputError
from sport_nodes.lab.serial_line import Disturbance, SerialLine

FRAMES = 25


def own_frame(n: int) -> bytes:
    body = b"\xa5\x5a\x01" + struct.pack("<IQ3f3f4ffBB", n, 5000 * n, 0.1 * n, 0, 0, 0, 0, 9.8, 0, 0, 0, 1, 30.5, 90, 0)
    return body + struct.pack("<H", crc_ccitt_false(body))


def crc_ccitt_false(data: bytes) -> int:
    """Bit by bit, from the polynomial."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def wit_frame(kind: int, *values: int) -> bytes:
    body = bytes([0x55, kind]) + struct.pack("<4h", *values)
    return body + bytes([sum(body) & 0xFF])


def wit_cycle(n: int) -> bytes:
    return wit_frame(0x51, 0, 0, 2048, 3050) + wit_frame(0x52, n, 0, 0, 0) + wit_frame(0x59, 32767, 0, 0, 0)


def xsens_frame(n: int) -> bytes:
    data = b"\x10\x20\x02" + struct.pack(">H", n & 0xFFFF) + b"\x10\x60\x04" + struct.pack(">I", 100 * n)
    data += b"\x20\x10\x10" + struct.pack(">4f", 1, 0, 0, 0) + b"\x40\x20\x0c" + struct.pack(">3f", 0, 0, 9.8)
    data += b"\x80\x20\x0c" + struct.pack(">3f", 0.1 * n, 0, 0)
    body = b"\xff\x36" + bytes([len(data)]) + data
    return b"\xfa" + body + bytes([-sum(body) & 0xFF])


ENCODERS: dict[str, Callable[[int], bytes]] = {"own": own_frame, "witmotion": wit_cycle, "xsens": xsens_frame}
#: The reading's number, from its angular rate.
NUMBER_OF = {"own": 0.1, "witmotion": math.radians(2000) / 32768, "xsens": 0.1}


def numbers(readings: list[ImuReading], protocol: str) -> list[int]:
    return [round(float(r.gyro[0]) / NUMBER_OF[protocol]) for r in readings]


def test_crc_is_the_documented_one() -> None:
    assert crc_ccitt_false(b"123456789") == 0x29B1  # the algorithm's published check value
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


@pytest.mark.parametrize("protocol", ENCODERS)
@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_portions_do_not_matter(protocol: str, cuts: list[int]) -> None:
    stream = b"".join(ENCODERS[protocol](n) for n in range(FRAMES))
    parser, readings, at = imu_parser(protocol), [], 0
    for cut in [*cuts, len(stream)]:
        readings += parser.feed(stream[at : at + cut])
        at += cut
    assert numbers(readings, protocol) == list(range(FRAMES))
    assert parser.skipped == 0


@pytest.mark.parametrize("protocol", ENCODERS)
@given(garbage=st.lists(st.binary(max_size=30), min_size=FRAMES, max_size=FRAMES))
@settings(max_examples=30, deadline=None)
def test_garbage_between_frames_costs_nothing(protocol: str, garbage: list[bytes]) -> None:
    sync = {"own": 0xA5, "witmotion": 0x55, "xsens": 0xFA}[protocol]
    clean = [bytes(b for b in part if b != sync) for part in garbage]
    parser, readings = imu_parser(protocol), []
    for n, part in enumerate(clean):
        readings += parser.feed(part + ENCODERS[protocol](n))
    assert numbers(readings, protocol) == list(range(FRAMES))
    assert parser.skipped == sum(map(len, clean))


@pytest.mark.parametrize("protocol", ENCODERS)
@given(noise=st.binary(min_size=1, max_size=3000))
@settings(max_examples=30, deadline=None)
def test_any_noise_is_survived_and_left_behind(protocol: str, noise: bytes) -> None:
    parser = imu_parser(protocol)
    parser.feed(noise)
    readings = []
    for n in range(200):  # a false length can swallow at most the longest frame
        readings += parser.feed(ENCODERS[protocol](n))
    assert numbers(readings, protocol)[-50:] == list(range(150, 200))


@pytest.mark.parametrize("protocol", ENCODERS)
def test_a_damaged_frame_is_left_out(protocol: str) -> None:
    frames = [bytearray(ENCODERS[protocol](n)) for n in range(FRAMES)]
    frames[7][-8] ^= 0x10
    got = numbers(imu_parser(protocol).feed(b"".join(frames)), protocol)
    expected = [n for n in range(FRAMES) if n != 7]
    # A WitMotion cycle that lost its quaternion is still a reading.
    assert got == (list(range(FRAMES)) if protocol == "witmotion" else expected)


def test_units() -> None:
    wit = imu_parser("witmotion").feed(wit_cycle(0) + wit_cycle(16384) + wit_cycle(1))[1]
    assert wit.gyro[0] == pytest.approx(math.radians(1000.0))
    assert wit.accel[2] == pytest.approx(GRAVITY_M_S2)
    assert wit.temperature_c == pytest.approx(30.5)
    np.testing.assert_allclose(wit.orientation_xyzw, [0, 0, 0, 1])
    assert math.isnan(wit.device_s)
    xsens = imu_parser("xsens").feed(xsens_frame(3))[0]
    assert xsens.device_s == pytest.approx(0.03)
    assert xsens.accel[2] == pytest.approx(9.8)
    own = imu_parser("own").feed(own_frame(3))[0]
    assert (own.sequence, own.battery_percent) == (3, 90.0)
    assert own.device_s == pytest.approx(0.015)


def test_xsens_counter_goes_on_over_its_wrap() -> None:
    parser: ImuParser = imu_parser("xsens")
    got = [r.sequence for n in range(65530, 65545) for r in parser.feed(xsens_frame(n))]
    assert got == list(range(65530, 65545))
    ned = bytearray(xsens_frame(1))
    at = ned.index(b"\x20\x10")
    ned[at + 1] |= 0x4
    ned[-1] = (ned[-1] - 0x4) & 0xFF
    with pytest.raises(InputError, match="ENU"):
        parser.feed(bytes(ned))


def test_unknown_protocol_is_refused() -> None:
    with pytest.raises(InputError, match="own, witmotion, witmotion_ble, xsens"):
        imu_parser("morse")


def serial_pair() -> tuple[int, str]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, os.ttyname(slave)


def read_until(imu: SerialImu, meanwhile: Callable[[], object]) -> None:
    for _ in range(2000):
        meanwhile()
        imu.read(0.01)


def test_a_port_that_stops_and_a_wrong_protocol() -> None:
    master, name = serial_pair()
    imu = SerialImu(name, protocol="own", baud=115200, rate_hz=200.0)
    imu.open()
    sent, got, end_s = 0, [], time.monotonic() + 10.0
    while len(got) < 100 and time.monotonic() < end_s:
        if sent < 100:
            os.write(master, own_frame(sent))
            sent += 1
        sample = imu.read(0.05)
        if sample is not None:
            got.append(sample.sequence)
    assert got == list(range(100))
    with pytest.raises(DeviceError, match="no reading"):
        read_until(imu, lambda: None)
    imu.close()

    wrong = SerialImu(name, protocol="xsens", baud=115200, rate_hz=200.0)
    wrong.open()
    with pytest.raises(DeviceError, match="no 'xsens' frame"):
        read_until(wrong, lambda: os.write(master, own_frame(1)))
    wrong.close()
    os.close(master)
    with pytest.raises(DeviceError, match="plugged in"):
        SerialImu("/dev/ttyNOTHING", protocol="own", baud=115200, rate_hz=200.0).open()


def test_csv_replay(tmp_path: Path) -> None:
    path = tmp_path / "imu.csv"
    rows = ["time,gyro_x,gyro_y,gyro_z,accel_x,accel_y,accel_z"] + [f"{n / 100},{n},0,0,0,0,9.81" for n in range(5)]
    path.write_text("\n".join(rows))
    source = imu_source(str(path), protocol="own", baud=0, rate_hz=0.0, paced=False)
    source.open()
    samples = [source.read(0.0) for _ in range(5)]
    assert [(s.device_s, float(s.data.gyro[0])) for s in samples if s] == [(n / 100, float(n)) for n in range(5)]
    with pytest.raises(EndOfSourceError):
        source.read(0.0)
    assert source.nominal_rate_hz == pytest.approx(100.0)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not an IMU recording"):
        read_imu_csv(path)
    path.write_text("\n".join([rows[0], rows[2], rows[1]]))
    with pytest.raises(InputError, match="does not increase"):
        read_imu_csv(path)


def test_five_lines_with_noise_and_unplugging_lose_nothing_that_came_whole(tmp_path: Path) -> None:
    """Seconds of what scripts/capture_study.py does for ten minutes."""
    disturbance = Disturbance(noise=0.05, damaged=0.02, missing=0.02, unplugged_every_s=0.5, away_s=0.2)
    lines = [SerialLine(tmp_path / f"imu{k}", rate_hz=400.0, seed=k, disturbance=disturbance) for k in range(5)]

    def keep(line: SerialLine) -> Callable[[Sample[ImuReading]], None]:
        return lambda sample: line.received.append(sample.sequence)

    pumps = [
        Pump(SerialImu(str(line.path), protocol="own", baud=115200, rate_hz=400.0), keep(line), backoff_s=(0.05, 0.2))
        for line in lines
    ]
    for pump in pumps:
        pump.start()
    time.sleep(0.2)
    for line in lines:
        line.start()
    time.sleep(1.2)  # data, a time without cable, data
    for line in lines:
        line.stop()
    for pump, line in zip(pumps, lines, strict=True):
        pump.stop()
        line.close()
        assert len(line.intact) >= 2  # it was unplugged
        got = list(line.received)
        assert line.lost() == []
        assert got == sorted(set(got))
        assert set(got) <= {sequence for sent in line.intact for sequence in sent}
        assert len(got) > 100
        assert pump.status.reconnects >= 1
