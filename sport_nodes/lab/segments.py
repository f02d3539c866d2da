"""Frames of the body segments that carry an IMU.

z runs from the segment's lower to its upper joint (`skeleton.SEGMENTS`). The trunk's y is the shoulder line, made
orthogonal; x looks ahead. Joint centres do not show how a limb is twisted, so limbs swing without twist relative to
the trunk: seen from it, the limb's frame turns only as far as its z axis does. That rule has no singular posture,
unlike any that derives x from one frame's posture, and turns the limbs with the body.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX, SEGMENTS

Array = NDArray[np.float64]


def segment_frames(positions_m: Array) -> dict[str, Array]:
    """(T, 17, 3) consecutive positions, without gaps in the segments' joints, to (T, 3, 3) world_from_segment each.

    Segments with a missing joint, and all where the trunk is missing, are left out. Frames must follow each other
    closely enough that no limb turns by half a circle in between.
    """
    trunk = _trunk_frames(positions_m)
    frames: dict[str, Array] = {}
    if not np.isfinite(trunk).all():
        return frames
    for name in SEGMENTS:
        z = _unit(upper_joint_m(name, positions_m) - lower_joint_m(name, positions_m))
        if name == "trunk":
            frames[name] = trunk
        elif np.isfinite(z).all():
            frames[name] = trunk @ _swing_without_twist(np.einsum("tji,tj->ti", trunk, z))
    return frames


def upper_joint_m(segment: str, positions_m: Array) -> Array:
    """(..., 3) end of the segment that its z axis points to."""
    return np.asarray(positions_m[..., [INDEX[n] for n in SEGMENTS[segment][0]], :].mean(axis=-2))


def lower_joint_m(segment: str, positions_m: Array) -> Array:
    """(..., 3) end of the segment that its z axis comes from."""
    return np.asarray(positions_m[..., [INDEX[n] for n in SEGMENTS[segment][1]], :].mean(axis=-2))


def _trunk_frames(positions_m: Array) -> Array:
    z = _unit(upper_joint_m("trunk", positions_m) - lower_joint_m("trunk", positions_m))
    left = positions_m[:, INDEX["left_shoulder"]] - positions_m[:, INDEX["right_shoulder"]]
    y = _unit(left - (left * z).sum(axis=1, keepdims=True) * z)
    return np.stack([np.cross(y, z), y, z], axis=2)


def _swing_without_twist(z: Array) -> Array:
    """Frames (T, 3, 3) whose z axes are given, each turned from the one before by the shortest way."""
    frames = np.empty((len(z), 3, 3))
    # The first frame's y is the trunk's y, or its x where the limb points sideways.
    y = np.array([0.0, 1.0, 0.0]) if abs(z[0, 1]) < abs(z[0, 0]) or abs(z[0, 1]) < 0.7 else np.array([1.0, 0.0, 0.0])
    for i, axis in enumerate(z):
        y = y - (y @ axis) * axis  # projecting the last y onto the new plane is the shortest turn to second order
        y = y / np.sqrt(y @ y)
        frames[i, :, 1] = y
    frames[:, :, 2] = z
    frames[:, :, 0] = np.cross(frames[:, :, 1], z)
    return frames


def _unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
