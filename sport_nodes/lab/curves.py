"""Smooth time courses through given points: twice continuously differentiable, without overshoot between extremes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Curve:
    """A piecewise quintic through K knots; constant before the first and after the last.

    times_s: (K,) strictly increasing. values: (K,) or (K, C). velocities and accelerations have the shape of values;
    where not given, accelerations are zero and velocities are the shape-preserving slopes of Fritsch and Butland
    (1984), zero at both ends: between two knots at rest that is the minimum jerk of Flash and Hogan (1985, eq. 3).
    """

    def __init__(
        self,
        times_s: ArrayLike,
        values: ArrayLike,
        velocities: ArrayLike | None = None,
        accelerations: ArrayLike | None = None,
    ) -> None:
        self._times = np.asarray(times_s, dtype=np.float64)
        self._values = np.asarray(values, dtype=np.float64)
        if np.any(np.diff(self._times) <= 0):
            raise ValueError(f"the knots of a curve must increase in time, found {self._times}")
        if velocities is None:
            velocities = _shape_preserving_slopes(self._times, self._values)
        self._velocities = np.asarray(velocities, dtype=np.float64)
        self._accelerations = (
            np.zeros_like(self._values) if accelerations is None else np.asarray(accelerations, dtype=np.float64)
        )

    def __call__(self, times_s: ArrayLike) -> Array:
        """(T,) times to (T,) or (T, C) values."""
        times = np.asarray(times_s, dtype=np.float64)
        i = np.clip(np.searchsorted(self._times, times, side="right") - 1, 0, len(self._times) - 2)
        span = self._times[i + 1] - self._times[i]
        u = np.clip((times - self._times[i]) / span, 0.0, 1.0)
        if self._values.ndim == 2:
            span, u = span[..., None], u[..., None]
        u3 = u**3
        blend = u3 * (10.0 - 15.0 * u + 6.0 * u * u)
        begin, end = self._values[i], self._values[i + 1]
        return (
            begin
            + (end - begin) * blend
            + span * self._velocities[i] * (u - u3 * (6.0 - 8.0 * u + 3.0 * u * u))
            + span * self._velocities[i + 1] * u3 * (-4.0 + 7.0 * u - 3.0 * u * u)
            + 0.5 * span**2 * self._accelerations[i] * u * u * (1.0 - u) ** 3
            + 0.5 * span**2 * self._accelerations[i + 1] * u3 * (1.0 - u) ** 2
        )


def _shape_preserving_slopes(times_s: Array, values: Array) -> Array:
    """Slopes at the knots: weighted harmonic mean of both sides (Fritsch and Butland 1984), 0 at extremes and ends."""
    slopes = np.zeros_like(values)
    if len(times_s) < 3:
        return slopes
    step = np.diff(times_s).reshape(-1, *[1] * (values.ndim - 1))
    secant = np.diff(values, axis=0) / step
    before, after = secant[:-1], secant[1:]
    heavy, light = step[1:] + 2.0 * step[:-1], 2.0 * step[1:] + step[:-1]
    same = before * after > 0.0
    safe_before, safe_after = np.where(same, before, 1.0), np.where(same, after, 1.0)
    mean = (heavy + light) / (light / safe_before + heavy / safe_after)
    slopes[1:-1] = np.where(same, mean, 0.0)
    return slopes


def track(*knots: tuple[float, float]) -> Curve:
    """A curve through (time, value) knots."""
    times, values = zip(*knots, strict=True)
    return Curve(times, values)


def minimum_jerk(u: Array) -> Array:
    """0 to 1 as u goes 0 to 1, with zero velocity and acceleration at both ends; Flash and Hogan (1985), eq. 3."""
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u * u)
