"""2D joints and a depth image to 3D joints: the depth skeleton without a body-tracking SDK."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.occlusion import hidden_joints
from sport_nodes.errors import InputError
from sport_nodes.rig import Camera
from sport_nodes.skeleton import INDEX, JOINT_COUNT, JOINTS, TRUNK_JOINTS

Array = NDArray[np.float64]

#: Metres per unit of each depth encoding; 0 (and NaN) is "no depth" in both.
ENCODING_M: Final[dict[str, float]] = {"16UC1": 1e-3, "mono16": 1e-3, "32FC1": 1.0}

#: How deep a joint's centre lies under the skin that the camera sees [m]: half the limb's thickness there, from adult
#: circumferences and breadths (McDowell et al. 2008, NHANES 2003-2006; Gordon et al. 1989, ANSUR), both sexes.
SURFACE_DEPTH_M: Final[dict[str, float]] = {
    "nose": 0.01,
    "eye": 0.015,
    "ear": 0.01,
    "shoulder": 0.065,
    "elbow": 0.045,
    "wrist": 0.03,
    "hip": 0.10,
    "knee": 0.058,
    "ankle": 0.04,
}
#: The window in which depth is read, as a part of that thickness, and at least [m].
WINDOW_PART: Final = 0.6
SMALLEST_WINDOW_M: Final = 0.015
#: What lies farther than this from the trunk along the ray is not the person: an arm's length and some lean [m].
REACH_M: Final = 1.0
#: Depths of one surface lie within this of its front [m]; a surface must fill this part of the window to be taken.
SURFACE_SPREAD_M: Final = 0.08
SURFACE_SHARE: Final = 0.3
#: Confidence: a logistic of the part of the window that the surface fills, and of how its depths scatter (over 10 mm,
#: between the bounds; those within NEAR_M of the surface). Fitted to 150 drawn bodies, to the share of the joints that
#: lie within 50 mm of the truth (scripts/capture_study.py measures it on others).
LOGIT_ONE: Final = 0.84
LOGIT_SHARE: Final = 1.72
LOGIT_LOG_SPREAD: Final = -1.56
SPREAD_UNIT_M: Final = 0.01
SPREAD_BOUNDS_M: Final = (0.003, 0.3)
NEAR_M: Final = 0.3
#: Confidence below which a 2D joint is not looked up.
MINIMUM_CONFIDENCE: Final = 0.05


@dataclass(frozen=True, eq=False)
class LiftedPose:
    """One person's joints in the depth camera's optical frame.

    positions_m: (17, 3), NaN where not measured; confidence: (17,), 0 there: the detector's, times how likely the joint
    lies within 50 mm of there.
    occluded: (17,) a joint was found in 2D, but its depth belongs to something in front of it.
    """

    positions_m: Array
    confidence: Array
    occluded: NDArray[np.bool_]


def depth_in_metres(image: NDArray[np.uint16] | NDArray[np.float32], encoding: str) -> NDArray[np.float32]:
    """(H, W) metres, NaN where there is no depth. Raises InputError for an encoding that is not depth."""
    if encoding not in ENCODING_M:
        raise InputError(f"depth image with encoding '{encoding}'; expected one of {', '.join(ENCODING_M)}")
    metres = image.astype(np.float32) * np.float32(ENCODING_M[encoding])
    metres[~(metres > 0)] = np.nan
    return metres


def lift(xy_px: Array, confidence: Array, depth_m: NDArray[np.float32], camera: Camera) -> LiftedPose:
    """Lift one person.

    xy_px: (17, 2), confidence: (17,) from the detector; depth_m: (H, W) registered to the image of `camera`.
    """
    height, width = depth_m.shape
    inside = np.all((xy_px >= -0.5) & (xy_px < [width - 0.5, height - 0.5]), axis=1, keepdims=True)
    xy_px = np.where(inside, xy_px, np.nan)
    surface, certainty = _surfaces(xy_px, confidence, depth_m, camera)
    rays = np.concatenate([camera.undistort(xy_px), np.ones((JOINT_COUNT, 1))], axis=1)
    lengths = np.linalg.norm(rays, axis=1)
    # The surface's depth is along z, the way into the limb along the ray.
    depth = surface + SURFACE_DEPTH / lengths
    positions = rays * depth[:, None]
    occluded = hidden_joints(xy_px, positions, depth_m, focal_px=float(camera.matrix[0, 0]))
    certain = np.clip(confidence, 0.0, 1.0) * certainty
    measured = np.isfinite(positions).all(axis=1) & ~occluded
    return LiftedPose(
        np.where(measured[:, None], positions, np.nan),
        np.where(measured, certain, 0.0),
        occluded & np.isfinite(surface),
    )


def _surfaces(xy_px: Array, confidence: Array, depth_m: NDArray[np.float32], camera: Camera) -> tuple[Array, Array]:
    """(17,) depth of the skin in front of each joint, and (17,) how far that is to be trusted."""
    focal = float(camera.matrix[0, 0])
    seen = np.isfinite(xy_px).all(axis=1) & (confidence >= MINIMUM_CONFIDENCE)
    surface, certainty = np.full(JOINT_COUNT, np.nan), np.zeros(JOINT_COUNT)
    trunk = _trunk_depth(xy_px, seen, depth_m)
    if np.isnan(trunk):
        return surface, certainty
    for joint in np.flatnonzero(seen):
        radius = max(1, round(focal * WINDOW_M[joint] / trunk))
        window = _window(depth_m, xy_px[joint], radius)
        own = window[np.abs(window - trunk) < REACH_M]
        if own.size:
            surface[joint], share = _front_surface(own, window.size)
            certainty[joint] = _certainty(share, own[np.abs(own - surface[joint]) < NEAR_M])
    return surface, certainty


def _certainty(share: float, depths: NDArray[np.float32]) -> float:
    spread = float(np.clip(depths.std(), *SPREAD_BOUNDS_M)) / SPREAD_UNIT_M
    return 1.0 / (1.0 + math.exp(-(LOGIT_ONE + LOGIT_SHARE * share + LOGIT_LOG_SPREAD * math.log(spread))))


def _front_surface(depths: NDArray[np.float32], window_size: int) -> tuple[float, float]:
    """Median depth of the frontmost surface that fills enough of the window, and the part it fills."""
    ordered = np.sort(depths)
    while True:
        surface = ordered[ordered <= ordered[0] + SURFACE_SPREAD_M]
        if surface.size >= SURFACE_SHARE * ordered.size or surface.size == ordered.size:
            return float(np.median(surface)), surface.size / window_size
        # Too small to be a limb: flying pixels at an edge, or a thing's corner.
        ordered = ordered[surface.size :]


def _trunk_depth(xy_px: Array, seen: NDArray[np.bool_], depth_m: NDArray[np.float32]) -> float:
    """Median depth at the trunk's joints (any joints, where none of them is seen); NaN without depth."""
    trunk = [INDEX[name] for name in TRUNK_JOINTS if seen[INDEX[name]]] or list(np.flatnonzero(seen))
    found = [np.nanmedian(w) for w in (_window(depth_m, xy_px[j], 2) for j in trunk) if np.isfinite(w).any()]
    return float(np.median(found)) if found else float("nan")


def _window(depth_m: NDArray[np.float32], xy: Array, radius: int) -> NDArray[np.float32]:
    """Square window around a pixel, cut at the image's edge."""
    x, y = round(float(xy[0])), round(float(xy[1]))
    return depth_m[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]


SURFACE_DEPTH: Final = np.array([SURFACE_DEPTH_M[name.rpartition("_")[2]] for name in JOINTS])
WINDOW_M: Final = np.maximum(WINDOW_PART * SURFACE_DEPTH, SMALLEST_WINDOW_M)
