"""Device clocks, transport and losses against their parameters."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.lab.clocks import DeviceTruth, deliver, free_running_times, trigger_times
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.sync.clock import ClockEstimator

EPOCH_S = 1_700_000_000.0
NOISE = SensorNoise()
TRUTH = DeviceTruth(offset_s=812.5, drift_ppm=60.0)


def delivered(times_s, noise=NOISE, **options):
    rng = np.random.default_rng(5)
    return deliver(times_s, epoch_s=EPOCH_S, truth=TRUTH, noise=noise, rng=rng, **options)


def test_device_times_run_with_offset_and_drift():
    times = trigger_times(EPOCH_S, EPOCH_S + 1000.0, rate_hz=30.0)
    line = delivered(times)
    slope, offset = np.polyfit(line.exposure_s - EPOCH_S, line.device_time_s, 1)
    assert (slope - 1.0) * 1e6 == pytest.approx(60.0, abs=0.01)
    assert offset == pytest.approx(812.5, abs=1e-5)
    residual = line.device_time_s - (offset + slope * (line.exposure_s - EPOCH_S))
    assert residual.std() == pytest.approx(NOISE.clock_jitter_s, rel=0.05)


def test_delays_are_positive_long_tailed_and_in_order():
    line = delivered(trigger_times(EPOCH_S, EPOCH_S + 2000.0, rate_hz=30.0))
    delay = line.arrival_s - line.exposure_s
    assert delay.min() >= NOISE.delay_floor_s * 0.99
    assert np.median(delay) == pytest.approx(NOISE.delay_floor_s + np.log(2) * NOISE.delay_mean_s, rel=0.1)
    assert np.percentile(delay, 99.5) > NOISE.spike_s
    assert (np.diff(line.arrival_s) > 0).all()


def test_losses_leave_a_gap_in_the_sequence_and_repeats_do_not():
    noise = replace(NOISE, drop_probability=0.05, repeat_probability=0.02)
    times = trigger_times(EPOCH_S, EPOCH_S + 1000.0, rate_hz=30.0)
    line = delivered(times, noise)
    steps = np.diff(line.sequence)
    lost = int((steps[steps > 1] - 1).sum())
    assert lost == pytest.approx(0.05 * len(times), rel=0.1)
    assert (steps == 0).mean() == pytest.approx(0.02, abs=0.004)
    again = np.flatnonzero(steps == 0)
    assert (line.device_time_s[again] == line.device_time_s[again + 1]).all()
    assert (steps >= 0).all()


def test_a_restart_begins_the_counter_and_the_clock_anew():
    times = trigger_times(EPOCH_S, EPOCH_S + 10.0, rate_hz=200.0)
    line = delivered(times, outage_s=(EPOCH_S + 4.0, EPOCH_S + 4.5))
    fresh = line.exposure_s >= EPOCH_S + 4.5
    assert not ((line.exposure_s > EPOCH_S + 4.0) & ~fresh).any()
    assert line.sequence[fresh][0] < 3
    assert line.device_time_s[fresh][0] < 0.5
    assert line.device_time_s[~fresh][-1] > 812.0


def test_a_device_that_falls_silent_sends_nothing_more():
    line = delivered(trigger_times(EPOCH_S, EPOCH_S + 10.0, rate_hz=30.0), silent_from_s=EPOCH_S + 3.0)
    assert line.exposure_s.max() < EPOCH_S + 3.0
    assert len(line.sample) > 80


def test_a_free_running_device_keeps_its_rate_by_its_own_clock():
    rng = np.random.default_rng(1)
    times = free_running_times(EPOCH_S, EPOCH_S + 100.0, rate_hz=200.0, truth=TRUTH, rng=rng)
    device_steps = np.diff(times) * (1.0 + TRUTH.drift_ppm * 1e-6)
    assert device_steps == pytest.approx(1.0 / 200.0, abs=1e-6)
    assert EPOCH_S <= times[0] < EPOCH_S + 1.0 / 200.0


def test_the_drivers_estimator_recovers_the_clock():
    line = delivered(trigger_times(EPOCH_S, EPOCH_S + 60.0, rate_hz=200.0))
    estimator = ClockEstimator("imu", 200.0)
    stamps = np.array(
        [
            estimator.update(device, arrival, int(sequence))
            for device, arrival, sequence in zip(line.device_time_s, line.arrival_s, line.sequence, strict=True)
        ]
    )
    error = (stamps - line.exposure_s)[np.isfinite(stamps)] - NOISE.delay_floor_s
    assert np.abs(error[-2000:]).max() < 5e-4
    report = estimator.report()
    assert report.drift_ppm == pytest.approx(-60.0, abs=5.0)
    assert report.dropped == (line.sequence.max() + 1) - len(np.unique(line.sequence))
