"""How far a metric may be off because its joints are: SEM from the joints' standard deviations, and MDC95."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import MetricSpec
from sport_nodes.body import Body
from sport_nodes.diagnosis.metrics import Repetition, frames_of, joints_of, read_metric
from sport_nodes.keyframes.features import GRID_HZ
from sport_nodes.quantities import read_quantity
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

#: Standard deviation of a joint per axis where a recording does not say [m]. Nearly half of the mean errors of
#: multi-view markerless capture are under 20 mm (Nakano et al. 2020, Frontiers in Sports and Active Living 2); a
#: mean distance of 20 mm is 20/1.6 mm for each of three axes.
DEFAULT_SIGMA_M: Final = 0.0125
#: Standard deviation of a keyframe's time: what alignment and event leave open in the simulated lab [s].
KEYFRAME_SIGMA_S: Final = 0.012
# Statistics over stages that noise pushes to one side.
_EXTREMES: Final = ("maximum", "minimum", "range")
_MEAN_OF_ABSOLUTE: Final = np.sqrt(2.0 / np.pi)
# Statistics over stages that change when the stages' bounds do.
_BOUNDED: Final = (*_EXTREMES, "mean")
# Minimal detectable change at 95 %: Weir (2005), J Strength Cond Res 19(1), p. 238.
_MDC_FACTOR: Final = 1.96 * np.sqrt(2.0)


@dataclass(frozen=True)
class ErrorParts:
    """What of an error counts.

    steady: share of a joint's variance that is the same throughout a movement. swings: shares that come and go with
    it, each with how often a second. timing: share of the variance of a keyframe's time. bias: 1 where an error that
    is always to the same side counts, else 0.
    """

    steady: float
    swings: tuple[tuple[float, float], ...]
    timing: float
    bias: float


#: Against the truth. Errors of a joint are partly the same throughout (calibration, soft tissue, where a detector puts
#: the joint) and partly come and go: half of the variance each, so that neither angles nor speeds are taken to be
#: exact; slowly, and as fast as smoothing lets pass at half strength. One rate alone would drop out of differences
#: between instants that lie one period apart.
WHOLE: Final = ErrorParts(steady=0.5, swings=((0.25, 1.5), (0.25, 3.0)), timing=1.0, bias=1.0)
#: Between two trials measured alike. Of the variance that the fusion states, half differs from repeat to repeat of the
#: simulated lab (0.4 to 0.7 by movement): a third of that the same throughout a trial, of the rest four fifths slower
#: than 1.5 Hz; of keyframes' times half (people of seeds 30200 and 30300 to 30305, four repeats each).
REPEATS: Final = ErrorParts(steady=0.15, swings=((0.3, 1.5),), timing=0.5, bias=0.0)


def mdc95(sem: float) -> float:
    """Minimal detectable change, 95 %, of a standard error of measurement."""
    return float(_MDC_FACTOR * sem)


def standard_error(
    metric: MetricSpec,
    body: Body,
    sigma_m: Array,
    repetition: Repetition,
    *,
    side: str,
    rate_hz: float,
    parts: ErrorParts = WHOLE,
) -> float:
    """Standard error of measurement of one metric in its unit; NaN where it cannot be read.

    sigma_m: (T, 17) on the body's frames, NaN where unknown. rate_hz: of the recording, for the keyframes' times.
    Every coordinate of every joint involved is moved by its deviation, up and down, steadily and as a slow swing; the
    effects add up as squares (a sigma-point propagation). An extreme of what hardly moves is only ever widened: it is
    taken as a + b x + c |x| with x normal, whose variance is b^2 + (1 - 2/pi) c^2 and whose bias is sqrt(2/pi) c.
    """
    begin, end = repetition.window(metric)
    time_sigma = np.sqrt(parts.timing) * np.hypot(KEYFRAME_SIGMA_S, 1.0 / (rate_hz * np.sqrt(12.0)))
    keyframes_s = repetition.times_of_keyframes(metric)
    if not metric.quantity:
        return float(np.sqrt(len(keyframes_s)) * time_sigma)
    inside = frames_of(body, begin, end)
    if inside.sum() < 2:
        return float("nan")
    part = Body(body.times_s[inside], body.positions_m[inside], body.height_m, body.forward)
    sigma = np.where(np.isfinite(sigma_m[inside]), sigma_m[inside], DEFAULT_SIGMA_M)
    joints = [INDEX[j] for j in joints_of(metric, side)]
    moved = _moved(part, sigma, joints, parts)
    values = read_metric(metric, moved, repetition, side=side)
    plain, (up, down) = values[0], values[1:].reshape(2, -1)
    variance = float(np.sum((0.5 * (up - down)) ** 2))
    if metric.statistic in _EXTREMES:
        bends = 0.5 * (up + down) - plain
        bias = parts.bias * _MEAN_OF_ABSOLUTE * np.sum(bends)
        variance += float((1.0 - _MEAN_OF_ABSOLUTE**2) * np.sum(bends**2) + bias**2)
    if metric.statistic == "launch":
        timing = _from_take_off(metric, part, repetition)
    elif metric.statistic in _BOUNDED:
        timing = _from_bounds(metric, part, repetition, side=side)
    else:
        timing = _from_timing(metric, part, keyframes_s, side=side)
    return float(np.sqrt(variance + timing * time_sigma**2))


def _moved(body: Body, sigma: Array, joints: list[int], parts: ErrorParts) -> Body:
    """(1 + 2 K, T, 17, 3): as it is; each joint, axis and pattern by one deviation up, then all of them down."""
    patterns = [np.full(len(body.times_s), np.sqrt(parts.steady))]
    for share, hz in parts.swings:
        phase = 2.0 * np.pi * hz * body.times_s
        patterns += [np.sqrt(share) * np.cos(phase), np.sqrt(share) * np.sin(phase)]
    count = len(joints) * 3 * len(patterns)
    positions = np.repeat(body.positions_m[None], 1 + 2 * count, axis=0)
    k = 1
    for joint in joints:
        for axis in range(3):
            for pattern in patterns:
                positions[k, :, joint, axis] += pattern * sigma[:, joint]
                positions[k + count, :, joint, axis] -= pattern * sigma[:, joint]
                k += 1
    return Body(body.times_s, positions, body.height_m, body.forward)


def _from_take_off(metric: MetricSpec, body: Body, repetition: Repetition) -> float:
    """Squared change per second of a launch's angle or height by which its beginning is off."""
    bounds = repetition.stage_bounds_s
    begins = np.arange(len(bounds)) == repetition.stages.index(metric.over[0])
    values = [
        read_metric(
            metric, body, replace(repetition, stage_bounds_s=bounds + sign * KEYFRAME_SIGMA_S * begins), side=""
        )
        for sign in (-1.0, 1.0)
    ]
    return float((values[1] - values[0]) / (2.0 * KEYFRAME_SIGMA_S)) ** 2


