"""A motion as smooth curves: positions at any time, and their derivatives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

# A cubic spline through fewer frames has no second derivative worth the name.
MINIMUM_FRAMES = 4
# A joint that is missing for longer than this was not there to be seen [s].
LONGEST_GAP_S = 0.25


class Trajectory:
    """Cubic splines through the joints of a motion.

    A joint is NaN where the motion lacks it for more than LONGEST_GAP_S; before the first and after the last frame
    the body rests as it was.

    Raises InputError when the motion is too short to be observed.
    """

    def __init__(self, motion: Motion) -> None:
        if len(motion) < MINIMUM_FRAMES:
            raise InputError(
                f"a motion of {len(motion)} frames cannot be observed; at least {MINIMUM_FRAMES} are needed"
            )
        self.begin_s = float(motion.times_s[0])
        self.end_s = float(motion.times_s[-1])
        self._splines: list[CubicSpline | None] = []
        self._known_s: list[Array] = []
        for joint in range(JOINT_COUNT):
            known = motion.present[:, joint]
            self._known_s.append(motion.times_s[known])
            enough = int(known.sum()) >= MINIMUM_FRAMES
            self._splines.append(
                CubicSpline(motion.times_s[known], motion.positions_m[known, joint]) if enough else None
            )

    def positions_m(self, times_s: Array) -> Array:
        """(N,) seconds to (N, 17, 3) metres; NaN where the joint is missing."""
        out = np.full((len(times_s), JOINT_COUNT, 3), np.nan)
        at = np.clip(times_s, self.begin_s, self.end_s)
        for joint, spline in enumerate(self._splines):
            if spline is None:
                continue
            known = self._known_s[joint]
            following = np.clip(np.searchsorted(known, at), 1, len(known) - 1)
            seen = known[following] - known[following - 1] <= LONGEST_GAP_S
            seen &= (at >= known[0]) & (at <= known[-1])
            out[seen, joint] = spline(at[seen])
        return out
