"""A fixed input whose outputs are stored beside the model: tells whether a loaded model computes as it was made to."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.features import NETWORK_FRAMES
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float32]

#: Points (or shares) by which a backend may differ from the stored outputs.
TOLERANCE: Final = 1e-2
#: One joint is dead in the fixed input, so that the missing-joint path is checked too.
DEAD_JOINT: Final = 9


def golden_inputs(action_count: int) -> dict[str, Array]:
    """One made-up movement per action: every joint swings at a frequency and phase of its own."""
    joint = np.arange(JOINT_COUNT)[:, None, None]
    axis = np.arange(3)[None, None]
    phase = np.linspace(0.0, 1.0, NETWORK_FRAMES)[None, :, None]
    pose = np.sin(2.0 * np.pi * phase * (1.0 + axis / 2.0) + joint)
    velocity = np.cos(2.0 * np.pi * phase * (1.0 + axis / 2.0) + joint) / 2.0
    mask = np.ones((JOINT_COUNT, NETWORK_FRAMES))
    mask[DEAD_JOINT] = 0.0
    there = mask[..., None]
    condition = np.hstack([np.eye(action_count), np.linspace(-1.0, 1.0, action_count)[:, None]])
    return {
        "pose": _repeated(pose * there, action_count),
        "velocity": _repeated(velocity * there, action_count),
        "mask": _repeated(mask, action_count),
        "condition": condition.astype(np.float32),
    }


def largest_difference(outputs: dict[str, Array], expected: dict[str, list[list[float]]]) -> float:
    """Largest absolute difference over the stored outputs."""
    return max(
        float(np.max(np.abs(np.asarray(values) - outputs[name].reshape(np.shape(values)))))
        for name, values in expected.items()
    )


def _repeated(values: NDArray[np.float64], count: int) -> Array:
    return np.ascontiguousarray(np.repeat(values[None], count, axis=0), dtype=np.float32)
