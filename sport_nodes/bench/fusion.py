"""The live fusion beside scipy's least squares on the same objective of the same frames of the simulated lab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sport_nodes.bench.timing import Row, compare
from sport_nodes.fusion.live import FusedFrame, LiveFusion
from sport_nodes.fusion.noise import LAMBDA_CAMERA, LAMBDA_IMU
from sport_nodes.fusion.objective import OUTLIER_SQUARED, Evidence, optics, solve_frame
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, load_rig
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.sync.align import align_recording

Array = NDArray[np.float64]

#: The athlete's lengths and the IMUs' mountings are known by this frame.
FIRST_FRAME: Final = 60
FRAMES: Final = 20
REPEATS: Final = 20
SEED: Final = 4
#: Iterations and tolerance that take both to the very minimum.
ITERATIONS: Final = 60
TOLERANCE: Final = 1e-12
#: The costs of the two minima differ by less than this share.
SAME_MINIMUM: Final = 1e-6


def rows() -> list[Row]:
    """A standing long jump, three cameras, depth and five IMUs. Raises ArithmeticError where the minima differ."""
    rig = load_rig("lab")
    motion = simulate("standing_long_jump", seed=SEED).motion
    aligned = align_recording(recording_from_events(observe(motion, rig, seed=SEED)), rig)
    frames = [aligned.frame(t) for t in range(len(aligned))]
    live = LiveFusion(rig)
    fused = [live.fuse(frame) for frame in frames[: FIRST_FRAME + FRAMES]][FIRST_FRAME:]
    solved = [frame for frame in fused if frame is not None]
    cameras = tuple(rig.camera(name) for name in aligned.camera_names)
    for frame in solved:
        _check_minimum(frame, cameras)
    lens = optics(cameras)
    ours, theirs, whole = cycle(solved), cycle(solved), _endless(live, frames)

    def solve() -> object:
        seen = next(ours).evidence
        return solve_frame(seen.prior_m, lens, seen, ITERATIONS)

    def peer() -> object:
        return minimum(next(theirs).evidence, cameras)

    size = f"{JOINT_COUNT} joints, {len(cameras)} cameras, depth, {len(rig.imus)} IMUs"
    return [
        compare(f"pose of one frame, {size}", solve, "scipy least_squares, same objective", peer, repeats=REPEATS),
        compare(
            f"live frame with all around it, {size}", lambda: next(whole), "scipy, pose alone", peer, repeats=REPEATS
        ),
    ]


def minimum(seen: Evidence, cameras: tuple[Camera, ...]) -> tuple[Array, float]:
    """The joints (17, 3) and the cost by scipy, from the same start."""
    found = least_squares(
        residuals(seen, cameras), seen.prior_m.ravel(), ftol=TOLERANCE, xtol=TOLERANCE, gtol=TOLERANCE
    )
    return found.x.reshape(-1, 3), 2.0 * float(found.cost)


def residuals(seen: Evidence, cameras: tuple[Camera, ...]) -> Callable[[Array], Array]:
    """The objective of `fusion.objective` as residuals whose squares add up to its cost, in vectorised numpy."""
    depth_root = np.zeros_like(seen.depth_information)
    there = seen.depth_information[:, 0, 0] > 0
    depth_root[there] = np.linalg.cholesky(seen.depth_information[there]).transpose(0, 2, 1)
    prior_root = np.linalg.cholesky(seen.prior_information).transpose(0, 2, 1)
    sign = np.array([0.5, 0.5, -0.5, -0.5])

    def robust(errors: Array, share: float) -> Array:
        squared = (errors**2).sum(axis=-1, keepdims=True)
        return np.asarray(np.sqrt(share / (1.0 + squared / OUTLIER_SQUARED)) * errors).ravel()

    def errors_at(flat: Array) -> Array:
        points = flat.reshape(-1, 3)
        pixels = np.stack([camera.project(points) for camera in cameras])
        views = np.sqrt(seen.keypoint_weight)[..., None] * (pixels - seen.keypoints_px)
        depth = np.einsum("jab,jb->ja", depth_root, points - seen.depth_m)
        bone = np.einsum("k,ska->sa", sign, points[seen.segments]) / seen.segment_m[:, None]
        across = bone - (bone * seen.directions).sum(axis=1, keepdims=True) * seen.directions
        length = np.linalg.norm(points[seen.bones[:, 0]] - points[seen.bones[:, 1]], axis=1)
        return np.concatenate(
            [
                robust(views, LAMBDA_CAMERA),
                robust(depth, 1.0),
                robust(np.sqrt(seen.direction_weight)[:, None] * across, LAMBDA_IMU),
                np.sqrt(seen.bone_weight) * (length - seen.bone_m),
                np.einsum("jab,jb->ja", prior_root, points - seen.prior_m).ravel(),
            ]
        )

    return errors_at


def _check_minimum(frame: FusedFrame, cameras: tuple[Camera, ...]) -> None:
    seen = frame.evidence
    ours = solve_frame(seen.prior_m, optics(cameras), seen, ITERATIONS)[2]
    theirs = minimum(seen, cameras)[1]
    if abs(ours - theirs) > SAME_MINIMUM * theirs:
        raise ArithmeticError(f"the two minima differ: ours {ours:.9g}, scipy's {theirs:.9g}")


def _endless(live: LiveFusion, frames: list[AlignedTrial]) -> Iterator[object]:
    """Steps through the frames that follow; at the end of the trial the fusion starts anew."""
    for frame in cycle(frames[FIRST_FRAME + FRAMES :]):
        yield live.step(frame)
