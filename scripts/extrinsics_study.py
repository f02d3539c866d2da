"""How well boards place a rig's cameras, beside the best that is possible: a part of scripts/capture_study.py."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from sport_nodes.capture.boards import BoardView
from sport_nodes.capture.bundle import place_together
from sport_nodes.capture.calibration import Intrinsics
from sport_nodes.lab.boards import NOISE_PX, seen_boards
from sport_nodes.rig import Camera, load_rig

#: Images of the board at the mark, and of boards on the floor, in the larger calibration.
MORE_AT_MARK = 6
MORE_ON_FLOOR = 20
#: Trials of random boards, and draws of the bound in each.
TRIALS = 10
DRAWS = 30

Rows = list[tuple[str, str, str]]


def extrinsics(_: Path) -> Rows:
    """The lab's rig from simulated boards at half a pixel of noise."""
    what = "simulated rig from 40 boards held up and 6 on the floor, corners 0.5 px off"
    between, placed_mm, turned = extrinsic_errors(on_floor=6, at_mark=1)
    more = extrinsic_errors(on_floor=MORE_ON_FLOOR, at_mark=MORE_AT_MARK)[1]
    bounds = [least_placed_mm(on_floor=6, at_mark=1), least_placed_mm(on_floor=MORE_ON_FLOOR, at_mark=MORE_AT_MARK)]
    kept = f"the same with {MORE_AT_MARK} images of the board at the mark and {MORE_ON_FLOOR} on the floor"
    return [
        ("extrinsics", f"{what}: cameras against each other, median (95 %)", _spread(between, "mm")),
        ("extrinsics", "the same against the board at the mark", _spread(placed_mm, "mm")),
        ("extrinsics", "the same, turned", _spread(turned, "deg", digits=3)),
        (
            "extrinsics",
            "the least off the mark that any estimator could reach (Cramer and Rao)",
            _spread(bounds[0], "mm"),
        ),
        ("extrinsics", f"{kept}: against the mark", _spread(more, "mm")),
        ("extrinsics", "the least off the mark that any could reach with those", _spread(bounds[1], "mm")),
    ]


def extrinsic_errors(*, on_floor: int, at_mark: int) -> tuple[list[float], list[float], list[float]]:
    """Of each camera and trial: off against the others [mm], off against the mark [mm], turned against it [deg]."""
    cameras, lenses = _lab_cameras()
    places = np.array([c.center_m for c in cameras])
    between, placed_mm, turned = [], [], []
    for seed in range(TRIALS):
        views = seen_boards(cameras, held=40, on_floor=on_floor, seed=seed, at_mark=at_mark)
        found = place_together(lenses, views, floor="floor").cameras
        centers = np.array([found[c.name].center_m for c in cameras])
        turn, _ = Rotation.align_vectors(places - places.mean(axis=0), centers - centers.mean(axis=0))
        aligned = turn.apply(centers - centers.mean(axis=0)) + places.mean(axis=0)
        between += list(1e3 * np.linalg.norm(aligned - places, axis=1))
        placed_mm += list(1e3 * np.linalg.norm(centers - places, axis=1))
        turned += [np.degrees(Rotation.from_matrix(found[c.name].rotation @ c.rotation.T).magnitude()) for c in cameras]
    return between, placed_mm, turned


