"""The last samples of every device, so that a finished trial can be aligned as a whole."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.measurements import DeviceClock, ImuStream, KeypointStream, Recording, SkeletonStream
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Samples that lie this far outside a trial help to interpolate and filter its ends [s].
MARGIN_S: Final = 0.3


class _Rows:
    """Samples of one device as rows of one array, each beginning with its stamp, in order of arrival.

    A span is copied at once: at 200 Hz, gathering it sample by sample holds up the graph.
    """

    def __init__(self, width: int) -> None:
        self._rows = np.empty((256, width))
        self._begin = self._end = 0

    def add(self, keep_from_s: float, stamp_s: float, *parts: Array) -> None:
        while self._begin < self._end and self._rows[self._begin, 0] < keep_from_s:
            self._begin += 1
        if self._end == len(self._rows):
            kept = self._rows[self._begin : self._end]
            room = np.empty((max(2 * len(kept), 256), kept.shape[1]))
            room[: len(kept)] = kept
            self._rows, self._begin, self._end = room, 0, len(kept)
        row = self._rows[self._end]
        row[0] = stamp_s
        np.concatenate(parts, out=row[1:])
        self._end += 1

    def within(self, begin_s: float, end_s: float) -> Array:
        """The rows of a span in order of time, of equal stamps the first."""
        rows = self._rows[self._begin : self._end]
        rows = rows[(rows[:, 0] >= begin_s) & (rows[:, 0] <= end_s)]
        return rows[np.unique(rows[:, 0], return_index=True)[1]]


class RecentSamples:
    """Takes samples in order of arrival and keeps those of the last `keep_s` seconds of each device."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._cameras: dict[str, deque[tuple[float, Array, Array]]] = {}
        self._depth = _Rows(1 + 4 * JOINT_COUNT)
        self._imus: dict[str, _Rows] = {}

    def add_keypoints(self, camera: str, stamp_s: float, xy_px: Array, confidence: Array) -> None:
        """xy_px (P, 17, 2) [px], confidence (P, 17)."""
        samples = self._cameras.setdefault(camera, deque())
        samples.append((stamp_s, xy_px, confidence))
        while samples[0][0] < stamp_s - self._keep_s:
            samples.popleft()

    def add_depth(self, stamp_s: float, positions_m: Array, confidence: Array) -> None:
        """positions_m (17, 3) in the depth camera's optical frame, confidence (17,)."""
        self._depth.add(stamp_s - self._keep_s, stamp_s, positions_m.ravel(), confidence)

    def add_imu(self, name: str, stamp_s: float, orientation_xyzw: Array, vector: Array) -> None:
        """orientation_xyzw (4,) sensor in world, vector (6,) as measurements.IMU_VECTOR."""
        if name not in self._imus:
            self._imus[name] = _Rows(1 + 4 + 6)
        self._imus[name].add(stamp_s - self._keep_s, stamp_s, orientation_xyzw, vector)

    def recording(self, begin_s: float, end_s: float, clocks: tuple[DeviceClock, ...] = ()) -> Recording:
        """The samples of a span, and a little more at its ends; devices that said nothing in it are left out."""
        span = (begin_s - MARGIN_S, end_s + MARGIN_S)
        cameras = {}
        for name, samples in self._cameras.items():
            chosen = {s[0]: s for s in reversed(samples) if span[0] <= s[0] <= span[1]}
            if chosen:
                cameras[name] = self._keypoints([chosen[stamp] for stamp in sorted(chosen)])
        felt = {name: rows.within(*span) for name, rows in self._imus.items()}
        imus = {name: ImuStream(rows[:, 0], rows[:, 1:5], rows[:, 5:]) for name, rows in felt.items() if len(rows)}
        seen = self._depth.within(*span)
        joints = seen[:, 1 : 1 + 3 * JOINT_COUNT].reshape(-1, JOINT_COUNT, 3)
        depth = SkeletonStream(seen[:, 0], joints, seen[:, 1 + 3 * JOINT_COUNT :]) if len(seen) else None
        return Recording(depth, cameras, imus, clocks)

    @staticmethod
    def _keypoints(samples: list[tuple[float, Array, Array]]) -> KeypointStream:
        people = max(len(xy) for _, xy, _ in samples)
        shape = (len(samples), max(people, 1), JOINT_COUNT)
        xy_px, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
        for i, (_, xy, level) in enumerate(samples):
            xy_px[i, : len(xy)], confidence[i, : len(xy)] = xy, level
        return KeypointStream(np.array([s[0] for s in samples]), xy_px, confidence)
