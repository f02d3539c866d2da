"""How an IMU sits on its segment, and its heading, from the motion itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

#: How far a strap turns a sensor after a static pose, and how far a heading is off [rad, standard deviations].
MOUNTING_SIGMA_RAD: Final = 0.09
HEADING_SIGMA_RAD: Final = 0.04
#: A direction from two joints is this uncertain in a single frame [rad], and neighbouring frames err alike.
DIRECTION_SIGMA_RAD: Final = 0.04
FRAMES_PER_INDEPENDENT: Final = 4.0
ROUNDS: Final = 4
#: Directions farther off than this many deviations of the rest do not count.
OUTLIER_DEVIATIONS: Final = 3.0
#: Fewer frames do not calibrate.
MIN_FRAMES: Final = 15


@dataclass(frozen=True, eq=False)
class Mounting:
    """bone (3,): the segment's direction from lower to upper joint in the sensor's frame; heading_rad: the sensor's
    world against the lab's about the vertical; sigma_rad: how far a direction by this IMU may be off."""

    bone: Array
    heading_rad: float
    sigma_rad: float


def segment_directions(mountings: Sequence[Mounting], orientation_xyzw: Array) -> Array:
    """(..., S, 4) sensors in world to (..., S, 3) unit directions of their segments in world; NaN stays NaN."""
    bone = np.array([m.bone for m in mountings]).reshape(-1, 3)
    heading = np.array([m.heading_rad for m in mountings])
    # q b q*, written out: b + 2 w (v x b) + 2 v x (v x b); then about the vertical.
    unit = orientation_xyzw / np.linalg.norm(orientation_xyzw, axis=-1, keepdims=True)
    turned = 2.0 * _cross(unit[..., :3], bone)
    shown = bone + unit[..., 3:] * turned + _cross(unit[..., :3], turned)
    return _about_the_vertical(shown, heading)


def felt_turning(mounting: Mounting, orientation_xyzw: Array, gyro_rad_s: Array) -> Array:
    """(T, 3) [rad/s] how a segment's direction changes in world, by its IMU's orientations (T, 4) and rates (T, 3)."""
    felt = np.full_like(gyro_rad_s, np.nan)
    good = np.isfinite(orientation_xyzw).all(axis=1) & np.isfinite(gyro_rad_s).all(axis=1)
    if good.any():
        across = _cross(gyro_rad_s[good], mounting.bone)
        felt[good] = _about_the_vertical(Rotation.from_quat(orientation_xyzw[good]).apply(across), mounting.heading_rad)
    return felt


def fit_mounting(nominal: Mounting, orientation_xyzw: Array, directions: Array, *, calibrated_rad: float) -> Mounting:
    """The mounting that best turns orientations (T, 4) into the segment's unit directions (T, 3) of the skeleton.

    NaN frames are left out. Least squares on bone and heading with the nominal mounting as prior; sigma_rad is what the
    calibration leaves open, at least calibrated_rad.
    """
    good = np.isfinite(orientation_xyzw).all(axis=1) & np.isfinite(directions).all(axis=1)
    if good.sum() < MIN_FRAMES:
        return nominal
    turns, seen = Rotation.from_quat(orientation_xyzw[good]).as_matrix(), directions[good]
    weight = np.ones(len(seen))
    bone, heading = nominal.bone, nominal.heading_rad
    per_frame = 1.0 / (DIRECTION_SIGMA_RAD**2 * FRAMES_PER_INDEPENDENT)
    for _ in range(ROUNDS):
        in_sensor = np.einsum("tji,tj->ti", turns, _about_the_vertical(seen, -heading))
        pulled = per_frame * (weight @ in_sensor) + nominal.bone / MOUNTING_SIGMA_RAD**2
        bone = pulled / np.linalg.norm(pulled)
        shown = turns @ bone
        # Angle about the vertical from the shown to the seen direction, weighted by how horizontal they are.
        sine = shown[:, 0] * seen[:, 1] - shown[:, 1] * seen[:, 0]
        level = (shown[:, :2] ** 2).sum(axis=1)
        information = per_frame * float((weight * level).sum())
        turned = nominal.heading_rad / HEADING_SIGMA_RAD**2 + per_frame * float((weight * sine).sum())
        heading = turned / (information + 1.0 / HEADING_SIGMA_RAD**2)
        error = np.linalg.norm(_about_the_vertical(shown, heading) - seen, axis=1)
        weight = (error < OUTLIER_DEVIATIONS * max(float(np.median(error)), 1e-6)).astype(np.float64)
    open_rad = 1.0 / np.sqrt(1.0 / MOUNTING_SIGMA_RAD**2 + per_frame * weight.sum())
    return Mounting(bone, float(heading), float(np.hypot(calibrated_rad, open_rad)))


def _about_the_vertical(vectors: Array, angle_rad: Array | float) -> Array:
    """(..., 3) vectors, turned."""
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, vectors[..., 2]], axis=-1)


def _cross(first: Array, second: Array) -> Array:
    """`numpy.cross` of (..., 3) without its checks, which take longer than the product of a few vectors."""
    following, third = [1, 2, 0], [2, 0, 1]
    return first[..., following] * second[..., third] - first[..., third] * second[..., following]
