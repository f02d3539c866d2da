"""The IMU low-pass of the live graph: causal, its delay known."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter

from sport_nodes.sync.resample import LOW_PASS_HZ, LOW_PASS_ORDER

Array = NDArray[np.float64]

#: The sample rate is read off this many samples.
RATE_SAMPLES: Final = 32
#: After a pause of this many periods the filter starts anew.
PAUSE_PERIODS: Final = 10.0


class CausalLowPass:
    """Second-order Butterworth low-pass at LOW_PASS_HZ, one sample at a time."""

    def __init__(self) -> None:
        self.delay_s = 0.0  # of slow signals; 0 until the rate is known and where it is too low to filter
        self._begin_s = math.nan
        self._last_s = math.nan
        self._count = 0
        self._coefficients: tuple[float, float, float, float, float] | None = None
        self._state: tuple[Array, Array] | None = None

    def step(self, time_s: float, values: Array) -> Array:
        """The filtered (K,) values; unfiltered while the rate is being read."""
        if self._coefficients is None:
            self._read_rate(time_s)
            return values
        period_s = (self._last_s - self._begin_s) / self._count
        if self._state is None or time_s - self._last_s > PAUSE_PERIODS * period_s:
            self._state = self._settled(values)
        self._count += 1
        self._last_s = time_s
        b0, b1, b2, a1, a2 = self._coefficients
        z1, z2 = self._state
        result = b0 * values + z1
        self._state = (b1 * values - a1 * result + z2, b2 * values - a2 * result)
        return result

    def _read_rate(self, time_s: float) -> None:
        if self._count == 0:
            self._begin_s = time_s
        self._count += 1
        self._last_s = time_s
        if self._count < RATE_SAMPLES:
            return
        self._count -= 1  # from here on the number of periods since the beginning
        rate_hz = self._count / (time_s - self._begin_s)
        if rate_hz <= 2.0 * LOW_PASS_HZ:
            self._count, self._begin_s = 1, time_s  # too slow as yet; look again
            return
        b, a = butter(LOW_PASS_ORDER, LOW_PASS_HZ, fs=rate_hz)
        self._coefficients = (float(b[0]), float(b[1]), float(b[2]), float(a[1]), float(a[2]))
        # Group delay at 0 Hz: derivative of the phase of B(z)/A(z) there.
        n = np.arange(3)
        self.delay_s = float((n @ b) / b.sum() - (n @ a) / a.sum()) / rate_hz

    def _settled(self, values: Array) -> tuple[Array, Array]:
        """The state in which a constant input comes out unchanged."""
        assert self._coefficients is not None
        b0, _, b2, _, a2 = self._coefficients
        return values * (1.0 - b0), values * (b2 - a2)
