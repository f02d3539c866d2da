"""The live sensors onto one time grid, causally, frame by frame."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.sync.align import DEPTH_MIN_CONFIDENCE, GAP_PERIODS, MAX_FILL_S, SAME_PERIODS
from sport_nodes.sync.clock import LONGEST_TIME_S
from sport_nodes.sync.latency import Latency
from sport_nodes.sync.live_filter import CausalLowPass
from sport_nodes.sync.people import match_slots, with_sides_of
from sport_nodes.sync.resample import COINCIDENT_S, slerp_pairs

Array = NDArray[np.float64]

#: A frame is emitted when every live device has delivered past it, and after this long at the latest [s].
MAX_WAIT_S: Final = 0.12
#: A device that has been silent for this long is not waited for [s].
SILENT_S: Final = 0.5
#: Stamps farther than this from the present are not from this host's clock [s].
MAX_STAMP_ERROR_S: Final = 10.0
#: Samples kept of one device; 2 s of the fastest.
BUFFER: Final = 400
#: More people than this in one picture are not told apart; the surest are kept.
MAX_PEOPLE: Final = 6
#: Where a sample has no partner to interpolate with, it stands for times this near [s].
NEAREST_S: Final = 0.005
#: Squared length of a quaternion that is meant to be of unit length.
UNIT_MIN: Final = 0.81
UNIT_MAX: Final = 1.21


class _Buffer:
    """The last samples of one device, in time order."""

    def __init__(self) -> None:
        self.times_s: deque[float] = deque(maxlen=BUFFER)
        self.samples: deque[tuple[Array, Array]] = deque(maxlen=BUFFER)

    @property
    def newest_s(self) -> float:
        return self.times_s[-1] if self.times_s else -np.inf

    def add(self, stamp_s: float, sample: tuple[Array, Array]) -> None:
        self.times_s.append(stamp_s)
        self.samples.append(sample)

    def around(self, time_s: float) -> tuple[int, int] | None:
        """Indices of the samples before and after time_s (equal when one coincides); None outside the samples."""
        high = len(self.times_s) - 1
        if high < 0 or time_s > self.times_s[high] + COINCIDENT_S:
            return None
        while high > 0 and self.times_s[high - 1] >= time_s - COINCIDENT_S:
            high -= 1
        if abs(self.times_s[high] - time_s) <= COINCIDENT_S:
            return high, high
        return (high - 1, high) if high > 0 else None

    def share(self, pair: tuple[int, int], time_s: float) -> float:
        """How far time_s lies on the way from the first of the pair to the second; 0 where they are one."""
        low_s, high_s = self.times_s[pair[0]], self.times_s[pair[1]]
        return (time_s - low_s) / (high_s - low_s) if high_s > low_s else 0.0


class LiveAligner:
    """Takes samples as they come and gives aligned frames of length 1.

    `rejected` counts what was refused, by "<device>: <reason>". Stamps are seconds on the host's clock; a first stamp
    is believed, later ones must lie near the newest that any device delivered or the last polled time.
    """

    def __init__(self, rig: Rig, rate_hz: float = 30.0) -> None:
        self.rejected: Counter[str] = Counter()
        self._rig = rig
        self._period_s = 1.0 / rate_hz
        self._cameras = {camera.name: _Buffer() for camera in rig.cameras}
        self._imus = {mount.name: _Buffer() for mount in rig.imus}
        self._late_s = {mount.name: 0.0 for mount in rig.imus}
        self._filters = {mount.name: CausalLowPass() for mount in rig.imus}
        self._depth = _Buffer()
        self._grid_s: deque[float] = deque(maxlen=BUFFER)  # depth stamps that have not been emitted
        self._last_s = -np.inf  # last emitted grid time
        self._now_s = np.nan

    def push_keypoints(self, camera: str, stamp_s: float, xy_px: Array, confidence: Array) -> None:
        """xy_px (P, 17, 2) [px], confidence (P, 17), NaN and 0 where absent."""
        buffer = self._cameras.get(camera)
        if buffer is None:
            self._reject(camera, "unknown_device")
            return
        xy_px, confidence = np.asarray(xy_px, dtype=np.float64), np.asarray(confidence, dtype=np.float64)
        if xy_px.ndim != 3 or xy_px.shape[1:] != (JOINT_COUNT, 2) or confidence.shape != xy_px.shape[:2]:
            self._reject(camera, "shape")
        elif self._confidence_is_wrong(confidence):
            self._reject(camera, "confidence")
        elif self._stamp_is_right(camera, stamp_s, buffer):
            if len(xy_px) > MAX_PEOPLE:
                surest = np.argsort(-np.nansum(confidence, axis=1))[:MAX_PEOPLE]
                xy_px, confidence = xy_px[surest], confidence[surest]
            seen = np.isfinite(xy_px).all(axis=2) & (confidence > 0)
            buffer.add(stamp_s, (np.where(seen[..., None], xy_px, np.nan), np.where(seen, confidence, 0.0)))

    def push_depth(self, stamp_s: float, positions_m: Array, confidence: Array) -> None:
        """positions_m (17, 3) in the depth camera's optical frame, confidence (17,)."""
        name = "depth" if self._rig.depth is None else self._rig.depth.name
        positions_m, confidence = np.asarray(positions_m, dtype=np.float64), np.asarray(confidence, dtype=np.float64)
        if self._rig.depth is None:
            self._reject(name, "unknown_device")
        elif positions_m.shape != (JOINT_COUNT, 3) or confidence.shape != (JOINT_COUNT,):
            self._reject(name, "shape")
        elif self._confidence_is_wrong(confidence):
            self._reject(name, "confidence")
        elif self._stamp_is_right(name, stamp_s, self._depth):
            seen = np.isfinite(positions_m).all(axis=1) & (confidence >= DEPTH_MIN_CONFIDENCE)
            world_m = np.where(seen[:, None], self._rig.depth.to_world(positions_m), np.nan)
            self._depth.add(stamp_s, (world_m, np.where(seen, confidence, 0.0)))
            self._grid_s.append(stamp_s)

    def push_imu(self, name: str, stamp_s: float, orientation_xyzw: Array, vector6: Array) -> None:
        """orientation_xyzw (4,) sensor in world, vector6 (6,) as measurements.IMU_VECTOR."""
        buffer = self._imus.get(name)
        orientation_xyzw, vector6 = np.asarray(orientation_xyzw, np.float64), np.asarray(vector6, np.float64)
        if buffer is None:
            self._reject(name, "unknown_device")
        elif orientation_xyzw.shape != (4,) or vector6.shape != (6,):
            self._reject(name, "shape")
        elif not (np.isfinite(orientation_xyzw).all() and np.isfinite(vector6).all()):
            self._reject(name, "value")
        elif not _is_unit(orientation_xyzw):
            self._reject(name, "orientation")
        elif self._stamp_is_right(name, stamp_s, buffer):
            buffer.add(stamp_s, (orientation_xyzw, self._filters[name].step(stamp_s, vector6)))

    def take_off(self, latencies: Mapping[str, Latency]) -> None:
        """From now on, IMUs' stamps trail the motion by this; what is not certain stays as it was."""
        self._late_s |= {name: one.correction_s for name, one in latencies.items() if one.certain}

    def poll(self, now_s: float) -> list[AlignedTrial]:
        """The frames that are complete, or have waited long enough, at host time now_s."""
        if not abs(now_s) < LONGEST_TIME_S:
            return []
        self._now_s = now_s
        frames = []
        while (time_s := self._next_time_s()) is not None:
            if not self._is_ready(time_s):
                break
            self._last_s = time_s
            while self._grid_s and self._grid_s[0] < time_s + SAME_PERIODS * self._period_s:
                self._grid_s.popleft()
            frames.append(self._frame(time_s))
        return frames

    def _reject(self, device: str, reason: str) -> None:
        self.rejected[f"{device}: {reason}"] += 1

    def _confidence_is_wrong(self, confidence: Array) -> bool:
        return bool(((confidence < 0) | (confidence > 1)).any())

    def _stamp_is_right(self, device: str, stamp_s: float, buffer: _Buffer) -> bool:
        newest_s = self._now_s if np.isfinite(self._now_s) else self._newest_s()
        if not abs(stamp_s) < LONGEST_TIME_S or (np.isfinite(newest_s) and abs(stamp_s - newest_s) > MAX_STAMP_ERROR_S):
            self._reject(device, "stamp")
            return False
        if stamp_s <= buffer.newest_s:
            self._reject(device, "order")
            return False
        return True

    def _newest_s(self) -> float:
        return max(b.newest_s for b in (self._depth, *self._cameras.values(), *self._imus.values()))

    def _is_live(self, buffer: _Buffer) -> bool:
        return buffer.newest_s > self._now_s - SILENT_S

    def _next_time_s(self) -> float | None:
        """The next grid time: a depth stamp, a step inside a gap of them, or an even step without depth."""
        if self._grid_s:
            stamp_s = self._grid_s[0]
            steps = round((stamp_s - self._last_s) / self._period_s) if np.isfinite(self._last_s) else 1
            if steps > 1 and stamp_s - self._last_s < SILENT_S:
                return self._last_s + (stamp_s - self._last_s) / steps
            return stamp_s
        if self._is_live(self._depth):
            return None
        newest_s = max((b.newest_s for b in self._cameras.values()), default=-np.inf)
        if not np.isfinite(newest_s):
            return None
        if not np.isfinite(self._last_s) or newest_s - self._last_s > SILENT_S + MAX_WAIT_S:
            return newest_s  # the first frame, or the first after everything was silent
        time_s = self._last_s + self._period_s
        return time_s if time_s <= newest_s else None

    def _is_ready(self, time_s: float) -> bool:
        if self._now_s >= time_s + MAX_WAIT_S:
            return True
        if any(self._is_live(b) and b.newest_s < time_s - COINCIDENT_S for b in (self._depth, *self._cameras.values())):
            return False
        return not any(
            self._is_live(b) and b.newest_s - self._late_s[name] - self._filters[name].delay_s < time_s
            for name, b in self._imus.items()
        )

    def _frame(self, time_s: float) -> AlignedTrial:
        keypoints = [self._keypoints_at(b, time_s) for b in self._cameras.values()]
        people = max((len(xy) for xy, _ in keypoints), default=1)
        shape = (1, len(keypoints), max(people, 1), JOINT_COUNT)
        xy_px, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
        for c, (xy, level) in enumerate(keypoints):
            xy_px[0, c, : len(xy)], confidence[0, c, : len(xy)] = xy, level
        depth_m, depth_confidence = self._depth_at(time_s)
        orientations, vectors = self._imus_at(time_s)
        return AlignedTrial(
            np.array([time_s]),
            tuple(self._cameras),
            xy_px,
            confidence,
            depth_m[None],
            depth_confidence[None],
            tuple(self._imus),
            orientations[None],
            vectors[None],
            np.zeros((1, JOINT_COUNT), dtype=np.bool_),
            np.zeros(shape, dtype=np.bool_),
            np.zeros((1, len(self._imus)), dtype=np.bool_),
        )

    def _keypoints_at(self, buffer: _Buffer, time_s: float) -> tuple[Array, Array]:
        pair = buffer.around(time_s)
        if pair is None:
            return np.full((1, JOINT_COUNT, 2), np.nan), np.zeros((1, JOINT_COUNT))
        low, high = pair
        if low == high:
            return buffer.samples[low]
        span_s = buffer.times_s[high] - buffer.times_s[low]
        (first, first_level), (second, second_level) = buffer.samples[low], buffer.samples[high]
        if span_s > GAP_PERIODS * self._period_s or len(first) != len(second):
            near = low if time_s - buffer.times_s[low] < buffer.times_s[high] - time_s else high
            if abs(buffer.times_s[near] - time_s) > NEAREST_S:
                return np.full((1, JOINT_COUNT, 2), np.nan), np.zeros((1, JOINT_COUNT))
            return buffer.samples[near]
        order = match_slots(first, second)
        second, second_level = second[order], second_level[order]
        share = buffer.share(pair, time_s)
        if share <= 0.5:
            second = with_sides_of(first, second)
        else:
            first = with_sides_of(second, first)
        xy_px = first + share * (second - first)
        level = first_level + share * (second_level - first_level)
        return xy_px, np.where(np.isfinite(xy_px).all(axis=2), level, 0.0)

    def _depth_at(self, time_s: float) -> tuple[Array, Array]:
        pair = self._depth.around(time_s)
        if pair is None or self._depth.times_s[pair[1]] - self._depth.times_s[pair[0]] > GAP_PERIODS * self._period_s:
            return np.full((JOINT_COUNT, 3), np.nan), np.zeros(JOINT_COUNT)
        low, high = pair
        if low == high:
            return self._depth.samples[low]
        share = self._depth.share(pair, time_s)
        (first, first_level), (second, second_level) = self._depth.samples[low], self._depth.samples[high]
        positions_m = first + share * (second - first)
        level = first_level + share * (second_level - first_level)
        return positions_m, np.where(np.isfinite(positions_m).all(axis=1), level, 0.0)

    def _imus_at(self, time_s: float) -> tuple[Array, Array]:
        """(I, 4) orientations by slerp; (I, 6) vectors from the filters, whose output shows the past by their delay."""
        first, second = np.full((len(self._imus), 4), np.nan), np.full((len(self._imus), 4), np.nan)
        share, vectors = np.zeros(len(self._imus)), np.full((len(self._imus), 6), np.nan)
        for i, (name, buffer) in enumerate(self._imus.items()):
            felt_s = time_s + self._late_s[name]
            pair = buffer.around(felt_s)
            if pair is None or buffer.times_s[pair[1]] - buffer.times_s[pair[0]] > MAX_FILL_S:
                continue
            first[i], second[i] = buffer.samples[pair[0]][0], buffer.samples[pair[1]][0]
            share[i] = buffer.share(pair, felt_s)
            filtered_s = felt_s + self._filters[name].delay_s
            low, high = buffer.around(filtered_s) or (len(buffer.times_s) - 1,) * 2
            part = buffer.share((low, high), filtered_s)
            vectors[i] = buffer.samples[low][1] * (1.0 - part) + buffer.samples[high][1] * part
        return slerp_pairs(first, second, share), vectors


def _is_unit(quaternion: Array) -> bool:
    # The parts come first: the square of a huge one overflows.
    return bool(np.abs(quaternion).max() < UNIT_MAX and UNIT_MIN < quaternion @ quaternion < UNIT_MAX)
