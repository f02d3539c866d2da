"""What the device drivers share: a source in a thread of its own, its clock, its health."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from sport_coach.msg import DeviceClock as ClockMessage

from sport_nodes import topics
from sport_nodes.capture.source import Pump, Sample, Source
from sport_nodes.measurements import DeviceClock
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.health import ERROR, OK, WARN
from sport_nodes.sync.clock import ClockEstimator

CLOCK_PERIOD_S: Final = 1.0
#: Rate of a source that does not know its own, for the clock estimator's first guess [Hz].
TYPICAL_RATE_HZ: Final = 30.0


class DriverNode(SportNode):
    """A lifecycle node with one device. Its samples are worked on and published in the device's own thread.

    Subclasses call `drive` in `activate`; their `deactivate` calls this one's before it frees models.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("device", "", "The device; see the node's documentation for what it may be.")
        self.parameter("paced", True, "Recordings in place of a device play at their own speed.")
        self.parameter(
            "transport_ms",
            0.0,
            "The fastest way from the measurement to this host, taken off the stamps [ms].",
        )
        self._pump: Pump[Any] | None = None
        self._estimator: ClockEstimator | None = None
        self._clockless = 0

    def drive(self, source: Source[Any], take: Callable[[Sample[Any], float], None]) -> None:
        """Read the source until `deactivate`; take(sample, host time of the measurement) runs in its thread."""
        self._estimator, self._clockless = None, 0
        self._transport_s = 1e-3 * self.value("transport_ms")
        self._clock_output = self.publisher(ClockMessage, topics.clock(self.get_name()), qos.SENSOR_OUT)
        guarded = self.guarded(source.name, take)

        def handle(sample: Sample[Any]) -> None:
            stamp_s = self._stamp_s(sample, source)
            if math.isfinite(stamp_s):
                self.health.received(source.name, self.now_s() - stamp_s)
                guarded(sample, stamp_s)
            else:
                self.health.rejected(source.name, "a repeated sample, or one whose time makes no sense")

        self.health.expect(source.name)
        self._source_name = source.name
        self._pump = Pump(source, handle)
        self._pump.start()
        self.every(CLOCK_PERIOD_S, self._report)

    def deactivate(self) -> None:
        if self._pump:
            self._pump.stop()
            self._pump = None
            self.health.forget(self._source_name)

    def device_clock(self) -> DeviceClock | None:
        """The device's clock as it stands; None before the first sample."""
        if self._estimator:
            return self._estimator.report()
        if not self._clockless:
            return None
        unknown = math.nan
        return DeviceClock(
            self.get_name(), unknown, unknown, unknown, unknown, self._clockless, 0, 0, False, "it has no clock"
        )

    def host_time_s(self, device_s: float) -> float:
        """Host time of anything that the device stamped with the clock of its samples; NaN before the first of them."""
        return self._estimator.host_time_s(device_s) if self._estimator else math.nan

    def _stamp_s(self, sample: Sample[Any], source: Source[Any]) -> float:
        if math.isnan(sample.device_s):
            self._clockless += 1
            return sample.arrival_s - self._transport_s
        if self._estimator is None:
            rate_hz = source.nominal_rate_hz
            self._estimator = ClockEstimator(self.get_name(), rate_hz if math.isfinite(rate_hz) else TYPICAL_RATE_HZ)
        # A stamp on the host's own clock arrives, as it were, with no delay; the estimator then only counts and checks.
        arrival_s = sample.host_s if math.isfinite(sample.host_s) else sample.arrival_s
        return self._estimator.update(sample.device_s, arrival_s - self._transport_s, sample.sequence)

    def _report(self) -> None:
        if self._pump is None:
            return
        status = self._pump.status
        level = OK if status.connected else ERROR if status.error else WARN
        words = status.error or ("the recording has been played" if status.ended else "not connected yet")
        self.health.condition("device", level, words)
        self.health.figure("reconnects", str(status.reconnects))
        clock = self.device_clock()
        if clock:
            self.health.figure("dropped", str(clock.dropped))
            self._clock_output.publish(conversions.clock_to_message(clock))
