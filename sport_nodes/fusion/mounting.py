"""How an IMU sits on its segment, and its heading, from the motion itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: How far a strap turns a sensor after a static pose, and how far a heading is off [rad, standard deviations].
MOUNTING_SIGMA_RAD: Final = 0.09
HEADING_SIGMA_RAD: Final = 0.04
#: A direction from two joints is this uncertain in a single frame [rad], and neighbouring frames err alike.
DIRECTION_SIGMA_RAD: Final = 0.04
FRAMES_PER_INDEPENDENT: Final = 4.0
ROUNDS: Final = 4
GRAVITY_M_S2: Final = 9.81
#: Directions farther off than this many deviations of the rest do not count.
OUTLIER_DEVIATIONS: Final = 3.0
#: ... where the deviation is at least this [rad].
LEAST_ERROR_RAD: Final = 1e-6
#: Fewer frames do not calibrate.
MIN_FRAMES: Final = 15


@dataclass(frozen=True, eq=False)
class Mounting:
    """bone (3,): the segment's direction from lower to upper joint in the sensor's frame; heading_rad: the sensor's
    world against the lab's about the vertical; sigma_rad: how far a direction by this IMU may be off."""

    bone: Array
    heading_rad: float
    sigma_rad: float


@njit(cache=True, error_model="numpy")
def segment_directions(bones: Array, headings_rad: Array, orientation_xyzw: Array) -> Array:
    """(T, S, 4) sensors in world to (T, S, 3) unit directions of their segments in world; NaN stays NaN.

    bones (S, 3) and headings_rad (S,) as in `Mounting`.
    """
    directions, turn = np.empty((*orientation_xyzw.shape[:2], 3)), np.empty((3, 3))
    for t in range(len(directions)):
        for s in range(len(bones)):
            _rotation(orientation_xyzw[t, s], headings_rad[s], turn)
            _product(turn, bones[s], directions[t, s])
    return directions


def felt_motion(mounting: Mounting, orientation_xyzw: Array, vectors: Array) -> tuple[Array, Array]:
    """(N, 3) direction of a segment and (N, 3) acceleration of its IMU without gravity [m/s^2], both in world.

    From its orientations (N, 4) and vectors (N, 6) as measurements.IMU_VECTOR.
    """
    return _felt(mounting.bone, mounting.heading_rad, orientation_xyzw, vectors)


@njit(cache=True, error_model="numpy")
def _felt(bone: Array, heading_rad: float, orientation_xyzw: Array, vectors: Array) -> tuple[Array, Array]:
    directions, accelerations = np.empty((len(vectors), 3)), np.empty((len(vectors), 3))
    turn = np.empty((3, 3))
    for t in range(len(vectors)):
        _rotation(orientation_xyzw[t], heading_rad, turn)
        _product(turn, bone, directions[t])
        _product(turn, vectors[t, 3:], accelerations[t])
        accelerations[t, 2] -= GRAVITY_M_S2
    return directions, accelerations


def fit_mounting(nominal: Mounting, orientation_xyzw: Array, directions: Array, *, calibrated_rad: float) -> Mounting:
    """The mounting that best turns orientations (T, 4) into the segment's unit directions (T, 3) of the skeleton.

    NaN frames are left out. Least squares on bone and heading with the nominal mounting as prior; sigma_rad is what the
    calibration leaves open, at least calibrated_rad.
    """
    # In one layout: for another one numba would compile again.
    seen = np.ascontiguousarray(orientation_xyzw), np.ascontiguousarray(directions)
    bone, heading_rad, open_rad = _fitted(nominal.bone, nominal.heading_rad, *seen)
    if np.isinf(open_rad):
        return nominal
    return Mounting(bone, heading_rad, float(np.hypot(calibrated_rad, open_rad)))


