"""How a camera sees (its intrinsics), from images of a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.boards import Board, BoardView, find_board
from sport_nodes.capture.pose2d import Image
from sport_nodes.errors import InputError

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
    height, width = images[0].shape[:2]
    return intrinsics_of([find_board(image, board) for image in images], (width, height), name=name)


def intrinsics_of(views: Sequence[BoardView], size: tuple[int, int], *, name: str) -> Intrinsics:
    """As `calibrate_intrinsics`, of boards that were looked for already; size: width, height of the images [px]."""
    rejected = tuple(f"image {i + 1}: {view.reason}" for i, view in enumerate(views) if not view.found)
    used = [view for view in views if view.found]
    if not used:
        raise InputError(
            f"{name}: the board was found in none of {len(views)} images; {rejected[0] if rejected else ''}"
        )
    if len(used) < MINIMUM_VIEWS:
        raise InputError(f"{name}: {len(used)} images show the board, at least {MINIMUM_VIEWS} are needed; take more")
    covered = np.ptp(np.concatenate([view.pixels for view in used]), axis=0) / size
    if covered.min() < MINIMUM_COVERAGE:
        raise InputError(
            f"{name}: the boards cover {covered[0]:.0%} of the width and {covered[1]:.0%} of the height, "
            f"{MINIMUM_COVERAGE:.0%} are needed; show the board near the edges too"
        )
    error, matrix, distortion, each = _fit(used, size)
    good = [view for view, e in zip(used, each, strict=True) if e <= OUTLIER_VIEW * float(np.median(each))]
    if MINIMUM_VIEWS <= len(good) < len(used):
        error, matrix, distortion, _ = _fit(good, size)
        used = good
    if error > WORST_ERROR_PX:
        raise InputError(
            f"{name}: corners are {error:.1f} px off on average; is the board flat, and are its numbers right?"
        )
    return Intrinsics(*size, matrix, distortion, error, len(used), rejected)


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
