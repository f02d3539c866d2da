"""Which axis of a recording is up, read from the person who stands in it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

#: A person is upright in a frame where trunk and legs both lie within this angle of one axis [deg] ...
UPRIGHT_ANGLE_DEG: Final = 40.0
#: ... and hip to ankle measures at least this part of thigh plus shank. Knees are bent to about a right angle on the
#: floor in a sit-up (0.7), so that a lying person does not pass for one who stands along x or y.
STRAIGHT_LEG_RATIO: Final = 0.85
#: Share of the frames in which a person must be upright for the axis to be believed.
UPRIGHT_SHARE: Final = 0.1

#: How an axis that is up becomes z: new (x, y, z) = old columns in this order. Both are rotations, not mirrorings.
COLUMNS_TO_Z_UP: Final[dict[int, tuple[int, int, int]]] = {0: (1, 2, 0), 1: (2, 0, 1), 2: (0, 1, 2)}


def upright_shares(positions: Array) -> Array:
    """(3,) share of frames in which the person stands along +x, +y, +z.

    positions: (T, 17, 3), any unit. Zeros where trunk or legs are never seen.
    """
    hips, knees, ankles = (_middle(positions, part) for part in ("hip", "knee", "ankle"))
    reach = np.linalg.norm(hips - ankles, axis=1)
    straight = reach > STRAIGHT_LEG_RATIO * (
        np.linalg.norm(hips - knees, axis=1) + np.linalg.norm(knees - ankles, axis=1)
    )
    legs = _along_axes(hips - ankles)
    trunk = _along_axes(_middle(positions, "shoulder") - hips)
    return _share((legs * trunk) * np.where(np.isfinite(reach), straight, np.nan)[:, None])


def trunk_shares(positions: Array) -> Array:
    """(3,) share of frames in which the trunk alone points along +x, +y, +z; positions (T, 17, 3), any unit."""
    return _share(_along_axes(_middle(positions, "shoulder") - _middle(positions, "hip")))


def up_axis(positions: Array, *, convention: int) -> int:
    """Index of the axis along which the person stands; `convention` (the format's own) where nobody stands."""
    shares = upright_shares(positions)
    best = int(np.argmax(shares))
    return best if shares[best] >= UPRIGHT_SHARE else convention


def to_z_up(positions: Array, up: int) -> Array:
    """(..., 3) with axis `up` turned onto z by a rotation that permutes the axes."""
    return positions[..., COLUMNS_TO_Z_UP[up]]


def _middle(positions: Array, part: str) -> Array:
    return 0.5 * (positions[:, INDEX[f"left_{part}"]] + positions[:, INDEX[f"right_{part}"]])


def _along_axes(vectors: Array) -> Array:
    """(T, 3) of 1 where the vector lies within UPRIGHT_ANGLE_DEG of the axis, else 0; NaN where it is missing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = vectors / lengths
    along = (cosines > np.cos(np.deg2rad(UPRIGHT_ANGLE_DEG))).astype(np.float64)
    return np.where(np.isfinite(cosines), along, np.nan)


def _share(along: Array) -> Array:
    seen = np.isfinite(along).all(axis=1)
    return along[seen].mean(axis=0) if seen.any() else np.zeros(3)
