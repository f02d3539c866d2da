"""A first guess for joints that no prediction knows: the point that most sensors agree on."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.evidence import Sighting
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.rig import Camera

Array = NDArray[np.float64]

#: A sensor whose whitened squared error is beyond this disagrees; its error counts no further.
TRUNCATE_SQUARED: Final = 16.0


def first_guess(sighting: Sighting, cameras: tuple[Camera, ...], *, predicted_m: Array | None = None) -> Array:
    """(17, 3): of the depth joint, each pair of cameras and all cameras, the point with the least truncated error.

    predicted_m (17, 3), when given, wins ties. NaN where neither depth nor two cameras saw the joint.
    """
    weight = np.where(np.isfinite(sighting.sigma_px), 1.0 / sighting.sigma_px, 0.0)
    candidates = [] if predicted_m is None else [predicted_m]
    candidates += [np.where(sighting.depth_information[:, :1, 0] > 0, sighting.depth_m, np.nan)]
    for size in sorted({min(2, len(cameras)), len(cameras)}):
        for chosen in combinations(range(len(cameras)), size):
            part = list(chosen)
            candidates.append(
                triangulate(tuple(cameras[c] for c in part), sighting.xy_px[part].transpose(1, 0, 2), weight[part].T)
            )
    points = np.stack(candidates)
    cost = np.stack([_cost(p, sighting, cameras, weight) for p in points])
    best = np.argmin(np.where(np.isfinite(points).all(axis=2), cost, np.inf), axis=0)
    return np.asarray(points[best, np.arange(points.shape[1])])


def _cost(points: Array, sighting: Sighting, cameras: tuple[Camera, ...], weight: Array) -> Array:
    """(17,) truncated whitened squared errors of all sensors against points (17, 3)."""
    off = np.where(np.isfinite(points) & (sighting.depth_information[:, :1, 0] > 0), points - sighting.depth_m, 0.0)
    total = np.minimum(np.einsum("ja,jab,jb->j", off, sighting.depth_information, off), TRUNCATE_SQUARED)
    for c, camera in enumerate(cameras):
        error = np.linalg.norm(camera.project(points) - sighting.xy_px[c], axis=1) * weight[c]
        total = total + np.where(weight[c] > 0, np.minimum(np.nan_to_num(error, nan=np.inf) ** 2, TRUNCATE_SQUARED), 0)
    return np.asarray(total)
