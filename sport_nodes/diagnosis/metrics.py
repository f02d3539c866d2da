"""Reads a metric off a movement: one number from an action's MetricSpec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import MetricSpec
from sport_nodes.body import Body
from sport_nodes.keyframes.features import GRID_HZ
from sport_nodes.quantities import QUANTITIES, read_quantity

Array = NDArray[np.float64]

# A value at a keyframe is the median over this much on either side: a single bad frame cannot move it.
_AROUND_KEYFRAME_S: Final = 2.0 / GRID_HZ
# Standard gravity [m/s^2]: CGPM (1901).
_GRAVITY_MPS2: Final = 9.80665
# Of a flight, this share at either end is left out: the feet may still or already touch the floor.
_FLIGHT_MARGIN: Final = 0.1
# Slopes are taken between instants at least this share of the flight apart; nearer ones say little but noise.
_LEAST_SPAN: Final = 1.0 / 3.0
# Frames on either side of a window that its rates of change and its smoothing still see.
_HALO_FRAMES: Final = 3


@dataclass(frozen=True, eq=False)
class Repetition:
    """Where one repetition's keyframes and stages are, in seconds. stage_bounds_s: (number of stages + 1,)."""

    keyframes_s: Mapping[str, float]
    stage_bounds_s: Array
    stages: tuple[str, ...]

    def window(self, metric: MetricSpec) -> tuple[float, float]:
        """Begin and end of what the metric looks at, in seconds."""
        if metric.over:
            indices = [self.stages.index(stage) for stage in metric.over]
            return float(self.stage_bounds_s[min(indices)]), float(self.stage_bounds_s[max(indices) + 1])
        times = [self.keyframes_s[name] for name in metric.between or (metric.at,)]
        return min(times) - _AROUND_KEYFRAME_S, max(times) + _AROUND_KEYFRAME_S

    def span(self, metric: MetricSpec) -> tuple[float, float]:
        """What a duration is measured between."""
        if metric.over:
            return self.window(metric)
        first, last = (self.keyframes_s[name] for name in metric.between)
        return first, last

    def times_of_keyframes(self, metric: MetricSpec) -> tuple[float, ...]:
        """The instants that its value depends on."""
        if not metric.quantity:
            return self.span(metric)
        names = metric.between or tuple(filter(None, (metric.at, metric.relative_to)))
        return tuple(self.keyframes_s[name] for name in names)


@dataclass(frozen=True)
class Reading:
    """A metric's value, and when it was read (seconds)."""

    value: float
    time_s: float


def frames_of(body: Body, begin_s: float, end_s: float) -> NDArray[np.bool_]:
    """(T,) the frames of a window and a few around it."""
    halo = _HALO_FRAMES / GRID_HZ
    return (body.times_s >= begin_s - halo) & (body.times_s <= end_s + halo)


def read_metric(metric: MetricSpec, body: Body, repetition: Repetition, *, side: str) -> Array:
    """(...,) values for positions (..., T, 17, 3); NaN where it cannot be read.

    side: "left", "right", "" for both or the midline. "difference" metrics take left minus right themselves.
    """
    if not metric.quantity:
        first, last = repetition.span(metric)
        return np.full(body.positions_m.shape[:-3], last - first)
    if metric.statistic == "launch":
        return _launch(metric, body, repetition)
    if metric.sides == "difference":
        values = read_quantity(body, metric.quantity, "left") - read_quantity(body, metric.quantity, "right")
    else:
        values = read_quantity(body, metric.quantity, side)
    if metric.rate:
        values = body.rate(values)
    if metric.at:
        return _around(body, values, repetition.keyframes_s[metric.at])
    if metric.between:
        before, after = (_around(body, values, repetition.keyframes_s[name]) for name in metric.between)
        return after - before
    begin, end = repetition.window(metric)
    inside = (body.times_s >= begin) & (body.times_s <= end)
    values = values[..., inside]
    if values.shape[-1] < _HALO_FRAMES or np.isnan(values).all(axis=-1).any():
        return np.full(values.shape[:-1], np.nan)
    return _statistic(metric, values, body.times_s[inside], repetition)


def _launch(metric: MetricSpec, body: Body, repetition: Repetition) -> Array:
    """Angle (deg) at which the centre of mass leaves, or how far it rises from there (% of height), by its flight.

    In flight it moves on a parabola of known curvature, so that the speeds at its beginning are those of straight
    lines through the forward position and through the height with gravity's part added; of all pairs of instants far
    enough apart the median slope (Theil 1950, Sen 1968), which single bad frames do not move.
    """
    begin, end = repetition.window(metric)
    margin = _FLIGHT_MARGIN * (end - begin)
    centre = body.centre_of_mass_m
    known = np.isfinite(centre).all(axis=-1).reshape(-1, len(body.times_s)).all(axis=0)
    inside = (body.times_s >= begin + margin) & (body.times_s <= end - margin) & known
    since, centre = body.times_s[inside] - begin, centre[..., inside, :]
    first, last = np.triu_indices(len(since), k=max(int(np.ceil(_LEAST_SPAN * len(since))), 1))
    if len(first) == 0:
        return np.full(centre.shape[:-2], np.nan)
    apart = since[last] - since[first]
    height, forward = centre[..., 2] + 0.5 * _GRAVITY_MPS2 * since**2, centre @ body.forward
    rise_speed = np.median((height[..., last] - height[..., first]) / apart, axis=-1)
    if metric.quantity == "com_height":
        return body.percent(np.maximum(rise_speed, 0.0) ** 2 / (2.0 * _GRAVITY_MPS2))
    forward_speed = np.median((forward[..., last] - forward[..., first]) / apart, axis=-1)
    return np.degrees(np.arctan2(rise_speed, forward_speed))


