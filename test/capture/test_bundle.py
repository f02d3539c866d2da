"""A rig's cameras placed together, from boards that a simulated rig sees with half a pixel of noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.capture.boards import BoardView
from sport_nodes.capture.bundle import place_together
from sport_nodes.capture.calibration import Intrinsics
from sport_nodes.errors import InputError
from sport_nodes.lab.boards import NOISE_PX, board_points, seen_boards
from sport_nodes.rig import Rig, load_rig


def lenses(rig: Rig) -> dict[str, Intrinsics]:
    return {
        c.name: Intrinsics(c.width_px, c.height_px, c.matrix, c.distortion, 0.2, 20, ())
        for c in (*rig.cameras, rig.depth)
    }


def test_cameras_stand_where_they_were_simulated() -> None:
    rig = load_rig("lab")
    placed = place_together(
        lenses(rig), seen_boards((*rig.cameras, rig.depth), held=24, on_floor=5, seed=3), floor="floor"
    )
    truth = [*rig.cameras, rig.depth]
    assert placed.error_px == pytest.approx(NOISE_PX * 1.177, rel=0.2)  # the median of a 2D normal distribution
    found = np.array([placed.cameras[c.name].center_m for c in truth])
    places = np.array([c.center_m for c in truth])
    assert np.linalg.norm(found - places, axis=1).max() < 0.015
    for camera in truth:
        turn = Rotation.from_matrix(placed.cameras[camera.name].rotation @ camera.rotation.T)
        assert np.degrees(turn.magnitude()) < 0.2
    # Against each other, which is what fusion needs, they stand better than on the floor.
    apart = np.linalg.norm(found[:, None] - found, axis=2) - np.linalg.norm(places[:, None] - places, axis=2)
    assert np.abs(apart).max() < 0.008


def test_images_of_the_board_at_the_mark_are_averaged() -> None:
    """Two images whose errors are opposite put the cameras where one without errors does."""
    rig = load_rig("lab")
    cameras = (*rig.cameras, rig.depth)
    views = seen_boards(cameras, held=8, on_floor=3, seed=11)
    board = board_points() * [1.0, -1.0, -1.0]  # at the mark, its z axis down
    clean = {c.name: BoardView(board_points(), c.project(board)) for c in cameras if c.name in views["floor"]}
    opposite = {name: BoardView(v.points_m, 2.0 * clean[name].pixels - v.pixels) for name, v in views["floor"].items()}

    def centers(floor: dict[str, BoardView], **more: dict[str, BoardView]) -> np.ndarray:
        placed = place_together(lenses(rig), views | {"floor": floor} | more, floor="floor").cameras
        return np.array([placed[c.name].center_m for c in cameras])

    best = centers(clean, mark_2=clean)
    alone = np.linalg.norm(centers(views["floor"]) - best, axis=1)
    both = np.linalg.norm(centers(views["floor"], mark_2=opposite) - best, axis=1)
    assert alone.mean() > 1e-3
    assert both.max() < 0.1 * alone.max()
    moved = {name: BoardView(v.points_m, v.pixels + np.array([30.0, 0.0])) for name, v in clean.items()}
    with pytest.raises(InputError, match="'mark_2' do not fit together"):
        centers(clean, mark_2=moved)


def test_a_camera_without_shared_images_is_named() -> None:
    rig = load_rig("lab")
    views = seen_boards((*rig.cameras, rig.depth), held=6, on_floor=1, seed=4)
    for seen in views.values():
        seen.pop("camera_1", None)
    with pytest.raises(InputError, match="camera_1: shares no image"):
        place_together(lenses(rig), {m: v for m, v in views.items() if v}, floor="floor")


def test_a_board_that_moved_between_two_images_is_named() -> None:
    rig = load_rig("lab")
    views = seen_boards((*rig.cameras, rig.depth), held=20, on_floor=3, seed=5)
    moment = next(m for m, seen in views.items() if len(seen) > 1 and not m.startswith("floor"))
    camera = next(iter(views[moment]))
    views[moment][camera] = BoardView(board_points(), views[moment][camera].pixels + np.array([60.0, 10.0]))
    with pytest.raises(InputError, match=f"'{moment}' do not fit together"):
        place_together(lenses(rig), views, floor="floor")
