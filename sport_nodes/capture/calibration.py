"""Cameras from images of a board: how each sees (intrinsics) and where it stands (the board on the floor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.boards import Board, BoardView, find_board
from sport_nodes.capture.pose2d import Image
from sport_nodes.errors import InputError
from sport_nodes.rig import Camera, ImuMount, Rig

Array = NDArray[np.float64]

#: Fewer views leave focal length and distortion open.
MINIMUM_VIEWS: Final = 5
#: With fewer, the sixth power of the radius fits the noise.
VIEWS_FOR_K3: Final = 15
#: Corners must reach over this part of the image's width and of its height.
MINIMUM_COVERAGE: Final = 0.4
#: A view whose error is this many times the median's shows a bent or moving board; it is left out once.
OUTLIER_VIEW: Final = 3.0
#: A reprojection error above this is no calibration [px].
WORST_ERROR_PX: Final = 2.0


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """matrix (3, 3), distortion (5,); error_px: RMS reprojection; views: images used; rejected: why others were not."""

    width_px: int
    height_px: int
    matrix: Array
    distortion: Array
    error_px: float
    views: int
    rejected: tuple[str, ...]


def calibrate_intrinsics(images: Sequence[Image], board: Board, *, name: str) -> Intrinsics:
    """Intrinsics of one camera from images of the board in several places and tilts.

    Raises InputError that tells an unseen board, too few views, little coverage and a bad fit apart.
    """
    views = [find_board(image, board) for image in images]
    rejected = tuple(f"image {i + 1}: {view.reason}" for i, view in enumerate(views) if not view.found)
    used = [view for view in views if view.found]
    if not used:
        raise InputError(
            f"{name}: the board was found in none of {len(images)} images; {rejected[0] if rejected else ''}"
        )
    if len(used) < MINIMUM_VIEWS:
        raise InputError(f"{name}: {len(used)} images show the board, at least {MINIMUM_VIEWS} are needed; take more")
    height, width = images[0].shape[:2]
    covered = np.ptp(np.concatenate([view.pixels for view in used]), axis=0) / [width, height]
    if covered.min() < MINIMUM_COVERAGE:
        raise InputError(
            f"{name}: the boards cover {covered[0]:.0%} of the width and {covered[1]:.0%} of the height, "
            f"{MINIMUM_COVERAGE:.0%} are needed; show the board near the edges too"
        )
    error, matrix, distortion, each = _fit(used, (width, height))
    good = [view for view, e in zip(used, each, strict=True) if e <= OUTLIER_VIEW * float(np.median(each))]
    if MINIMUM_VIEWS <= len(good) < len(used):
        error, matrix, distortion, _ = _fit(good, (width, height))
        used = good
    if error > WORST_ERROR_PX:
        raise InputError(
            f"{name}: corners are {error:.1f} px off on average; is the board flat, and are its numbers right?"
        )
    return Intrinsics(width, height, matrix, distortion, error, len(used), rejected)


def place_camera(name: str, intrinsics: Intrinsics, image: Image, board: Board) -> Camera:
    """A camera in a world whose origin and x, y axes are those of the board on the floor, z up.

    Raises InputError when the board is not found.
    """
    view = find_board(image, board)
    if not view.found:
        raise InputError(f"{name}: the board on the floor was not found: {view.reason}")
    return place_by_points(name, intrinsics, points_m=view.points_m, pixels=view.pixels)


def place_by_points(name: str, intrinsics: Intrinsics, *, points_m: Array, pixels: Array) -> Camera:
    """A camera from known world points (N, 3) and their pixels (N, 2), N >= 4.

    Points of a board that lies on the floor with its z axis down are turned so that the camera stands above the floor.
    Raises InputError when no pose explains them.
    """
    solved, turn, shift = cv2.solvePnP(
        points_m, pixels, intrinsics.matrix, intrinsics.distortion, flags=cv2.SOLVEPNP_ITERATIVE
    )
    if not solved:
        raise InputError(f"{name}: no position explains the {len(points_m)} points seen; check which is which")
    rotation = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)
    translation = np.asarray(shift, dtype=np.float64).ravel()
    if float((-rotation.T @ translation)[2]) < 0.0 and np.ptp(points_m[:, 2]) == 0.0:
        # OpenCV's boards have z into the board: half a turn about x makes it point up.
        rotation = rotation @ np.diag([1.0, -1.0, -1.0])
    size = intrinsics.width_px, intrinsics.height_px
    return Camera(name, *size, intrinsics.matrix, intrinsics.distortion, rotation, translation)


def calibrate_rig(
    name: str,
    images: Mapping[str, Sequence[Image]],
    floor_images: Mapping[str, Image],
    board: Board,
    *,
    depth: str = "",
    imus: tuple[ImuMount, ...] = (),
) -> tuple[Rig, dict[str, Intrinsics]]:
    """All cameras of a rig, each by itself; depth: the name of the one that is the depth camera's colour image.

    Raises InputError as `calibrate_intrinsics` and `place_camera` do.
    """
    missing = sorted(set(images) ^ set(floor_images))
    if missing:
        raise InputError(f"{', '.join(missing)}: images of the board by hand and on the floor are both needed")
    seen = {camera: calibrate_intrinsics(views, board, name=camera) for camera, views in images.items()}
    placed = {camera: place_camera(camera, seen[camera], floor_images[camera], board) for camera in seen}
    cameras = tuple(camera for key, camera in placed.items() if key != depth)
    return Rig(name, placed.get(depth), cameras, imus), seen


def _fit(views: list[BoardView], size: tuple[int, int]) -> tuple[float, Array, Array, Array]:
    error, matrix, distortion, _, _, _, _, each = cv2.calibrateCameraExtended(
        [view.points_m.astype(np.float32) for view in views],
        [view.pixels.astype(np.float32) for view in views],
        size,
        np.eye(3),
        np.zeros(5),
        flags=0 if len(views) >= VIEWS_FOR_K3 else cv2.CALIB_FIX_K3,
    )
    return float(error), np.asarray(matrix), np.asarray(distortion).ravel()[:5], np.asarray(each).ravel()
