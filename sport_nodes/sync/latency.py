"""A constant latency that no clock shows, from the motion: when a gyroscope feels what the skeleton has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]

#: Latencies that are looked for [s]: no radio is faster than none by more than a stamp's error, few are slower.
EARLIEST_S: Final = -0.05
LATEST_S: Final = 0.15
STEP_S: Final = 0.001
#: What the skeleton's own errors make of a latency of nothing, in one segment [s, standard deviation].
SKELETON_S: Final = 0.004
#: Motions less alike than this are not the same one.
MIN_CORRELATION: Final = 0.5
#: A latency is certain when it is known to this standard deviation [s], and is applied when it exceeds that by
#: this factor and is more than does no harm [s].
MAX_SIGMA_S: Final = 0.005
SIGNIFICANT: Final = 3.0
HARMLESS_S: Final = 0.003
#: Errors of so many neighbouring frames are alike: they count as one.
FRAMES_PER_INDEPENDENT: Final = 4.0
#: Fewer frames, or a segment that turns less than this [rad/s, root mean square], say nothing.
MIN_FRAMES: Final = 20
MIN_TURNING_RAD_S: Final = 0.4


@dataclass(frozen=True)
class Latency:
    """How late a sensor's stamps are [s] with its standard deviation, and how alike the two motions are then (0..1)."""

    latency_s: float
    sigma_s: float
    correlation: float

    @property
    def certain(self) -> bool:
        return self.sigma_s <= MAX_SIGMA_S

    @property
    def correction_s(self) -> float:
        """What to take off the stamps: 0 unless the latency is certain and matters."""
        significant = abs(self.latency_s) > max(SIGNIFICANT * self.sigma_s, HARMLESS_S)
        return self.latency_s if self.certain and significant else 0.0


UNKNOWN: Final = Latency(0.0, np.inf, 0.0)


def latency_from_motion(times_s: Array, direction: Array, felt_times_s: Array, felt_rad_s: Array) -> Latency:
    """From a segment's unit direction (T, 3) in the skeleton, and its change (N, 3) [rad/s] as its IMU felt it.

    Rows with NaN are left out. The maximum of the normalised cross-correlation; its deviation from what the motions
    differ by there. Zero with infinite deviation where the motion says nothing.
    """
    known = np.isfinite(felt_rad_s).all(axis=1)
    if known.sum() < MIN_FRAMES or len(times_s) < MIN_FRAMES:
        return UNKNOWN
    felt = CubicSpline(felt_times_s[known], felt_rad_s[known])
    seen_rad_s = (direction[2:] - direction[:-2]) / (times_s[2:] - times_s[:-2])[:, None]
    at_s = times_s[1:-1]
    first_s, last_s = felt_times_s[known][[0, -1]]
    usable = np.isfinite(seen_rad_s).all(axis=1) & (at_s + EARLIEST_S >= first_s) & (at_s + LATEST_S <= last_s)
    seen_rad_s, at_s = seen_rad_s[usable], at_s[usable]
    if len(at_s) < MIN_FRAMES or np.sqrt((seen_rad_s**2).sum(axis=1).mean()) < MIN_TURNING_RAD_S:
        return UNKNOWN
    lags_s = np.arange(EARLIEST_S, LATEST_S + 0.5 * STEP_S, STEP_S)
    candidates = felt(at_s[:, None] + lags_s)  # (T, L, 3)
    product = np.einsum("tlk,tk->l", candidates, seen_rad_s)
    likeness = product / np.sqrt((candidates**2).sum(axis=(0, 2)) * (seen_rad_s**2).sum())
    best = int(np.argmax(likeness))
    if best in (0, len(lags_s) - 1) or likeness[best] < MIN_CORRELATION:
        return UNKNOWN
    before, peak, after = likeness[best - 1 : best + 2]
    latency_s = lags_s[best] + 0.5 * STEP_S * (before - after) / (before - 2.0 * peak + after)
    gain = product[best] / (candidates[:, best] ** 2).sum()
    error = seen_rad_s - gain * candidates[:, best]
    slope = gain * felt(at_s + latency_s, 1)
    independent = 1.0 / FRAMES_PER_INDEPENDENT
    sigma_s = np.sqrt((error**2).mean() / (independent * (slope**2).sum()))
    return Latency(float(latency_s), float(np.hypot(sigma_s, SKELETON_S)), float(peak))


def pooled(latencies: Sequence[Latency]) -> list[Latency]:
    """Latencies of sensors on one radio: what they have in common, but for those that plainly differ from it."""
    told = [latency for latency in latencies if np.isfinite(latency.sigma_s)]
    if not told:
        return list(latencies)
    middle_s = float(np.median([latency.latency_s for latency in told]))
    alike = [latency for latency in told if abs(latency.latency_s - middle_s) <= SIGNIFICANT * latency.sigma_s]
    weight = np.array([latency.sigma_s**-2 for latency in alike])
    if not alike:
        return list(latencies)
    common_s = float(weight @ [latency.latency_s for latency in alike] / weight.sum())
    sigma_s = float(1.0 / np.sqrt(weight.sum()))
    return [
        Latency(common_s, sigma_s, latency.correlation) if latency in alike or latency not in told else latency
        for latency in latencies
    ]