def _from_bounds(metric: MetricSpec, body: Body, repetition: Repetition, *, side: str) -> float:
    """Squared change per second by which the window's ends are off, summed over both: an extreme may lie at an end."""
    indices = [repetition.stages.index(stage) for stage in metric.over]
    total = 0.0
    for bound in (min(indices), max(indices) + 1):
        at = np.arange(len(repetition.stage_bounds_s)) == bound
        values = [
            read_metric(
                metric,
                body,
                replace(repetition, stage_bounds_s=repetition.stage_bounds_s + shift * at / GRID_HZ),
                side=side,
            )
            for shift in (-1.0, 1.0)
        ]
        change = float(values[1] - values[0]) * GRID_HZ / 2.0
        total += change**2 if np.isfinite(change) else 0.0
    return total


def _from_timing(metric: MetricSpec, body: Body, keyframes_s: tuple[float, ...], *, side: str) -> float:
    """Squared change of the metric per second by which its keyframes are off, summed over them."""
    if metric.statistic.startswith("time_of"):
        return 1.0
    if metric.statistic == "time_above":
        return 2.0  # it begins and ends at an instant, each as uncertain as a keyframe
    if metric.over:
        return 0.0
    values = (
        read_quantity(body, metric.quantity, "left") - read_quantity(body, metric.quantity, "right")
        if metric.sides == "difference"
        else read_quantity(body, metric.quantity, side)
    )
    slope = body.rate(body.rate(values) if metric.rate else values)
    known = np.isfinite(slope)
    if not known.any():
        return 0.0
    return float(sum(np.interp(t, body.times_s[known], slope[known]) ** 2 for t in keyframes_s))
