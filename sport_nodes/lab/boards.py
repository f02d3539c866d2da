"""Calibration boards before the simulated lab's cameras."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.capture.boards import BoardView
from sport_nodes.rig import Camera

Array = NDArray[np.float64]

#: Inner corners of the board, its squares [m], and the noise of a corner that was found in an image [px].
CORNERS: Final = (7, 5)
SQUARE_M: Final = 0.09
NOISE_PX: Final = 0.5
#: OpenCV's boards have their z axis into the board: on the floor, down.
DOWN: Final = np.diag([1.0, -1.0, -1.0])
#: A board that is seen more from the side than this cosine is not found.
SMALLEST_COSINE: Final = 0.25
#: Where boards are held and laid [m].
HELD_M: Final = ([-0.6, -1.0, 0.4], [2.0, 1.0, 1.6])
LAID_M: Final = ([-0.8, -0.8], [2.0, 0.8])


def board_points() -> Array:
    """(N, 3) corners on the board [m]."""
    columns, rows = np.meshgrid(np.arange(CORNERS[0]), np.arange(CORNERS[1]))
    corners = np.column_stack([columns.ravel(), rows.ravel(), 0 * rows.ravel()])
    return corners.astype(np.float64) * SQUARE_M


def seen_boards(
    cameras: tuple[Camera, ...], *, held: int, on_floor: int, seed: int, at_mark: int = 1
) -> dict[str, dict[str, BoardView]]:
    """By moment, then by camera: boards held between pairs of cameras, and boards on the floor.

    One on the floor lies at the mark and is seen `at_mark` times.
    """
    rng, points = np.random.default_rng(seed), board_points()
    views: dict[str, dict[str, BoardView]] = {}

    def show(moment: str, turn: Array, place: Array) -> None:
        world = points @ turn.T + place
        for camera in cameras:
            pixels, towards = camera.project(world), camera.center_m - place
            inside = ((pixels > 0) & (pixels < [camera.width_px, camera.height_px])).all()
            if inside and -turn[:, 2] @ towards > SMALLEST_COSINE * np.linalg.norm(towards):
                noisy = pixels + rng.normal(0.0, NOISE_PX, pixels.shape)
                views.setdefault(moment, {})[camera.name] = BoardView(points, noisy)

    show("floor", DOWN, np.zeros(3))
    for n in range(1, at_mark):
        show(f"mark_{n}", DOWN, np.zeros(3))
    for n in range(1, on_floor):
        turn = DOWN @ Rotation.from_euler("z", rng.uniform(-np.pi, np.pi)).as_matrix()
        show(f"floor_{n}", turn, np.array([*rng.uniform(*LAID_M), 0.0]))
    for n in range(held):
        place = rng.uniform(*HELD_M)
        pair = rng.choice(len(cameras), 2, replace=False)
        towards = [(cameras[p].center_m - place) / np.linalg.norm(cameras[p].center_m - place) for p in pair]
        ahead = -(towards[0] + towards[1]) / np.linalg.norm(towards[0] + towards[1])
        right = np.cross([0.0, 0.0, -1.0], ahead)
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(ahead, right), ahead], axis=1)
        turn = turn @ Rotation.from_euler("xyz", rng.uniform(-0.3, 0.3, 3)).as_matrix()
        show(f"together_{n}", turn, place - turn @ points.mean(axis=0))
    return views