def moment(metric: MetricSpec, body: Body, repetition: Repetition, *, side: str) -> float:
    """When the value was read: its keyframe (the last of two), or the extreme in its stage, else the stage's middle."""
    if metric.at or metric.between:
        return repetition.keyframes_s[metric.at or metric.between[-1]]
    begin, end = repetition.window(metric)
    if metric.statistic == "launch":
        return begin
    if metric.statistic.startswith("time_of"):
        after = float(read_metric(metric, body, repetition, side=side))
        return repetition.keyframes_s[metric.relative_to] + after if np.isfinite(after) else 0.5 * (begin + end)
    inside = (body.times_s >= begin) & (body.times_s <= end)
    if not inside.any() or metric.statistic not in ("maximum", "minimum"):
        return 0.5 * (begin + end)
    values = read_quantity(body, metric.quantity, side)
    values = (body.rate(values) if metric.rate else values)[inside]
    if np.isnan(values).all():
        return 0.5 * (begin + end)
    found = np.nanargmax(values) if metric.statistic == "maximum" else np.nanargmin(values)
    return float(body.times_s[inside][found])


def joints_of(metric: MetricSpec, side: str) -> tuple[str, ...]:
    """The joints that the value is computed from."""
    return QUANTITIES[metric.quantity].joints_of(side) if metric.quantity else ()


def _around(body: Body, values: Array, time_s: float) -> Array:
    near = np.abs(body.times_s - time_s) <= _AROUND_KEYFRAME_S + 0.5 / GRID_HZ
    close = values[..., near]
    known = np.isfinite(close)
    if not known.any():
        return np.full(values.shape[:-1], np.nan)
    return np.median(close, axis=-1) if known.all() else np.nanmedian(close, axis=-1)


def _statistic(metric: MetricSpec, values: Array, times_s: Array, repetition: Repetition) -> Array:
    if metric.statistic == "maximum":
        return np.nanmax(values, axis=-1)
    if metric.statistic == "minimum":
        return np.nanmin(values, axis=-1)
    if metric.statistic == "mean":
        return np.nanmean(values, axis=-1)
    if metric.statistic == "range":
        return np.nanmax(values, axis=-1) - np.nanmin(values, axis=-1)
    if metric.statistic == "smoothness":
        return _smoothness(values, times_s)
    if metric.statistic == "time_above":
        return np.sum(values > (metric.threshold or 0.0), axis=-1) / GRID_HZ
    relative_s = repetition.keyframes_s[metric.relative_to]
    if metric.statistic == "time_of_half":
        return _time_of_half(values, times_s) - relative_s
    sign = 1.0 if metric.statistic == "time_of_maximum" else -1.0
    return _time_of_peak(sign * values, times_s) - relative_s


def _time_of_peak(values: Array, times_s: Array) -> Array:
    """Time of the greatest value, at the top of the parabola through it and its neighbours."""
    top = np.clip(np.nanargmax(values, axis=-1), 1, values.shape[-1] - 2)[..., None]
    a, b, c = (np.take_along_axis(values, top + k, axis=-1)[..., 0] for k in (-1, 0, 1))
    bend = a - 2.0 * b + c
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(bend < 0.0, 0.5 * (a - c) / bend, 0.0)
    return times_s[top[..., 0]] + np.clip(np.nan_to_num(shift), -1.0, 1.0) / GRID_HZ


def _time_of_half(values: Array, times_s: Array) -> Array:
    """When the change from one of the window's extremes to the other is half done, between the frames.

    Where a movement is fastest its place hangs on noise; how far it has come, on the steepest part of its way.
    """
    low, high = np.nanargmin(values, axis=-1), np.nanargmax(values, axis=-1)
    middle = 0.5 * (np.nanmin(values, axis=-1) + np.nanmax(values, axis=-1))[..., None]
    falls = np.where(low > high, -1.0, 1.0)[..., None]
    past = falls * (values - middle)
    frames = np.arange(values.shape[-1])
    done = (past >= 0.0) & (frames > np.minimum(low, high)[..., None])
    after = np.argmax(done, axis=-1)[..., None]
    before = np.maximum(after - 1, 0)
    a, b = (np.take_along_axis(past, at, axis=-1)[..., 0] for at in (before, after))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(a < b, -a / (b - a), 1.0)
    begin, end = times_s[before[..., 0]], times_s[after[..., 0]]
    return begin + np.clip(share, 0.0, 1.0) * (end - begin)


def _smoothness(values: Array, times_s: Array) -> Array:
    """Log dimensionless jerk, greater is smoother: Hogan & Sternad (2009), J Motor Behavior 41(6), eq. 2, as -ln."""
    duration = float(times_s[-1] - times_s[0])
    jerk = values
    for _ in range(3):
        jerk = np.gradient(jerk, times_s, axis=-1)
    amplitude = np.nanmax(values, axis=-1) - np.nanmin(values, axis=-1)
    summed = np.nansum(jerk**2, axis=-1) / GRID_HZ
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.log(summed * duration**5 / amplitude**2)
