"""A whole rig from its cameras' images of one board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sport_nodes.capture.boards import Board, BoardView, find_board
from sport_nodes.capture.bundle import MARK, Placed, place_together
from sport_nodes.capture.calibration import Intrinsics, intrinsics_of
from sport_nodes.capture.pose2d import Image
from sport_nodes.errors import InputError
from sport_nodes.rig import ImuMount, Rig

#: Images that every camera took at one moment begin so: the board on the floor, and the board held up.
FLOOR: Final = "floor"
TOGETHER: Final = "together"


def calibrate_rig(
    name: str,
    images: Mapping[str, Mapping[str, Image]],
    board: Board,
    *,
    depth: str = "",
    imus: tuple[ImuMount, ...] = (),
) -> tuple[Rig, dict[str, Intrinsics], Placed]:
    """All cameras of a rig.

    images: by camera, then by the file's name. Equal names that begin with "floor", "mark" or "together" are one
    moment; that called "floor" is the world, those with "mark" show it again. depth: the name of the camera that is the
    depth camera's colour image.
    Raises InputError as `calibrate_intrinsics` and `place_together` do, and for a depth camera without images.
    """
    if depth and depth not in images:
        raise InputError(f"'{depth}' has no images; those with images are {', '.join(images)}")
    views = {camera: {n: find_board(image, board) for n, image in taken.items()} for camera, taken in images.items()}
    seen = {}
    for camera, found in views.items():
        by_hand = [view for n, view in found.items() if not n.startswith((FLOOR, MARK))]
        height, width = next(iter(images[camera].values())).shape[:2]
        seen[camera] = intrinsics_of(by_hand, (width, height), name=camera)
    placed = place_together(seen, _moments(views), floor=FLOOR)
    cameras = tuple(camera for key, camera in placed.cameras.items() if key != depth)
    return Rig(name, placed.cameras.get(depth), cameras, imus), seen, placed


def _moments(views: Mapping[str, Mapping[str, BoardView]]) -> dict[str, dict[str, BoardView]]:
    """By moment, then by camera. Raises InputError where the floor's image is missing or shows no board."""
    moments: dict[str, dict[str, BoardView]] = {}
    for camera, found in views.items():
        for name, view in found.items():
            if view.found and name.startswith((FLOOR, MARK, TOGETHER)):
                moments.setdefault(name, {})[camera] = view
    if FLOOR not in moments:
        tried = [f"{camera}: {found[FLOOR].reason}" for camera, found in views.items() if FLOOR in found]
        raise InputError(
            f"no camera sees the board in an image called '{FLOOR}' ({'; '.join(tried) or 'there is none'}); lay the "
            "board on the floor at the mark and take one image with every camera"
        )
    return moments
