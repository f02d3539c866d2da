"""The line under a cloud of delays: offset and drift by the lower convex hull over a sliding window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sport_nodes.sync.blurred_edge import blurred_edge
from sport_nodes.sync.rows import Rows

Point = tuple[float, float]

#: Length of the window; long enough for 1 ppm of drift, short enough for a crystal that warms up [s].
WINDOW_S: Final = 60.0
#: The window forgets in steps of this [s].
BIN_S: Final = 1.0
#: Before that there are too few samples near the line to average over [s].
SHARP_FROM_S: Final = 5.0
#: Uneven sampling looks like jitter; stamps of real devices jitter by less than this [s].
MAX_JITTER_S: Final = 50e-6
#: A sample farther below a sharpened line than this is no jitter.
BLUR_SIGMAS: Final = 5.0


@dataclass(frozen=True)
class Line:
    """offset_s at origin_s [device time], growing by slope [s/s]."""

    origin_s: float
    offset_s: float
    slope: float

    def at(self, device_s: float) -> float:
        return self.offset_s + self.slope * (device_s - self.origin_s)


class DelayFloor:
    """The highest line, in the mean over the window, that lies under all (device time, offset) points of it.

    That line lies on the hull's edge under the mean device time; its slope is held to drift +- max_drift_change.
    `sharpen` makes it the most likely one where the device's stamps jitter.
    """

    def __init__(self, *, drift: float, max_drift_change: float) -> None:
        self._drift = drift
        self._max_change = max_drift_change
        self._bins: deque[_Bin] = deque()
        self._samples = Rows(2)
        self._blur_s = 0.0  # samples may lie below the line by this
        self.line = Line(0.0, 0.0, drift)

    @property
    def span_s(self) -> float:
        """Device time between the first and the last bin."""
        return self._bins[-1].begin_s - self._bins[0].begin_s if self._bins else 0.0

    def add(self, device_s: float, offset_s: float) -> bool:
        """One sample, device times must not decrease; whether the line was fitted anew."""
        closed = not self._bins or device_s >= self._bins[-1].begin_s + BIN_S
        if closed:
            self._bins.append(_Bin(device_s))
            while self._bins[0].begin_s < device_s - WINDOW_S:
                self._bins.popleft()
        self._bins[-1].add((device_s, offset_s))
        self._samples.add((device_s, offset_s), keep_from_s=self._bins[0].begin_s)
        stale = closed or offset_s < self.line.at(device_s) - self._blur_s
        if stale:
            self._fit()
        return stale

    def sharpen(self, jitter_s: float) -> None:
        """Take the jitter of the device's stamps into account, a standard deviation; holds until the next fit."""
        sigma_s = min(jitter_s, MAX_JITTER_S)
        if self.span_s < SHARP_FROM_S or not sigma_s > 0.0:
            return
        time_s, offset_s = self._samples.all.T
        mean_s = float(time_s.mean())
        level_s, slope = blurred_edge(
            time_s, offset_s, level_s=self.line.at(mean_s), slope=self.line.slope, sigma_s=sigma_s
        )
        if abs(slope - self._drift) <= self._max_change:
            self.line = Line(mean_s, level_s, slope)
            self._blur_s = BLUR_SIGMAS * sigma_s

    def _fit(self) -> None:
        self._blur_s = 0.0
        hull: list[Point] = []
        for chunk in self._bins:
            for point in chunk.hull:
                _push(hull, point)
        count = sum(chunk.count for chunk in self._bins)
        mean_s = sum(chunk.sum_s for chunk in self._bins) / count
        slope = self._drift
        for left, right in pairwise(hull):
            if left[0] <= mean_s <= right[0] and right[0] > left[0]:
                slope = (right[1] - left[1]) / (right[0] - left[0])
        slope = min(max(slope, self._drift - self._max_change), self._drift + self._max_change)
        offset_s = min(y - slope * (x - mean_s) for x, y in hull)
        self.line = Line(mean_s, offset_s, slope)


class _Bin:
    """The lower hull of one step of the window."""

    def __init__(self, begin_s: float) -> None:
        self.begin_s = begin_s
        self.count = 0
        self.sum_s = 0.0
        self.hull: list[Point] = []

    def add(self, point: Point) -> None:
        self.count += 1
        self.sum_s += point[0]
        _push(self.hull, point)


def _push(hull: list[Point], point: Point) -> None:
    """Extend a lower hull to the right (Andrew's monotone chain)."""
    while len(hull) > 1:
        (ax, ay), (bx, by) = hull[-2], hull[-1]
        if (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax) > 0:
            break
        hull.pop()
    hull.append(point)
