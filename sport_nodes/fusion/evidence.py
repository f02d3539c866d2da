"""From an aligned frame to the evidence about one athlete: who it is, which side is which, how sure each value is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.fusion.associate import choose_by_rays, expected_images, nearest_people
from sport_nodes.fusion.noise import FILLED_FACTOR, depth_information, keypoint_sigma_px
from sport_nodes.fusion.objective import Optics, optics
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


@dataclass(frozen=True, eq=False)
class View:
    """The cameras that a trial has, in its order, also as arrays, and the depth camera."""

    cameras: tuple[Camera, ...]
    lens: Optics
    depth: Camera | None


def view_of(camera_names: tuple[str, ...], rig: Rig) -> View:
    """Raises InputError for a camera that the rig does not have."""
    cameras = tuple(rig.camera(name) for name in camera_names)
    return View(cameras, optics(cameras), rig.depth)


def sight(
    frame: AlignedTrial,
    view: View,
    *,
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
        chosen = nearest_people(xy, *expected_images(reference, view.lens))
    else:
        chosen = choose_by_rays(view.cameras, xy, confidence, near_m=near_m)
    rows, slots = np.arange(len(view.cameras)), np.maximum(chosen, 0)
    xy, confidence = xy[rows, slots], np.where(chosen[:, None] >= 0, confidence[rows, slots], 0.0)
    filled = frame.keypoint_filled[0][rows, slots]
    sigma = keypoint_sigma_px(xy, confidence) * np.where(filled, FILLED_FACTOR, 1.0)
    depth_m, information = frame.depth_m[0], np.zeros((len(frame.depth_m[0]), 3, 3))
    if view.depth is not None:
        information = depth_information(depth_m, frame.depth_confidence[0], view.depth)
        information = information / np.where(frame.depth_filled[0], FILLED_FACTOR**2, 1.0)[:, None, None]
    elif np.isfinite(depth_m).any():
        raise InputError("the trial has depth joints, but the rig has no depth camera; add its pose to the rig")
    return Sighting(xy, sigma, filled, depth_m, information, frame.depth_filled[0])


def with_true_sides(sighting: Sighting, view: View, expected_m: Array, expected_sigma_m: Array) -> Sighting:
    """The sighting with left and right exchanged back wherever that fits the expected (17, 3) joints better.

    expected_sigma_m: (17,) how far the expected joints may be off.
    """
    expected_px, metres_per_px = expected_images(expected_m, view.lens)
    spread_px = expected_sigma_m / metres_per_px
    xy, sigma, filled = sighting.xy_px, sighting.sigma_px, sighting.keypoint_filled
    for c in range(len(view.cameras)):
        turn = exchanged(expected_px[c], spread_px[c] ** 2, xy[c], sigma[c] ** 2)
        if turn.any():
            xy, sigma, filled = xy.copy(), sigma.copy(), filled.copy()
            for array in (xy, sigma, filled):
                array[c, turn] = array[c, MIRROR[turn]]
    depth_m, information, depth_filled = sighting.depth_m, sighting.depth_information, sighting.depth_filled
    known = information.trace(axis1=1, axis2=2)
    variance = np.where(known > 0, 3.0 / np.where(known > 0, known, 1.0), np.inf)
    turn = exchanged(expected_m, expected_sigma_m**2, depth_m, variance)
    if turn.any():
        depth_m, information, depth_filled = depth_m.copy(), information.copy(), depth_filled.copy()
        for array in (depth_m, information, depth_filled):
            array[turn] = array[MIRROR[turn]]
    return Sighting(xy, sigma, filled, depth_m, information, depth_filled)
