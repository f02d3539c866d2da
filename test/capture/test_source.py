"""The thread that keeps a device open: samples in order, bounded memory, reconnection, an end."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from sport_nodes.capture.source import DeviceError, EndOfSourceError, Pace, Pump, Ring, Sample
from sport_nodes.errors import InputError

PATIENCE_S = 10.0


class Scripted:
    """Plays a list: a number is a sample, an exception is raised, None is silence."""

    def __init__(self, script: list[object]) -> None:
        self.name = "scripted"
        self.nominal_rate_hz = 100.0
        self.script = script
        self.opened = 0
        self.closed = 0

    def open(self) -> None:
        self.opened += 1

    def read(self, timeout_s: float) -> Sample[int] | None:
        if not self.script:
            raise EndOfSourceError
        item = self.script.pop(0)
        if isinstance(item, Exception):
            raise item
        return None if item is None else Sample(float(item), time.time(), item, item)

    def close(self) -> None:
        self.closed += 1


def run(script: list[object]) -> tuple[Scripted, Pump[int], list[int]]:
    source, got = Scripted(script), []
    pump = Pump(source, lambda sample: got.append(sample.data), backoff_s=(0.001, 0.004))
    pump.start()
    assert pump.join(PATIENCE_S)
    return source, pump, got


def test_a_lost_device_is_opened_again_and_nothing_else_is_lost() -> None:
    source, pump, got = run([1, 2, DeviceError("cable"), 3, None, DeviceError("cable"), DeviceError("cable"), 4])
    assert got == [1, 2, 3, 4]
    assert pump.status.reconnects == 3
    assert source.opened == source.closed == 4
    assert pump.status.ended
    assert not pump.status.connected


def test_what_can_never_work_is_not_tried_again() -> None:
    source, pump, got = run([1, InputError("wrong size"), 2])
    assert got == [1]
    assert source.opened == source.closed == 1
    assert pump.status.error == "wrong size"


def test_pauses_grow_while_a_device_stays_away() -> None:
    class Absent(Scripted):
        def open(self) -> None:
            super().open()
            raise DeviceError("absent")

    source = Absent([])
    pump = Pump(source, lambda sample: None, backoff_s=(0.01, 10.0))
    pump.start()
    time.sleep(0.6)
    pump.stop()
    # 10, 20, 40, 80, 160, 320 ms: six tries at the most, where a constant pause would make sixty.
    assert 3 <= source.opened <= 7
    assert "absent" in pump.status.error


def test_stop_ends_the_thread_while_the_device_is_silent() -> None:
    pump = Pump(Scripted([None] * 10_000_000), lambda sample: None)
    before = threading.active_count()
    pump.start()
    pump.stop()
    assert threading.active_count() == before


@given(capacity=st.integers(1, 20), items=st.lists(st.integers(), max_size=60))
def test_ring_keeps_the_newest_and_counts_the_rest(capacity: int, items: list[int]) -> None:
    ring: Ring[int] = Ring(capacity)
    for item in items:
        ring.append(item)
    assert ring.overwritten == max(0, len(items) - capacity)
    assert ring.drain() == items[-capacity:]
    assert ring.drain() == []


def test_paced_recordings_take_their_time() -> None:
    pace, begin_s = Pace(paced=True), time.monotonic()
    for device_s in (5.0, 5.1, 5.2):
        pace.wait(device_s)
    assert time.monotonic() - begin_s >= 0.2
    unpaced, begin_s = Pace(paced=False), time.monotonic()
    for device_s in range(1000):
        unpaced.wait(float(device_s))
    assert time.monotonic() - begin_s < PATIENCE_S
