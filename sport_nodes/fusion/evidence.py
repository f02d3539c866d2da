"""From an aligned frame to the evidence about one athlete: who it is, which side is which, how sure each value is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
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

#: So many joints of the depth camera tell who the athlete is.
MIN_DEPTH_JOINTS = 4


class Sighting(NamedTuple):
    """What the position sensors say about the athlete in one frame; a leading axis T where it is of a whole trial.

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
    """The cameras that a trial has, in its order, also as arrays, and where the depth camera stands (3,)."""

    cameras: tuple[Camera, ...]
    lens: Optics
    depth_center_m: Array | None


def view_of(camera_names: tuple[str, ...], rig: Rig) -> View:
    """Raises InputError for a camera that the rig does not have."""
    cameras = tuple(rig.camera(name) for name in camera_names)
    return View(cameras, optics(cameras), None if rig.depth is None else rig.depth.center_m)


def sight(
    frame: AlignedTrial, view: View, *, expected_m: Array | None, near_m: Array, camera_factor: Array
) -> Sighting:
    """The athlete in a frame of length 1.

    expected_m: (17, 3) where the athlete should be, NaN where unknown; without it the depth camera's skeleton or the
    meeting of rays near near_m (3,) tells. camera_factor (C,): by how much each camera errs more than it should.
    """
    xy, confidence, depth_m = frame.keypoints_px[0], frame.keypoint_confidence[0], frame.depth_m[0]
    reference = expected_m
    if reference is None and np.isfinite(depth_m).all(axis=1).sum() >= MIN_DEPTH_JOINTS:
        reference = depth_m
    if reference is not None:
        chosen = nearest_people(xy, *expected_images(reference, view.lens))
    else:
        chosen = choose_by_rays(view.cameras, xy, confidence, near_m=near_m)
    depth_confidence, center_m = frame.depth_confidence[0], view.depth_center_m
    if center_m is None:
        if np.isfinite(depth_m).any():
            raise InputError("the trial has depth joints, but the rig has no depth camera; add its pose to the rig")
        depth_confidence, center_m = np.zeros_like(depth_confidence), np.zeros(3)
    filled = frame.keypoint_filled[0], frame.depth_filled[0]
    return _sighting(xy, confidence, chosen, camera_factor, depth_m, depth_confidence, center_m, filled)


@njit(cache=True, error_model="numpy")
def _sighting(
    xy_px: Array,
    confidence: Array,
    chosen: NDArray[np.int64],
    camera_factor: Array,
    depth_m: Array,
    depth_confidence: Array,
    depth_center_m: Array,
    filled: tuple[Mask, Mask],
) -> Sighting:
    """The chosen person of each camera (C,), -1 for none, with the deviations of all values."""
    cameras, joints = confidence.shape[0], confidence.shape[2]
    own_px, own_filled = np.empty((cameras, joints, 2)), np.empty((cameras, joints), dtype=np.bool_)
    level = np.zeros((cameras, joints))
    for c in range(cameras):
        person = max(chosen[c], 0)
        own_px[c], own_filled[c] = xy_px[c, person], filled[0][c, person]
        if chosen[c] >= 0:
            level[c] = confidence[c, person]
    sigma_px = keypoint_sigma_px(own_px, level)
    information = depth_information(depth_m, depth_confidence, depth_center_m)
    for j in range(joints):
        for c in range(cameras):
            sigma_px[c, j] *= camera_factor[c] * (FILLED_FACTOR if own_filled[c, j] else 1.0)
        if filled[1][j]:
            information[j] /= FILLED_FACTOR**2
    return Sighting(own_px, sigma_px, own_filled, depth_m.copy(), information, filled[1].copy())


@njit(cache=True, error_model="numpy")
def restore_sides(sighting: Sighting, lens: Optics, expected_m: Array, expected_sigma_m: Array) -> None:
    """Exchange left and right back, in place, wherever that fits the expected (17, 3) joints better.

    expected_sigma_m: (17,) how far the expected joints may be off.
    """
    joints = len(expected_m)
    expected_px, metres_per_px = expected_images(expected_m, lens)
    for c in range(len(expected_px)):
        spread = (expected_sigma_m / metres_per_px[c]) ** 2
        turn = exchanged(expected_px[c], spread, sighting.xy_px[c], sighting.sigma_px[c] ** 2)
        for j in range(joints):
            m = MIRROR[j]
            if turn[j] and j < m:
                _swap(sighting.xy_px[c], j, m)
                _swap(sighting.sigma_px[c], j, m)
                _swap(sighting.keypoint_filled[c], j, m)
    variance = np.empty(joints)
    for j in range(joints):
        known = np.trace(sighting.depth_information[j])
        variance[j] = 3.0 / known if known > 0.0 else np.inf
    turn = exchanged(expected_m, expected_sigma_m**2, sighting.depth_m, variance)
    for j in range(joints):
        m = MIRROR[j]
        if turn[j] and j < m:
            _swap(sighting.depth_m, j, m)
            _swap(sighting.depth_information, j, m)
            _swap(sighting.depth_filled, j, m)


@njit(cache=True, error_model="numpy")
def restore_sides_of_trial(sightings: Sighting, lens: Optics, expected_m: Array, expected_sigma_m: Array) -> None:
    """`restore_sides` of T frames, with (T, 17, 3) and (T, 17)."""
    for t in range(len(expected_m)):
        one = Sighting(
            sightings.xy_px[t],
            sightings.sigma_px[t],
            sightings.keypoint_filled[t],
            sightings.depth_m[t],
            sightings.depth_information[t],
            sightings.depth_filled[t],
        )
        restore_sides(one, lens, expected_m[t], expected_sigma_m[t])


@njit(cache=True, error_model="numpy")
def weighed(sighting: Sighting) -> tuple[Array, Array, Array]:
    """Keypoints, their weights [1/px^2] and the depth joints of a frame or a trial, zero where absent."""
    keypoints, weight, depth = sighting.xy_px.copy(), np.zeros(sighting.sigma_px.shape), sighting.depth_m.copy()
    flat_keypoints, flat_weight, flat_depth = keypoints.reshape(-1, 2), weight.reshape(-1), depth.reshape(-1)
    sigma = sighting.sigma_px.reshape(-1)
    for k in range(len(sigma)):
        if np.isfinite(sigma[k]):
            flat_weight[k] = 1.0 / sigma[k] ** 2
        else:
            flat_keypoints[k] = 0.0
    for k in range(len(flat_depth)):
        if not np.isfinite(flat_depth[k]):
            flat_depth[k] = 0.0
    return keypoints, weight, depth


@njit(cache=True, error_model="numpy")
def _swap(values: NDArray[np.generic], first: int, second: int) -> None:
    kept = values[first : first + 1].copy()
    values[first : first + 1] = values[second : second + 1]
    values[second : second + 1] = kept
