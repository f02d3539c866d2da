"""Faces made unrecognisable before an image leaves the process."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from sport_nodes.capture.pose2d import Array, Image, People
from sport_nodes.skeleton import INDEX, LIMBS, TRUNK_JOINTS

#: The head is a circle around its joints, at least this part of the trunk's length in radius ...
HEAD_OF_TRUNK: Final = 0.35
#: ... and this much of the farthest head joint's distance from the middle, which leaves out chin and crown.
HEAD_MARGIN: Final = 1.8
#: Radius where neither trunk nor two head joints were found, as a part of the image's height.
HEAD_OF_IMAGE: Final = 0.05
#: A face is cut down to this many cells across: coarser than what face recognition needs (about 16 px).
CELLS_ACROSS: Final = 5

_HEAD: Final = [INDEX[name] for name in LIMBS["head"]]


def blur_faces(image: Image, people: People) -> Image:
    """A copy of the BGR image in which every head that has a joint is coarse; the confidence does not matter."""
    blurred = image.copy()
    for xy in people.xy_px:
        circle = head_circle(xy, image_height_px=image.shape[0])
        if circle is not None:
            _coarsen(blurred, *circle)
    return blurred


def head_circle(xy: Array, *, image_height_px: int) -> tuple[float, float, float] | None:
    """Centre x, y and radius [px] of the head; None when none of its joints was found."""
    head = xy[_HEAD]
    head = head[np.isfinite(head).all(axis=1)]
    if not len(head):
        return None
    center = head.mean(axis=0)
    shoulders, hips = xy[[INDEX[n] for n in TRUNK_JOINTS[:2]]], xy[[INDEX[n] for n in TRUNK_JOINTS[2:]]]
    trunk = float(np.linalg.norm(shoulders.mean(axis=0) - hips.mean(axis=0)))
    radius = HEAD_OF_TRUNK * trunk if np.isfinite(trunk) else HEAD_OF_IMAGE * image_height_px
    radius = max(radius, HEAD_MARGIN * float(np.linalg.norm(head - center, axis=1).max()))
    return float(center[0]), float(center[1]), radius


def _coarsen(image: Image, x: float, y: float, radius: float) -> None:
    height, width = image.shape[:2]
    left, right = max(0, int(x - radius)), min(width, int(x + radius) + 1)
    top, bottom = max(0, int(y - radius)), min(height, int(y + radius) + 1)
    if left >= right or top >= bottom:
        return
    part = image[top:bottom, left:right]
    small = cv2.resize(part, (CELLS_ACROSS, CELLS_ACROSS), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    rows, columns = np.mgrid[top:bottom, left:right]
    inside = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    part[inside] = coarse[inside]
