"""Which of the people in each camera is the athlete: by geometry, never by list order."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.fusion.noise import keypoint_sigma_px
from sport_nodes.fusion.objective import Optics, image_of, optics
from sport_nodes.fusion.sides import MIRROR
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.rig import Camera

Array = NDArray[np.float64]

#: A person whose joints lie farther from the expected ones than this, in the median, is someone else [m].
SOMEONE_ELSE_M: Final = 0.35
#: Two cameras see the same person when the median joint's rays miss each other by less than this many deviations.
SAME_PERSON_SIGMA: Final = 8.0
#: Fewer joints do not identify a person.
MIN_JOINTS: Final = 4


@njit(cache=True, error_model="numpy")
def median_of(values: Array, count: int) -> float:
    """Median of the first `count` of some numbers, of which there is at least one; puts them in order."""
    for i in range(1, count):
        value, place = values[i], i
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
    return 0.5 * (values[(count - 1) // 2] + values[count // 2])


@njit(cache=True, error_model="numpy")
def expected_images(expected_m: Array, lens: Optics) -> tuple[Array, Array]:
    """(C, 17, 2) pixels of expected joints (17, 3), NaN where they have none, and (C, 17) metres to a pixel there."""
    count = len(lens.rotation)
    pixels = np.empty((count, len(expected_m), 2))
    scale = np.empty((count, len(expected_m)))
    jacobian = np.empty((2, 3))
    for c in range(count):
        for j in range(len(expected_m)):
            pixels[c, j, 0] = pixels[c, j, 1] = scale[c, j] = np.nan
            if image_of(expected_m[j], lens, c, pixels[c, j], jacobian):
                depth_m = lens.translation_m[c, 2]
                for k in range(3):
                    depth_m += lens.rotation[c, 2, k] * expected_m[j, k]
                scale[c, j] = depth_m / lens.intrinsics_px[c, 0]
    return pixels, scale


def choose_by_reference(cameras: tuple[Camera, ...], xy_px: Array, expected_m: Array) -> NDArray[np.int64]:
    """(C,) the person of xy_px (C, P, 17, 2) nearest to the expected joints (17, 3) in each camera; -1 for none."""
    # A copy, for numba compiles again for what is read-only.
    return nearest_people(xy_px, *expected_images(expected_m.copy(), optics(cameras)))


@njit(cache=True, error_model="numpy")
def nearest_people(xy_px: Array, expected_px: Array, metres_per_px: Array) -> NDArray[np.int64]:
    """`choose_by_reference` with expected_px (C, 17, 2) and metres_per_px (C, 17) as by `expected_images`.

    Distances are in metres, so that near and far cameras judge alike, and from the nearer of the two sides, so that a
    detector's confusion of sides does not count.
    """
    cameras, people, joints, _ = xy_px.shape
    chosen = np.empty(cameras, dtype=np.int64)
    distance = np.empty(joints)
    for c in range(cameras):
        chosen[c] = -1
        best = SOMEONE_ELSE_M
        for p in range(people):
            seen = 0
            for j in range(joints):
                straight = np.hypot(xy_px[c, p, j, 0] - expected_px[c, j, 0], xy_px[c, p, j, 1] - expected_px[c, j, 1])
                m = MIRROR[j]
                crossed = np.hypot(xy_px[c, p, m, 0] - expected_px[c, j, 0], xy_px[c, p, m, 1] - expected_px[c, j, 1])
                if np.isfinite(straight):
                    nearer = crossed if crossed < straight else straight
                    distance[seen] = nearer * metres_per_px[c, j]
                    seen += 1
            if seen >= MIN_JOINTS:
                middle = median_of(distance, seen)
                if middle < best:
                    best = middle
                    chosen[c] = p
    return chosen


def choose_by_rays(cameras: tuple[Camera, ...], xy_px: Array, confidence: Array, *, near_m: Array) -> NDArray[np.intp]:
    """(C,) the persons (C, P, 17, 2) whose rays meet, one in each camera or -1; of several, the one nearest to near_m.

    All -1 when no two cameras agree on anyone.
    """
    present = (np.isfinite(xy_px).all(axis=3) & (confidence > 0)).sum(axis=2) >= MIN_JOINTS
    options = [[-1, *np.flatnonzero(row)] for row in present]
    chosen, best = np.full(len(cameras), -1, dtype=np.intp), (0, np.inf)
    for choice in product(*options):
        index = np.array(choice)
        used = np.flatnonzero(index >= 0)
        if len(used) < 2:
            continue
        point, miss = _meet(tuple(cameras[c] for c in used), xy_px[used, index[used]], confidence[used, index[used]])
        if not miss < SAME_PERSON_SIGMA:
            continue
        # More cameras first, then the person who stands where the athlete starts.
        rank = (-len(used), float(np.linalg.norm(point[:2] - near_m[:2])))
        if rank < best:
            best, chosen = rank, index.astype(np.intp)
    return chosen


def _meet(cameras: tuple[Camera, ...], xy_px: Array, confidence: Array) -> tuple[Array, float]:
    """The median joint (3,) of one person in each camera (C, 17, 2), and by how many deviations the rays miss it."""
    sigma = keypoint_sigma_px(xy_px, confidence)
    weight = np.where(np.isfinite(sigma), 1.0 / sigma, 0.0)
    joints = triangulate(cameras, xy_px.transpose(1, 0, 2), weight.T)
    errors = np.stack([np.linalg.norm(c.project(joints) - xy, axis=1) for c, xy in zip(cameras, xy_px, strict=True)])
    whitened = errors * weight
    valid = np.isfinite(joints).all(axis=1)
    if valid.sum() < MIN_JOINTS:
        return np.zeros(3), np.inf
    per_camera = [np.nanmedian(np.where(weight[c, valid] > 0, whitened[c, valid], np.nan)) for c in range(len(cameras))]
    return np.asarray(np.median(joints[valid], axis=0)), float(np.max(per_camera))
