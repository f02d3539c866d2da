"""How well each camera agrees with the fused skeleton: a knocked or badly calibrated one loses its weight."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.fusion.associate import expected_images, median_of
from sport_nodes.fusion.evidence import Sighting
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
#: ... and one that sees people, but in this share of the frames nobody where the athlete is.
ASTRAY: Final = 0.5
#: The share is a running mean over about this many frames; the athlete may leave a picture for a moment.
ASTRAY_FRAMES: Final = 60.0


class CameraTrust:
    """Follows the whitened errors of C cameras."""

    def __init__(self, count: int) -> None:
        self._squared = np.full(count, EXPECTED_SQUARED)
        self._astray = np.zeros(count)

    @property
    def factor(self) -> Array:
        """(C,) by how much each camera's errors exceed what was expected; 1 for a good one."""
        factor = np.sqrt(self._squared / EXPECTED_SQUARED)
        return np.where(factor > TOLERATED, factor, 1.0)

    @property
    def distrusted(self) -> NDArray[np.bool_]:
        """(C,) cameras to look at: knocked, badly calibrated, or with wrong stamps."""
        return np.asarray((self.factor > DISTRUSTED) | (self._astray > ASTRAY))

    def watch(self, points_m: Array, lens: Optics, sighting: Sighting, confidence: Array) -> None:
        """One frame: fused joints (17, 3), what the cameras saw of the athlete with deviations enlarged by `factor`,
        and their confidence (C, P, 17) in everybody."""
        _follow_errors(self._squared, points_m, lens, sighting, self.factor)
        only_others = np.isinf(sighting.sigma_px).all(axis=1) & (confidence > 0.0).any(axis=(1, 2))
        self._astray += (only_others - self._astray) / ASTRAY_FRAMES


@njit(cache=True, error_model="numpy")
def _follow_errors(squared: Array, points_m: Array, lens: Optics, sighting: Sighting, factor: Array) -> None:
    """Move squared (C,) towards each camera's median squared whitened error of this frame."""
    expected_px = expected_images(points_m, lens)[0]
    xy_px, sigma_px = sighting.xy_px, sighting.sigma_px
    cameras, joints = sigma_px.shape
    errors = np.empty(joints)
    for c in range(cameras):
        seen = 0
        for j in range(joints):
            off_x, off_y = xy_px[c, j, 0] - expected_px[c, j, 0], xy_px[c, j, 1] - expected_px[c, j, 1]
            error = (off_x * off_x + off_y * off_y) / (sigma_px[c, j] / factor[c]) ** 2
            if np.isfinite(sigma_px[c, j]) and np.isfinite(error):
                errors[seen] = error
                seen += 1
        if seen:
            squared[c] += (median_of(errors, seen) - squared[c]) / MEMORY_FRAMES
