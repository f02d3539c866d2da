"""Timing two ways of doing one thing, turn by turn, so that a busy machine slows both alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

#: Each way runs this often before it is timed: caches, compilers, thread pools.
WARM_UP: Final = 3
DEFAULT_REPEATS: Final = 40
MS_PER_S: Final = 1e3


@dataclass(frozen=True)
class Row:
    """One comparison; medians over the repeats."""

    name: str
    ours_ms: float
    peer: str
    peer_ms: float

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.peer_ms / self.ours_ms}


def compare(
    name: str,
    ours: Callable[[], object],
    peer_name: str,
    peer: Callable[[], object],
    *,
    repeats: int = DEFAULT_REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> Row:
    """Time both, alternating. clock: time.process_time where a share of a core is asked for, and waiting is no work."""
    for _ in range(WARM_UP):
        ours()
        peer()
    times = np.array([[_seconds(ours, clock), _seconds(peer, clock)] for _ in range(repeats)])
    ours_s, peer_s = np.median(times, axis=0)
    return Row(name, float(ours_s) * MS_PER_S, peer_name, float(peer_s) * MS_PER_S)


def _seconds(call: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    call()
    return clock() - began