def least_placed_mm(*, on_floor: int, at_mark: int) -> list[float]:
    """Draws of an unbiased estimate with Cramer and Rao's covariance: of each camera, off against the mark [mm].

    The slopes are OpenCV's at the true poses; boards that are held up have six unknowns each, those on the floor three.
    """
    cameras, _ = _lab_cameras()
    drawn: list[float] = []
    for seed in range(TRIALS):
        views = seen_boards(cameras, held=40, on_floor=on_floor, seed=seed, at_mark=at_mark)
        moments = [m for m, seen in views.items() if len(seen) > 1]
        information, rng = np.zeros((6 * (len(cameras) + len(moments)),) * 2), np.random.default_rng(seed)
        for board, moment in enumerate(moments, start=len(cameras)):
            to_world = _true_board(cameras, views[moment], moment)
            for c, camera in enumerate(cameras):
                if camera.name not in views[moment]:
                    continue
                turn = cv2.Rodrigues(camera.rotation)[0]
                slopes = _corner_slopes(
                    camera, views[moment][camera.name].points_m, to_world, (turn, camera.translation_m)
                )
                at = np.r_[6 * c : 6 * c + 6, 6 * board : 6 * board + 6]
                information[np.ix_(at, at)] += slopes.T @ slopes / NOISE_PX**2
        free = np.concatenate([np.ones(6)] * len(cameras) + [_free_numbers(m) for m in moments]).astype(bool)
        covariance = np.linalg.inv(information[np.ix_(free, free)])[: 6 * len(cameras), : 6 * len(cameras)]
        for off in rng.multivariate_normal(np.zeros(len(covariance)), covariance, DRAWS).reshape(-1, len(cameras), 6):
            for camera, pose in zip(cameras, off, strict=True):
                rotation = cv2.Rodrigues(cv2.Rodrigues(camera.rotation)[0].ravel() + pose[:3])[0]
                center = -rotation.T @ (camera.translation_m + pose[3:])
                drawn.append(1e3 * float(np.linalg.norm(center - camera.center_m)))
    return drawn


def _free_numbers(moment: str) -> np.ndarray:
    """Of a board's pose (rotation vector in its own frame, translation): which are unknown."""
    if moment == "floor" or moment.startswith("mark"):
        return np.zeros(6)
    return np.array([0, 0, 1, 1, 1, 0]) if moment.startswith("floor") else np.ones(6)


def _true_board(cameras: tuple[Camera, ...], seen: dict[str, BoardView], moment: str) -> np.ndarray:
    """(4, 4) board to world, near enough to the truth for slopes: by the true place of a camera that sees it large."""
    if moment == "floor" or moment.startswith("mark"):
        return np.diag([1.0, -1.0, -1.0, 1.0])
    name = max(seen, key=lambda c: float(np.ptp(seen[c].pixels, axis=0).prod()))
    camera = next(c for c in cameras if c.name == name)
    _, turn, shift = cv2.solvePnP(seen[name].points_m, seen[name].pixels, camera.matrix, camera.distortion)
    pose = np.eye(4)
    pose[:3, :3] = camera.rotation.T @ cv2.Rodrigues(turn)[0]
    pose[:3, 3] = camera.to_world(shift.ravel())
    return pose


def _corner_slopes(
    camera: Camera, points: np.ndarray, to_world: np.ndarray, pose: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """(2 N, 12) slopes of the corners' pixels by the camera's pose, and by the board's small turn and shift."""
    world = points @ to_world[:3, :3].T + to_world[:3, 3]
    by_camera = cv2.projectPoints(world, *pose, camera.matrix, camera.distortion)[1][:, :6]
    # Moving the world moves its points as a shift in the camera's frame does, turned into it.
    by_point = by_camera[:, 3:6] @ camera.rotation
    by_turn = np.concatenate(
        [by_point[2 * n : 2 * n + 2] @ to_world[:3, :3] @ _cross(-points[n]) for n in range(len(points))]
    )
    return np.hstack([by_camera, by_turn, by_point])


def _cross(v: np.ndarray) -> np.ndarray:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def _lab_cameras() -> tuple[tuple[Camera, ...], dict[str, Intrinsics]]:
    rig = load_rig("lab")
    assert rig.depth is not None
    cameras = (*rig.cameras, rig.depth)
    return cameras, {c.name: Intrinsics(c.width_px, c.height_px, c.matrix, c.distortion, 0.2, 20, ()) for c in cameras}


def _spread(values: list[float], unit: str, *, digits: int = 1) -> str:
    return f"{np.median(values):.{digits}f} {unit} ({np.percentile(values, 95):.{digits}f})"
