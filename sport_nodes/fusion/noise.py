"""How far each measurement is expected to be off, before a trial has told better."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.rig import Camera

Array = NDArray[np.float64]

#: Weights of the camera and the IMU terms beside the depth term (founding paper, equation 1).
LAMBDA_CAMERA: Final = 0.6
LAMBDA_IMU: Final = 0.4

#: How sharply each joint can be told in an image, as a share of the person's size (COCO keypoint evaluation, "sigmas").
KEYPOINT_SHARE: Final = np.array(
    [
        *(0.026, 0.025, 0.025, 0.035, 0.035),
        *(0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
        *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
    ]
)
#: Detectors scatter less than COCO's annotators, by about this factor.
DETECTOR_SHARE: Final = 0.25
#: The detector's confidence of a joint in full view; sigma grows as confidence falls below it, by this power.
FULL_CONFIDENCE: Final = 0.85
CONFIDENCE_POWER: Final = 1.5
#: No keypoint is better than this [px].
KEYPOINT_FLOOR_PX: Final = 1.0

#: Azure Kinect: random error of 17 mm at 3.86 m, growing with the square of the distance (maker's specification).
DEPTH_ALONG_M: Final = 0.017
DEPTH_ALONG_AT_M: Final = 3.86
#: Systematic error of a surface against a joint [m] (maker's specification: under 11 mm).
DEPTH_SYSTEMATIC_M: Final = 0.0055
#: A joint's place across the line of sight [rad]: some 2 px of a depth image, whatever its lens.
DEPTH_ACROSS_RAD: Final = 0.004

#: A hidden joint is found on the surface that hides it, about a limb's width off [m].
DEPTH_HIDDEN_M: Final = 0.10

#: Direction of a segment by its IMU: with the mounting as the rig says, and as calibrated in the trial [rad].
IMU_UNCALIBRATED_RAD: Final = 0.10
IMU_CALIBRATED_RAD: Final = 0.02
#: A value bridged over a gap is worth that of a sensor this many times noisier.
FILLED_FACTOR: Final = 3.0


def keypoint_sigma_px(xy_px: Array, confidence: Array) -> Array:
    """(..., 17) expected error of keypoints (..., 17, 2) [px]; infinite where absent."""
    seen = (confidence > 0) & np.isfinite(xy_px).all(axis=-1)
    level = np.clip(confidence, 0.05, FULL_CONFIDENCE) / FULL_CONFIDENCE
    sigma = DETECTOR_SHARE * KEYPOINT_SHARE * person_size_px(xy_px, seen)[..., None]
    return np.where(seen, np.maximum(sigma / level**CONFIDENCE_POWER, KEYPOINT_FLOOR_PX), np.inf)


def person_size_px(xy_px: Array, seen: NDArray[np.bool_]) -> Array:
    """(...) root of the area of the box around the seen joints of a person; COCO's measure of scale."""
    low = np.where(seen[..., None], xy_px, np.inf).min(axis=-2)
    high = np.where(seen[..., None], xy_px, -np.inf).max(axis=-2)
    extent = np.where(np.isfinite(high - low), high - low, 0.0)
    # Someone seen straight on and someone seen flat have the same scale: neither side counts less than half the other.
    extent = np.maximum(extent, 0.5 * extent[..., ::-1])
    return np.asarray(np.sqrt(extent.prod(axis=-1)))


def depth_information(positions_m: Array, confidence: Array, camera: Camera) -> Array:
    """(..., 3, 3) inverse covariance of depth joints in world [1/m^2]; zero where absent.

    The error along the line of sight grows with the square of the distance, the one across it with the distance.
    """
    seen = (confidence > 0) & np.isfinite(positions_m).all(axis=-1)
    line = np.where(seen[..., None], positions_m, 0.0) - camera.center_m
    distance = np.linalg.norm(line, axis=-1)
    ray = line / distance[..., None]
    along = np.hypot(DEPTH_ALONG_M * (distance / DEPTH_ALONG_AT_M) ** 2, DEPTH_SYSTEMATIC_M)
    across = DEPTH_ACROSS_RAD * distance
    level = np.clip(confidence, 0.05, FULL_CONFIDENCE) / FULL_CONFIDENCE
    outer = ray[..., :, None] * ray[..., None, :]
    information = np.eye(3) / across[..., None, None] ** 2 + outer * (1.0 / along**2 - 1.0 / across**2)[..., None, None]
    information = information * (level**2)[..., None, None]
    # A half hidden joint lies on what hides it: an error that is large beside all others, and has no direction.
    hidden = (DEPTH_HIDDEN_M * (1.0 - level)) ** 2
    spread = information.trace(axis1=-2, axis2=-1) / 3.0
    return np.where(seen[..., None, None], information / (1.0 + hidden * spread)[..., None, None], 0.0)
