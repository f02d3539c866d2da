"""The course of time from a target to a recording: a few knots, fitted to the angles of all frames at once.

A path of frame pairs follows noise from frame to frame, and where the athlete stands still it runs anywhere. A course
that is straight between knots has one number for each: it is fitted by least squares, as landmark registration does
(Ramsay & Silverman 2005, Functional Data Analysis, ch. 7), with each channel's offset and gain left free, for people
differ in posture and range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Every constant below was chosen on simulated people of seeds 71000 to 71024, which no study reports.
# Knots stand at the target's keyframes and stage bounds and no further apart than this.
_MOST_APART_S: Final = 0.3
# Nearer instants share a knot.
_LEAST_APART_S: Final = 0.05
# Frames before and after the movement that are fitted too: the target's first and last posture is held there.
_PAD_S: Final = 0.3
# Frames that count as one: noise of smoothed joints swings over a few, and what styles differ by over more.
_FRAMES_ALIKE: Final = 6.0
# Standard deviation of the logarithm of tempo between the knots' intervals, within one movement.
_TEMPO_SD: Final = 0.3
# Weight of a gain of 1, as a share of what the frames of a whole movement say.
_GAIN_PRIOR: Final = 0.2
_LEAST_GAIN: Final = 0.3
_MOST_GAIN: Final = 3.0
# Levenberg-Marquardt: at most so many steps, none longer than this, done when all are shorter than that [s].
_MOST_STEPS: Final = 12
_LONGEST_STEP_S: Final = 0.1
_SHORTEST_STEP_S: Final = 3e-4
# Deviation of knots for which there are too few frames to fit.
_UNFITTED_SD_S: Final = 0.1
# Knots of the recording stay in order and at least this far apart.
_LEAST_INTERVAL_S: Final = 0.02


@dataclass(frozen=True, eq=False)
class Warp:
    """Knots in seconds of the target and of the recording, both (K,) and rising.

    deviation_s: (K,) standard deviation that the fit leaves each of the recording's knots.
    """

    target_s: Array
    recording_s: Array
    deviation_s: Array

    def at(self, target_s: Array) -> Array:
        """The recording's times there; beyond the ends, that of the end."""
        return np.interp(target_s, self.target_s, self.recording_s)

    def slowness(self, target_s: float) -> float:
        """Seconds of the recording for one of the target, there."""
        k = min(max(int(np.searchsorted(self.target_s, target_s)) - 1, 0), len(self.target_s) - 2)
        (a, b), (c, d) = self.target_s[k : k + 2], self.recording_s[k : k + 2]
        return float((d - c) / (b - a))

    def deviation(self, target_s: Array) -> Array:
        """Standard deviation of the recording's times there."""
        return np.interp(target_s, self.target_s, self.deviation_s)


def knots_of(instants_s: Sequence[float]) -> Array:
    """(K,) knots at the instants that lie apart, and between them; at least two."""
    kept: list[float] = []
    for instant in sorted(instants_s):
        if not kept or instant - kept[-1] >= _LEAST_APART_S:
            kept.append(instant)
    if len(kept) == 1:
        kept.append(kept[0] + _LEAST_APART_S)
    knots = [kept[0]]
    for begin, end in pairwise(kept):
        count = max(int(np.ceil((end - begin) / _MOST_APART_S - 1e-6)), 1)
        knots += [begin + (end - begin) * k / count for k in range(1, count + 1)]
    return np.array(knots)


def fit_warp(
    target_s: Array,
    target: Array,
    slope: Array,
    recording_s: Array,
    recording: Array,
    scale: Array,
    spread: Array,
    *,
    knots_s: Array,
    start_s: Array,
) -> Warp:
    """The course of time by which the target's angles best follow the recording's.

    target_s (N,) and recording_s (M,): seconds, evenly spaced. target (N, C), recording (M, C): angles, NaN where
    unknown. slope (N, C): change of the target's angles per second. scale (C,): weight of a squared difference.
    spread (C,): variance of the target's angles.
    knots_s (K,): of the target. start_s (K,): where the path has them in the recording.
    """
    begin, end = np.searchsorted(recording_s, [start_s[0] - _PAD_S, start_s[-1] + _PAD_S])
    start = _apart(start_s)
    if end - begin < len(knots_s):
        return Warp(knots_s, start, np.full(len(start), _UNFITTED_SD_S))
    step_s = float(target_s[1] - target_s[0])
    times_s, angles = recording_s[begin:end], recording[begin:end]
    return Warp(
        knots_s, *_fit(target, slope, float(target_s[0]), step_s, times_s, angles, scale, spread, knots_s, start)
    )


