"""When a device's samples are taken, what its own clock says then, and when they reach the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.noise import SensorNoise

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

# Device clocks count from when the device was switched on, within this time before the recording [s].
_LONGEST_UPTIME_S: Final = 3600.0
# A restarted device counts from its boot [s].
_BOOT_S: Final = 0.15
# Packets of one device follow each other by at least this [s].
_PACKET_S: Final = 1e-6


@dataclass(frozen=True)
class DeviceTruth:
    """How a device's clock truly runs: device time = offset_s + (host time - epoch) * (1 + drift_ppm / 1e6)."""

    offset_s: float
    drift_ppm: float


@dataclass(frozen=True, eq=False)
class Timeline:
    """The samples of one device as the host gets them, in order of arrival; one row a delivered sample.

    sample (M,): row of the exposure; repeats show twice, lost ones never. exposure_s, arrival_s: true host time [s].
    device_time_s: the device's stamp. sequence: its counter, lost samples counted, from 0 after a restart.
    """

    sample: Indices
    exposure_s: Array
    device_time_s: Array
    sequence: Indices
    arrival_s: Array


def draw_clock(noise: SensorNoise, rng: np.random.Generator) -> DeviceTruth:
    """A device that was switched on at some time within the last hour."""
    return DeviceTruth(rng.uniform(1.0, _LONGEST_UPTIME_S), noise.clock_drift_ppm * rng.standard_normal())


def trigger_times(begin_s: float, end_s: float, *, rate_hz: float) -> Array:
    """Times of a hardware trigger within [begin_s, end_s]; their index is the trigger's number."""
    return begin_s + np.arange(int(np.floor((end_s - begin_s) * rate_hz)) + 1) / rate_hz


def free_running_times(
    begin_s: float, end_s: float, *, rate_hz: float, truth: DeviceTruth, rng: np.random.Generator
) -> Array:
    """Sampling times of a device that keeps its nominal rate by its own clock, with a phase of its own."""
    rate_by_host_hz = rate_hz * (1.0 + truth.drift_ppm * 1e-6)
    return trigger_times(begin_s + rng.uniform(0.0, 1.0 / rate_hz), end_s, rate_hz=rate_by_host_hz)


def deliver(
    exposure_s: Array,
    *,
    epoch_s: float,
    truth: DeviceTruth,
    noise: SensorNoise,
    rng: np.random.Generator,
    latency_s: float = 0.0,
    silent_from_s: float | None = None,
    outage_s: tuple[float, float] | None = None,
) -> Timeline:
    """Stamp the exposures (N,) and send them to the host.

    Delays are positive with a long tail; a late packet holds up those behind it. outage_s: begin and end of a restart,
    after which the counter and the clock begin anew.
    """
    count = len(exposure_s)
    sequence = np.arange(count, dtype=np.int64)
    device = truth.offset_s + (exposure_s - epoch_s) * (1.0 + truth.drift_ppm * 1e-6)
    device = device + noise.clock_jitter_s * rng.standard_normal(count)
    lost = rng.random(count) < noise.drop_probability
    if outage_s is not None:
        restarted = exposure_s >= outage_s[1]
        lost |= (exposure_s >= outage_s[0]) & ~restarted
        if restarted.any():
            first = int(np.argmax(restarted))
            sequence[first:] -= first
            device[first:] += _BOOT_S - device[first]
    if silent_from_s is not None:
        lost |= exposure_s >= silent_from_s

    delay = noise.delay_floor_s + latency_s + rng.exponential(noise.delay_mean_s, count)
    delay += noise.spike_s * (rng.random(count) < noise.spike_probability)
    repeated = ~lost & (rng.random(count) < noise.repeat_probability)
    sample = np.repeat(np.arange(count, dtype=np.int64), np.where(lost, 0, 1 + repeated))
    arrival = exposure_s[sample] + delay[sample]
    # In order on the line: nothing overtakes what was sent before it.
    spacing = _PACKET_S * np.arange(len(arrival))
    arrival = np.maximum.accumulate(arrival - spacing) + spacing
    return Timeline(sample, exposure_s[sample], device[sample], sequence[sample], arrival)
