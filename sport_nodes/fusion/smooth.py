"""All frames of a trial at once: equation 1 of every frame, coupled by the smoothness of the motion."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import uniform_filter1d

from sport_nodes.fusion.cholesky import joint_covariances
from sport_nodes.fusion.objective import UNKNOWNS, Evidence, Optics, accumulate
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Order of the difference that is held small: jerk, so that flight under gravity costs nothing.
ORDER: Final = 3
#: Jerk of a joint at rest [m/s^3], below which smoothness grows no stiffer, and the window over which it is told [s].
QUIET_JERK_M_S3: Final = 60.0
JERK_WINDOW_S: Final = 0.25
#: Keeps the system regular where a frame says nothing about a joint [1/m^2].
REGULAR: Final = 1e-4


@njit(cache=True, error_model="numpy")
def accumulate_trial(
    points: Array, lens: Optics, frames: Evidence, outlier: float, matrices: Array, gradients: Array
) -> float:
    """`accumulate` for all T frames: points (T, 17, 3), evidence with a leading axis T except segments and bones."""
    cost = 0.0
    for t in range(len(points)):
        one = Evidence(
            frames.keypoints_px[t],
            frames.keypoint_weight[t],
            frames.depth_m[t],
            frames.depth_information[t],
            frames.segments,
            frames.directions[t],
            frames.direction_weight[t],
            frames.segment_m,
            frames.bones,
            frames.bone_m,
            frames.bone_weight,
            frames.prior_m[t],
            frames.prior_information[t],
        )
        cost += accumulate(points[t], lens, one, outlier, matrices[t], gradients[t])
    return cost


def difference_rows(times_s: Array) -> Array:
    """(T - ORDER, ORDER + 1) coefficients that give the ORDER-th time derivative at uneven times."""
    count = len(times_s) - ORDER
    nodes = np.stack([times_s[k : k + count] for k in range(ORDER + 1)], axis=1)
    gaps = nodes[:, :, None] - nodes[:, None, :]
    gaps[:, np.arange(ORDER + 1), np.arange(ORDER + 1)] = 1.0
    return np.asarray(float(np.prod(np.arange(1, ORDER + 1))) / gaps.prod(axis=2))  # divided differences


def jerk_weight(times_s: Array, points: Array) -> Array:
    """(T - ORDER, 17) inverse variance of each joint's jerk as the motion itself shows it [s^6/m^2]."""
    jerk = _differences(difference_rows(times_s), points)
    window = max(round(JERK_WINDOW_S / float(np.median(np.diff(times_s)))), 1)
    variance = uniform_filter1d((jerk**2).mean(axis=2), window, axis=0, mode="nearest")
    return 1.0 / (variance + QUIET_JERK_M_S3**2)


def smooth_step(
    times_s: Array, points: Array, lens: Optics, frames: Evidence, *, weight: Array, outlier: float
) -> Array:
    """(T, 17, 3) after a Gauss-Newton step of all frames together, from (T, 17, 3); weight as by `jerk_weight`."""
    rows = difference_rows(times_s)
    matrices, gradients = np.empty((len(points), UNKNOWNS, UNKNOWNS)), np.empty((len(points), UNKNOWNS))
    accumulate_trial(points, lens, frames, outlier, matrices, gradients)
    pull = gradients.reshape(points.shape) + _smoothness_gradient(rows, weight, points)
    band = _banded(matrices, rows, weight)
    step = solveh_banded(band, pull.ravel(), overwrite_ab=True, lower=True, check_finite=False)
    return np.asarray(points - step.reshape(points.shape))


def marginal_sigma(times_s: Array, matrices: Array, weight: Array) -> Array:
    """(T, 17) standard deviation per axis of each joint given all frames.

    Each joint is taken by itself: its own frame's information, smoothed over time as the positions are.
    """
    count = len(matrices)
    regular = matrices + np.eye(UNKNOWNS)
    blocks = np.empty((count, JOINT_COUNT, 3, 3))
    for t in range(count):
        joint_covariances(regular[t], blocks[t])
    variance = blocks.trace(axis1=2, axis2=3) / 3.0
    rows = difference_rows(times_s)
    band = np.zeros((JOINT_COUNT, ORDER + 1, count))
    band[:, 0] = 1.0 / variance.T
    for low in range(ORDER + 1):
        for high in range(low, ORDER + 1):
            band[:, high - low, low : low + len(rows)] += (rows[:, low] * rows[:, high])[None, :] * weight.T
    unit = np.eye(count)
    inverse = [solveh_banded(one, unit, lower=True, check_finite=False).diagonal() for one in band]
    return np.sqrt(np.stack(inverse, axis=1))


def _differences(rows: Array, points: Array) -> Array:
    count = len(rows)
    return np.asarray(sum(rows[:, k, None, None] * points[k : k + count] for k in range(ORDER + 1)))


def _smoothness_gradient(rows: Array, weight: Array, points: Array) -> Array:
    pulled = weight[..., None] * _differences(rows, points)
    gradient = np.zeros_like(points)
    for k in range(ORDER + 1):
        gradient[k : k + len(rows)] += rows[:, k, None, None] * pulled
    return gradient


def _banded(matrices: Array, rows: Array, weight: Array) -> Array:
    """The whole system in LAPACK's lower band form: (ORDER * 51 + 1, T * 51)."""
    band = np.zeros((ORDER * UNKNOWNS + 1, len(matrices), UNKNOWNS))
    for k in range(UNKNOWNS):  # k-th lower diagonal inside each frame's block
        band[k, :, : UNKNOWNS - k] = np.diagonal(matrices, offset=-k, axis1=1, axis2=2)
    band[0] += REGULAR
    spread = np.repeat(weight, 3, axis=1)
    for low in range(ORDER + 1):
        for high in range(low, ORDER + 1):
            coupling = (rows[:, low] * rows[:, high])[:, None] * spread
            band[(high - low) * UNKNOWNS, low : low + len(rows)] += coupling
    return band.reshape(ORDER * UNKNOWNS + 1, -1)
