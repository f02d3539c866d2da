"""A constant latency that no clock shows, from the motion: when an IMU feels what the skeleton has done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PPoly

from sport_nodes.measurements import DeviceClock

Array = NDArray[np.float64]

#: Latencies that are looked for [s]: no radio is faster than none by more than a stamp's error, few are slower.
EARLIEST_S: Final = -0.05
LATEST_S: Final = 0.15
COARSE_S: Final = np.linspace(EARLIEST_S, LATEST_S, 41)
#: ... and then more finely around the best of them.
STEP_S: Final = 0.001
FINE_S: Final = STEP_S * np.arange(-6.0, 7.0)
#: Motions less alike than this are not the same one.
MIN_CORRELATION: Final = 0.5
#: A latency is certain when it is known to this standard deviation [s], and is applied when it exceeds that by
#: this factor and is more than does no harm [s].
MAX_SIGMA_S: Final = 0.005
SIGNIFICANT: Final = 3.0
HARMLESS_S: Final = 0.003
#: Errors of so many neighbouring frames are alike: they count as one.
FRAMES_PER_INDEPENDENT: Final = 4.0
#: Fewer frames, or a segment that turns and is pushed less than this [root mean square], say nothing.
MIN_FRAMES: Final = 20
MIN_TURNING_RAD_S: Final = 0.4
MIN_PUSH_M_S2: Final = 0.5
#: Places so many frames apart tell acceleration: nearer ones tell noise, farther ones blur it.
PUSH_FRAMES: Final = 3
#: Nothing is divided by less [m].
SHORTEST_M: Final = 1e-6
#: No two motions are more alike than to this share; its logarithm is finite.
LEAST_MISFIT: Final = 1e-9


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


def with_latencies(clocks: Iterable[DeviceClock], latencies: Mapping[str, Latency]) -> tuple[DeviceClock, ...]:
    """The clocks, each with its device's latency where that is certain."""
    certain_ms = {name: 1e3 * one.latency_s for name, one in latencies.items() if one.certain}
    return tuple(replace(clock, latency_ms=certain_ms.get(clock.name, np.nan)) for clock in clocks)


UNKNOWN: Final = Latency(0.0, np.inf, 0.0)


def latency_from_motion(
    times_s: Array, ends_m: Array, felt_times_s: Array, felt_direction: Array, felt_m_s2: Array
) -> Latency:
    """From a segment's upper and lower end (T, 2, 3) in the skeleton, and what its IMU felt, all in world.

    felt_direction (N, 3) of the segment, from lower to upper end, by the sensor's orientation; felt_m_s2 (N, 3) its
    acceleration without gravity. Rows with NaN are left out. The most likely shift of the one motion against the other,
    by how the segment turns and how it is pushed; zero with infinite deviation where the motion says nothing.
    """
    known = np.isfinite(felt_direction).all(axis=1) & np.isfinite(felt_m_s2).all(axis=1)
    known &= (felt_times_s >= times_s[0] + EARLIEST_S) & (felt_times_s <= times_s[-1] + LATEST_S)
    if known.sum() < MIN_FRAMES:
        return UNKNOWN
    felt_s = felt_times_s[known]
    turned = CubicSpline(felt_s, felt_direction[known])
    pushed = CubicSpline(felt_s, felt_m_s2[known]).antiderivative(2)

    def told_at(lags_s: Array) -> tuple[Array, Array]:
        """Minus twice the log-likelihood of normal errors of unknown size (L,), and the least misfit (L,)."""
        parts = (_turning_misfit(times_s, ends_m, turned, lags_s), _pushing_misfit(times_s, ends_m, pushed, lags_s))
        cost, least = np.zeros(len(lags_s)), np.ones(len(lags_s))
        for count, misfit in parts:
            if count >= MIN_FRAMES:
                cost += count / FRAMES_PER_INDEPENDENT * np.log(np.maximum(misfit, LEAST_MISFIT))
                least = np.minimum(least, misfit)
        return cost, least

    cost, misfit = told_at(COARSE_S)
    best = int(np.argmin(cost))
    if best in (0, len(COARSE_S) - 1) or misfit[best] > 1.0 - MIN_CORRELATION**2:
        return UNKNOWN
    fine_s = COARSE_S[best] + FINE_S
    cost, misfit = told_at(fine_s)
    best = int(np.clip(np.argmin(cost), 1, len(fine_s) - 2))
    before, least, after = cost[best - 1 : best + 2]
    bend = before - 2.0 * least + after
    if not bend > 0.0:
        return UNKNOWN
    latency_s = fine_s[best] + 0.5 * STEP_S * (before - after) / bend
    correlation = np.sqrt(max(1.0 - misfit[best], 0.0))
    return Latency(float(latency_s), float(STEP_S * np.sqrt(2.0 / bend)), float(correlation))


