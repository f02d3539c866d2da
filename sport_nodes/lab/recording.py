"""What the drivers make of the devices' samples: stamps on the host's clock, and a Recording."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from sport_nodes.lab.events import DepthFrame, DeviceEvent, DeviceEvents, ImuSample, KeypointFrame
from sport_nodes.measurements import DeviceClock, ImuStream, KeypointStream, Recording, SkeletonStream
from sport_nodes.sync.clock import ClockEstimator
from sport_nodes.sync.trigger import common_times


class Drivers:
    """One clock estimator a device, as the real drivers have."""

    def __init__(self, rates_hz: dict[str, float]) -> None:
        self._estimators = {name: ClockEstimator(name, rate_hz) for name, rate_hz in rates_hz.items()}

    def stamped(self, events: tuple[DeviceEvent, ...]) -> Iterator[tuple[DeviceEvent, float]]:
        """Each usable sample with its time on the host's clock, in order of arrival; repeats are dropped."""
        for event in events:
            stamp_s = self._estimators[event.device].update(event.device_time_s, event.arrival_s, event.sequence)
            if math.isfinite(stamp_s):
                yield event, stamp_s

    def report(self, device: str) -> DeviceClock:
        """How a device's clock stands now."""
        return self._estimators[device].report()

    def reports(self) -> tuple[DeviceClock, ...]:
        """How all clocks stand now, by device name."""
        return tuple(self._estimators[name].report() for name in sorted(self._estimators))


def recording_from_events(events: DeviceEvents, *, action: str = "", athlete: str = "", trial: str = "") -> Recording:
    """The streams that a recorder would have written: samples on the host's clock as the drivers know it."""
    drivers = Drivers(events.rates_hz)
    by_device: dict[str, list[tuple[float, Any]]] = {}
    triggers: dict[str, list[int]] = {}
    for event, stamp_s in drivers.stamped(events.events):
        by_device.setdefault(event.device, []).append((stamp_s, event.payload))
        if event.trigger is not None:
            triggers.setdefault(event.device, []).append(event.trigger)
    stamps_s = {device: np.array([s for s, _ in samples]) for device, samples in by_device.items()}
    stamps_s |= common_times({name: (np.array(numbers), stamps_s[name]) for name, numbers in triggers.items()})
    depth: SkeletonStream | None = None
    cameras: dict[str, KeypointStream] = {}
    imus: dict[str, ImuStream] = {}
    for device, samples in sorted(by_device.items()):
        times_s = stamps_s[device]
        payloads = [p for _, p in samples]
        if isinstance(payloads[0], KeypointFrame):
            xy, confidence = np.array([p.xy_px for p in payloads]), np.array([p.confidence for p in payloads])
            cameras[device] = KeypointStream(times_s, xy, confidence)
        elif isinstance(payloads[0], DepthFrame):
            positions, confidence = (
                np.array([p.positions_m for p in payloads]),
                np.array([p.confidence for p in payloads]),
            )
            depth = SkeletonStream(times_s, positions, confidence)
        elif isinstance(payloads[0], ImuSample):
            orientation, vectors = (
                np.array([p.orientation_xyzw for p in payloads]),
                np.array([p.vector for p in payloads]),
            )
            imus[device] = ImuStream(times_s, orientation, vectors)
    return Recording(depth, cameras, imus, drivers.reports(), events.truth, action, athlete, trial)
