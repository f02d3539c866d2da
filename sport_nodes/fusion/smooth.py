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
    band = _banded(matrices, rows, weight).T  # LAPACK's order of storage: it is not copied
    step = solveh_banded(band, pull.ravel(), overwrite_ab=True, overwrite_b=True, lower=True, check_finite=False)
    return np.asarray(points - step.reshape(points.shape))


def marginal_sigma(times_s: Array, matrices: Array, weight: Array) -> Array:
    """(T, 17) standard deviation per axis of each joint given all frames.

    Each joint is taken by itself: its own frame's information, smoothed over time as the positions are.
    """
    return _marginal_sigma(matrices, difference_rows(times_s), weight)


@njit(cache=True, error_model="numpy")
def _marginal_sigma(matrices: Array, rows: Array, weight: Array) -> Array:
    count = len(matrices)
    information, blocks = np.empty((JOINT_COUNT, count)), np.empty((JOINT_COUNT, 3, 3))
    regular = np.empty((UNKNOWNS, UNKNOWNS))
    for t in range(count):
        regular[:] = matrices[t]
        for k in range(UNKNOWNS):
            regular[k, k] += 1.0
        joint_covariances(regular, blocks)
        for j in range(JOINT_COUNT):
            information[j, t] = 3.0 / np.trace(blocks[j])
    sigma, band = np.empty((count, JOINT_COUNT)), np.empty((count, ORDER + 1))
    for j in range(JOINT_COUNT):
        band[:] = 0.0
        band[:, 0] = information[j]
        for i in range(len(rows)):
            for low in range(ORDER + 1):
                for high in range(low, ORDER + 1):
                    band[i + low, high - low] += rows[i, low] * rows[i, high] * weight[i, j]
        _inverse_diagonal(band)
        sigma[:, j] = np.sqrt(band[:, 0])
    return sigma


@njit(cache=True, error_model="numpy")
def _inverse_diagonal(band: Array) -> None:
    """Overwrites a positive definite matrix's band (T, ORDER + 1), diagonal first, with that of its inverse.

    Takahashi's recursion from the last row up, on the factor L D L' (Erisman and Tinney, Communications of the ACM
    18, 1975).
    """
    count, width = band.shape
    for t in range(count):
        for d in range(1, width):
            share = band[t, d] / band[t, 0]
            for e in range(d, width):
                if t + e < count:
                    band[t + d, e - d] -= share * band[t, e]
        for d in range(1, width):
            band[t, d] /= band[t, 0]
    column = np.empty(width)
    for t in range(count - 1, -1, -1):
        for d in range(1, width):
            column[d] = 0.0
            for e in range(1, width):
                if t + max(d, e) < count:
                    column[d] -= band[t, e] * band[t + min(d, e), abs(d - e)]
        diagonal = 1.0 / band[t, 0]
        for e in range(1, width):
            diagonal -= band[t, e] * column[e]
        band[t, 0] = diagonal
        band[t, 1:] = column[1:]


def _differences(rows: Array, points: Array) -> Array:
    count = len(rows)
    return np.asarray(sum(rows[:, k, None, None] * points[k : k + count] for k in range(ORDER + 1)))


def _smoothness_gradient(rows: Array, weight: Array, points: Array) -> Array:
    pulled = weight[..., None] * _differences(rows, points)
    gradient = np.zeros_like(points)
    for k in range(ORDER + 1):
        gradient[k : k + len(rows)] += rows[:, k, None, None] * pulled
    return gradient


@njit(cache=True, error_model="numpy")
def _banded(matrices: Array, rows: Array, weight: Array) -> Array:
    """The whole system, (T * 51, ORDER * 51 + 1): from each unknown's diagonal entry downwards."""
    count = len(matrices)
    band = np.zeros((count * UNKNOWNS, ORDER * UNKNOWNS + 1))
    for t in range(count):
        for k in range(UNKNOWNS):
            own = band[t * UNKNOWNS + k]
            for below in range(UNKNOWNS - k):
                own[below] = matrices[t, k, k + below]  # symmetric
            own[0] += REGULAR
    for i in range(len(rows)):
        for low in range(ORDER + 1):
            for high in range(low, ORDER + 1):
                coupling = rows[i, low] * rows[i, high]
                for k in range(UNKNOWNS):
                    band[(i + low) * UNKNOWNS + k, (high - low) * UNKNOWNS] += coupling * weight[i, k // 3]
    return band