def _turning_misfit(times_s: Array, ends_m: Array, felt: CubicSpline, lags_s: Array) -> tuple[int, Array]:
    """Frames that tell, and at each lag (L,) the share of the segment's turning that the sensor's does not explain."""
    along_m = ends_m[:, 0] - ends_m[:, 1]
    direction = along_m / np.maximum(np.linalg.norm(along_m, axis=1, keepdims=True), SHORTEST_M)
    at = _usable(times_s, felt.x, reach=1, values=direction)
    before, after = at - 1, at + 1
    seen = direction[after] - direction[before]
    step_s = times_s[after] - times_s[before]
    if len(at) < MIN_FRAMES or np.sqrt(((seen / step_s[:, None]) ** 2).sum(axis=1).mean()) < MIN_TURNING_RAD_S:
        return 0, np.empty(0)
    turned = felt(times_s[after][:, None] + lags_s) - felt(times_s[before][:, None] + lags_s)  # (T, L, 3)
    product, own = np.einsum("tlk,tk->l", turned, seen), (turned**2).sum(axis=(0, 2))
    return len(at), 1.0 - np.maximum(product, 0.0) ** 2 / (own * (seen**2).sum())


def _pushing_misfit(times_s: Array, ends_m: Array, felt: PPoly, lags_s: Array) -> tuple[int, Array]:
    """The same of the second difference of the places.

    felt is the acceleration integrated twice, whose differences know neither its speed nor its place. Where the sensor
    sits between the ends, and a constant error of its acceleration, are free.
    """
    at = _usable(times_s, felt.x, reach=PUSH_FRAMES, values=ends_m.reshape(len(ends_m), -1))
    before, after = at - PUSH_FRAMES, at + PUSH_FRAMES
    seen = ends_m[before] - 2.0 * ends_m[at] + ends_m[after]
    step_s = 0.5 * (times_s[after] - times_s[before])
    pushed_m_s2 = seen.mean(axis=1) / step_s[:, None] ** 2
    if len(at) < MIN_FRAMES or np.sqrt((pushed_m_s2**2).sum(axis=1).mean()) < MIN_PUSH_M_S2:
        return 0, np.empty(0)
    seen = seen - seen.mean(axis=0)
    basis = np.linalg.qr(seen.transpose(0, 2, 1).reshape(-1, 2))[0]
    there = [felt(times_s[k][:, None] + lags_s) for k in (before, at, after)]  # (T, L, 3) each
    moved = there[0] - 2.0 * there[1] + there[2]
    moved = (moved - moved.mean(axis=0)).transpose(1, 0, 2).reshape(len(lags_s), -1)
    explained = ((moved @ basis) ** 2).sum(axis=1)
    return len(at), 1.0 - explained / (moved**2).sum(axis=1)


def _usable(times_s: Array, felt_s: Array, *, reach: int, values: Array) -> NDArray[np.intp]:
    """Frames whose neighbours at this distance are there, also at every lag."""
    at = np.arange(reach, len(times_s) - reach)
    there = np.asarray(np.isfinite(values).all(axis=1))
    good = there[at] & there[at - reach] & there[at + reach]
    good &= (times_s[at - reach] + EARLIEST_S >= felt_s[0]) & (times_s[at + reach] + LATEST_S <= felt_s[-1])
    return np.asarray(at[good], dtype=np.intp)


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