@njit(cache=True, error_model="numpy")
def _fitted(
    nominal_bone: Array, nominal_rad: float, orientation_xyzw: Array, directions: Array
) -> tuple[Array, float, float]:
    """Bone (3,), heading [rad] and what stays open of them [rad]; that is infinite where too few frames speak."""
    turns, seen, used = np.empty((len(directions), 3, 3)), np.empty(directions.shape), 0
    for t in range(len(directions)):
        if np.isfinite(orientation_xyzw[t].sum()) and np.isfinite(directions[t].sum()):
            _rotation(orientation_xyzw[t], 0.0, turns[used])
            seen[used] = directions[t]
            used += 1
    bone, heading = nominal_bone.copy(), nominal_rad
    if used < MIN_FRAMES:
        return bone, heading, np.inf
    per_frame = 1.0 / (DIRECTION_SIGMA_RAD**2 * FRAMES_PER_INDEPENDENT)
    weight, error, shown = np.ones(used), np.empty(used), np.empty((used, 3))
    for _ in range(ROUNDS):
        pulled = nominal_bone / MOUNTING_SIGMA_RAD**2
        cosine, sine = np.cos(heading), np.sin(heading)
        for t in range(used):
            x = cosine * seen[t, 0] + sine * seen[t, 1]
            y = cosine * seen[t, 1] - sine * seen[t, 0]
            for k in range(3):
                in_sensor = turns[t, 0, k] * x + turns[t, 1, k] * y + turns[t, 2, k] * seen[t, 2]
                pulled[k] += per_frame * weight[t] * in_sensor
        bone = pulled / np.sqrt((pulled**2).sum())
        # Angle about the vertical from the shown to the seen direction, weighted by how horizontal they are.
        turned, information = nominal_rad / HEADING_SIGMA_RAD**2, 1.0 / HEADING_SIGMA_RAD**2
        for t in range(used):
            _product(turns[t], bone, shown[t])
            turned += per_frame * weight[t] * (shown[t, 0] * seen[t, 1] - shown[t, 1] * seen[t, 0])
            information += per_frame * weight[t] * (shown[t, 0] ** 2 + shown[t, 1] ** 2)
        heading = turned / information
        cosine, sine = np.cos(heading), np.sin(heading)
        for t in range(used):
            off_x = cosine * shown[t, 0] - sine * shown[t, 1] - seen[t, 0]
            off_y = sine * shown[t, 0] + cosine * shown[t, 1] - seen[t, 1]
            error[t] = np.sqrt(off_x**2 + off_y**2 + (shown[t, 2] - seen[t, 2]) ** 2)
        limit = OUTLIER_DEVIATIONS * max(np.median(error), LEAST_ERROR_RAD)
        for t in range(used):
            weight[t] = 1.0 if error[t] < limit else 0.0
    return bone, heading, 1.0 / np.sqrt(1.0 / MOUNTING_SIGMA_RAD**2 + per_frame * weight.sum())


@njit(cache=True, error_model="numpy")
def _rotation(quaternion_xyzw: Array, heading_rad: float, turn: Array) -> None:
    """Overwrites turn (3, 3) with the rotation of a quaternion (4,) of any length, then about the vertical."""
    x, y, z, w = quaternion_xyzw[0], quaternion_xyzw[1], quaternion_xyzw[2], quaternion_xyzw[3]
    double = 2.0 / (x * x + y * y + z * z + w * w)
    turn[0, 0], turn[0, 1], turn[0, 2] = (
        1.0 - double * (y * y + z * z),
        double * (x * y - z * w),
        double * (x * z + y * w),
    )
    turn[1, 0], turn[1, 1], turn[1, 2] = (
        double * (x * y + z * w),
        1.0 - double * (x * x + z * z),
        double * (y * z - x * w),
    )
    turn[2, 0], turn[2, 1], turn[2, 2] = (
        double * (x * z - y * w),
        double * (y * z + x * w),
        1.0 - double * (x * x + y * y),
    )
    cosine, sine = np.cos(heading_rad), np.sin(heading_rad)
    for k in range(3):
        east, north = turn[0, k], turn[1, k]
        turn[0, k], turn[1, k] = cosine * east - sine * north, sine * east + cosine * north


@njit(cache=True, error_model="numpy")
def _product(matrix: Array, vector: Array, result: Array) -> None:
    for a in range(3):
        result[a] = matrix[a, 0] * vector[0] + matrix[a, 1] * vector[1] + matrix[a, 2] * vector[2]
