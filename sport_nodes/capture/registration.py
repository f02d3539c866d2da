"""Depth pixels moved into the colour image, by own arithmetic: the SDKs' engines want a display or a GPU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Depth = NDArray[np.float32]

#: Coefficients of OpenCV's rational model: k1, k2, p1, p2, k3, k4, k5, k6.
RATIONAL: Final = 8
#: A depth pixel reaches this many of its own widths to each side: a half, and some for the stretch of tilt and lens.
#: Without that the finer colour image would be full of holes.
PIXEL_REACH: Final = 0.6


@dataclass(frozen=True, eq=False)
class Lens:
    """matrix: (3, 3); distortion: up to eight of OpenCV's coefficients (k1, k2, p1, p2, k3, k4, k5, k6)."""

    width_px: int
    height_px: int
    matrix: Array
    distortion: Array


class Registration:
    """From one depth camera to its colour camera. rotation (3, 3), translation_m (3,): depth frame to colour frame."""

    def __init__(self, depth: Lens, color: Lens, *, rotation: Array, translation_m: Array) -> None:
        rows, columns = np.mgrid[0 : depth.height_px, 0 : depth.width_px]
        pixels = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float64)
        ideal = cv2.undistortPoints(pixels, depth.matrix, depth.distortion).reshape(-1, 2)
        rays = np.concatenate([ideal, np.ones((len(ideal), 1))], axis=1) @ rotation.T
        self._rays = rays.reshape(depth.height_px, depth.width_px, 3)
        self._shift = np.asarray(translation_m, dtype=np.float64)
        self._size = (color.height_px, color.width_px)
        k = color.matrix
        self._focal = np.array([k[0, 0], k[1, 1], k[0, 2], k[1, 2]], dtype=np.float64)
        self._distortion = np.zeros(RATIONAL)
        self._distortion[: len(color.distortion)] = color.distortion
        self._reach = PIXEL_REACH * max(1.0, float(k[0, 0] / depth.matrix[0, 0]))

    def register(self, depth_m: Depth) -> Depth:
        """(h, w) of the depth camera to (H, W) of the colour camera [m], NaN where there is none; the nearest wins."""
        out = np.full(self._size, np.inf, dtype=np.float32)
        _splat(depth_m, self._rays, self._shift, self._focal, self._distortion, self._reach, out)
        out[np.isinf(out)] = np.nan
        return out


@numba.njit(cache=True)
def _splat(
    depth_m: Depth, rays: Array, shift: Array, focal: Array, distortion: Array, reach: float, out: Depth
) -> None:
    k1, k2, p1, p2, k3, k4, k5, k6 = distortion
    height, width = out.shape
    for row in range(depth_m.shape[0]):
        for column in range(depth_m.shape[1]):
            z = depth_m[row, column]
            if not z > 0.0:
                continue
            depth = z * rays[row, column, 2] + shift[2]
            if depth <= 0.0:
                continue
            x = (z * rays[row, column, 0] + shift[0]) / depth
            y = (z * rays[row, column, 1] + shift[1]) / depth
            r2 = x * x + y * y
            radial = (1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1.0 + r2 * (k4 + r2 * (k5 + r2 * k6)))
            u = focal[0] * (x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)) + focal[2]
            v = focal[1] * (y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y) + focal[3]
            for j in range(max(0, math.ceil(v - reach)), min(height - 1, math.floor(v + reach)) + 1):
                for i in range(max(0, math.ceil(u - reach)), min(width - 1, math.floor(u + reach)) + 1):
                    if depth < out[j, i]:
                        out[j, i] = depth
