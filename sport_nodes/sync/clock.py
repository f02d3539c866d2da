"""Device clock to host clock, from device stamps and arrival times whose delays are positive and long-tailed."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

from sport_nodes.measurements import DeviceClock
from sport_nodes.sync.hull import DelayFloor, Line

#: A crystal drifts less than this [s/s]; a steeper line is noise or a broken clock.
MAX_DRIFT: Final = 200e-6
#: A crystal's drift hardly changes with a restart [s/s].
MAX_DRIFT_CHANGE: Final = 20e-6
#: A device clock that runs ahead of its floor by more than this has jumped [s].
FORWARD_JUMP_S: Final = 0.02
#: A device clock that falls behind by more than this has jumped or restarted; no transport is this slow [s].
BACKWARD_JUMP_S: Final = 2.0
#: A floor that stays raised for this long has moved for good: the clock was set back by a little [s].
RAISED_FLOOR_S: Final = 0.8
#: ... by more than this [s], and by more than this many median delays.
RAISED_FLOOR_MIN_S: Final = 0.005
RAISED_FLOOR_DELAYS: Final = 3.0
#: With fewer samples nothing is said about the floor.
MIN_SAMPLES: Final = 20
#: Sequence numbers and many device timers are 32-bit counters.
COUNTER_SPAN: Final = 2**32
#: Ticks of 32-bit device timers that are known to wrap [s].
TIMER_TICKS_S: Final = (1e-9, 1e-7, 1e-6, 1.0 / 90_000.0, 1e-4, 1e-3)
#: A late packet is at most this far behind; farther back, the counter was reset.
REORDER_SPAN: Final = 64
#: A gap longer than this is a counter that was reset, not lost samples [s].
MAX_GAP_S: Final = 60.0
#: Distance of consecutive stamps when the estimate moves back [s].
SMALLEST_STEP_S: Final = 1e-6
#: Farther from zero than this lies no clock [s].
LONGEST_TIME_S: Final = 1e11
#: Samples kept for delay and jitter.
RECENT: Final = 512
#: A restarted device is trusted again after this long [s].
SETTLING_S: Final = 1.0
#: Median absolute deviation to standard deviation of a normal distribution.
MAD_TO_SIGMA: Final = 1.4826
#: A device that loses more than this share of its samples is not trusted.
MAX_DROPPED_SHARE: Final = 0.2
#: Departure from the nominal rate beyond which a device is not trusted.
MAX_RATE_ERROR: Final = 0.1


class ClockEstimator:
    """Follows one device's clock.

    Offset and drift come from the lower convex hull of (device time, arrival - device time) over a sliding window: the
    fastest transports bound the clock from above (Zhang, Liu and Xia, INFOCOM 2002). From there the likelihood averages
    out the jitter of the device's own stamps (`blurred_edge`). The fastest delay itself is in no stamp and counts into
    the offset. Samples are told apart by their sequence number, modulo 2**32.
    """

    def __init__(self, name: str, nominal_rate_hz: float) -> None:
        self.name = name
        self.duplicates = 0
        self.out_of_order = 0
        self.not_a_time = 0
        self._period_s = 1.0 / nominal_rate_hz
        self._floor = DelayFloor(drift=0.0, max_drift_change=MAX_DRIFT)
        self._received = 0
        self._dropped = 0
        self._restarts = 0
        self._sequence: int | None = None
        self._device_s = -math.inf  # newest device time, unwrapped
        self._arrival_s = -math.inf
        self._stamp_s = -math.inf
        self._wrapped_s = 0.0  # added to device times since the timer wrapped
        self._since_s = math.inf  # arrival of the first sample since the start or the last restart
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT)  # (device, arrival - device)
        self._intervals_s: deque[float] = deque(maxlen=RECENT)  # device time per sequence step
        self._low_since_s = -math.inf  # arrival of the newest sample near the floor
        self._raised = 0  # samples since then
        self._raised_bound_s = RAISED_FLOOR_MIN_S

    def update(self, device_time_s: float, arrival_s: float, sequence: int | None = None) -> float:
        """Host time of the measurement [s], strictly increasing; NaN for a sample that must not be used.

        Not to be used are duplicates, samples older than one already stamped, and numbers that are no time.
        Without a sequence number nothing is counted as dropped.
        """
        if not (abs(device_time_s) < LONGEST_TIME_S and abs(arrival_s) < LONGEST_TIME_S):
            self.not_a_time += 1
            return math.nan
        device_time_s, arrival_s = float(device_time_s), float(arrival_s)  # numpy scalars are slow
        step = self._sequence_step(sequence)
        device_s = self._unwrap(device_time_s, step)
        if self._is_restart(device_s, arrival_s, step):
            self._restart()
            device_s, step = device_time_s, None
        elif device_s <= self._device_s or (step is not None and step <= 0):
            return self._stale(device_s, step)
        if step is not None:
            self._dropped += step - 1
            self._intervals_s.append((device_s - self._device_s) / step)
        self._received += 1
        self._sequence = sequence
        if math.isinf(self._since_s):
            self._since_s = self._low_since_s = arrival_s
        self._device_s, self._arrival_s = device_s, arrival_s
        self._recent.append((device_s, arrival_s - device_s))
        if self._floor.add(device_s, arrival_s - device_s):
            self._floor.sharpen(self._jitter_s())
            self._raised_bound_s = max(RAISED_FLOOR_MIN_S, RAISED_FLOOR_DELAYS * self._median_delay_s(self._floor.line))
        stamp = self.host_time_s(device_s)
        self._stamp_s = max(stamp, self._stamp_s + SMALLEST_STEP_S)
        return self._stamp_s

    def host_time_s(self, device_time_s: float) -> float:
        """Host time of a device time (unwrapped) by the present estimate."""
        return device_time_s + self._floor.line.at(device_time_s)

    def report(self) -> DeviceClock:
        """The clock as it stands; `delay_ms` is the median delay beyond the fastest."""
        line = self._floor.line
        reason = self._distrust(line)
        return DeviceClock(
            name=self.name,
            offset_us=line.at(self._device_s) * 1e6 if self._received else math.nan,
            drift_ppm=line.slope * 1e6,
            jitter_us=self._jitter_s() * 1e6,
            delay_ms=self._median_delay_s(line) * 1e3,
            received=self._received,
            dropped=self._dropped,
            restarts=self._restarts,
            trusted=not reason,
            reason=reason,
        )

    def _sequence_step(self, sequence: int | None) -> int | None:
        """Signed distance from the newest sequence number across the wrap; None when unknown."""
        if sequence is None or self._sequence is None:
            return None
        half = COUNTER_SPAN // 2
        return (sequence - self._sequence + half) % COUNTER_SPAN - half

    def _unwrap(self, device_time_s: float, step: int | None) -> float:
        """The device time with the wraps of its 32-bit timer put back."""
        device_s = device_time_s + self._wrapped_s
        expected_s = self._device_s + max(step or 1, 1) * self._period_s
        if not math.isfinite(expected_s) or device_s >= self._device_s:
            return device_s
        tolerance_s = max(self._period_s, FORWARD_JUMP_S)
        for tick_s in TIMER_TICKS_S:
            span_s = COUNTER_SPAN * tick_s
            if step is not None and step > 0 and abs(device_s + span_s - expected_s) < tolerance_s:
                self._wrapped_s += span_s
                return device_s + span_s
        return device_s

    def _is_restart(self, device_s: float, arrival_s: float, step: int | None) -> bool:
        if not self._received:
            return False
        if step is not None and (step < -REORDER_SPAN or step * self._period_s > MAX_GAP_S):
            return True
        late_s = arrival_s - self.host_time_s(device_s)
        settled = len(self._recent) >= MIN_SAMPLES
        if late_s < -FORWARD_JUMP_S and settled:
            return True
        if late_s > BACKWARD_JUMP_S and (step is None or step > 0):
            return True
        return settled and self._floor_is_raised(late_s, arrival_s)

    def _floor_is_raised(self, late_s: float, arrival_s: float) -> bool:
        """Whether every sample of the last while came much later than the fastest ones before."""
        if late_s < self._raised_bound_s:
            self._low_since_s, self._raised = arrival_s, 0
            return False
        self._raised += 1
        return self._raised >= MIN_SAMPLES and arrival_s - self._low_since_s > RAISED_FLOOR_S

    def _restart(self) -> None:
        """Forget the offset; the crystal, and so about its drift, is the same."""
        self._restarts += 1
        known = self._floor.span_s > SETTLING_S
        self._floor = DelayFloor(
            drift=self._floor.line.slope if known else 0.0,
            max_drift_change=MAX_DRIFT_CHANGE if known else MAX_DRIFT,
        )
        self._recent.clear()
        self._intervals_s.clear()
        self._wrapped_s = 0.0
        self._raised = 0
        self._since_s = math.inf

    def _stale(self, device_s: float, step: int | None) -> float:
        if step == 0 or device_s == self._device_s:
            self.duplicates += 1
        else:
            self.out_of_order += 1
            if step is not None and step < 0 and self._dropped:
                self._dropped -= 1  # it was counted as lost when its successor came
        return math.nan

    def _median_delay_s(self, line: Line) -> float:
        if not self._recent:
            return math.nan
        recent = np.array(self._recent)
        return float(np.median(recent[:, 1] - (line.offset_s + line.slope * (recent[:, 0] - line.origin_s))))

    def _jitter_s(self) -> float:
        """Robust standard deviation of one device stamp, from the differences of neighbours."""
        if len(self._intervals_s) < 2:
            return math.nan
        intervals = np.array(self._intervals_s)
        mad = np.median(np.abs(intervals - np.median(intervals)))
        return float(MAD_TO_SIGMA * mad / math.sqrt(2.0))

    def _distrust(self, line: Line) -> str:
        """Why the stamps cannot be relied on; empty when they can."""
        if len(self._recent) < MIN_SAMPLES:
            return f"only {len(self._recent)} samples since {'its restart' if self._restarts else 'the start'}"
        if self._arrival_s - self._since_s < SETTLING_S:
            return f"started {self._arrival_s - self._since_s:.1f} s ago"
        if self._floor.span_s > 10 * SETTLING_S and abs(line.slope) >= MAX_DRIFT:
            return f"its clock drifts by {MAX_DRIFT * 1e6:.0f} ppm or more"
        if self._dropped > MAX_DROPPED_SHARE * (self._received + self._dropped):
            return f"{self._dropped} of {self._received + self._dropped} samples were lost"
        if self._intervals_s:
            rate_hz = 1.0 / float(np.median(self._intervals_s))
            if abs(rate_hz * self._period_s - 1.0) > MAX_RATE_ERROR:
                return f"it runs at {rate_hz:.1f} Hz instead of {1.0 / self._period_s:.1f} Hz"
        return ""
