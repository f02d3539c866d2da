"""One camera that was moved, placed anew from a recorded trial and the cameras that still stand: no board is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from sport_nodes.errors import InputError
from sport_nodes.fusion.associate import choose_by_reference
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.fusion.triangulated import choose_athlete
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, Rig

Array = NDArray[np.float64]

#: Joints below this confidence are left out.
MINIMUM_CONFIDENCE: Final = 0.3
#: Fewer joints of all frames fix no pose worth having.
MINIMUM_POINTS: Final = 500
#: Joints farther off than this count less [px]: a detector's usual error.
HUBER_PX: Final = 5.0


@dataclass(frozen=True, eq=False)
class Refined:
    """rig: with the camera in its new place; before_px, after_px: median distance of its keypoints from the others'
    joints; turned_deg, moved_m: against the old place."""

    rig: Rig
    before_px: float
    after_px: float
    turned_deg: float
    moved_m: float


def refine_camera(aligned: AlignedTrial, rig: Rig, name: str) -> Refined:
    """Place the camera `name` by what it and the others saw of the athlete; the others are taken to stand.

    Raises InputError when the rig has no such camera, or fewer than two others or too few joints were seen.
    """
    moved = rig.camera(name)
    points, pixels = _correspondences(aligned, rig, moved)
    good = np.isfinite(points).all(axis=1) & np.isfinite(pixels).all(axis=1)
    if good.sum() < MINIMUM_POINTS:
        raise InputError(
            f"{name}: {good.sum()} joints were seen by it and two other cameras, {MINIMUM_POINTS} are needed; record a "
            "person who walks about where all of them see it"
        )
    points, pixels = points[good], pixels[good]

    def errors(pose: Array) -> Array:
        found = cv2.projectPoints(points, pose[:3], pose[3:], moved.matrix, moved.distortion)[0]
        return np.asarray(found.reshape(-1, 2) - pixels).ravel()

    start = np.concatenate([Rotation.from_matrix(moved.rotation).as_rotvec(), moved.translation_m])
    solved = least_squares(errors, start, loss="huber", f_scale=HUBER_PX, x_scale="jac")
    turn = Rotation.from_rotvec(solved.x[:3])
    placed = replace(moved, rotation=turn.as_matrix(), translation_m=solved.x[3:].copy())
    turned = (turn * Rotation.from_matrix(moved.rotation).inv()).magnitude()
    cameras = tuple(placed if c.name == name else c for c in rig.cameras)
    depth = placed if rig.depth and rig.depth.name == name else rig.depth
    return Refined(
        replace(rig, depth=depth, cameras=cameras),
        float(np.median(np.linalg.norm(errors(start).reshape(-1, 2), axis=1))),
        float(np.median(np.linalg.norm(errors(solved.x).reshape(-1, 2), axis=1))),
        math.degrees(float(turned)),
        float(np.linalg.norm(placed.center_m - moved.center_m)),
    )


def _correspondences(aligned: AlignedTrial, rig: Rig, moved: Camera) -> tuple[Array, Array]:
    """(N, 3) joints by the other cameras, and (N, 2) where the moved one saw them."""
    others = [c for c, name in enumerate(aligned.camera_names) if name != moved.name]
    cameras = tuple(rig.camera(aligned.camera_names[c]) for c in others)
    if len(cameras) < 2:
        raise InputError(f"{moved.name} can be placed by two other cameras at least, the trial has {len(cameras)}")
    part = replace(
        aligned,
        camera_names=tuple(c.name for c in cameras),
        keypoints_px=aligned.keypoints_px[:, others],
        keypoint_confidence=aligned.keypoint_confidence[:, others],
        keypoint_filled=aligned.keypoint_filled[:, others],
    )
    chosen = choose_athlete(part, cameras)
    frames, views = np.arange(len(aligned))[:, None], np.arange(len(cameras))[None]
    slots = np.maximum(chosen, 0)
    xy = part.keypoints_px[frames, views, slots].transpose(0, 2, 1, 3)
    sure = part.keypoint_confidence[frames, views, slots] >= MINIMUM_CONFIDENCE
    weight = (sure & (chosen >= 0)[..., None] & ~part.keypoint_filled[frames, views, slots]).transpose(0, 2, 1)
    joints = triangulate(cameras, xy, weight.astype(np.float64))
    return joints.reshape(-1, 3), _seen_by(aligned, moved, joints).reshape(-1, 2)


def _seen_by(aligned: AlignedTrial, camera: Camera, joints: Array) -> Array:
    """(T, 17, 2) pixels of the athlete in one camera, whoever stands nearest to the joints; NaN where unsure."""
    if camera.name not in aligned.camera_names:
        # The depth camera: its joints were put into the world by its old place, and go back the same way.
        sure = (aligned.depth_confidence >= MINIMUM_CONFIDENCE) & ~aligned.depth_filled
        return np.asarray(np.where(sure[..., None], camera.project(aligned.depth_m), np.nan))
    c = aligned.camera_names.index(camera.name)
    seen = np.full((*joints.shape[:2], 2), np.nan)
    for t in range(len(aligned)):
        (p,) = choose_by_reference((camera,), aligned.keypoints_px[t, c : c + 1], joints[t])
        if p >= 0:
            sure = (aligned.keypoint_confidence[t, c, p] >= MINIMUM_CONFIDENCE) & ~aligned.keypoint_filled[t, c, p]
            seen[t] = np.where(sure[:, None], aligned.keypoints_px[t, c, p], np.nan)
    return seen
