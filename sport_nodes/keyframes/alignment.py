"""The result of aligning a recording with a target model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Keyframe:
    """A named instant. time_s in the recording, target_time_s in the target; confidence 0..1; repetition from 0."""

    name: str
    time_s: float
    target_time_s: float
    confidence: float
    repetition: int = 0


@dataclass(frozen=True, eq=False)
class Alignment:
    """windows_s: (R, 2) begin and end of each repetition found. path_s: (K, 2) of (recording, target) seconds.

    distance: mean weighted feature distance along the path of the best window. target: the target model's name.
    stage_bounds_s: (R, number of stages + 1). mirrored: the movement was done with the other hand than the target's.
    reason: why there is no alignment, "" when there is one.
    """

    action: str
    target: str
    windows_s: NDArray[np.float64]
    path_s: NDArray[np.float64]
    distance: float
    keyframes: tuple[Keyframe, ...]
    stage_bounds_s: NDArray[np.float64]
    reason: str = ""
    mirrored: bool = False
