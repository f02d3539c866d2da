"""How well each camera agrees with the fused skeleton: a knocked or badly calibrated one loses its weight."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.associate import expected_images
from sport_nodes.fusion.objective import Optics

Array = NDArray[np.float64]

#: Median of the squared length of a two-dimensional standard normal error.
EXPECTED_SQUARED: Final = 2.0 * float(np.log(2.0))
#: The agreement is a running mean over about this many frames.
MEMORY_FRAMES: Final = 20.0
#: A camera within this factor of its expected error is as good as it should be.
TOLERATED: Final = 1.5
#: A camera that errs by more than this factor is reported.
DISTRUSTED: Final = 2.5


class CameraTrust:
    """Follows the whitened errors of C cameras."""

    def __init__(self, count: int) -> None:
        self._squared = np.full(count, EXPECTED_SQUARED)

    @property
    def factor(self) -> Array:
        """(C,) by how much each camera's errors exceed what was expected; 1 for a good one."""
        factor = np.sqrt(self._squared / EXPECTED_SQUARED)
        return np.where(factor > TOLERATED, factor, 1.0)

    @property
    def distrusted(self) -> NDArray[np.bool_]:
        """(C,) cameras to look at: knocked, badly calibrated, or with wrong stamps."""
        return np.asarray(self.factor > DISTRUSTED)

    def watch(self, points_m: Array, lens: Optics, xy_px: Array, sigma_px: Array) -> None:
        """One frame: fused joints (17, 3), what the cameras saw (C, 17, 2) and the expected errors (C, 17)."""
        expected_px, _ = expected_images(points_m, lens)
        squared = ((xy_px - expected_px) ** 2).sum(axis=2) / sigma_px**2
        for c in range(len(squared)):
            seen = squared[c, np.isfinite(sigma_px[c]) & np.isfinite(squared[c])]
            if len(seen):
                self._squared[c] += (float(np.median(seen)) - self._squared[c]) / MEMORY_FRAMES
