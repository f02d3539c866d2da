"""Equation 1 of the founding paper in whitened units: its cost, gradient and Gauss-Newton matrix for one frame.

cost(p) = sum rho(|p - p_depth|^2) + lambda1 sum rho(|proj(p) - q|^2) + lambda2 sum rho(|R(p) - theta|^2)
          + limb lengths + motion prior, each difference divided by its expected error, rho(s) = s / (1 + s / c^2).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.fusion.cholesky import factor, solve
from sport_nodes.fusion.noise import LAMBDA_CAMERA, LAMBDA_IMU
from sport_nodes.rig import Camera
from sport_nodes.skeleton import INDEX, JOINT_COUNT, SEGMENTS

Array = NDArray[np.float64]

UNKNOWNS: Final = 3 * JOINT_COUNT
#: Squared whitened error at which a measurement has lost three quarters of its weight (Geman and McClure, 1987).
OUTLIER_SQUARED: Final = 12.0
#: The kernel of the first iterations is this much wider, and this is how many there are.
WIDE_FACTOR: Final = 25.0
WIDE_ITERATIONS: Final = 2
#: Points nearer to the camera plane than this have no image [m].
NEAREST_M: Final = 0.05
#: Steps shorter than this end the iteration [m].
CONVERGED_M: Final = 1e-5
#: Levenberg-Marquardt damping, relative to the diagonal: first value when a step fails, and the factor between tries.
FIRST_DAMPING: Final = 1e-4
DAMPING_FACTOR: Final = 10.0
MAX_DAMPING: Final = 1e6


class Optics(NamedTuple):
    """All cameras of a rig as arrays: (C, 3, 3), (C, 3), (C, 4) fx fy cx cy [px], (C, 5)."""

    rotation: Array
    translation_m: Array
    intrinsics_px: Array
    distortion: Array


class Evidence(NamedTuple):
    """Everything that speaks about one frame of 17 joints.

    keypoints_px (C, 17, 2), keypoint_weight (C, 17) [1/px^2]; depth_m (17, 3), depth_information (17, 3, 3) [1/m^2];
    segments (S, 4): upper pair, lower pair of joints; directions (S, 3) from lower to upper; direction_weight (S,)
    [1/rad^2]; segment_m (S,); bones (B, 2), bone_m (B,), bone_weight (B,) [1/m^2]; prior_m (17, 3),
    prior_information (17, 3, 3) [1/m^2]. A weight of 0 means absent; then the value is 0, not NaN.
    """

    keypoints_px: Array
    keypoint_weight: Array
    depth_m: Array
    depth_information: Array
    segments: NDArray[np.int64]
    directions: Array
    direction_weight: Array
    segment_m: Array
    bones: NDArray[np.int64]
    bone_m: Array
    bone_weight: Array
    prior_m: Array
    prior_information: Array


def optics(cameras: tuple[Camera, ...]) -> Optics:
    """The arrays of some cameras; none give arrays of length 0."""
    return Optics(
        np.array([c.rotation for c in cameras]).reshape(-1, 3, 3),
        np.array([c.translation_m for c in cameras]).reshape(-1, 3),
        np.array([[c.matrix[0, 0], c.matrix[1, 1], c.matrix[0, 2], c.matrix[1, 2]] for c in cameras]).reshape(-1, 4),
        np.array([c.distortion for c in cameras]).reshape(-1, 5),
    )


def segment_joints(names: tuple[str, ...]) -> NDArray[np.int64]:
    """(S, 4) joints of segments of `skeleton.SEGMENTS`: two upper ones, two lower ones (the same twice for limbs)."""
    rows = []
    for name in names:
        upper, lower = SEGMENTS[name]
        rows.append([INDEX[upper[0]], INDEX[upper[-1]], INDEX[lower[0]], INDEX[lower[-1]]])
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


@njit(cache=True, error_model="numpy")
def image_of(point: Array, lens: Optics, c: int, pixel: Array, jacobian: Array) -> bool:
    """Pixel (2,) of a world point in camera c and its derivative (2, 3); False behind the camera."""
    rotation, shift, inner, bent = lens.rotation[c], lens.translation_m[c], lens.intrinsics_px[c], lens.distortion[c]
    x, y, z = shift[0], shift[1], shift[2]
    for k in range(3):
        x += rotation[0, k] * point[k]
        y += rotation[1, k] * point[k]
        z += rotation[2, k] * point[k]
    if z < NEAREST_M:
        return False
    u, v = x / z, y / z
    k1, k2, p1, p2, k3 = bent[0], bent[1], bent[2], bent[3], bent[4]
    r2 = u * u + v * v
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = k1 + r2 * (2.0 * k2 + 3.0 * r2 * k3)  # of radial with r2
    fx, fy, cx, cy = inner[0], inner[1], inner[2], inner[3]
    pixel[0] = fx * (u * radial + 2.0 * p1 * u * v + p2 * (r2 + 2.0 * u * u)) + cx
    pixel[1] = fy * (v * radial + p1 * (r2 + 2.0 * v * v) + 2.0 * p2 * u * v) + cy
    du_u = fx * (radial + 2.0 * u * u * slope + 2.0 * p1 * v + 6.0 * p2 * u)
    du_v = fx * (2.0 * u * v * slope + 2.0 * p1 * u + 2.0 * p2 * v)
    dv_u = fy * (2.0 * u * v * slope + 2.0 * p1 * u + 2.0 * p2 * v)
    dv_v = fy * (radial + 2.0 * v * v * slope + 6.0 * p1 * v + 2.0 * p2 * u)
    for k in range(3):
        a = (rotation[0, k] - u * rotation[2, k]) / z
        b = (rotation[1, k] - v * rotation[2, k]) / z
        jacobian[0, k] = du_u * a + du_v * b
        jacobian[1, k] = dv_u * a + dv_v * b
    return True


@njit(cache=True, error_model="numpy")
def accumulate(points: Array, lens: Optics, seen: Evidence, outlier: float, matrix: Array, gradient: Array) -> float:
    """Cost at points (17, 3); overwrites the Gauss-Newton matrix (51, 51) and half the gradient (51,).

    outlier: squared whitened error at which a measurement has lost three quarters of its weight.
    """
    for k in range(UNKNOWNS):
        gradient[k] = 0.0
        for m in range(UNKNOWNS):
            matrix[k, m] = 0.0
    cost = _add_cameras(points, lens, seen, outlier, matrix, gradient)
    cost += _add_depth(points, seen, outlier, matrix, gradient)
    cost += _add_directions(points, seen, outlier, matrix, gradient)
    cost += _add_bones(points, seen, matrix, gradient)
    for j in range(JOINT_COUNT):
        for a in range(3):
            pull = 0.0
            for b in range(3):
                information = seen.prior_information[j, a, b]
                pull += information * (points[j, b] - seen.prior_m[j, b])
                matrix[3 * j + a, 3 * j + b] += information
            gradient[3 * j + a] += pull
            cost += pull * (points[j, a] - seen.prior_m[j, a])
    return cost


@njit(cache=True, error_model="numpy")
def robust_share(squared: float, outlier: float) -> float:
    """Weight that a measurement keeps at a squared whitened error: derivative of rho."""
    return 1.0 / (1.0 + squared / outlier) ** 2


@njit(cache=True, error_model="numpy")
def _add_cameras(points: Array, lens: Optics, seen: Evidence, outlier: float, matrix: Array, gradient: Array) -> float:
    cost = 0.0
    pixel, jacobian = np.empty(2), np.empty((2, 3))
    for c in range(len(seen.keypoint_weight)):
        for j in range(JOINT_COUNT):
            weight = seen.keypoint_weight[c, j]
            if weight == 0.0 or not image_of(points[j], lens, c, pixel, jacobian):
                continue
            ex, ey = pixel[0] - seen.keypoints_px[c, j, 0], pixel[1] - seen.keypoints_px[c, j, 1]
            squared = weight * (ex * ex + ey * ey)
            cost += LAMBDA_CAMERA * squared / (1.0 + squared / outlier)
            share = LAMBDA_CAMERA * weight * robust_share(squared, outlier)
            for a in range(3):
                gradient[3 * j + a] += share * (jacobian[0, a] * ex + jacobian[1, a] * ey)
                for b in range(3):
                    matrix[3 * j + a, 3 * j + b] += share * (
                        jacobian[0, a] * jacobian[0, b] + jacobian[1, a] * jacobian[1, b]
                    )
    return cost


@njit(cache=True, error_model="numpy")
def _add_depth(points: Array, seen: Evidence, outlier: float, matrix: Array, gradient: Array) -> float:
    cost = 0.0
    pull = np.empty(3)
    for j in range(JOINT_COUNT):
        information = seen.depth_information[j]
        if information[0, 0] == 0.0:
            continue
        squared = 0.0
        for a in range(3):
            pull[a] = 0.0
            for b in range(3):
                pull[a] += information[a, b] * (points[j, b] - seen.depth_m[j, b])
            squared += pull[a] * (points[j, a] - seen.depth_m[j, a])
        cost += squared / (1.0 + squared / outlier)
        share = robust_share(squared, outlier)
        for a in range(3):
            gradient[3 * j + a] += share * pull[a]
            for b in range(3):
                matrix[3 * j + a, 3 * j + b] += share * information[a, b]
    return cost


@njit(cache=True, error_model="numpy")
def _add_directions(points: Array, seen: Evidence, outlier: float, matrix: Array, gradient: Array) -> float:
    """The part of each segment across its IMU's direction, over the segment's length, is the sine of the angle."""
    cost = 0.0
    across = np.empty(3)
    sign = (0.5, 0.5, -0.5, -0.5)
    for s in range(len(seen.direction_weight)):
        if seen.direction_weight[s] == 0.0:
            continue
        u, joints = seen.directions[s], seen.segments[s]
        length = seen.segment_m[s]
        along = 0.0
        for a in range(3):
            across[a] = 0.0
            for k in range(4):
                across[a] += sign[k] * points[joints[k], a] / length
            along += across[a] * u[a]
        squared = 0.0
        for a in range(3):
            across[a] -= along * u[a]
            squared += seen.direction_weight[s] * across[a] ** 2
        cost += LAMBDA_IMU * squared / (1.0 + squared / outlier)
        share = LAMBDA_IMU * seen.direction_weight[s] * robust_share(squared, outlier) / length
        for k in range(4):
            for a in range(3):
                gradient[3 * joints[k] + a] += share * sign[k] * across[a]
                for m in range(4):
                    for b in range(3):
                        projector = (1.0 if a == b else 0.0) - u[a] * u[b]
                        matrix[3 * joints[k] + a, 3 * joints[m] + b] += share / length * sign[k] * sign[m] * projector
    return cost


@njit(cache=True, error_model="numpy")
def _add_bones(points: Array, seen: Evidence, matrix: Array, gradient: Array) -> float:
    cost = 0.0
    unit = np.empty(3)
    for n in range(len(seen.bone_weight)):
        weight = seen.bone_weight[n]
        if weight == 0.0:
            continue
        i, j = seen.bones[n, 0], seen.bones[n, 1]
        length = 0.0
        for a in range(3):
            unit[a] = points[i, a] - points[j, a]
            length += unit[a] ** 2
        length = max(np.sqrt(length), 1e-6)
        error = length - seen.bone_m[n]
        cost += weight * error * error
        for a in range(3):
            unit[a] /= length
        for a in range(3):
            gradient[3 * i + a] += weight * error * unit[a]
            gradient[3 * j + a] -= weight * error * unit[a]
            for b in range(3):
                stiffness = weight * unit[a] * unit[b]
                matrix[3 * i + a, 3 * i + b] += stiffness
                matrix[3 * j + a, 3 * j + b] += stiffness
                matrix[3 * i + a, 3 * j + b] -= stiffness
                matrix[3 * j + a, 3 * i + b] -= stiffness
    return cost


@njit(cache=True, error_model="numpy")
def solve_frame(start_m: Array, lens: Optics, seen: Evidence, iterations: int) -> tuple[Array, Array, float]:
    """Levenberg-Marquardt from start_m (17, 3): the minimum, the Gauss-Newton matrix there (51, 51), and the cost.

    Begins with a wide kernel, so that a start that is far off all sensors is drawn to them and not away from them
    (graduated non-convexity). The prior must be positive definite for joints that nothing else speaks about.
    """
    points, trial, step = start_m.copy(), np.empty((JOINT_COUNT, 3)), np.empty(UNKNOWNS)
    matrix, gradient = np.empty((UNKNOWNS, UNKNOWNS)), np.empty(UNKNOWNS)
    trial_matrix, trial_gradient = np.empty((UNKNOWNS, UNKNOWNS)), np.empty(UNKNOWNS)
    lower, first = np.empty((UNKNOWNS, UNKNOWNS)), np.empty(UNKNOWNS, dtype=np.int64)
    outlier = WIDE_FACTOR * OUTLIER_SQUARED
    cost = accumulate(points, lens, seen, outlier, matrix, gradient)
    damping = 0.0
    wide = True
    count = 0
    while count < iterations or wide:
        if wide and count == WIDE_ITERATIONS:
            wide, outlier, count, damping = False, OUTLIER_SQUARED, 0, 0.0
            cost = accumulate(points, lens, seen, outlier, matrix, gradient)
            continue
        count += 1
        longest = 0.0
        if factor(matrix, damping, lower, first):
            solve(lower, first, gradient, step)
            for k in range(UNKNOWNS):
                trial[k // 3, k % 3] = points[k // 3, k % 3] - step[k]
                longest = max(longest, abs(step[k]))
            trial_cost = accumulate(trial, lens, seen, outlier, trial_matrix, trial_gradient)
        else:
            trial_cost = np.inf
        if not trial_cost <= cost * (1.0 + 1e-12):
            damping = max(damping * DAMPING_FACTOR, FIRST_DAMPING)
            if damping <= MAX_DAMPING:
                continue
        else:
            damping = 0.0 if damping <= FIRST_DAMPING else damping / DAMPING_FACTOR
            cost = trial_cost
            points, trial = trial, points
            matrix, trial_matrix = trial_matrix, matrix
            gradient, trial_gradient = trial_gradient, gradient
            if longest >= CONVERGED_M:
                continue
        if not wide:
            break
        count = WIDE_ITERATIONS
    return points, matrix, cost
