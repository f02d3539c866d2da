"""The last samples of every device, so that a finished trial can be aligned as a whole."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.measurements import ImuStream, KeypointStream, Recording, SkeletonStream
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.sync.rows import Rows

Array = NDArray[np.float64]

#: Samples that lie this far outside a trial help to filter its beginning and to interpolate its end [s].
MARGIN_S: Final = 0.3


class RecentSamples:
    """Takes samples in order of arrival and keeps those of the last `keep_s` seconds of each device."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._cameras: dict[str, deque[tuple[float, Array, Array]]] = {}
        self._depth = Rows(1 + 4 * JOINT_COUNT)
        self._imus: dict[str, Rows] = {}

    def add_keypoints(self, camera: str, stamp_s: float, xy_px: Array, confidence: Array) -> None:
        """xy_px (P, 17, 2) [px], confidence (P, 17)."""
        samples = self._cameras.setdefault(camera, deque())
        samples.append((stamp_s, xy_px, confidence))
        while samples[0][0] < stamp_s - self._keep_s:
            samples.popleft()

    def add_depth(self, stamp_s: float, positions_m: Array, confidence: Array) -> None:
        """positions_m (17, 3) in the depth camera's optical frame, confidence (17,)."""
        self._depth.add(
            np.concatenate([[stamp_s], positions_m.ravel(), confidence]), keep_from_s=stamp_s - self._keep_s
        )

    def add_imu(self, name: str, stamp_s: float, orientation_xyzw: Array, vector: Array) -> None:
        """orientation_xyzw (4,) sensor in world, vector (6,) as measurements.IMU_VECTOR."""
        if name not in self._imus:
            self._imus[name] = Rows(1 + 4 + 6)
        self._imus[name].add((stamp_s, *orientation_xyzw, *vector), keep_from_s=stamp_s - self._keep_s)

    def recording(self, begin_s: float, end_s: float) -> Recording:
        """The samples of a span, and a little more before it; devices that said nothing in it are left out.

        Of each device up to the first at or after the end: when a frame at the end is complete, these have come. Later
        ones may have come or not, and a trial that is played again must be the same.
        """
        begin_s -= MARGIN_S
        cameras = {}
        for name, samples in self._cameras.items():
            last_s = min(min((s[0] for s in samples if s[0] >= end_s), default=end_s), end_s + MARGIN_S)
            chosen = {s[0]: s for s in reversed(samples) if begin_s <= s[0] <= last_s}
            if chosen:
                cameras[name] = self._keypoints([chosen[stamp] for stamp in sorted(chosen)])
        felt = {name: rows.through(begin_s, end_s, reach_s=MARGIN_S) for name, rows in self._imus.items()}
        imus = {name: ImuStream(rows[:, 0], rows[:, 1:5], rows[:, 5:]) for name, rows in felt.items() if len(rows)}
        seen = self._depth.through(begin_s, end_s, reach_s=MARGIN_S)
        joints = seen[:, 1 : 1 + 3 * JOINT_COUNT].reshape(-1, JOINT_COUNT, 3)
        depth = SkeletonStream(seen[:, 0], joints, seen[:, 1 + 3 * JOINT_COUNT :]) if len(seen) else None
        return Recording(depth, cameras, imus, ())

    @staticmethod
    def _keypoints(samples: list[tuple[float, Array, Array]]) -> KeypointStream:
        people = max(len(xy) for _, xy, _ in samples)
        shape = (len(samples), max(people, 1), JOINT_COUNT)
        xy_px, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
        for i, (_, xy, level) in enumerate(samples):
            xy_px[i, : len(xy)], confidence[i, : len(xy)] = xy, level
        return KeypointStream(np.array([s[0] for s in samples]), xy_px, confidence)
