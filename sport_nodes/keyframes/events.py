"""When a physical event happens: the deepest knee bend, the peak of the hips, the wrist's greatest speed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import EventSpec
from sport_nodes.body import Body
from sport_nodes.quantities import QUANTITIES, read_quantity

Array = NDArray[np.float64]

OTHER_SIDE: Final = {"left": "right", "right": "left", "": ""}
# Fewer frames than this around an event say nothing about it.
_LEAST_FRAMES: Final = 3
# Of peaks that miss the greatest by less than this share of the window's range, the one nearest to where it is expected
# is meant: a movement in two pushes, or a flat top, has several that noise puts in any order.
_ALMOST: Final = 0.2


def find_event(
    body: Body,
    event: EventSpec,
    begin_s: float,
    end_s: float,
    *,
    span_s: tuple[float, float],
    mirrored: bool,
    near_s: float | None = None,
) -> float | None:
    """Time of the event in a body (features.smoothed_body) between two times, to a fraction of a frame.

    span_s: begin and end of the whole repetition, over which a `fraction` is reckoned.
    near_s: where it is expected, which decides between peaks almost as great; without it the greatest is meant.
    mirrored: the sides that the event names are the other ones. None where the quantity is unknown or has no such
    event inside the window: an extreme at its edge belongs to something else.
    """
    values = event_signal(body, event, mirrored=mirrored)
    inside = (body.times_s >= begin_s) & (body.times_s <= end_s) & np.isfinite(values)
    frames = np.flatnonzero(inside)
    if len(frames) < _LEAST_FRAMES:
        return None
    if event.at in ("maximum", "minimum"):
        return _extreme(body.times_s, values if event.at == "maximum" else -values, frames, near_s)
    level = event.threshold
    if event.fraction is not None:
        whole = values[(body.times_s >= span_s[0]) & (body.times_s <= span_s[1]) & np.isfinite(values)]
        low, high = (float(whole.min()), float(whole.max())) if len(whole) else (np.nan, np.nan)
        level = low + event.fraction * (high - low)
    if event.at == "middle_above":
        return _middle(body.times_s, values - (level or 0.0), frames)
    sign = 1.0 if event.at == "rises_through" else -1.0
    return _crossing(body.times_s, sign * (values - (level or 0.0)), frames)


def event_signal(body: Body, event: EventSpec, *, mirrored: bool) -> Array:
    """(T,) the event's quantity or its rate; of both sides the mean, or the one that is known."""
    if event.side or not QUANTITIES[event.quantity].sided:
        side = OTHER_SIDE[event.side] if mirrored else event.side
        values = read_quantity(body, event.quantity, side)
    else:
        left, right = (read_quantity(body, event.quantity, side) for side in ("left", "right"))
        values = 0.5 * (left + right)
        if np.isnan(values).any():
            values = np.where(np.isnan(left), right, np.where(np.isnan(right), left, values))
    return body.rate(values) if event.rate else values


def _extreme(times_s: Array, values: Array, frames: NDArray[np.intp], near_s: float | None) -> float | None:
    """The greatest value that is greater than its neighbours, at the top of the parabola through the three."""
    inner = frames[(frames > 0) & (frames < len(values) - 1)]
    before, here, after = values[inner - 1], values[inner], values[inner + 1]
    with np.errstate(invalid="ignore"):
        peaks = inner[(here >= before) & (here > after)]
    if len(peaks) == 0:
        return None
    top = int(peaks[np.argmax(values[peaks])])
    if near_s is not None:
        almost = peaks[values[peaks] >= values[top] - _ALMOST * np.ptp(values[frames])]
        top = int(almost[np.argmin(np.abs(times_s[almost] - near_s))])
    a, b, c = values[top - 1 : top + 2]
    return float(times_s[top] + 0.5 * (a - c) / (a - 2.0 * b + c) * (times_s[top + 1] - times_s[top]))


def _crossing(times_s: Array, values: Array, frames: NDArray[np.intp]) -> float | None:
    """The steepest place where the values rise through zero."""
    pairs = frames[:-1][np.diff(frames) == 1]
    rising = pairs[(values[pairs] < 0.0) & (values[pairs + 1] >= 0.0)]
    if len(rising) == 0:
        return None
    at = int(rising[np.argmax(values[rising + 1] - values[rising])])
    share = -values[at] / (values[at + 1] - values[at])
    return float(times_s[at] + share * (times_s[at + 1] - times_s[at]))


def _middle(times_s: Array, values: Array, frames: NDArray[np.intp]) -> float | None:
    """Half way between rising through zero before the window's greatest value and falling through it after."""
    top = int(frames[np.argmax(values[frames])])
    under = np.flatnonzero(~(values >= 0.0))
    before, after = under[under < top], under[under > top]
    if not values[top] >= 0.0 or len(before) == 0 or len(after) == 0:
        return None
    pairs = ((before[-1], before[-1] + 1), (after[0] - 1, after[0]))
    crossings = [times_s[a] - values[a] * (times_s[b] - times_s[a]) / (values[b] - values[a]) for a, b in pairs]
    middle = float(np.mean(crossings))
    return middle if np.isfinite(middle) else None
