"""What a gyroscope shows while it lies still, taken off what it shows while it moves."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.imu_protocols import GRAVITY_M_S2

Array = NDArray[np.float64]

#: An IMU that meets all three for this long lies still [s] ...
STILL_S: Final = 1.0
#: ... its angular rate keeps within this of its mean (more than noise, less than a standing person's sway) [rad/s],
STEADY_RAD_S: Final = 0.03
#: ... its specific force within this of gravity [m/s^2],
NEAR_GRAVITY_M_S2: Final = 0.5
#: ... and the mean is no larger than a gyroscope's bias can be; faster is a slow turn [rad/s].
LARGEST_BIAS_RAD_S: Final = 0.1


class GyroBias:
    """Estimates the bias anew in every still second."""

    def __init__(self) -> None:
        self._window: deque[tuple[float, Array]] = deque()
        self.bias: Array = np.zeros(3)

    def update(self, time_s: float, gyro: Array, accel: Array) -> Array:
        """(3,) angular rate without the bias known so far."""
        if abs(float(np.linalg.norm(accel)) - GRAVITY_M_S2) > NEAR_GRAVITY_M_S2:
            self._window.clear()
        else:
            self._window.append((time_s, gyro))
            if time_s - self._window[0][0] >= STILL_S:
                self._look()
        return gyro - self.bias

    def _look(self) -> None:
        rates = np.array([rate for _, rate in self._window])
        self._window.clear()
        mean = rates.mean(axis=0)
        if np.abs(rates - mean).max() < STEADY_RAD_S and np.abs(mean).max() < LARGEST_BIAS_RAD_S:
            self.bias = mean
