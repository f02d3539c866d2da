"""How far each measurement is expected to be off, before a trial has told better."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
#: The detector's confidence of a joint in full view, and of one that is all but hidden; sigma grows as confidence falls
#: from the one to the other, by this power.
FULL_CONFIDENCE: Final = 0.85
LEAST_CONFIDENCE: Final = 0.05
CONFIDENCE_POWER: Final = 1.5
#: No keypoint is better than this [px].
KEYPOINT_FLOOR_PX: Final = 1.0

#: Azure Kinect: random error of 17 mm at 3.86 m, growing with the square of the distance (maker's specification).
DEPTH_ALONG_M: Final = 0.017
DEPTH_ALONG_AT_M: Final = 3.86
#: Systematic error of a surface against a joint [m] (maker's specification: under 11 mm + 0.1 % of the distance). In
#: full, for it is the same in every frame: where frames are averaged, it weighs more than a random error of its size.
DEPTH_SYSTEMATIC_M: Final = 0.015
#: A joint's place across the line of sight [rad]: some 2 px of a depth image, whatever its lens.
DEPTH_ACROSS_RAD: Final = 0.004

#: A hidden joint is found on the surface that hides it, about a limb's width off [m].
DEPTH_HIDDEN_M: Final = 0.10

#: Direction of a segment by its IMU: with the mounting as the rig says, and as calibrated in the trial [rad].
IMU_UNCALIBRATED_RAD: Final = 0.10
IMU_CALIBRATED_RAD: Final = 0.02
#: A value bridged over a gap is worth that of a sensor this many times noisier.
FILLED_FACTOR: Final = 3.0


@njit(cache=True, error_model="numpy")
def keypoint_sigma_px(xy_px: Array, confidence: Array) -> Array:
    """(C, 17) expected error of one person's keypoints (C, 17, 2) in each camera [px]; infinite where absent."""
    sigma = np.full(confidence.shape, np.inf)
    for c in range(len(confidence)):
        size_px = person_size_px(xy_px[c], confidence[c])
        for j in range(confidence.shape[1]):
            if is_seen(xy_px[c, j], confidence[c, j]):
                wide = (
                    DETECTOR_SHARE * KEYPOINT_SHARE[j] * size_px / visible_share(confidence[c, j]) ** CONFIDENCE_POWER
                )
                sigma[c, j] = max(wide, KEYPOINT_FLOOR_PX)
    return sigma


@njit(cache=True, error_model="numpy")
def person_size_px(xy_px: Array, confidence: Array) -> float:
    """Root of the area of the box around the seen joints of (17, 2); COCO's measure of scale."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for j in range(len(xy_px)):
        if is_seen(xy_px[j], confidence[j]):
            low_x, high_x = min(low_x, xy_px[j, 0]), max(high_x, xy_px[j, 0])
            low_y, high_y = min(low_y, xy_px[j, 1]), max(high_y, xy_px[j, 1])
    if low_x == np.inf:
        return 0.0
    width, height = high_x - low_x, high_y - low_y
    # Someone seen straight on and someone seen flat have the same scale: neither side counts less than half the other.
    return np.sqrt(max(width, 0.5 * height) * max(height, 0.5 * width))


@njit(cache=True, error_model="numpy")
def depth_information(positions_m: Array, confidence: Array, center_m: Array) -> Array:
    """(17, 3, 3) inverse covariance of depth joints (17, 3) in world [1/m^2]; zero where absent.

    center_m (3,) of the depth camera. The error along the line of sight grows with the square of the distance, the one
    across it with the distance.
    """
    information = np.zeros((len(positions_m), 3, 3))
    ray = np.empty(3)
    for j in range(len(positions_m)):
        if not is_seen(positions_m[j], confidence[j]):
            continue
        for a in range(3):
            ray[a] = positions_m[j, a] - center_m[a]
        distance = np.sqrt(ray[0] ** 2 + ray[1] ** 2 + ray[2] ** 2)
        level = visible_share(confidence[j])
        along = np.hypot(DEPTH_ALONG_M * (distance / DEPTH_ALONG_AT_M) ** 2, DEPTH_SYSTEMATIC_M)
        across = level**2 / (DEPTH_ACROSS_RAD * distance) ** 2
        more = level**2 / along**2 - across
        # A half hidden joint lies on what hides it: an error that is large beside all others, and has no direction.
        hidden = (DEPTH_HIDDEN_M * (1.0 - level)) ** 2
        share = 1.0 / (1.0 + hidden * (across + more / 3.0))
        for a in range(3):
            for b in range(3):
                information[j, a, b] = share * more * (ray[a] / distance) * (ray[b] / distance)
            information[j, a, a] += share * across
    return information


@njit(cache=True, error_model="numpy")
def is_seen(position: Array, confidence: float) -> bool:
    """Whether a joint (2,) or (3,) was seen at all."""
    return confidence > 0.0 and bool(np.isfinite(position).all())


@njit(cache=True, error_model="numpy")
def visible_share(confidence: float) -> float:
    """Confidence as a share of that of a joint in full view."""
    return min(max(confidence, LEAST_CONFIDENCE), FULL_CONFIDENCE) / FULL_CONFIDENCE
