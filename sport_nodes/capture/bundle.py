"""Where all cameras of a rig stand, at once: one bundle adjustment over the images of the board that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from sport_nodes.capture.boards import BoardView
from sport_nodes.capture.calibration import Intrinsics
from sport_nodes.errors import InputError
from sport_nodes.rig import Camera

Array = NDArray[np.float64]

#: Corners farther off than this count less [px]; a board's corners are found to about half of it.
HUBER_PX: Final = 1.0
#: A moment whose median corner is this far off did not show one board to all [px].
WORST_MOMENT_PX: Final = 3.0
#: Moments whose names begin so show the board of the floor's first image, left where it lies.
MARK: Final = "mark"
#: Steps of the adjustment; it needs about ten.
MAX_STEPS: Final = 100
#: Of a pose: a rotation vector and a translation; on the floor, the turn about z and x, y are left of them.
POSE: Final = 6
IN_PLANE: Final = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])


@dataclass(frozen=True, eq=False)
class Placed:
    """cameras: by name, in the board's world; error_px: median distance of their corners; shared: moments used."""

    cameras: dict[str, Camera]
    error_px: float
    shared: int


def place_together(
    intrinsics: Mapping[str, Intrinsics], views: Mapping[str, Mapping[str, BoardView]], *, floor: str
) -> Placed:
    """Cameras from boards that several of them saw at the same moment.

    views: by moment, then by camera; a moment that one camera alone saw adds nothing and is left out. The board of the
    moment called `floor` is the world: origin and x, y axes on it, z up. Moments whose names begin with MARK show it
    there again, unmoved. Those whose names begin as `floor` (floor_2, ...) show it elsewhere on the floor: at 5 m a
    board alone says to a few tenths of a degree only where "level" is.
    Raises InputError that names cameras which share no image with the others, or images that do not fit together.
    """
    names = list(intrinsics)
    moments = sorted((m for m, seen in views.items() if len(seen) > 1 or m == floor), key=lambda m: m != floor)
    poses = {(m, c): _board_pose(intrinsics[c], views[m][c]) for m in moments for c in views[m]}
    world = _chain(names, moments, poses, floor)
    boards = {m: _board_in_world(m, views[m], poses, world) for m in moments}
    still = {m for m in moments if m == floor or m.startswith(MARK)}
    boards |= {m: np.eye(4) for m in still}
    flat = {m for m in moments if m.startswith(floor)}
    free = {m: (m not in still) * (IN_PLANE if m in flat else np.ones(POSE)) for m in moments}
    cameras, errors_px = _adjust(names, moments, free, intrinsics=intrinsics, views=views, world=world, boards=boards)
    if cameras[names[0]].center_m[2] < 0.0:
        # OpenCV's boards have z into the board: half a turn about x makes it point up.
        half = np.diag([1.0, -1.0, -1.0])
        cameras = {n: replace(c, rotation=c.rotation @ half) for n, c in cameras.items()}
    worst = max(errors_px, key=lambda m: errors_px[m])
    if errors_px[worst] > WORST_MOMENT_PX:
        raise InputError(
            f"the images called '{worst}' do not fit together ({errors_px[worst]:.0f} px off): the board was moving, "
            "or a camera was touched since the others were taken; leave them out or take them again"
        )
    return Placed(cameras, float(np.median(list(errors_px.values()))), sum(len(views[m]) > 1 for m in moments))


def _board_pose(lens: Intrinsics, view: BoardView) -> Array:
    """(4, 4) board to camera."""
    solved, turn, shift = cv2.solvePnP(
        view.points_m, view.pixels, lens.matrix, lens.distortion, flags=cv2.SOLVEPNP_IPPE
    )
    if not solved:
        raise InputError("no pose explains the corners of a board; check its numbers of squares")
    return _matrix(np.concatenate([turn.ravel(), shift.ravel()]))


def _chain(
    names: Sequence[str], moments: Sequence[str], poses: Mapping[tuple[str, str], Array], floor: str
) -> dict[str, Array]:
    """(4, 4) world to camera of each, from image to shared image, beginning with those that see the floor."""
    world = {c: poses[floor, c] for c in names if (floor, c) in poses}
    while len(world) < len(names):
        links = [
            (c, poses[m, c] @ np.linalg.inv(poses[m, known]) @ world[known])
            for m in moments
            for known in list(world)
            if (m, known) in poses
            for c in names
            if c not in world and (m, c) in poses
        ]
        if not links:
            lost = ", ".join(c for c in names if c not in world)
            raise InputError(
                f"{lost}: shares no image of the board with the cameras that see the one on the floor; hold the board "
                "where two of them see it, and give both images the same name"
            )
        for camera, pose in links:
            world.setdefault(camera, pose)
    return world


