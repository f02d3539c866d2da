"""The line under a cloud of delays, when the device's own stamps jitter too."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Array = NDArray[np.float64]

#: Only samples within this many standard deviations of the line tell where it is.
NEAR_SIGMAS: Final = 10.0
#: With fewer of them the line stays as it is.
MIN_NEAR: Final = 10
#: The median delay is read off the line anew so often; each time the line moves less.
ROUNDS: Final = 3
NEWTON_STEPS: Final = 8
#: Longest step of Newton's method, in standard deviations at the window's ends.
LONGEST_STEP: Final = 3.0
LOG_ROOT_2_PI: Final = 0.5 * math.log(2.0 * math.pi)


def blurred_edge(
    time_s: Array, offset_s: Array, *, level_s: float, slope: float, sigma_s: float
) -> tuple[float, float]:
    """Level at the mean time, and slope, of the most likely line; from a line under the cloud, (N,) samples.

    Delays above the line are exponential, stamps normal with sigma_s: their sum is an exponentially modified Gaussian.
    A hull touches the samples whose jitter happened to be lowest, so it lies too low and follows single samples; this
    averages over all near the line. The log-likelihood is concave in level and slope. Late samples pull at the level
    alone, and no farther for being later.
    """
    centred_s = time_s - time_s.mean()
    for _ in range(ROUNDS):
        above_s = offset_s - level_s - slope * centred_s
        mean_delay_s = max(float(np.median(above_s)) / math.log(2.0), sigma_s)
        near = above_s < NEAR_SIGMAS * sigma_s
        if near.sum() < MIN_NEAR:
            break
        x, y = centred_s[near], offset_s[near]
        for _ in range(NEWTON_STEPS):
            z = (y - level_s - slope * x) / sigma_s - sigma_s / mean_delay_s
            hazard = np.exp(-0.5 * z * z - LOG_ROOT_2_PI - log_ndtr(z))
            gradient = np.array([len(time_s) * sigma_s / mean_delay_s - hazard.sum(), -hazard @ x])
            weight = hazard * (hazard + z)
            bend = np.array([[weight.sum(), weight @ x], [weight @ x, weight @ (x * x)]])
            # Least squares, since samples that are all of one time tell no slope.
            step = sigma_s * np.linalg.lstsq(bend, gradient, rcond=None)[0]
            moved = np.abs(step[0]) + np.abs(step[1]) * np.abs(x).max()
            step *= min(1.0, LONGEST_STEP * sigma_s / max(moved, sigma_s))
            level_s, slope = level_s + float(step[0]), slope + float(step[1])
    return level_s, slope
