"""Exact DTW with slope limits beside dtaidistance's C on the same series."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.bench.timing import Row, compare
from sport_nodes.errors import InputError
from sport_nodes.keyframes.dtw import accumulate, distances, trace

FRAMES: Final = 90
DIMENSIONS: Final = 36


def rows() -> list[Row]:
    """Two 90 x 36 series. Raises InputError where dtaidistance is not installed."""
    try:
        from dtaidistance import dtw_ndim
    except ImportError as error:
        raise InputError("the peer is dtaidistance: pip install -c constraints.txt '.[dev]'") from error
    rng = np.random.default_rng(0)
    series = [np.cumsum(rng.normal(size=(FRAMES, DIMENSIONS)), axis=0) for _ in range(2)]
    scale = np.full(DIMENSIONS, 1.0 / DIMENSIONS)

    def ours() -> NDArray[np.int64]:
        cost = distances(series[0], series[1], scale)
        return trace(accumulate(cost, False)[2], FRAMES - 1)

    def peer() -> object:
        return dtw_ndim.warping_path(series[0], series[1])

    def peer_distance() -> object:
        return dtw_ndim.distance_fast(series[0], series[1])

    size = f"{FRAMES} x {FRAMES} x {DIMENSIONS}"
    return [
        compare(f"DTW with path, {size}", ours, "dtaidistance warping_path", peer),
        compare(f"DTW with path, {size}", ours, "dtaidistance C, distance only", peer_distance),
    ]
