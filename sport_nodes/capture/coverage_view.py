"""The picture of what a camera's board images cover: on its image, the corners so far, the cells, what is needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from sport_nodes.capture.blur import blur_faces
from sport_nodes.capture.boards import BoardView
from sport_nodes.capture.coverage import CELLS, Coverage
from sport_nodes.capture.local_page import LocalPage
from sport_nodes.capture.pose2d import Image, People, PoseDetector

#: The picture's width, and the height of a line of text under it [px].
WIDTH_PX: Final = 960
LINE_PX: Final = 30
#: Pictures a second; for each, people are looked for, which takes longer than finding the board.
RATE_HZ: Final = 5.0
#: Where nobody was found, a face may have been missed: all but the board is cut down to so many cells across. A face
#: that fills a quarter of the width is then coarser than face recognition needs (16 px).
COARSE_ACROSS: Final = 60
#: Colours (B, G, R): a cell that was seen, one that was not, corners of kept images, of the board as it is held now.
SEEN, UNSEEN, KEPT, NOW = (80, 160, 40), (60, 60, 200), (0, 220, 0), (0, 220, 255)
TINT: Final = 0.25
MARGIN_PX: Final = 12


class CoverageView:
    """Shows on a page what is covered, as `collect_images` goes on; faces are made coarse by `detector`."""

    def __init__(self, page: LocalPage, detector: PoseDetector) -> None:
        self._page = page
        self._detector = detector
        self._shown_s = -np.inf

    def show(self, image: Image, view: BoardView, coverage: Coverage) -> None:
        """After every image; most are passed over."""
        if time.monotonic() - self._shown_s < 1.0 / RATE_HZ:
            return
        self._shown_s = time.monotonic()
        self._page.show(coverage_picture(without_faces(image, self._detector.detect(image), view), view, coverage))


def without_faces(image: Image, people: People, view: BoardView) -> Image:
    """A copy in which heads are coarse; where nobody was found, everything but the board is."""
    if len(people):
        return blur_faces(image, people)
    height, width = image.shape[:2]
    cells = (COARSE_ACROSS, max(1, round(COARSE_ACROSS * height / width)))
    small = cv2.resize(image, cells, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if view.found:
        board = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(board, cv2.convexHull(np.round(view.pixels).astype(np.int32)), 255)
        coarse[board > 0] = image[board > 0]
    return coarse


def coverage_picture(image: Image, view: BoardView, coverage: Coverage) -> Image:
    """A BGR picture WIDTH_PX wide: cells seen are green, others red; under it, what is still needed."""
    scale = WIDTH_PX / image.shape[1]
    picture = cv2.resize(image, (WIDTH_PX, round(scale * image.shape[0])), interpolation=cv2.INTER_AREA)
    height = len(picture)
    tinted = picture.copy()
    for (column, row), seen in np.ndenumerate(coverage.cells):
        ends = ((column, row), (column + 1, row + 1))
        first, last = [(n * WIDTH_PX // CELLS[0], m * height // CELLS[1]) for n, m in ends]
        cv2.rectangle(tinted, first, last, SEEN if seen else UNSEEN, cv2.FILLED)
        cv2.rectangle(picture, first, last, SEEN if seen else UNSEEN, 2)
    picture = cv2.addWeighted(tinted, TINT, picture, 1.0 - TINT, 0.0)
    for corners in coverage.corners:
        _dots(picture, scale * corners, KEPT, radius=2)
    _dots(picture, scale * view.pixels, NOW, radius=4)
    found = f"{len(view.pixels)} corners of the board" if view.found else view.reason
    lines = [f"{coverage.images} images kept; {found}"]
    lines += [f"- {words}" for words in coverage.needed()] or ["enough: it is done"]
    return np.vstack([picture, _text(lines)])


def _dots(picture: Image, pixels: np.ndarray, colour: tuple[int, int, int], *, radius: int) -> None:
    for x, y in np.round(pixels).astype(int).tolist():
        cv2.circle(picture, (x, y), radius, colour, cv2.FILLED, cv2.LINE_AA)


def _text(lines: Sequence[str]) -> Image:
    """White on black, each line broken to the width."""
    broken: list[str] = []
    for line in lines:
        row = ""
        for word in line.split():
            longer = f"{row} {word}".strip()
            if row and cv2.getTextSize(longer, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)[0][0] > WIDTH_PX - 2 * MARGIN_PX:
                broken.append(row)
                longer = word
            row = longer
        broken.append(row)
    text = np.zeros((LINE_PX * len(broken) + MARGIN_PX, WIDTH_PX, 3), np.uint8)
    for n, row in enumerate(broken):
        place = (MARGIN_PX, LINE_PX * n + 22)
        cv2.putText(text, row, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return text
