"""Calibration boards in images: checkerboard or ChArUco, and what is wrong when none is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.pose2d import Image
from sport_nodes.errors import InputError

Array = NDArray[np.float64]

#: Corners fewer than this fix no pose worth having.
MINIMUM_CORNERS: Final = 8
#: Variance of the Laplacian, over the image's own variance, below which it is blurred.
SHARPNESS: Final = 0.01
#: Corners are refined in a window of this part of the squares' spacing, until they move less than 0.01 px.
REFINE_PART: Final = 0.3
REFINE_UNTIL: Final = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.01)
DICTIONARY_PREFIX: Final = "DICT_"


@dataclass(frozen=True)
class Board:
    """columns, rows: squares of a ChArUco board; inner corners of a checkerboard. dictionary: "" for a checkerboard."""

    columns: int
    rows: int
    square_m: float
    marker_m: float = 0.0
    dictionary: str = ""


@dataclass(frozen=True, eq=False)
class BoardView:
    """A board in one image. points_m: (N, 3) on the board (z = 0), pixels: (N, 2). reason: why there are none."""

    points_m: Array
    pixels: Array
    reason: str = ""

    @property
    def found(self) -> bool:
        return not self.reason


def find_board(image: Image, board: Board) -> BoardView:
    """The board's corners. Raises InputError for a dictionary that OpenCV does not know."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    points, pixels, reason = _charuco(gray, board) if board.dictionary else _checkerboard(gray, board)
    if not reason and len(pixels) < MINIMUM_CORNERS:
        reason = f"only {len(pixels)} corners of the board are seen; show more of it"
    if reason:
        blurred = float(cv2.Laplacian(gray, cv2.CV_64F).var()) < SHARPNESS * float(gray.var())
        reason = "the image is blurred; hold the board still" if blurred else reason
        return BoardView(np.empty((0, 3)), np.empty((0, 2)), reason)
    return BoardView(points, pixels)


def charuco_board(board: Board) -> Any:
    """OpenCV's board (`generateImage` draws it). Raises InputError for an unknown dictionary."""
    name = board.dictionary if board.dictionary.startswith(DICTIONARY_PREFIX) else DICTIONARY_PREFIX + board.dictionary
    if not hasattr(cv2.aruco, name):
        raise InputError(f"unknown dictionary '{board.dictionary}'; expected one of OpenCV's, such as 5X5_100")
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
    return cv2.aruco.CharucoBoard((board.columns, board.rows), board.square_m, board.marker_m, dictionary)


def _charuco(gray: Any, board: Board) -> tuple[Array, Array, str]:
    made = charuco_board(board)
    corners, ids, marker_corners, _ = cv2.aruco.CharucoDetector(made).detectBoard(gray)
    if ids is None:
        seen = 0 if marker_corners is None else len(marker_corners)
        words = "no marker of the board is seen; is it in the image, and is the dictionary right?"
        if seen:
            words = f"{seen} markers but no corners fit; are the numbers of squares and their sizes right?"
        return np.empty((0, 3)), np.empty((0, 2)), words
    points = np.asarray(made.getChessboardCorners(), dtype=np.float64)[ids.ravel()]
    return points, np.asarray(corners, dtype=np.float64).reshape(-1, 2), ""


def _checkerboard(gray: Any, board: Board) -> tuple[Array, Array, str]:
    size = (board.columns, board.rows)
    corners: Any
    found, corners = cv2.findChessboardCorners(
        gray, size, flags=cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE
    )
    if found:
        spacing = float(np.linalg.norm(np.diff(corners.reshape(-1, 2)[:2], axis=0)))
        half = max(2, round(REFINE_PART * spacing))
        corners = cv2.cornerSubPix(gray, corners, (half, half), (-1, -1), REFINE_UNTIL)
    if not found:
        words = (
            f"no board with {size[0]} x {size[1]} inner corners is seen whole; is it in the image, is the count right?"
        )
        return np.empty((0, 3)), np.empty((0, 2)), words
    columns, rows = np.meshgrid(np.arange(board.columns), np.arange(board.rows))
    flat = np.zeros((columns.size, 3))
    flat[:, 0], flat[:, 1] = columns.ravel() * board.square_m, rows.ravel() * board.square_m
    return flat, np.asarray(corners, dtype=np.float64).reshape(-1, 2), ""
