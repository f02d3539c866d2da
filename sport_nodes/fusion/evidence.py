"""From an aligned frame to the evidence about one athlete: who it is, which side is which, how sure each value is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.fusion.associate import choose_by_rays, choose_by_reference
from sport_nodes.fusion.noise import FILLED_FACTOR, depth_information, keypoint_sigma_px
from sport_nodes.fusion.sides import MIRROR, exchanged
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, Rig

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sighting:
    """What the position sensors say about the athlete in one frame.

    xy_px (C, 17, 2) and sigma_px (C, 17), infinite where absent; depth_m (17, 3) and depth_information (17, 3, 3), zero
    where absent; filled: (C, 17) and (17,) values that were bridged over a gap.
    """

    xy_px: Array
    sigma_px: Array
    keypoint_filled: Mask
    depth_m: Array
    depth_information: Array
    depth_filled: Mask


def cameras_of(frame: AlignedTrial, rig: Rig) -> tuple[Camera, ...]:
    """The rig's cameras in the frame's order. Raises InputError for a camera that the rig does not have."""
    return tuple(rig.camera(name) for name in frame.camera_names)


def sight(
    frame: AlignedTrial,
    cameras: tuple[Camera, ...],
    depth: Camera | None,
    expected_m: Array | None,
    near_m: Array,
) -> Sighting:
    """The athlete in a frame of length 1.

    expected_m: (17, 3) where the athlete should be, NaN where unknown; without it the depth camera's skeleton or the
    meeting of rays near near_m (3,) tells.
    """
    xy, confidence = frame.keypoints_px[0], frame.keypoint_confidence[0]
    reference = expected_m
    if reference is None and np.isfinite(frame.depth_m[0]).all(axis=1).sum() >= 4:
        reference = frame.depth_m[0]
    if reference is not None:
        chosen = choose_by_reference(cameras, xy, reference)
    elif xy.shape[1] == 1 and len(cameras) < 2:
        chosen = np.zeros(len(cameras), dtype=np.intp)
    else:
        chosen = choose_by_rays(cameras, xy, confidence, near_m=near_m)
    rows, slots = np.arange(len(cameras)), np.maximum(chosen, 0)
    xy, confidence = xy[rows, slots], np.where(chosen[:, None] >= 0, confidence[rows, slots], 0.0)
    filled = frame.keypoint_filled[0][rows, slots]
    sigma = keypoint_sigma_px(xy, confidence) * np.where(filled, FILLED_FACTOR, 1.0)
    depth_m, information = frame.depth_m[0], np.zeros((len(frame.depth_m[0]), 3, 3))
    if depth is not None:
        information = depth_information(depth_m, frame.depth_confidence[0], depth)
        information = information / np.where(frame.depth_filled[0], FILLED_FACTOR**2, 1.0)[:, None, None]
    elif np.isfinite(depth_m).any():
        raise InputError("the trial has depth joints, but the rig has no depth camera; add its pose to the rig")
    return Sighting(xy, sigma, filled, depth_m, information, frame.depth_filled[0])


def with_true_sides(
    sighting: Sighting, cameras: tuple[Camera, ...], expected_m: Array, expected_sigma_m: Array
) -> Sighting:
    """The sighting with left and right exchanged back wherever that fits the expected (17, 3) joints better.

    expected_sigma_m: (17,) how far the expected joints may be off; joints that are not expected (NaN) stay.
    """
    xy, sigma = sighting.xy_px.copy(), sighting.sigma_px.copy()
    filled = sighting.keypoint_filled.copy()
    for c, camera in enumerate(cameras):
        expected_px = camera.project(expected_m)
        spread_px = expected_sigma_m * camera.matrix[0, 0] / np.maximum(camera.to_optical(expected_m)[:, 2], 0.1)
        keep = ((xy[c] - expected_px) ** 2).sum(axis=1) / (sigma[c] ** 2 + spread_px**2)
        swap = ((xy[c][MIRROR] - expected_px) ** 2).sum(axis=1) / (sigma[c][MIRROR] ** 2 + spread_px**2)
        absent = ~np.isfinite(sigma[c])
        turn = exchanged(np.where(absent, np.nan, keep), np.where(absent[MIRROR], np.nan, swap))
        if turn.any():
            for array in (xy, sigma, filled):
                array[c] = np.where(turn.reshape(-1, *[1] * (array.ndim - 2)), array[c][MIRROR], array[c])
    turn = _exchanged_depth(sighting, expected_m, expected_sigma_m)
    depth_m = np.where(turn[:, None], sighting.depth_m[MIRROR], sighting.depth_m)
    information = np.where(turn[:, None, None], sighting.depth_information[MIRROR], sighting.depth_information)
    depth_filled = np.where(turn, sighting.depth_filled[MIRROR], sighting.depth_filled)
    return Sighting(xy, sigma, filled, depth_m, information, depth_filled)


def _exchanged_depth(sighting: Sighting, expected_m: Array, expected_sigma_m: Array) -> Mask:
    information = sighting.depth_information.trace(axis1=1, axis2=2) / 3.0
    absent = information == 0.0
    variance = np.where(absent, np.inf, 1.0 / np.where(absent, 1.0, information)) + expected_sigma_m**2
    keep = ((sighting.depth_m - expected_m) ** 2).sum(axis=1) / variance
    swap = ((sighting.depth_m[MIRROR] - expected_m) ** 2).sum(axis=1) / variance[MIRROR]
    return exchanged(np.where(absent, np.nan, keep), np.where(absent[MIRROR], np.nan, swap))
