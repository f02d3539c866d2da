"""Which of the people in each camera is the athlete: by geometry, never by list order."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.noise import keypoint_sigma_px
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


def choose_by_reference(cameras: tuple[Camera, ...], xy_px: Array, expected_m: Array) -> NDArray[np.intp]:
    """(C,) the person (C, P, 17, 2) nearest to the expected joints (17, 3) in each camera; -1 for none.

    Distances are those at the expected joints' depth, in metres, so that near and far cameras judge alike.
    """
    chosen = np.full(len(cameras), -1, dtype=np.intp)
    for c, camera in enumerate(cameras):
        expected_px = camera.project(expected_m)
        metres_per_px = camera.to_optical(expected_m)[:, 2] / camera.matrix[0, 0]
        straight = np.linalg.norm(xy_px[c] - expected_px, axis=2)
        mirrored = np.linalg.norm(xy_px[c][:, MIRROR] - expected_px, axis=2)
        distance = np.fmin(straight, mirrored) * metres_per_px
        counts = np.isfinite(distance).sum(axis=1)
        middle = {int(p): float(np.nanmedian(distance[p])) for p in np.flatnonzero(counts >= MIN_JOINTS)}
        nearest = min(middle, key=middle.__getitem__, default=-1)
        if nearest >= 0 and middle[nearest] < SOMEONE_ELSE_M:
            chosen[c] = nearest
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
