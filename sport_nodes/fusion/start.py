"""A first guess for joints that no prediction knows: the point that most sensors agree on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.fusion.evidence import Sighting
from sport_nodes.fusion.objective import Optics, image_of

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A sensor whose whitened squared error is beyond this disagrees; its error counts no further.
TRUNCATE_SQUARED: Final = 16.0
#: Of the lens's distortion, which is undone as `rig.Camera.undistort` does.
ITERATIONS: Final = 8


@njit(cache=True, error_model="numpy")
def first_guess(sighting: Sighting, lens: Optics, predicted_m: Array) -> Array:
    """(17, 3): of the depth joint, each pair of cameras and all cameras, the point with the least truncated error.

    predicted_m (17, 3), where it is not NaN, wins ties. NaN where neither depth nor two cameras saw the joint.
    """
    guess = np.full(predicted_m.shape, np.nan)
    for j in range(len(predicted_m)):
        rays = _rays(sighting, lens, j)
        seen = np.flatnonzero(np.isfinite(sighting.sigma_px[:, j]))
        best = _better(sighting, lens, j, predicted_m[j], np.inf, guess[j])
        if sighting.depth_information[j, 0, 0] > 0.0:
            best = _better(sighting, lens, j, sighting.depth_m[j], best, guess[j])
        for a in range(len(seen)):
            for b in range(a + 1, len(seen)):
                point = _meeting(rays[seen[a]] + rays[seen[b]])
                best = _better(sighting, lens, j, point, best, guess[j])
        if len(seen) > 2:
            best = _better(sighting, lens, j, _meeting(rays.sum(axis=0)), best, guess[j])
    return guess


@njit(cache=True, error_model="numpy")
def _better(sighting: Sighting, lens: Optics, j: int, point: Array, best: float, guess: Array) -> float:
    """The lesser of the best error so far and that of a point (3,), which then becomes the guess (3,)."""
    if not np.all(np.isfinite(point)):
        return best
    error = 0.0
    if sighting.depth_information[j, 0, 0] > 0.0:
        off = point - sighting.depth_m[j]
        for a in range(3):
            for b in range(3):
                error += off[a] * sighting.depth_information[j, a, b] * off[b]
        error = min(error, TRUNCATE_SQUARED)
    pixel, jacobian = np.empty(2), np.empty((2, 3))
    for c in range(len(sighting.sigma_px)):
        if np.isfinite(sighting.sigma_px[c, j]):
            squared = TRUNCATE_SQUARED
            if image_of(point, lens, c, pixel, jacobian):
                squared = ((pixel - sighting.xy_px[c, j]) ** 2).sum() / sighting.sigma_px[c, j] ** 2
            error += min(squared, TRUNCATE_SQUARED)
    if error >= best:
        return best
    guess[:] = point
    return error


@njit(cache=True, error_model="numpy")
def _rays(sighting: Sighting, lens: Optics, j: int) -> Array:
    """(C, 4, 4) squares of each camera's weighted equations for the homogeneous point, as by `triangulate`."""
    squares, row = np.zeros((len(lens.rotation), 4, 4)), np.empty(4)
    for c in range(len(squares)):
        if not np.isfinite(sighting.sigma_px[c, j]):
            continue
        fx, fy, cx, cy = lens.intrinsics_px[c]
        k1, k2, p1, p2, k3 = lens.distortion[c]
        bent_x, bent_y = (sighting.xy_px[c, j, 0] - cx) / fx, (sighting.xy_px[c, j, 1] - cy) / fy
        x, y = bent_x, bent_y
        for _ in range(ITERATIONS):
            r2 = x * x + y * y
            radial = r2 * (k1 + r2 * (k2 + r2 * k3))
            more_x = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
            more_y = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
            x, y = bent_x - more_x, bent_y - more_y
        for axis in range(2):
            ideal, focal = (x, fx) if axis == 0 else (y, fy)
            weight = focal / sighting.sigma_px[c, j]
            for k in range(3):
                row[k] = weight * (ideal * lens.rotation[c, 2, k] - lens.rotation[c, axis, k])
            row[3] = weight * (ideal * lens.translation_m[c, 2] - lens.translation_m[c, axis])
            for k in range(4):
                for m in range(4):
                    squares[c, k, m] += row[k] * row[m]
    return squares


@njit(cache=True, error_model="numpy")
def _meeting(squares: Array) -> Array:
    """(3,) the point whose homogeneous coordinates are the least eigenvector of (4, 4)."""
    least = np.linalg.eigh(squares)[1][:, 0]
    return least[:3] / least[3]
