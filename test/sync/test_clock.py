"""Clocks against simulated devices whose offset, drift and delays are known."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.sync.clock import ClockEstimator
from sport_nodes.sync.hull import DelayFloor

EPOCH_S = 1.7e9
JITTER_S = 20e-6
DELAY_S = 5e-3
SPIKE_S = 50e-3


@dataclass
class Device:
    true_s: np.ndarray
    device_s: np.ndarray
    arrival_s: np.ndarray
    drift: float
    jitter_s: np.ndarray


def device(rate_hz: float, seed: int, duration_s: float = 70.0) -> Device:
    rng = np.random.default_rng(seed)
    drift = rng.uniform(-100e-6, 100e-6)
    n = int(rate_hz * duration_s)
    true_s = EPOCH_S + np.arange(n) / rate_hz
    jitter_s = rng.normal(0, JITTER_S, n)
    device_s = (true_s - EPOCH_S) * (1.0 + drift) + rng.uniform(0, 1000) + jitter_s
    delay_s = rng.exponential(DELAY_S, n) + np.where(rng.random(n) < 0.01, SPIKE_S, 0.0)
    return Device(true_s, device_s, true_s + delay_s, drift, jitter_s)


def feed(clock: ClockEstimator, d: Device, frames: np.ndarray, first_sequence: int = 0) -> np.ndarray:
    stamps = np.full(len(d.true_s), np.nan)
    for i in frames:
        stamps[i] = clock.update(d.device_s[i], d.arrival_s[i], (first_sequence + int(i)) % 2**32)
    return stamps


@pytest.mark.parametrize("rate_hz", [30.0, 200.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_offset_and_drift_of_a_jittery_device(rate_hz: float, seed: int) -> None:
    d = device(rate_hz, seed)
    clock = ClockEstimator("camera_0", rate_hz)
    stamps = feed(clock, d, np.arange(len(d.true_s)))
    settled = d.true_s > EPOCH_S + 10.0
    offset_error_s = stamps - d.jitter_s - d.true_s
    assert np.percentile(np.abs(offset_error_s)[settled], 95) <= 100e-6
    assert np.all(np.diff(stamps) > 0)
    report = clock.report()
    assert report.drift_ppm == pytest.approx((1.0 / (1.0 + d.drift) - 1.0) * 1e6, abs=1.0 if rate_hz > 100.0 else 1.5)
    assert report.jitter_us == pytest.approx(JITTER_S * 1e6, rel=0.3)
    assert report.delay_ms == pytest.approx(DELAY_S * np.log(2.0) * 1e3, rel=0.25)
    assert report.trusted
    assert (report.received, report.dropped, report.restarts) == (len(d.true_s), 0, 0)


def test_drops_are_counted_across_the_wrap_of_the_sequence() -> None:
    d = device(60.0, 3, duration_s=10.0)
    kept = np.sort(np.random.default_rng(0).choice(np.arange(1, 599), 560, replace=False))
    kept = np.concatenate([[0], kept, [599]])
    clock = ClockEstimator("camera_0", 60.0)
    feed(clock, d, kept, first_sequence=2**32 - 300)
    report = clock.report()
    assert (report.received, report.dropped, report.restarts) == (562, 38, 0)


def test_duplicates_and_late_packets_are_not_used() -> None:
    d = device(30.0, 4, duration_s=5.0)
    clock = ClockEstimator("camera_0", 30.0)
    for i in range(len(d.true_s)):
        if i == 50:
            continue
        clock.update(d.device_s[i], d.arrival_s[i], i)
        if i == 20:
            assert np.isnan(clock.update(d.device_s[i], d.arrival_s[i] + 0.001, i))
        if i == 51:
            assert clock.report().dropped == 1
            assert np.isnan(clock.update(d.device_s[50], d.arrival_s[i] + 0.001, 50))
    assert (clock.duplicates, clock.out_of_order) == (1, 1)
    assert (clock.report().dropped, clock.report().restarts) == (0, 0)


@pytest.mark.parametrize("jump_s", [-1e4, -3.0, -0.05, 0.1, 2.0, 1e5])
def test_a_restart_is_recovered_within_a_second(jump_s: float) -> None:
    d = device(60.0, 5, duration_s=30.0)
    changed = d.true_s > EPOCH_S + 15.0
    d.device_s[changed] += jump_s
    sequence = np.arange(len(d.true_s))
    if abs(jump_s) > 1e3:
        sequence[changed] -= sequence[changed][0]  # the device counts from zero again
    clock = ClockEstimator("imu_trunk", 60.0)
    stamps = np.array([clock.update(*row) for row in zip(d.device_s, d.arrival_s, map(int, sequence), strict=True)])
    report = clock.report()
    assert report.restarts == 1
    after = d.true_s > EPOCH_S + 16.0 + 0.2
    usable = np.isfinite(stamps) & after
    assert usable.sum() == after.sum()
    assert np.percentile(np.abs(stamps - d.true_s)[usable], 95) < 0.5e-3
    assert np.all(np.diff(stamps[np.isfinite(stamps)]) > 0)
    assert report.trusted


def test_a_wrapping_microsecond_timer_is_unwrapped() -> None:
    d = device(200.0, 6, duration_s=20.0)
    span_s = 2**32 * 1e-6
    d.device_s = (d.device_s - d.device_s[0] + span_s - 10.0) % span_s
    clock = ClockEstimator("imu_trunk", 200.0)
    stamps = feed(clock, d, np.arange(len(d.true_s)))
    late = d.true_s > EPOCH_S + 5.0
    assert clock.report().restarts == 0
    assert np.percentile(np.abs(stamps - d.true_s)[late], 95) < 0.3e-3


def test_a_clock_of_the_wrong_rate_is_not_trusted() -> None:
    d = device(15.0, 7, duration_s=10.0)
    clock = ClockEstimator("camera_1", 30.0)
    feed(clock, d, np.arange(len(d.true_s)))
    assert not clock.report().trusted
    assert "15.0 Hz instead of 30.0 Hz" in clock.report().reason


def test_a_new_clock_says_that_it_is_new() -> None:
    clock = ClockEstimator("camera_0", 30.0)
    clock.update(1.0, 2.0, 1)
    assert not clock.report().trusted
    assert "only 1 samples" in clock.report().reason


@given(
    st.lists(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 2, st.integers(0, 2**32 - 1)), max_size=60)
)
@settings(max_examples=100, deadline=None)
def test_nonsense_never_raises_nor_goes_back_in_time(samples: list[tuple[float, float, int]]) -> None:
    clock = ClockEstimator("camera_0", 30.0)
    stamps = np.array([clock.update(*sample) for sample in samples])
    usable = stamps[np.isfinite(stamps)]
    assert np.all(np.diff(usable) >= 0)
    clock.report()


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_floor_lies_under_every_point_and_touches_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 40, 200))
    y = 50e-6 * x + rng.exponential(5e-3, 200)
    floor = DelayFloor(drift=0.0, max_drift_change=200e-6)
    for point in zip(x, y, strict=True):
        floor.add(*point)
    above = y - np.array([floor.line.at(v) for v in x])
    assert above.min() == pytest.approx(0.0, abs=1e-12)
