"""Left and right exchanged by a detector: found against an expected skeleton, and undone."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import MIRROR_INDEX

Array = NDArray[np.float64]

MIRROR: Final = np.array(MIRROR_INDEX)
#: Squared whitened error beyond which a joint is simply wrong.
TRUNCATE_SQUARED: Final = 9.0
#: A pair is exchanged when that lowers its truncated error by this much.
MARGIN_SQUARED: Final = 5.0


def exchanged(keep_squared: Array, swap_squared: Array) -> NDArray[np.bool_]:
    """(..., 17): joints to be exchanged with their mirror image.

    keep_squared, swap_squared: (..., 17) whitened squared errors of each expected joint against the measurement of its
    own name and of its mirror image's name; NaN where that was not measured.
    """
    keep = np.fmin(np.where(np.isnan(keep_squared), TRUNCATE_SQUARED, keep_squared), TRUNCATE_SQUARED)
    swap = np.fmin(np.where(np.isnan(swap_squared), TRUNCATE_SQUARED, swap_squared), TRUNCATE_SQUARED)
    return np.asarray(keep + keep[..., MIRROR] - swap - swap[..., MIRROR] > MARGIN_SQUARED)
