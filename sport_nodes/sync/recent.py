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


class RecentSamples:
    """Takes samples in order of arrival and keeps those of the last `keep_s` seconds of each device."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._depth: deque[tuple[float, Array, Array]] = deque()
        self._cameras: dict[str, deque[tuple[float, Array, Array]]] = {}
        self._imus: dict[str, deque[tuple[float, Array, Array]]] = {}

    def add_keypoints(self, camera: str, stamp_s: float, xy_px: Array, confidence: Array) -> None:
        """xy_px (P, 17, 2) [px], confidence (P, 17)."""
        self._add(self._cameras.setdefault(camera, deque()), (stamp_s, xy_px, confidence))

    def add_depth(self, stamp_s: float, positions_m: Array, confidence: Array) -> None:
        """positions_m (17, 3) in the depth camera's optical frame, confidence (17,)."""
        self._add(self._depth, (stamp_s, positions_m, confidence))

    def add_imu(self, name: str, stamp_s: float, orientation_xyzw: Array, vector: Array) -> None:
        """orientation_xyzw (4,) sensor in world, vector (6,) as measurements.IMU_VECTOR."""
        self._add(self._imus.setdefault(name, deque()), (stamp_s, orientation_xyzw, vector))

    def recording(self, begin_s: float, end_s: float, clocks: tuple[DeviceClock, ...] = ()) -> Recording:
        """The samples of a span, and a little more at its ends; devices that said nothing in it are left out."""
        cameras = {name: self._keypoints(samples) for name, samples in self._within(self._cameras, begin_s, end_s)}
        imus = {
            name: ImuStream(*(np.array(column) for column in zip(*samples, strict=True)))
            for name, samples in self._within(self._imus, begin_s, end_s)
        }
        depth = [
            SkeletonStream(*(np.array(column) for column in zip(*samples, strict=True)))
            for _, samples in self._within({"": self._depth}, begin_s, end_s)
        ]
        return Recording(depth[0] if depth else None, cameras, imus, clocks)

    def _add(self, samples: deque[tuple[float, Array, Array]], sample: tuple[float, Array, Array]) -> None:
        samples.append(sample)
        while samples[0][0] < sample[0] - self._keep_s:
            samples.popleft()

    @staticmethod
    def _within(
        devices: dict[str, deque[tuple[float, Array, Array]]], begin_s: float, end_s: float
    ) -> list[tuple[str, list[tuple[float, Array, Array]]]]:
        """Each device's samples of the span in order of time, of equal stamps the first."""
        found = []
        for name, samples in devices.items():
            chosen = {s[0]: s for s in reversed(samples) if begin_s - MARGIN_S <= s[0] <= end_s + MARGIN_S}
            if chosen:
                found.append((name, [chosen[stamp] for stamp in sorted(chosen)]))
        return found

    @staticmethod
    def _keypoints(samples: list[tuple[float, Array, Array]]) -> KeypointStream:
        people = max(len(xy) for _, xy, _ in samples)
        shape = (len(samples), max(people, 1), JOINT_COUNT)
        xy_px, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
        for i, (_, xy, level) in enumerate(samples):
            xy_px[i, : len(xy)], confidence[i, : len(xy)] = xy, level
        return KeypointStream(np.array([s[0] for s in samples]), xy_px, confidence)