def _board_in_world(
    moment: str, seen: Mapping[str, BoardView], poses: Mapping[tuple[str, str], Array], world: Mapping[str, Array]
) -> Array:
    """From the camera that sees it largest: its corners fix the pose best."""
    best = max(seen, key=lambda c: float(np.ptp(seen[c].pixels, axis=0).prod()))
    return np.asarray(np.linalg.inv(world[best]) @ poses[moment, best])


def _adjust(
    names: list[str],
    moments: list[str],
    free_of: Mapping[str, Array],
    *,
    intrinsics: Mapping[str, Intrinsics],
    views: Mapping[str, Mapping[str, BoardView]],
    world: Mapping[str, Array],
    boards: Mapping[str, Array],
) -> tuple[dict[str, Camera], dict[str, float]]:
    """Least squares over the cameras' poses and the boards'; free_of: which numbers of a board's pose may move (1)."""
    seen = [(i, names.index(c), view) for i, m in enumerate(moments) for c, view in views[m].items()]
    poses_of_boards = [_vector(boards[m]) * free_of[m] for m in moments]
    start = np.concatenate([_vector(world[c]) for c in names] + poses_of_boards)
    free = np.flatnonzero(np.concatenate([np.ones(POSE)] * len(names) + [free_of[m] for m in moments]))

    def residuals(values: Array) -> Array:
        poses = _whole(start, free, values).reshape(-1, POSE)
        return np.concatenate(
            [
                _error(intrinsics[names[camera]], view, poses[camera], poses[len(names) + board])
                for board, camera, view in seen
            ]
        )

    def slopes(values: Array) -> Array:
        poses = _whole(start, free, values).reshape(-1, POSE)
        blocks = []
        for board, camera, view in seen:
            at_camera, at_board = POSE * camera, POSE * (len(names) + board)
            block = np.zeros((view.pixels.size, start.size))
            by_camera, by_board = _slope(intrinsics[names[camera]], view, poses[camera], poses[len(names) + board])
            block[:, at_camera : at_camera + POSE], block[:, at_board : at_board + POSE] = by_camera, by_board
            blocks.append(block[:, free])
        return np.concatenate(blocks)

    solved = least_squares(
        residuals, start[free], jac=slopes, loss="huber", f_scale=HUBER_PX, x_scale="jac", max_nfev=MAX_STEPS
    )
    whole = _whole(start, free, solved.x).reshape(-1, POSE)
    off: dict[str, list[Array]] = {m: [] for m in moments}
    for board, camera, view in seen:
        error = _error(intrinsics[names[camera]], view, whole[camera], whole[len(names) + board])
        off[moments[board]].append(np.linalg.norm(error.reshape(-1, 2), axis=1))
    # Of each moment, the camera that fits worst: the board goes where most of them see it.
    errors_px = {m: max(float(np.median(part)) for part in parts) for m, parts in off.items()}
    cameras = {c: _camera(c, intrinsics[c], _matrix(pose)) for c, pose in zip(names, whole[: len(names)], strict=True)}
    return cameras, errors_px


def _whole(start: Array, free: NDArray[np.intp], values: Array) -> Array:
    full = start.copy()
    full[free] = values
    return full


def _error(lens: Intrinsics, view: BoardView, camera: Array, board: Array) -> Array:
    """(2 N,) pixels by which the corners are off, for the world-to-camera and board-to-world poses."""
    turn, shift = cv2.composeRT(board[:3], board[3:], camera[:3], camera[3:])[:2]
    found = cv2.projectPoints(view.points_m, turn, shift, lens.matrix, lens.distortion)[0]
    return np.asarray(found.reshape(-1, 2) - view.pixels).ravel()


def _slope(lens: Intrinsics, view: BoardView, camera: Array, board: Array) -> tuple[Array, Array]:
    """(2 N, 6) slopes of `_error` by the camera's pose, and by the board's."""
    turn, shift, rr1, rt1, rr2, rt2, tr1, tt1, tr2, tt2 = cv2.composeRT(board[:3], board[3:], camera[:3], camera[3:])
    in_camera = cv2.projectPoints(view.points_m, turn, shift, lens.matrix, lens.distortion)[1][:, :POSE]
    return in_camera @ np.block([[rr2, rt2], [tr2, tt2]]), in_camera @ np.block([[rr1, rt1], [tr1, tt1]])


def _camera(name: str, lens: Intrinsics, pose: Array) -> Camera:
    size = lens.width_px, lens.height_px
    return Camera(name, *size, lens.matrix, lens.distortion, pose[:3, :3].copy(), pose[:3, 3].copy())


def _matrix(pose: Array) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(pose[:3]).as_matrix()
    matrix[:3, 3] = pose[3:]
    return matrix


def _vector(matrix: Array) -> Array:
    return np.concatenate([Rotation.from_matrix(matrix[:3, :3]).as_rotvec(), matrix[:3, 3]])
