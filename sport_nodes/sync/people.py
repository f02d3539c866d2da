"""People and sides of one camera from frame to frame, as far as they must agree for interpolation."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sport_nodes.skeleton import MIRROR_INDEX

Array = NDArray[np.float64]

#: Cost of pairing with an absent person [px]: more than any step between frames, less than any crossing of the image.
ABSENT_PX: Final = 1e4
#: Left and right are exchanged between two frames when that makes the step of the pair shorter by this factor ...
SWAP_RATIO: Final = 0.5
#: ... and the pair stands apart by at least this [px]; nearer pairs do not matter.
SWAP_MIN_PX: Final = 12.0
MIRROR: Final = np.array(MIRROR_INDEX)


def match_slots(previous_px: Array, current_px: Array) -> NDArray[np.intp]:
    """Which person of current_px (P, 17, 2) continues each slot of previous_px (P, 17, 2): (P,) indices."""
    slots = len(previous_px)
    if slots < 2:
        return np.arange(slots, dtype=np.intp)
    step = np.linalg.norm(previous_px[:, None] - current_px[None], axis=3)
    seen = np.isfinite(step)
    cost = np.where(
        seen.any(axis=2), np.where(seen, step, 0.0).sum(axis=2) / np.maximum(seen.sum(axis=2), 1), ABSENT_PX
    )
    return np.asarray(linear_sum_assignment(cost)[1], dtype=np.intp)


def keep_slots(xy_px: Array, confidence: Array) -> tuple[Array, Array]:
    """(T, P, 17, 2) and (T, P, 17) with each slot holding the same person throughout, as far as steps tell."""
    if xy_px.shape[1] < 2:
        return xy_px, confidence
    xy_px, confidence = xy_px.copy(), confidence.copy()
    last_seen = xy_px[0].copy()
    for t in range(1, len(xy_px)):
        order = match_slots(last_seen, xy_px[t])
        xy_px[t], confidence[t] = xy_px[t, order], confidence[t, order]
        last_seen = np.where(np.isfinite(xy_px[t]), xy_px[t], last_seen)
    return xy_px, confidence


def exchanged_sides(first_px: Array, second_px: Array) -> NDArray[np.bool_]:
    """(..., 17): joints whose left and right the detector exchanged between two frames (..., 17, 2)."""
    keep = np.linalg.norm(second_px - first_px, axis=-1)
    swap = np.linalg.norm(second_px[..., MIRROR, :] - first_px, axis=-1)
    keep, swap = keep + keep[..., MIRROR], swap + swap[..., MIRROR]
    apart = np.linalg.norm(first_px - first_px[..., MIRROR, :], axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray((swap < SWAP_RATIO * keep) & (apart > SWAP_MIN_PX))


def with_sides_of(reference_px: Array, xy_px: Array) -> Array:
    """xy_px (..., 17, 2) with left and right exchanged back where they differ from the reference's."""
    return np.where(exchanged_sides(reference_px, xy_px)[..., None], xy_px[..., MIRROR, :], xy_px)
