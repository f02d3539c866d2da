"""Samples of one device in one array, growing at the end and forgetting at the beginning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Room for this many samples at first.
ROOM = 256


class Rows:
    """Samples as rows that begin with their time, in order of arrival.

    A span is had at once: at 200 Hz, gathering it sample by sample holds up the graph.
    """

    def __init__(self, width: int) -> None:
        self._rows = np.empty((ROOM, width))
        self._begin = self._end = 0

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def all(self) -> Array:
        """(N, width); a view that the next `add` may overwrite."""
        return self._rows[self._begin : self._end]

    def add(self, row: tuple[float, ...] | Array, *, keep_from_s: float) -> None:
        """Append a sample and forget those at the beginning that are older than keep_from_s."""
        while self._begin < self._end and self._rows[self._begin, 0] < keep_from_s:
            self._begin += 1
        if self._end == len(self._rows):
            kept = self.all
            room = np.empty((max(2 * len(kept), ROOM), kept.shape[1]))
            room[: len(kept)] = kept
            self._rows, self._begin, self._end = room, 0, len(kept)
        self._rows[self._end] = row
        self._end += 1

    def through(self, begin_s: float, end_s: float, *, reach_s: float) -> Array:
        """The rows from begin_s through the first at or after end_s, if that is within reach_s of it.

        In order of time, of equal times the first.
        """
        rows = self.all
        last_s = min(rows[rows[:, 0] >= end_s, 0].min(initial=np.inf), end_s + reach_s)
        rows = rows[(rows[:, 0] >= begin_s) & (rows[:, 0] <= last_s)]
        return rows[np.unique(rows[:, 0], return_index=True)[1]]