@njit(cache=True)
def _apart(times_s: Array) -> Array:
    """The times, moved on where they stand nearer than the least interval."""
    moved = times_s.copy()
    for k in range(1, len(moved)):
        moved[k] = max(moved[k], moved[k - 1] + _LEAST_INTERVAL_S)
    return moved


@njit(cache=True)
def _fit(
    target: Array,
    slope: Array,
    first_s: float,
    step_s: float,
    times_s: Array,
    recording: Array,
    scale: Array,
    spread: Array,
    knots: Array,
    start: Array,
) -> tuple[Array, Array]:
    """The recording's knots and their standard deviations, each (K,)."""
    best, damping = start, 1e-3
    least, curvature, downhill = _normal(
        target, slope, first_s, step_s, times_s, recording, scale, spread, knots, start
    )
    for _ in range(_MOST_STEPS):
        step = _solved(curvature, downhill, damping)
        longest = np.max(np.abs(step))
        if longest > _LONGEST_STEP_S:
            step *= _LONGEST_STEP_S / longest
        tried = _apart(best + step)
        cost, curved, down = _normal(target, slope, first_s, step_s, times_s, recording, scale, spread, knots, tried)
        if cost < least:
            best, least, curvature, downhill = tried, cost, curved, down
            damping = max(damping / 3.0, 1e-4)
        else:
            damping *= 5.0
        if longest < _SHORTEST_STEP_S:
            break
    deviation = np.empty(len(best))
    for k in range(len(best)):
        unit = np.zeros(len(best))
        unit[k] = 1.0
        deviation[k] = np.sqrt(max(_solved(curvature, unit, 0.0)[k], 0.0))
    return best, deviation


