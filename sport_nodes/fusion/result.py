"""What is said of each fused joint: its deviation, its sources, how far it can be trusted."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.fusion.evidence import Sighting
from sport_nodes.fusion.objective import OUTLIER_SQUARED, Optics, image_of, robust_share
from sport_nodes.motion import Motion, Provenance

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]

#: A joint that is less certain than this is not given [m].
MAX_SIGMA_M: Final = 0.10
#: Confidence is the probability that a joint lies this near to the truth [m].
CONFIDENT_WITHIN_M: Final = 0.05
#: Errors of neighbouring frames, sensors' offsets and clocks are in no residual: deviations are this much larger.
SIGMA_FACTOR: Final = 1.3
#: A sensor that keeps less of its weight was overruled.
SOURCE_SHARE: Final = 0.3


def confidence_of(sigma_m: Array) -> Array:
    """Probability that a normal error of deviation sigma_m (...) per axis stays within CONFIDENT_WITHIN_M."""
    return _confidence_of(np.ascontiguousarray(sigma_m).ravel()).reshape(sigma_m.shape)


@njit(cache=True, error_model="numpy")
def _confidence_of(sigma_m: Array) -> Array:
    confidence = np.zeros(len(sigma_m))
    for k in range(len(sigma_m)):
        if np.isfinite(sigma_m[k]):
            ratio = CONFIDENT_WITHIN_M / sigma_m[k]
            outside = math.sqrt(2.0 / math.pi) * ratio * math.exp(-(ratio**2) / 2.0)
            confidence[k] = math.erf(ratio / math.sqrt(2.0)) - outside
    return confidence


@njit(cache=True, error_model="numpy")
def source_counts(points_m: Array, sighting: Sighting, lens: Optics) -> tuple[Counts, Counts]:
    """(17,) sensors that speak for each joint of points_m (17, 3), and how many of them bridged a gap."""
    xy_px, sigma_px = sighting.xy_px, sighting.sigma_px
    depth_m, depth_information = sighting.depth_m, sighting.depth_information
    joints = len(points_m)
    counts, bridged = np.empty(joints, dtype=np.int64), np.empty(joints, dtype=np.int64)
    pixel, jacobian = np.empty(2), np.empty((2, 3))
    for j in range(joints):
        counts[j] = bridged[j] = 0
        for c in range(len(sigma_px)):
            if np.isfinite(sigma_px[c, j]) and image_of(points_m[j], lens, c, pixel, jacobian):
                off_x, off_y = pixel[0] - xy_px[c, j, 0], pixel[1] - xy_px[c, j, 1]
                squared = (off_x * off_x + off_y * off_y) / sigma_px[c, j] ** 2
                if robust_share(squared, OUTLIER_SQUARED) > SOURCE_SHARE:
                    counts[j] += 1
                    bridged[j] += sighting.keypoint_filled[c, j]
        if depth_information[j, 0, 0] > 0.0:
            squared = 0.0
            for a in range(3):
                for b in range(3):
                    off_a, off_b = points_m[j, a] - depth_m[j, a], points_m[j, b] - depth_m[j, b]
                    squared += off_a * depth_information[j, a, b] * off_b
            if robust_share(squared, OUTLIER_SQUARED) > SOURCE_SHARE:
                counts[j] += 1
                bridged[j] += sighting.depth_filled[j]
    return counts, bridged


def provenance_of(counts: Counts, bridged: Counts) -> NDArray[np.uint8]:
    """From the numbers of sensors and of bridged ones among them to `Provenance`."""
    measured = counts - bridged
    unmeasured = np.where(bridged > 0, np.uint8(Provenance.FILLED), np.uint8(Provenance.INFERRED))
    seen = np.where(measured > 1, np.uint8(Provenance.FUSED), np.uint8(Provenance.MEASURED))
    return np.where(measured > 0, seen, unmeasured)


def as_motion(times_s: Array, points_m: Array, sigma_m: Array, provenance: NDArray[np.uint8]) -> Motion:
    """A motion of (T, 17, 3) points; those less certain than MAX_SIGMA_M are missing."""
    sigma_m = SIGMA_FACTOR * sigma_m
    certain = sigma_m < MAX_SIGMA_M
    return Motion(
        times_s,
        np.where(certain[..., None], points_m, np.nan),
        np.where(certain, np.maximum(confidence_of(sigma_m), 1e-6), 0.0),
        provenance,
        sigma_m,
    )
