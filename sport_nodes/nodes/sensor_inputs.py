"""The rig's sensor topics, into the aligner and the memory of recent samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from sensor_msgs.msg import Imu
from sport_coach.msg import DeviceClock as ClockMessage
from sport_coach.msg import Keypoints2D, Skeleton3D

from sport_nodes import topics
from sport_nodes.measurements import DeviceClock
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.guarded import GuardedNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.rig import Rig
from sport_nodes.sync.live import LiveAligner
from sport_nodes.sync.recent import RecentSamples

#: A sensor that says nothing for this long is worth a warning [s].
SILENT_AFTER_S: Final = 1.0


class SensorInputs:
    """Subscribes to every sensor of the rig; what came is taken in by the node's `take_polled`."""

    def __init__(self, node: GuardedNode, rig: Rig, aligner: LiveAligner, recent: RecentSamples) -> None:
        self._node, self._aligner, self._recent = node, aligner, recent
        self._clocks: dict[str, DeviceClock] = {}
        self._told: Counter[str] = Counter()
        for camera in rig.cameras:
            self._listen(Keypoints2D, topics.keypoints(camera.name), self._keypoints_taker(camera.name))
            self._listen_to_clock(camera.name)
        if rig.depth:
            self._listen(Skeleton3D, topics.KINECT_SKELETON, self._take_depth)
            self._listen_to_clock(rig.depth.name)
        for mount in rig.imus:
            self._listen(Imu, topics.imu(mount.name), self._imu_taker(mount.name), raw=True)
            self._listen_to_clock(mount.name)

    @property
    def clocks(self) -> tuple[DeviceClock, ...]:
        """How every device's clock stood when it last said so."""
        return tuple(self._clocks[name] for name in sorted(self._clocks))

    def tell_rejected(self) -> None:
        """Pass on what the aligner refused since the last call."""
        for what, count in (self._aligner.rejected - self._told).items():
            device, _, reason = what.partition(": ")
            self._node.health.rejected(device, reason, count)
        self._told = Counter(self._aligner.rejected)

    def _listen(self, message_type: Any, topic: str, take: Callable[..., None], *, raw: bool = False) -> None:
        self._node.subscribe(
            message_type, topic, take, qos.SENSOR_IN, silent_after_s=SILENT_AFTER_S, raw=raw, polled=True
        )

    def _listen_to_clock(self, device: str) -> None:
        self._node.subscribe(ClockMessage, topics.clock(device), self._take_clock, qos.SENSOR_IN, polled=True)

    def _keypoints_taker(self, camera: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            seen = conversions.keypoints_from_message(message)
            stamp_s = float(seen.times_s[0])
            self._aligner.push_keypoints(camera, stamp_s, seen.xy_px[0], seen.confidence[0])
            self._recent.add_keypoints(camera, stamp_s, seen.xy_px[0], seen.confidence[0])

        return take

    def _take_depth(self, message: Any) -> None:
        seen = conversions.skeleton_from_message(message)
        stamp_s = float(seen.times_s[0])
        self._aligner.push_depth(stamp_s, seen.positions_m[0], seen.confidence[0])
        self._recent.add_depth(stamp_s, seen.positions_m[0], seen.confidence[0])

    def _imu_taker(self, name: str) -> Callable[[bytes, float], None]:
        def take(data: bytes, _: float) -> None:
            felt = conversions.imu_from_cdr(data)
            stamp_s = float(felt.times_s[0])
            self._aligner.push_imu(name, stamp_s, felt.orientation_xyzw[0], felt.vectors[0])
            self._recent.add_imu(name, stamp_s, felt.orientation_xyzw[0], felt.vectors[0])

        return take

    def _take_clock(self, message: Any) -> None:
        clock = conversions.clock_from_message(message)
        self._clocks[clock.name] = clock
        level = OK if clock.trusted else WARN
        self._node.health.condition(f"clock {clock.name}", level, f"clock of {clock.name}: {clock.reason}")
