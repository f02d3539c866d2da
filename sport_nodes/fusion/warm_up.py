"""Compiles the numerical core ahead of time, so that the first live frame does not wait for it."""

from __future__ import annotations

from typing import Final

import numpy as np

from sport_nodes.fusion.fuse import fuse_trial
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Rig, load_rig
from sport_nodes.skeleton import JOINT_COUNT

#: Enough frames for the whole-trial fusion.
FRAMES: Final = 6


def warm_up(rig: Rig) -> None:
    """Some frames of a standing figure through both fusions; with a filled numba cache this takes a second."""
    cameras, imus, joints = len(rig.cameras), len(rig.imus), (FRAMES, JOINT_COUNT)
    standing_m = np.column_stack(
        [np.zeros(JOINT_COUNT), np.linspace(-0.3, 0.3, JOINT_COUNT), np.linspace(1.7, 0.1, JOINT_COUNT)]
    )
    pixels = np.array([camera.project(standing_m) for camera in rig.cameras]).reshape(1, cameras, 1, JOINT_COUNT, 2)
    pixels = np.repeat(pixels, FRAMES, axis=0)
    level = 0.9 if rig.depth is not None else 0.0
    fuse_trial(
        AlignedTrial(
            np.arange(FRAMES) / 30.0,
            tuple(camera.name for camera in rig.cameras),
            pixels,
            np.where(np.isfinite(pixels).all(axis=4), 0.9, 0.0),
            np.where(level > 0, np.broadcast_to(standing_m, (*joints, 3)), np.nan),
            np.full(joints, level),
            tuple(mount.name for mount in rig.imus),
            np.tile([0.0, 0.0, 0.0, 1.0], (FRAMES, imus, 1)),
            np.zeros((FRAMES, imus, 6)),
            np.zeros(joints, dtype=np.bool_),
            np.zeros(pixels.shape[:-1], dtype=np.bool_),
            np.zeros((FRAMES, imus), dtype=np.bool_),
        ),
        rig,
    )


if __name__ == "__main__":
    warm_up(load_rig("lab"))
