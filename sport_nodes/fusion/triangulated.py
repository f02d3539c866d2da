"""A trial of calibrated cameras alone, frame by frame, as Pose2Sim triangulates it: for labs that compare with it."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.fusion.associate import choose_by_rays, choose_by_reference
from sport_nodes.fusion.evidence import view_of
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.motion import Motion, Provenance
from sport_nodes.rig import Camera, Rig
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

#: Keypoints of less likelihood are left out, and cameras until the rest agree to this mean distance [px]
#: (Pagnon, Domalain and Reveret, Pose2Sim, Sensors 2021, section 2.2; the values of its demonstration).
MIN_LIKELIHOOD: Final = 0.3
MAX_REPROJECTION_PX: Final = 15.0
MIN_CAMERAS: Final = 2


def triangulate_trial(aligned: AlignedTrial, rig: Rig) -> Motion:
    """The athlete of each frame, one row a frame of the grid, neither smoothed nor filled.

    Each joint from as many cameras as agree on it; missing where no two do. Confidence is the mean likelihood of the
    cameras that were used. Raises InputError with fewer than two cameras, or when no two cameras ever see one person.
    """
    cameras = view_of(aligned.camera_names, rig).cameras
    if len(cameras) < MIN_CAMERAS:
        raise InputError(f"triangulation needs two cameras, the trial has {len(cameras)}; add depth or a camera")
    chosen = choose_athlete(aligned, cameras)
    if (chosen < 0).all():
        raise InputError("no two cameras see the same person; check that the calibration is this trial's")
    frames, views, slots = np.arange(len(aligned))[:, None], np.arange(len(cameras))[None], np.maximum(chosen, 0)
    xy_px = aligned.keypoints_px[frames, views, slots].transpose(0, 2, 1, 3)
    likelihood = aligned.keypoint_confidence[frames, views, slots]
    measured = (chosen >= 0)[..., None] & ~aligned.keypoint_filled[frames, views, slots]
    weight = np.where(measured & (likelihood >= MIN_LIKELIHOOD), likelihood, 0.0).transpose(0, 2, 1)
    positions_m, confidence = agreed_points(cameras, xy_px, weight)
    provenance = np.full(confidence.shape, Provenance.FUSED, dtype=np.uint8)
    return Motion(aligned.times_s, positions_m, confidence, provenance)


def choose_athlete(aligned: AlignedTrial, cameras: tuple[Camera, ...]) -> Indices:
    """(T, C) the person of each camera who stands where the athlete was in the frame before, -1 for none.

    Without such a one, those whose rays meet, nearest to where the athlete was last; at first to the world's origin.
    """
    near_m, joints = np.zeros(3), np.full((JOINT_COUNT, 3), np.nan)
    chosen = np.full((len(aligned), len(cameras)), -1, dtype=np.intp)
    for t in range(len(aligned)):
        xy_px, confidence = aligned.keypoints_px[t], aligned.keypoint_confidence[t]
        chosen[t] = choose_by_reference(cameras, xy_px, joints)
        if (chosen[t] >= 0).sum() < MIN_CAMERAS:
            chosen[t] = choose_by_rays(cameras, xy_px, confidence, near_m=near_m)
        used = np.flatnonzero(chosen[t] >= 0)
        if len(used) < MIN_CAMERAS:
            continue
        joints = triangulate(
            tuple(cameras[c] for c in used),
            xy_px[used, chosen[t, used]].transpose(1, 0, 2),
            confidence[used, chosen[t, used]].T,
        )
        near_m = np.asarray(np.nanmedian(joints, axis=0))
    return chosen


def agreed_points(cameras: tuple[Camera, ...], xy_px: Array, weight: Array) -> tuple[Array, Array]:
    """(T, 17, C, 2) pixels with weights (T, 17, C) to (T, 17, 3) points and (T, 17) mean weights of the used cameras.

    No more cameras are left out than it takes; of equally many, those that leave the least error.
    """
    points, confidence = np.full((*weight.shape[:2], 3), np.nan), np.zeros(weight.shape[:2])
    for size in range(len(cameras), MIN_CAMERAS - 1, -1):
        open_joints = confidence == 0.0
        least_px = np.full(confidence.shape, MAX_REPROJECTION_PX)
        for part in combinations(range(len(cameras)), size):
            used = np.zeros_like(weight)
            used[..., part] = weight[..., part]
            found = triangulate(cameras, xy_px, used)
            apart_px = np.stack(
                [np.linalg.norm(c.project(found) - xy_px[..., i, :], axis=-1) for i, c in enumerate(cameras)], axis=-1
            )
            count = np.maximum((used > 0).sum(axis=-1), 1)
            error_px = np.where(used > 0, apart_px, 0.0).sum(axis=-1) / count
            better = open_joints & np.isfinite(found).all(axis=-1) & (error_px <= least_px)
            points[better], confidence[better] = found[better], (used.sum(axis=-1) / count)[better]
            least_px[better] = error_px[better]
    return points, confidence
