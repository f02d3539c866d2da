"""Stage one of MotionDTW: where in a recording the movement is, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.keyframes.dtw import accumulate

Array = NDArray[np.float64]

# Two windows that share more than this part of the shorter one are the same find.
_SAME_WINDOW: Final = 0.4
#: A second window within this factor of the best one's distance makes it unclear which is meant.
NEAR_TIE: Final = 1.10


@dataclass(frozen=True)
class Window:
    """Frames begin..end of a recording, and the mean feature distance of the target's frames to them."""

    begin: int
    end: int
    distance: float


def find_windows(cost: Array, *, most: int) -> tuple[Window, ...]:
    """Windows of the recording that match the whole target, from the nearest; they hardly overlap.

    cost: (N, M) of target and recording frames. most: how many to find at most.
    """
    total, begin, _ = accumulate(cost, True)
    mean, first = total[-1] / len(cost), begin[-1]
    last = np.arange(len(mean))
    found: list[Window] = []
    while len(found) < most:
        end = int(np.argmin(mean))
        if not np.isfinite(mean[end]):
            break
        found.append(Window(int(first[end]), end, float(mean[end])))
        mean[end] = np.inf
        shared = np.minimum(last, end) - np.maximum(first, first[end])
        mean[shared > _SAME_WINDOW * np.maximum(np.minimum(last - first, end - first[end]), 1)] = np.inf
    return tuple(found)