@njit(cache=True)
def _normal(
    target: Array,
    slope: Array,
    first_s: float,
    step_s: float,
    times_s: Array,
    recording: Array,
    scale: Array,
    spread: Array,
    knots: Array,
    at_s: Array,
) -> tuple[float, Array, Array]:
    """Cost of knots at `at_s` in the recording, its curvature (K, K) and the negative of its slope (K,)."""
    frames, channels, count = len(times_s), target.shape[1], len(knots)
    model, change = np.empty((frames, channels)), np.empty((frames, channels))
    into, share = np.empty(frames, np.int64), np.empty(frames)
    k = 0
    for t in range(frames):
        while k < count - 2 and times_s[t] >= at_s[k + 1]:
            k += 1
        into[t] = k
        share[t] = (times_s[t] - at_s[k]) / (at_s[k + 1] - at_s[k])
        place = (knots[k] + share[t] * (knots[k + 1] - knots[k]) - first_s) / step_s
        held = place < 0.0 or place > len(target) - 1
        i = min(max(int(place), 0), len(target) - 2)
        w = min(max(place - i, 0.0), 1.0)
        for c in range(channels):
            model[t, c] = (1.0 - w) * target[i, c] + w * target[i + 1, c]
            change[t, c] = 0.0 if held else (1.0 - w) * slope[i, c] + w * slope[i + 1, c]
    squares, both = 0.0, np.zeros((2, frames))
    for c in range(channels):
        known, of_model, of_recording = 0, 0.0, 0.0
        for t in range(frames):
            if np.isfinite(model[t, c]) and np.isfinite(recording[t, c]):
                known += 1
                of_model += model[t, c]
                of_recording += recording[t, c]
        if known == 0:
            continue
        of_model, of_recording = of_model / known, of_recording / known
        variance, together = 0.0, 0.0
        for t in range(frames):
            if np.isfinite(model[t, c]) and np.isfinite(recording[t, c]):
                variance += (model[t, c] - of_model) ** 2
                together += (model[t, c] - of_model) * (recording[t, c] - of_recording)
        prior = _GAIN_PRIOR * known * spread[c] + 1e-9
        gain = min(max((together + prior) / (variance + prior), _LEAST_GAIN), _MOST_GAIN)
        squares += scale[c] * prior * (gain - 1.0) ** 2
        for t in range(frames):
            if np.isfinite(model[t, c]) and np.isfinite(recording[t, c]):
                off = recording[t, c] - of_recording - gain * (model[t, c] - of_model)
                moved = gain * change[t, c] if np.isfinite(change[t, c]) else 0.0
                squares += scale[c] * off * off
                both[0, t] += scale[c] * moved * moved
                both[1, t] += scale[c] * moved * off
    squares = max(squares, 1e-12)
    # Of a Gaussian whose size is not known: half the number of independent frames times the logarithm of the squares.
    trust = frames / (_FRAMES_ALIKE * squares)
    cost = 0.5 * frames / _FRAMES_ALIKE * np.log(squares)
    curvature, downhill = np.zeros((count, count)), np.zeros(count)
    for t in range(frames):
        k = into[t]
        tempo = (knots[k + 1] - knots[k]) / (at_s[k + 1] - at_s[k])
        a, b = -(1.0 - share[t]) * tempo, -share[t] * tempo
        curvature[k, k] += trust * both[0, t] * a * a
        curvature[k + 1, k + 1] += trust * both[0, t] * b * b
        curvature[k, k + 1] += trust * both[0, t] * a * b
        curvature[k + 1, k] += trust * both[0, t] * a * b
        downhill[k] += trust * both[1, t] * a
        downhill[k + 1] += trust * both[1, t] * b
    return cost + _add_tempo(knots, at_s, curvature, downhill), curvature, downhill


@njit(cache=True)
def _add_tempo(knots: Array, at_s: Array, curvature: Array, downhill: Array) -> float:
    """Adds what uneven tempo costs to curvature and slope in place; returns its cost."""
    count = len(knots)
    whole = knots[-1] - knots[0]
    logs, changes = np.empty(count - 1), np.zeros((count - 1, count))
    for k in range(count - 1):
        logs[k] = np.log((at_s[k + 1] - at_s[k]) / (knots[k + 1] - knots[k]))
        changes[k, k] = -1.0 / (at_s[k + 1] - at_s[k])
        changes[k, k + 1] = 1.0 / (at_s[k + 1] - at_s[k])
    mean, of_mean = 0.0, np.zeros(count)
    for k in range(count - 1):
        part = (knots[k + 1] - knots[k]) / whole
        mean += part * logs[k]
        of_mean += part * changes[k]
    cost = 0.0
    for k in range(count - 1):
        off = logs[k] - mean
        cost += 0.5 * off * off / _TEMPO_SD**2
        for i in range(count):
            moved = changes[k, i] - of_mean[i]
            downhill[i] -= off * moved / _TEMPO_SD**2
            for j in range(count):
                curvature[i, j] += moved * (changes[k, j] - of_mean[j]) / _TEMPO_SD**2
    return cost


@njit(cache=True)
def _solved(curvature: Array, downhill: Array, damping: float) -> Array:
    """The damped step: a Cholesky solution of curvature plus `damping` times its diagonal."""
    count = len(downhill)
    lower = np.zeros((count, count))
    step = downhill.copy()
    for i in range(count):
        for j in range(i + 1):
            rest = curvature[i, j] * (1.0 + damping if i == j else 1.0)
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(max(rest, 1e-12)) if i == j else rest / lower[j, j]
    for i in range(count):
        for k in range(i):
            step[i] -= lower[i, k] * step[k]
        step[i] /= lower[i, i]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, count):
            step[i] -= lower[k, i] * step[k]
        step[i] /= lower[i, i]
    return step
