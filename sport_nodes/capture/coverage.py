"""Which board images a camera still lacks, and which of those that come are worth keeping."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.boards import BoardView

Array = NDArray[np.float64]

#: The image is cut into so many columns and rows; each cell must have seen the board's corners.
CELLS: Final = (3, 3)
#: As many images as `docs/wiring.md` asks for; of them, so many of a board that is tilted by more than this [deg].
IMAGES: Final = 15
TILTED_IMAGES: Final = 6
TILTED_DEG: Final = 20.0
#: The largest board in the images must be this many times the smallest.
NEAR_TO_FAR: Final = 1.5
#: A board that moves by more between two images is not held still [px of a 1000 px wide image].
STILL: Final = 3.0
#: A board nearer than this to one that was kept, in all of place, size and tilt, is the same view again.
SAME_PLACE: Final = 0.12
SAME_SIZE: Final = 0.15
SAME_TILT_DEG: Final = 12.0


class Coverage:
    """Of one camera; size: width, height of its images [px]."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._last: Array | None = None
        self._kept: list[tuple[Array, float, float]] = []  # middle and size in parts of the width, tilt
        self._corners: list[Array] = []
        self._seen = np.zeros(CELLS, dtype=bool)

    def take(self, view: BoardView) -> bool:
        """Whether to keep this image: the board is found, still, and not where one was kept already."""
        if not view.found:
            self._last = None
            return False
        before, self._last = self._last, view.pixels
        if before is None or before.shape != view.pixels.shape:
            return False
        if float(np.linalg.norm(view.pixels - before, axis=1).max()) > STILL * self._size[0] / 1000.0:
            return False
        middle = view.pixels.mean(axis=0) / self._size[0]
        extent = math.sqrt(float(np.ptp(view.pixels, axis=0).prod())) / self._size[0]
        tilt_deg = _tilt_deg(view)
        if any(_alike((middle, extent, tilt_deg), other) for other in self._kept):
            return False
        self._kept.append((middle, extent, tilt_deg))
        self._corners.append(view.pixels)
        column, row = (np.clip(view.pixels / self._size, 0.0, 0.999) * CELLS).astype(int).T
        self._seen[column, row] = True
        return True

    @property
    def images(self) -> int:
        return len(self._kept)

    @property
    def cells(self) -> NDArray[np.bool_]:
        """(columns, rows): where the board was seen in the images kept."""
        return self._seen.copy()

    @property
    def corners(self) -> tuple[Array, ...]:
        """The board's corners (N, 2) in each image kept [px]."""
        return tuple(self._corners)

    def needed(self) -> list[str]:
        """What is still to be shown, in words; nothing when it is enough."""
        words = []
        names = (("left", "middle", "right"), ("top", "middle", "bottom"))
        missing = [f"{names[1][r]} {names[0][c]}" for c in range(CELLS[0]) for r in range(CELLS[1])]
        empty = [name for name, seen in zip(missing, self._seen.ravel(), strict=True) if not seen]
        if empty:
            words.append(f"the board in the image's {', '.join(empty)}")
        tilted = sum(tilt > TILTED_DEG for *_, tilt in self._kept)
        if tilted < TILTED_IMAGES:
            words.append(f"{TILTED_IMAGES - tilted} more with the board tilted by {TILTED_DEG:.0f} degrees and more")
        sizes = [extent for _, extent, _ in self._kept]
        if not sizes or max(sizes) < NEAR_TO_FAR * min(sizes):
            words.append("the board nearer, or farther away")
        if self.images < IMAGES:
            words.append(f"{IMAGES - self.images} more images")
        return words


def _alike(a: tuple[Array, float, float], b: tuple[Array, float, float]) -> bool:
    return bool(
        np.linalg.norm(a[0] - b[0]) < SAME_PLACE
        and abs(math.log(a[1] / b[1])) < SAME_SIZE
        and abs(a[2] - b[2]) < SAME_TILT_DEG
    )


def _tilt_deg(view: BoardView) -> float:
    """By how much the board is turned out of the image plane, seen by a lens of a usual focal length.

    Before the camera is calibrated that is a guess, and good enough to tell a tilted board from one that faces it.
    """
    width = float(np.ptp(view.pixels, axis=0).max()) * 3.0
    middle = view.pixels.mean(axis=0)
    lens = np.array([[width, 0.0, middle[0]], [0.0, width, middle[1]], [0.0, 0.0, 1.0]])
    solved, turn, _ = cv2.solvePnP(view.points_m, view.pixels, lens, None, flags=cv2.SOLVEPNP_IPPE)
    if not solved:
        return 0.0
    normal = np.asarray(cv2.Rodrigues(turn)[0])[:, 2]
    return math.degrees(math.acos(min(1.0, abs(float(normal[2])))))
