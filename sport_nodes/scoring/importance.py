"""What a score rests on: how far it moves when a joint, or a part of the movement, is not seen.

The network was trained with joints and stretches missing, so it is asked nothing that it does not know. Its own
attention says next to nothing about what its score rests on (docs/scorer.md).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX, JOINT_COUNT

#: Joints that are hidden together, to save time, and share what that does; the others are hidden one by one.
TOGETHER: Final = tuple(INDEX[name] for name in ("left_eye", "right_eye", "left_ear", "right_ear"))
GROUPS: Final = (*((j,) for j in range(JOINT_COUNT) if j not in TOGETHER), TOGETHER)
#: Parts of a movement that are hidden in turn, shared among the repetitions of one that is repeated, ...
PARTS: Final = 8
#: ... but of each at least so many.
FEWEST_PARTS: Final = 2
#: Rows that the network takes at once: what a TensorRT engine is built for.
BATCH: Final = 16

Inputs = dict[str, NDArray[np.float32]]


def shares_of_importance(
    run: Callable[[Inputs], dict[str, NDArray[np.float32]]], inputs: Inputs, scores: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of joints (17,) and frames (N, L), each summing to 1; inputs and scores (N,) of a trial's repetitions.

    Joints are those of the repetition whose score is nearest to the mean.
    """
    typical = int(np.argmin(np.abs(scores - scores.mean())))
    count, length = len(scores), inputs["mask"].shape[2]
    edges = np.linspace(0, length, max(FEWEST_PARTS, -(-PARTS // count)) + 1).round().astype(int)
    spans = np.diff(edges)
    rows = [typical] * len(GROUPS) + [row for row in range(count) for _ in spans]
    mask = inputs["mask"][rows].copy()
    for place, group in enumerate(GROUPS):
        mask[place, group] = 0.0
    for place, (begin, end) in enumerate(list(pairwise(edges)) * count, start=len(GROUPS)):
        mask[place, :, begin:end] = 0.0
    hidden = {name: values[rows] for name, values in inputs.items()} | {"mask": mask}
    found = [
        run({name: values[begin : begin + BATCH] for name, values in hidden.items()})["score"]
        for begin in range(0, len(rows), BATCH)
    ]
    moved = np.abs(np.concatenate(found).astype(np.float64) - scores[rows])
    joints = np.empty(JOINT_COUNT)
    for group, size in zip(GROUPS, moved[: len(GROUPS)], strict=True):
        joints[list(group)] = size / len(group)
    of_parts = moved[len(GROUPS) :].reshape(count, -1)
    return _shares(joints), _shares(np.repeat(of_parts / spans, spans, axis=1))


def _shares(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equal ones where nothing moved the score."""
    total = sizes.sum()
    return sizes / total if total > 0.0 else np.full(sizes.shape, 1.0 / sizes.size)
