"""Points from several cameras by weighted linear triangulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sport_nodes.rig import Camera

Array = NDArray[np.float64]


def triangulate(cameras: tuple[Camera, ...], xy_px: Array, weight: Array) -> Array:
    """(..., C, 2) pixels with weights (..., C) to (..., 3) world points; NaN where fewer than two cameras see it.

    Weighted direct linear transform (Hartley and Zisserman, 2nd ed., section 12.2) on undistorted pixels.
    """
    seen = (weight > 0) & np.isfinite(xy_px).all(axis=-1)
    if len(cameras) < 2:
        return np.full((*seen.shape[:-1], 3), np.nan)
    rows = []
    for c, camera in enumerate(cameras):
        ideal = camera.undistort(np.where(seen[..., c, None], xy_px[..., c, :], camera.matrix[:2, 2]))
        pose = np.column_stack([camera.rotation, camera.translation_m])
        scale = np.where(seen[..., c], weight[..., c], 0.0)[..., None]
        rows.append(scale * camera.matrix[0, 0] * (ideal[..., :1] * pose[2] - pose[0]))
        rows.append(scale * camera.matrix[1, 1] * (ideal[..., 1:] * pose[2] - pose[1]))
    system = np.stack(rows, axis=-2)
    _, vectors = np.linalg.eigh(np.swapaxes(system, -1, -2) @ system)
    homogeneous = vectors[..., 0]
    enough = seen.sum(axis=-1) >= 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(enough[..., None], homogeneous[..., :3] / homogeneous[..., 3:], np.nan)
